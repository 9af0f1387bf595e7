"""A person's typing as sets of integers.

Names become integers here. A *side* is what one chromosome can carry: a set of P groups, a null allele, or an allele
reported as NEW. A typing is one or more *alternatives*, each a pair of sides drawn from independently:

    A*02:01/A*02:06+A*24:02            ({02:01P, 02:06}, {24:02P})                  one alternative
    A*02:01+A*24:02|A*02:06+A*23:01    ({02:01P}, {24:02P}), ({02:06}, {23:01P})    two alternatives: whole genotypes

    encoding       the alternatives of a typing; which null alleles count, and beside whom
    typing_book    the distinct typings of a locus: each text is read once, however many donors report it
    typing_union   the typings of a locus in several registries as one column
    allele_sets, resolution_score    sets as rows of booleans; how little a typing leaves open

Typings are numbered twice. A *reported typing* is a distinct pair of texts of a locus; an *expanded typing* is the
alternatives that such a pair stands for, which several pairs may share. A search counts matches once for each expanded
typing, so that the cost of counting does not grow with the number of donors.
"""
