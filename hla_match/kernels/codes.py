"""The integers that kernels and their callers share: codes, bits, rows of tables. Each is declared here only.

A code of an allele is 0 for a null allele, 1 for an allele reported as NEW, and from 2 on the number of a P group.
"""

from __future__ import annotations

NULL, NEW, FIRST_P_GROUP = 0, 1, 2
"""Codes of a set: an absent (null) allele, an allele reported as NEW, and the first P group of the nomenclature."""

NOT_TYPED = 0
"""The typing code of a locus that was not typed."""

WITHOUT_NULL, NULL_RESOLVED, WITH_NULL = 1, 2, 4
"""Kinds of an alternative of a typing, as bits.

Free of null alleles; a null allele resolved, so that its partner counts twice; and a null allele that counts as an
allele like any other.
"""

FIRST, SECOND, BOTH, ABSENT, HAS_NEW = 1, 2, 4, 8, 16
"""Bits of a donor set: it can be an allele of the patient's first side, of the second, one of both; it is null; it
holds an allele reported as NEW."""

BEST, WORST, GVH_BEST, GVH_WORST, HVG_BEST, HVG_WORST = range(6)
"""Rows of the counts of a locus: matches at best and at worst, then mismatches in the direction of the graft's reaction
(GvH) and in that of the host's (HvG), at best and at worst."""

COUNTS_OF_NONE = (0, 2, 2, 0, 2, 0)
"""The counts before any alternative is compared: each row at its far end."""

COUNTS_OF_UNTYPED = (2, 0, 0, 2, 0, 2)
"""The counts of a locus at which one of the two persons is not typed: everything is possible."""

GRADE_UNKNOWN, GRADE_M, GRADE_L, GRADE_P, GRADE_A = range(5)
"""Grades of a donor's allele, from the worst known to the best: not known, antigen mismatch, antigen match, potential
allele match, allele match."""

EXCLUDED = 23
"""Mismatches of a typing over its locus' own limit: more than any total, yet eleven of them fit in a byte."""

UNCERTAIN = 256
"""Added to the mismatches of a typing whose count is not certain, so that one look-up tells both."""

COUNTED = UNCERTAIN - 1
"""The bits of a sum of table values that hold its mismatches."""

WORD_BITS = 32
"""Bits of a word of a set of haplotypes: their product with a de Bruijn sequence of 32 bits fits in 64."""
