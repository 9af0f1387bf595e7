"""Multilocus genotypes with their probabilities, equal ones as one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, kernel
from hla_match.kernels.prediction.packed_haplotypes import VACANT, hash_place, table_places
from hla_match.kernels.schema.prediction import Genotypes


@array_kernel
def room_for(n: int) -> Genotypes:
    """Return room for so many genotypes."""
    return Genotypes(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n))


@array_kernel
def certain_of_nothing() -> Genotypes:
    """Return the one genotype of a person before the first part: no locus has an allele."""
    whole: Genotypes = room_for(1)
    whole.lesser[0], whole.greater[0], whole.probability[0] = 0, 0, 1.0
    return whole


@array_kernel
def first_of(genotypes: Genotypes, n: int) -> Genotypes:
    """Return the first `n` genotypes."""
    return Genotypes(genotypes.lesser[:n], genotypes.greater[:n], genotypes.probability[:n])


@array_kernel
def index_genotypes(
    lesser: NDArray[np.int64],
    greater: NDArray[np.int64],
    n: int,
    index: NDArray[np.int32],
    distinct_lesser: NDArray[np.int64],
    distinct_greater: NDArray[np.int64],
) -> int:
    """Write which of the distinct genotypes each of the first `n` is, and return how many are distinct."""
    places = table_places(n)
    table = np.full(places, VACANT, np.int32)
    found = 0
    for k in range(n):
        place = hash_place(lesser[k] ^ ((greater[k] << 21) | (greater[k] >> 42)), places)
        while table[place] != VACANT and (
            distinct_lesser[table[place]] != lesser[k] or distinct_greater[table[place]] != greater[k]
        ):
            place = (place + 1) & (places - 1)
        if table[place] == VACANT:
            table[place] = found
            distinct_lesser[found] = lesser[k]
            distinct_greater[found] = greater[k]
            found += 1
        index[k] = table[place]
    return found


@array_kernel
def merge_genotypes(listed: Genotypes, n: int) -> Genotypes:
    """Return the distinct ones of the first `n` genotypes with the sums of their probabilities."""
    merged = room_for(n)
    index = np.empty(n, np.int32)
    found = index_genotypes(listed.lesser, listed.greater, n, index, merged.lesser, merged.greater)
    merged.probability[:found] = 0.0
    for k in range(n):
        merged.probability[index[k]] += listed.probability[k]
    distinct: Genotypes = first_of(merged, found)
    return distinct


@kernel
def count_distinct(genotypes: Genotypes, mask: int) -> int:
    """Return how many genotypes are distinct at the loci whose bits in a word are those of a mask."""
    n = genotypes.probability.size
    lesser, greater, index = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int32)
    for k in range(n):
        lesser[k], greater[k] = genotypes.lesser[k] & mask, genotypes.greater[k] & mask
    return int(index_genotypes(lesser, greater, n, index, np.empty(n, np.int64), np.empty(n, np.int64)))
