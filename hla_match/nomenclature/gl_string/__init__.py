"""GL Strings: one line of text for the typing of a person at all loci, with its ambiguities.

Sources: Milius et al., Genotype List String, Tissue Antigens 2013;82:106; version 1.1, which adds ``?``: Mack et al.,
HLA 2023;102:206. The delimiters, loosest first::

    ?   whole alternatives          ^   loci             |   alternative genotypes
    +   the two chromosomes         ~   in phase         /   alternative alleles

A text of any form is brought to the standard form (`hla_match.nomenclature.name_line`) and then read::

    text -> name_line -> grammar -> loci -> columns -> genotypes of a locus
            standard      a tree    pairs of columns

`parse` reads the grammar alone; `split_loci` says what a text reports at each locus; `genotypes` reads the pair of
columns in which a registry file holds one locus.
"""

from hla_match.nomenclature.gl_string.columns import column_notes, genotypes, is_absent_gene, lone_typings
from hla_match.nomenclature.gl_string.grammar import OPERATORS, GLNode, locus_and_name, parse
from hla_match.nomenclature.gl_string.loci import UNNAMED, split_loci, split_locus

__all__ = [
    "OPERATORS",
    "UNNAMED",
    "GLNode",
    "column_notes",
    "genotypes",
    "is_absent_gene",
    "locus_and_name",
    "lone_typings",
    "parse",
    "split_loci",
    "split_locus",
]
