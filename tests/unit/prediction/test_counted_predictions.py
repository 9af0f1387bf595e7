"""Probabilities of pairs whose counts are certain: by hand, beside a pair whose counts are not."""

from __future__ import annotations

import numpy as np
import pytest

from hla_match.imputation.panels import FallbackLevel
from hla_match.prediction.counted_predictions import with_certain_counts
from hla_match.prediction.prediction import PER_DONOR, Prediction

LOCI = ("A", "B", "DRB1")
NOTHING = [np.nan] * len(LOCI)


def unlike_counts(n_donors: int) -> Prediction:
    """What frequencies say of donors, which no certain count agrees with."""
    share = np.full((n_donors, len(LOCI)), 0.25)
    cut = np.where(np.arange(n_donors) % 2 == 0, 0.125, np.nan)
    fallback = np.full(n_donors, FallbackLevel.BLOCKS, np.uint8)
    missing = np.full(n_donors, 2, np.uint16)
    return Prediction(
        LOCI, np.full((n_donors, 5), 0.175), share, share * 2, share * 3, cut, 0.0, fallback, missing, (), "six"
    )


@pytest.mark.parametrize(
    ("matches", "mismatches", "only"),
    [
        ((2, 2, 2), [1, 0, 0, 0, 0], NOTHING),
        ((2, 1, 2), [0, 1, 0, 0, 0], [0, 1, 0]),
        ((2, 2, 1), [0, 1, 0, 0, 0], [0, 0, 1]),
        ((1, 2, 1), [0, 0, 1, 0, 0], NOTHING),
        ((2, 0, 2), [0, 0, 1, 0, 0], NOTHING),
        ((0, 1, 0), [0, 0, 0, 0, 0], NOTHING),
    ],
)
def test_a_certain_count_is_the_whole_prediction(
    matches: tuple[int, ...], mismatches: list[int], only: list[float]
) -> None:
    before = unlike_counts(3)
    certain = np.array([True, True, False])
    found = with_certain_counts(before, certain, np.array([matches] * 3, np.uint8))
    for row in (0, 1):
        assert found.mismatches[row].tolist() == mismatches
        assert found.p_both[row].tolist() == [one == 2 for one in matches]
        assert found.p_one[row].tolist() == [one == 1 for one in matches]
        np.testing.assert_array_equal(found.p_only_mismatch[row], only)
    assert found.cut.tolist() == [0.0, 0.0, 0.125]
    assert found.missing.tolist() == [0, 0, 2]
    # What no frequencies explain is explained by the count.
    assert found.fallback.tolist() == [FallbackLevel.BLOCKS, FallbackLevel.CERTAIN, FallbackLevel.BLOCKS]
    for name in PER_DONOR:
        np.testing.assert_array_equal(getattr(found, name)[2], getattr(before, name)[2])
        np.testing.assert_array_equal(getattr(before, name), getattr(unlike_counts(3), name))
