"""Which donors match a patient, and how much of it is certain.

At each locus the patient is compared once with every distinct typing of the registry, not with every donor. That gives
a table of six counts: matches, graft-versus-host and host-versus-graft mismatches, each at best and at worst.

    patient's typing  x  distinct typings of the locus   -->  counts  (6, typings)
    counts of all loci in scope, added up by donor       -->  donors within the mismatches asked for

Donors are found in orders by typing (`donor_search`), so that most of them are never looked at. What is ambiguous
counts at its best for finding a donor, and at its worst for calling the match certain.

    criteria, checked_model     what is asked for, refused where it cannot be
    registry_comparisons        patients compared locus by locus; what all patients share
    donor_search                donors within a number of mismatches
    eligibility                 status, age, and donors by name
    drb345                      DRB3, DRB4 and DRB5 as the two positions of one locus
"""
