"""Sets of haplotype frequencies.

A set lists haplotypes, one allele (a P group, a null allele or an absent gene) at each of its loci, and the frequency
of each haplotype in one or more populations. Alleles are codes of the registry's nomenclature; what the nomenclature
cannot map is left out and its frequency is reported.

    A*02:01~C*01:02~B*46:01~DRB1*09:01~DQB1*03:03     0.0321
    A*30:01~C*06:02~B*13:02~DRB1*07:01~DQB1*02:01     0.0234
    ...                                               sum 1 in each population

`hla_match.imputation` reads a set; `hla_match.estimation` makes one from a registry's own typings.
"""
