"""The comparison of donor genotypes with an ambiguous patient, level by level, against all pairs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hla_match.kernels.prediction.genotype_comparison import MANY_GROUPS, compare_genotypes
from hla_match.kernels.prediction.genotype_groups import group_genotypes
from hla_match.kernels.prediction.packed_alleles import FIRST_LABEL, OTHER
from hla_match.kernels.schema.prediction import Genotypes

WIDTH, N_LOCI, N_LABELS, N_DONORS = 4, 3, 6, 40
ORDER = (2, 0, 1)
"""The locus of each level."""

Genotype = tuple[tuple[int, int], ...]


def drawn(seed: int, n: int, first: int) -> list[Genotype]:
    """Return distinct genotypes of labels from `first` on, in no order."""
    random = np.random.default_rng(seed)
    found: dict[Genotype, None] = {}
    while len(found) < n:
        pairs = np.sort(random.integers(first, FIRST_LABEL + N_LABELS, (N_LOCI, 2)), axis=1).tolist()
        found[tuple((one, other) for one, other in pairs)] = None
    return list(found)


def packed(listed: list[Genotype], probability: np.ndarray) -> Genotypes:
    words = [[sum(pair[side] << WIDTH * s for s, pair in enumerate(one)) for one in listed] for side in (0, 1)]
    return Genotypes(np.array(words[0]), np.array(words[1]), probability)


def mismatches(donor: Genotype, patient: Genotype) -> list[int]:
    """Return the mismatches at each locus."""
    return [
        2 - sum(n for label, n in (Counter(one) & Counter(other)).items() if label != OTHER)
        for one, other in zip(donor, patient, strict=True)
    ]


@pytest.mark.parametrize("most", [0, 1, 2, 4])
@pytest.mark.parametrize("n_genotypes", [1, 12, 3 * MANY_GROUPS])
def test_outcomes_are_those_of_all_pairs(n_genotypes: int, most: int) -> None:
    patient = drawn(1, n_genotypes, FIRST_LABEL)
    donors = [*drawn(2, N_DONORS, OTHER), *patient[:3]]
    donors = list(dict.fromkeys(donors))
    probability = np.random.default_rng(3).dirichlet(np.ones(n_genotypes))
    groups = group_genotypes(
        packed(patient, probability), np.array(ORDER), WIDTH * np.array(ORDER), np.full(N_LOCI, WIDTH)
    )
    assert (groups.n_groups[:2] >= MANY_GROUPS).all() == (n_genotypes > MANY_GROUPS)
    n_single = N_LOCI if most else 0
    outcome = np.full((len(donors), most + 1 + n_single), np.nan)
    compare_genotypes(most, packed(donors, np.ones(len(donors))), len(donors), groups, outcome)
    wanted = np.zeros_like(outcome)
    for d, donor in enumerate(donors):
        for one, share in zip(patient, probability.tolist(), strict=True):
            counts = mismatches(donor, one)
            if sum(counts) <= most:
                wanted[d, sum(counts)] += share
            if sum(counts) == 1 and most:
                wanted[d, most + 1 + counts.index(1)] += share
    assert wanted[:, 0].any()
    np.testing.assert_allclose(outcome, wanted, rtol=0, atol=1e-12)
