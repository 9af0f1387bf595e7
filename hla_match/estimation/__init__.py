"""Haplotype frequencies from the typings of a registry, of any resolution and without phase.

The algorithm is expectation-maximisation (Excoffier & Slatkin, Mol Biol Evol 1995;12:921): from frequencies follow the
expected copies of each haplotype in each person, and from the expected copies follow better frequencies.

    sample ----> support ----------> expectation -> maximisation ---> estimated frequencies
    distinct     haplotypes to be    copies of each haplotype,        floor, standard errors,
    typings      estimated at all    until no count changes           Hardy-Weinberg test

Counts are in copies: a frequency times twice the number of persons. `estimate_frequencies` in
`hla_match.estimation.estimate` does all of it for each population.
"""
