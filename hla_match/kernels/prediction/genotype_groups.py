"""The genotypes of a patient in groups, so that what many of them have in common is compared once.

Loci are compared one after another, each a *level*. Genotypes that agree from a level on are one group of it: what they
differ in is behind. A group goes on to the group of the next level that holds it.

    level 0 (A)           level 1 (B)        level 2 (DRB1)       end
    02:01 07:02 15:01 --+
    11:01 07:02 15:01 --+-- 07:02 15:01 --+
    02:01 46:01 15:01 --+-- 46:01 15:01 --+-- 15:01 ------------- (nothing left)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, kernel
from hla_match.kernels.prediction.distinct_genotypes import index_genotypes
from hla_match.kernels.schema.prediction import GenotypeGroups, Genotypes


@kernel
def group_genotypes(
    genotypes: Genotypes, locus: NDArray[np.int64], shift: NDArray[np.int64], width: NDArray[np.int64]
) -> GenotypeGroups:
    """Group the distinct genotypes of a patient; loci stand in the order of comparison, as in `GenotypeGroups`."""
    n_levels, m = shift.size, genotypes.probability.size
    next_group, genotype = np.empty(n_levels * m + 1, np.int32), np.empty(n_levels * m + 1, np.int32)
    lesser, greater = np.empty(n_levels * m, np.int64), np.empty(n_levels * m, np.int64)
    run = np.zeros(n_levels * (m + 1), np.int64)
    n_groups, group_start = np.zeros(n_levels + 1, np.int64), np.zeros(n_levels + 2, np.int64)
    genotype_start = np.zeros(n_levels + 1, np.int64)
    rest_lesser, rest_greater = genotypes.lesser.copy(), genotypes.greater.copy()
    own_lesser, own_greater = np.empty(m, np.int64), np.empty(m, np.int64)
    probability = np.empty(m)
    n_groups[0] = m
    for s in range(n_levels):
        n, start, first = n_groups[s], group_start[s], genotype_start[s]
        mask = (np.int64(1) << width[s]) - 1
        for k in range(n):
            own_lesser[k] = (rest_lesser[k] >> shift[s]) & mask
            own_greater[k] = (rest_greater[k] >> shift[s]) & mask
        found = index_genotypes(own_lesser, own_greater, n, genotype[start:], lesser[first:], greater[first:])
        genotype_start[s + 1] = first + found
        # Groups of one genotype stand together.
        rank = order_groups(genotype[start : start + n], run[first + s : first + s + found + 1])
        for k in range(n):
            own_lesser[rank[k]] = rest_lesser[k] & ~(mask << shift[s])
            own_greater[rank[k]] = rest_greater[k] & ~(mask << shift[s])
            if s == 0:
                probability[rank[k]] = genotypes.probability[k]
        if s > 0:
            for k in range(group_start[s - 1], start):
                next_group[k] = rank[next_group[k]]
        n_groups[s + 1] = index_genotypes(own_lesser, own_greater, n, next_group[start:], rest_lesser, rest_greater)
        group_start[s + 1] = start + n
    group_start[n_levels + 1] = group_start[n_levels] + n_groups[n_levels]
    end, n_genotypes = group_start[n_levels], genotype_start[n_levels]
    return GenotypeGroups(
        locus, shift, width, n_groups, group_start, next_group[:end].copy(), genotype[:end].copy(),
        run[: n_genotypes + n_levels].copy(), genotype_start, lesser[:n_genotypes].copy(),
        greater[:n_genotypes].copy(), probability,
    )  # fmt: skip


@array_kernel
def order_groups(genotype: NDArray[np.int32], run: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order groups by what they have at a locus, in place, and return where each one has gone.

    Args:
        genotype: (n,) genotype of each group; ascending afterwards.
        run: (genotypes + 1,) zeros; receives where the groups of each genotype begin.
    """
    rank = np.empty(genotype.size, np.int64)
    for k in range(genotype.size):
        run[genotype[k] + 1] += 1
    for at in range(1, run.size):
        run[at] += run[at - 1]
    place = run.copy()
    for k in range(genotype.size):
        rank[k] = place[genotype[k]]
        place[genotype[k]] += 1
    for at in range(run.size - 1):
        for k in range(run[at], run[at + 1]):
            genotype[k] = at
    return rank
