"""The genotypes of donors at each locus by itself: which each donor genotype has, and what they mismatch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel
from hla_match.kernels.prediction.distinct_genotypes import index_genotypes
from hla_match.kernels.prediction.packed_alleles import label_at, matched_alleles
from hla_match.kernels.schema.prediction import GenotypeGroups, Genotypes

_DIGIT = 11
"""Bits of a digit of the radix sort."""


class DonorLoci(NamedTuple):
    """The genotypes that donors have at each locus by itself, compared with those of the patient.

    Attributes:
        number: (levels, donor genotypes) int32 which genotype of a level each one has.
        start: (levels,) int64 where the mismatches of the first one stand.
        mismatched: uint8 mismatches of each genotype of a level with each one that the patient may have there.
    """

    number: NDArray[np.int32]
    start: NDArray[np.int64]
    mismatched: NDArray[np.uint8]


@array_kernel
def match_loci(donor: Genotypes, n: int, patient: GenotypeGroups) -> DonorLoci:
    """Compare the first `n` donor genotypes with those that the patient may have, locus by locus, equal ones once."""
    n_levels = patient.shift.size
    number = np.empty((n_levels, n), np.int32)
    lesser, greater = np.empty((n_levels, n), np.int64), np.empty((n_levels, n), np.int64)
    own_lesser, own_greater = np.empty(n, np.int64), np.empty(n, np.int64)
    found, start = np.zeros(n_levels, np.int64), np.zeros(n_levels + 1, np.int64)
    for s in range(n_levels):
        for g in range(n):
            own_lesser[g] = label_at(donor.lesser[g], patient.shift[s], patient.width[s])
            own_greater[g] = label_at(donor.greater[g], patient.shift[s], patient.width[s])
        found[s] = index_genotypes(own_lesser, own_greater, n, number[s], lesser[s], greater[s])
        start[s + 1] = start[s] + found[s] * (patient.genotype_start[s + 1] - patient.genotype_start[s])
    mismatched = np.empty(start[n_levels], np.uint8)
    for s in range(n_levels):
        place = start[s]
        for d in range(found[s]):
            for at in range(patient.genotype_start[s], patient.genotype_start[s + 1]):
                mismatched[place] = 2 - matched_alleles(
                    patient.lesser[at], patient.greater[at], lesser[s, d], greater[s, d]
                )
                place += 1
    return DonorLoci(number, start, mismatched)


@array_kernel
def refine_order(key: NDArray[np.int64], n_bits: int, order: NDArray[np.int64]) -> None:
    """Order positions by keys of some bits, equal ones as before (radix sort: Knuth, TAOCP 3, section 5.2.5).

    It is as fast as `np.argsort`, which takes two seconds to compile.
    """
    mask = (1 << _DIGIT) - 1
    before = np.empty(order.size, np.int64)
    start = np.empty(mask + 2, np.int64)
    for low in range(0, n_bits, _DIGIT):
        for digit in range(start.size):
            start[digit] = 0
        for k in range(order.size):
            before[k] = order[k]
            start[((key[k] >> low) & mask) + 1] += 1
        for digit in range(1, start.size):
            start[digit] += start[digit - 1]
        for k in range(order.size):
            digit = (key[before[k]] >> low) & mask
            order[start[digit]] = before[k]
            start[digit] += 1


@array_kernel
def comparison_order(number: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the order of genotypes in which those that begin alike are neighbours; `number` is (levels, n)."""
    order = np.arange(number.shape[1])
    key = np.empty(order.size, np.int64)
    for s in range(number.shape[0] - 1, -1, -1):
        n_bits, most = 1, np.int64(0)
        for g in range(order.size):
            key[g] = number[s, g]
            most = max(most, key[g])
        while most >> n_bits:
            n_bits += 1
        refine_order(key, n_bits, order)
    return order
