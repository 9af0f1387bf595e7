"""Immunogenetic facts beside the match: what a transplant physician weighs when the count of mismatches is known.

A match says how many alleles agree. Of two donors with the same count one may still be the better choice, by rules that
read the alleles themselves. Each rule is a scalar function with its source, in a module of its own; what it needs to
know of an allele (its T-cell epitope group, the residue of its leader, its KIR ligand) is a column of the nomenclature.

    nomenclature:  facts of an allele        tce_group   leader   kir_ligand   expression
         |
    facts of a person (two alleles)          a set of values where the typing is ambiguous
         |
    facts of a pair (patient, donor)         match, permissive, non-permissive; M and T; ligands missing

An ambiguous typing gives a *set* of possible values. A value is shown where the set has one member; several are
unknown in a column, and are listed where a person asks for the reasons. Nothing here is guessed from the most common
allele: the probability of each value comes from haplotype frequencies, where there are any.

What is costly is worked out once a distinct typing of the registry, not once a donor.

    tce                                              a class for every donor, so that it can order them
    tce_probabilities                                how probable each class is under haplotype frequencies
    reported_sides, side_pairs, mismatches           what mismatches, by the names that were reported
    leader_match, kir_ligand_mismatch,
    dq_heterodimers, low_expression                  one rule each
    donor_facts                                      all of them for the donors of a list
    carried_genotypes, mismatched_alleles            what both persons may carry, and which alleles mismatch then
    fact_probabilities, ligand_probabilities,
    dq_probabilities, group_facts                    how probable each value is that typings leave open
"""
