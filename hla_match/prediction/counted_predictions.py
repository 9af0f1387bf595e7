"""Predictions in agreement with counts: what typings alone make certain or exclude overrides frequencies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.panels import FallbackLevel
from hla_match.prediction.prediction import MAX_MISMATCHES, Prediction


def least_possible(mismatches: NDArray[np.float64], least: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return probabilities of mismatches without numbers below the least; theirs are added to that of the least.

    Two antigens that serology tells apart are a mismatch, though frequencies know alleles that may stand behind both.

    Args:
        mismatches: (donors, numbers) of 0, 1, 2, ... mismatches.
        least: (donors,) mismatches.

    >>> least_possible(np.array([[0.25, 0.25, 0.5]]), np.array([1]))
    array([[0. , 0.5, 0.5]])
    """
    numbers = np.arange(mismatches.shape[1])
    below = numbers < least[:, None]
    moved = np.where(below, mismatches, 0.0).sum(axis=1)[:, None]
    return np.where(below, mismatches * 0.0, mismatches + np.where(numbers == least[:, None], moved, 0.0))


def within_counts(prediction: Prediction, count: NDArray[np.uint8]) -> Prediction:
    """Return a prediction without the matches that the counts exclude: those of a patient typed by serology do.

    Args:
        prediction: of some donors.
        count: (donors, loci) uint8 the most matching alleles at each locus in scope.
    """
    p_one = prediction.p_one + np.where(count == 1, prediction.p_both, 0.0)
    least = 2 * count.shape[1] - count.sum(axis=1, dtype=np.int64)
    # Where one mismatch is certain to be at a locus, the only one is there.
    only = prediction.p_only_mismatch
    only = np.where(least[:, None] == 1, np.where(np.isnan(only), np.nan, count == 1), only)
    return replace(
        prediction,
        mismatches=least_possible(prediction.mismatches, least),
        p_both=np.where(count < 2, prediction.p_both * 0.0, prediction.p_both),
        p_one=np.where(count < 1, prediction.p_one * 0.0, p_one),
        p_only_mismatch=np.where(least[:, None] > 1, np.nan, only),
    )


def further_mismatches(
    mismatches: NDArray[np.float64], count: NDArray[np.uint8], certain: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return (n, 5) probabilities of mismatches once those of one more locus are added; NaN where they are not certain.

    Args:
        mismatches: (n, 5) probabilities without the locus.
        count: (n,) matching alleles of the locus.
        certain: (n,) bool, whether the count is certain.
    """
    found = np.full_like(mismatches, np.nan)
    for further in range(3):
        rows = certain & (count == 2 - further)
        found[rows, :further] = np.where(np.isnan(mismatches[rows, :further]), np.nan, 0.0)
        found[rows, further:] = mismatches[rows, : mismatches.shape[1] - further]
    return found


def with_counted_locus(
    prediction: Prediction, column: int, locus: str, count: NDArray[np.uint8], certain: NDArray[np.bool_]
) -> Prediction:
    """Return a prediction for one more locus, of which there are counts and no frequencies.

    Where the count is certain, its mismatches are added to those of the other loci; elsewhere probabilities are
    missing.

    Args:
        prediction: of some donors, without the locus.
        column: where it stands among the loci.
        locus: its name.
        count: (donors,) matching alleles.
        certain: (donors,) bool.
    """
    mismatches = further_mismatches(prediction.mismatches, count, certain)
    known = ~np.isnan(mismatches[:, 0])

    def widened(values: NDArray[np.float64], added: NDArray[np.bool_]) -> NDArray[np.float64]:
        found = np.insert(values, column, added, axis=1)
        found[~known] = np.nan
        return found

    only = widened(prediction.p_only_mismatch, count == 1)
    # The one mismatch is at the locus where it has one, and where it has none it is where it was.
    only[count == 1] = np.arange(only.shape[1]) == column
    only[~known | (mismatches[:, 1] == 0.0)] = np.nan
    below = np.uint16((1 << column) - 1)
    missing = (prediction.missing & below) | (prediction.missing & ~below) << np.uint16(1)
    missing |= np.where(certain, 0, 1 << column).astype(np.uint16)
    return replace(
        prediction,
        loci=(*prediction.loci[:column], locus, *prediction.loci[column:]),
        mismatches=mismatches,
        p_both=widened(prediction.p_both, count == 2),
        p_one=widened(prediction.p_one, count == 1),
        p_only_mismatch=only,
        cut=np.where(known, prediction.cut, np.nan),
        missing=missing.astype(np.uint16),
        fallback=np.where(certain, prediction.fallback, FallbackLevel.MISSING).astype(np.uint8),
    )


def with_certain_counts(prediction: Prediction, certain: NDArray[np.bool_], count: NDArray[np.uint8]) -> Prediction:
    """Return a prediction in which pairs of certain counts have probabilities 0 and 1, explained or not.

    Args:
        prediction: of some donors.
        certain: (donors,) bool.
        count: (donors, loci) uint8 matching alleles at each locus in scope; taken where `certain`.
    """
    mismatched = 2 - count[certain].astype(np.int64)
    total = mismatched.sum(axis=1)
    mismatches, p_both, p_one, only = (
        values.copy()
        for values in (prediction.mismatches, prediction.p_both, prediction.p_one, prediction.p_only_mismatch)
    )
    mismatches[certain] = total[:, None] == np.arange(MAX_MISMATCHES + 1)
    p_both[certain] = mismatched == 0
    p_one[certain] = mismatched == 1
    only[certain] = np.where((total == 1)[:, None], mismatched == 1, np.nan)
    return replace(
        prediction,
        mismatches=mismatches,
        p_both=p_both,
        p_one=p_one,
        p_only_mismatch=only,
        cut=np.where(certain, 0.0, prediction.cut),
        missing=np.where(certain, 0, prediction.missing).astype(np.uint16),
        fallback=np.where(certain & np.isnan(prediction.cut), FallbackLevel.CERTAIN, prediction.fallback).astype(
            np.uint8
        ),
    )
