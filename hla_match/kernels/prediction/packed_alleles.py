"""The alleles of one locus as small numbers, and how those of two persons match.

Of all alleles only those matter that the patient may have. They are numbered from `FIRST_LABEL` on; every other allele
is `OTHER`, which matches nothing, and a null allele is `NULL`. Such a number is a *label*. The labels of a haplotype
stand side by side in a *word*, a few bits a locus:

    locus        DRB1     B     A
    word    ...  0101  0010  0001        A: OTHER, B: FIRST_LABEL, DRB1: the fourth allele of the patient

A genotype is two words: the lesser labels of all loci, and the greater ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel

NULL, OTHER, FIRST_LABEL = 0, 1, 2
"""Labels: a null allele, an allele that the patient cannot have, and the first of those that the patient may have.

They are the codes of a null allele, of one reported as NEW, and of the first P group: `matched_alleles` compares codes
as it compares labels.
"""


@inner_kernel
def label_at(word: int, shift: int, width: int) -> int:
    """Return the label of a locus, whose lowest bit in the word is `shift` and which has `width` bits."""
    return int((word >> shift) & ((np.int64(1) << width) - 1))


@inner_kernel
def resolve_null(x: int, y: int) -> tuple[int, int]:
    """Return two alleles as they count without null alleles: the carrier of one has the other allele twice.

    Two null alleles match nothing.
    """
    if x == NULL and y == NULL:
        return OTHER, OTHER
    return (y, y) if x == NULL else (x, x) if y == NULL else (x, y)


@inner_kernel
def matched_alleles(x: int, y: int, u: int, v: int) -> int:
    """Count the matching alleles of two genotypes of a locus.

    Where both persons have a null allele, it is an allele like any other; where one has, that person is homozygous for
    the other allele. Source: Bochtler et al., Hum Immunol 2016;77:371, table of locus mismatches.
    """
    if (x == NULL or y == NULL) != (u == NULL or v == NULL):
        x, y = resolve_null(x, y)
        u, v = resolve_null(u, v)
    direct = (1 if x == u and x != OTHER else 0) + (1 if y == v and y != OTHER else 0)
    cross = (1 if x == v and x != OTHER else 0) + (1 if y == u and y != OTHER else 0)
    return max(direct, cross)


@inner_kernel
def unshared_alleles(word: int, shift: NDArray[np.int64], width: NDArray[np.int64]) -> int:
    """Count the alleles of a word that the patient cannot have; a locus that is not in the word has none."""
    found = 0
    for s in range(shift.size):
        if label_at(word, shift[s], width[s]) == OTHER:
            found += 1
    return found


@inner_kernel
def pack_genotype(
    one: int, other: int, scope: int, strict: int, shift: NDArray[np.int64], width: NDArray[np.int64]
) -> tuple[int, int]:
    """Return the genotype of two haplotypes: the lesser labels of the loci in the scope, and the greater ones.

    At the loci of `strict`, bits as those of the scope, null alleles are resolved: they never equal another there.
    """
    lesser, greater = 0, 0
    for s in range(shift.size):
        if not (scope >> s) & 1:
            continue
        x, y = label_at(one, shift[s], width[s]), label_at(other, shift[s], width[s])
        if (strict >> s) & 1:
            x, y = resolve_null(x, y)
        lesser |= int(min(x, y)) << int(shift[s])
        greater |= int(max(x, y)) << int(shift[s])
    return lesser, greater
