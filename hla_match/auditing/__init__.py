"""What may be wrong with a registry, donor by donor, and how well its donors are typed.

    Registry, frequencies, imputation
        --> names, dr_groups, haplotypes, tce_groups, dates, duplicates   one rule a module, each with its source
        --> findings                                                      a frame: who, which locus, why
        --> resolution                                                    a level and a score of every typing

A finding is a suspicion, not a verdict: rare haplotypes and twins exist. A rule is a function of a registry that
returns findings. Identifiers stand in the frame of the findings alone; counts and pages have none.
"""
