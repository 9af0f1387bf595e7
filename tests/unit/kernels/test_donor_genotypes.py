"""The genotypes of the parts of a person put together, and the order in which those of donors are compared."""

from __future__ import annotations

import numpy as np
import pytest

from hla_match.kernels.prediction.donor_genotypes import join_parts
from hla_match.kernels.prediction.donor_loci import comparison_order
from hla_match.kernels.prediction.packed_alleles import FIRST_LABEL, NULL, OTHER
from hla_match.kernels.schema.prediction import Genotypes, PatientClasses

WIDTH = 3
ONE_PART = [((FIRST_LABEL, FIRST_LABEL), 0.5), ((OTHER, FIRST_LABEL + 1), 0.375), ((NULL, OTHER), 0.125)]
"""The genotypes of a part of one locus, each with its probability."""
OTHER_PART = [((FIRST_LABEL, FIRST_LABEL + 2), 0.25), ((OTHER, OTHER), 0.5), ((OTHER, FIRST_LABEL), 0.25)]


def patient() -> PatientClasses:
    """Return a patient of two loci; of the patient's own haplotypes nothing is read."""
    number, offset = np.zeros(0, np.int64), np.zeros(1, np.int64)
    return PatientClasses(
        shift=np.array([0, WIDTH]), width=np.full(2, WIDTH), n_labels=5, strict=0, word=number, weight=np.zeros(0),
        class_first=offset, part_class=offset, part_pair=offset, pair=np.zeros((0, 2), np.uint16),
        part_mass=np.zeros(0), part_scope=number,
    )  # fmt: skip


def genotypes(listed: list[tuple[tuple[int, int], float]], shift: int) -> Genotypes:
    words = np.array([pair for pair, _ in listed]) << shift
    return Genotypes(words[:, 0].copy(), words[:, 1].copy(), np.array([probability for _, probability in listed]))


@pytest.mark.parametrize("most", range(5))
@pytest.mark.parametrize("limit", [0, 1, 4, 8, 9, 100])
def test_parts_make_up_all_pairs_of_few_mismatches_and_what_is_beyond_the_limit_is_cut(limit: int, most: int) -> None:
    wanted = [
        (own[0] | other[0] << WIDTH, own[1] | other[1] << WIDTH, share * weight)
        for own, share in ONE_PART
        for other, weight in OTHER_PART
        if (*own, *other).count(OTHER) <= most
    ]
    one, other = genotypes(ONE_PART, 0), genotypes(OTHER_PART, WIDTH)
    whole, cut = join_parts(limit, most, patient(), one, other)
    assert list(zip(*(values.tolist() for values in whole), strict=True)) == wanted[:limit]
    assert cut == sum(probability for *_, probability in wanted[limit:])


@pytest.mark.parametrize("n_numbers", [(1, 1, 1), (2, 3, 2), (3, 2049, 40), (5000, 2, 2048)])
def test_genotypes_that_begin_alike_are_neighbours(n_numbers: tuple[int, ...]) -> None:
    random = np.random.default_rng(12)
    number = np.stack([random.integers(0, n, 50) for n in n_numbers]).astype(np.int32)
    number[:, -1] = np.array(n_numbers) - 1  # the greatest number of each level
    wanted = sorted(range(50), key=lambda g: tuple(number[:, g]))  # equal ones stay as they are
    assert comparison_order(number).tolist() == wanted
