"""What match prediction says of one patient and some donors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.imputation.panels import Step

MAX_MISMATCHES = 4
"""Probabilities are given for 0 to so many mismatches."""

_STEPS = pl.Series("fallback", [str(step) for step in Step])

PER_DONOR = ("mismatches", "two", "one", "single", "cut", "step", "missing")
"""The arrays of a prediction that have a row for each donor."""


@dataclass(frozen=True)
class Prediction:
    """Predictions of one patient and some donors; NaN where a probability is missing.

    Attributes:
        loci: the loci in scope.
        mismatches: (donors, 5) float64, probability of exactly 0, 1, 2, 3, 4 mismatches in scope.
        two: (donors, loci) float64, probability that both alleles of a locus match.
        one: (donors, loci) float64, probability that exactly one allele of a locus matches.
        single: (donors, loci) float64, probability that the locus holds the mismatch, given exactly one in scope.
        cut: (donors,) float64, probability of what was too unlikely to be compared; it is not in `mismatches`.
        patient_cut: the part of it that is the patient's; it is not in `two` and `one` either.
        step: (donors,) uint8 `Step`, the farthest of patient and donor.
        missing: (donors,) uint16 loci in scope, as bits, at which nothing explains the donor.
        patient_missing: loci in scope at which nothing explains the patient.
        frequency_set: name of the frequencies.
    """

    loci: tuple[str, ...]
    mismatches: NDArray[np.float64]
    two: NDArray[np.float64]
    one: NDArray[np.float64]
    single: NDArray[np.float64]
    cut: NDArray[np.float64]
    patient_cut: float
    step: NDArray[np.uint8]
    missing: NDArray[np.uint16]
    patient_missing: tuple[str, ...]
    frequency_set: str

    def take(self, rows: NDArray[np.integer[Any]] | slice) -> Prediction:
        """Return the predictions of some of the donors, by their positions."""
        return replace(self, **{name: getattr(self, name)[rows] for name in PER_DONOR})

    def why_missing(self) -> list[str | None]:
        """Return for each donor why its probabilities are missing, or None."""
        texts: dict[int, str | None] = {0: None}
        for bits in np.unique(self.missing[self.missing != 0]).tolist():
            lacking = [locus for bit, locus in enumerate(self.loci) if bits >> bit & 1]
            texts[bits] = f"no frequencies explain the donor at {', '.join(lacking)}"
        if self.patient_missing:
            texts[0] = f"no frequencies explain the patient at {', '.join(self.patient_missing)}"
        given = ~np.isnan(self.cut)
        return [None if known else texts[bits] for bits, known in zip(self.missing.tolist(), given, strict=True)]

    def to_polars(self) -> pl.DataFrame:
        """Return one row a donor: `p0` to `p4`, `p_A`, ... (both alleles match), and where they come from."""
        n_donors = self.step.size
        found = {f"p{count}": self.mismatches[:, count] for count in range(MAX_MISMATCHES + 1)}
        found |= {f"p_{locus}": self.two[:, column] for column, locus in enumerate(self.loci)}
        cut = np.where(self.cut < 1e-9, 0.0, self.cut)
        return pl.DataFrame(
            [
                *(pl.Series(name, values, nan_to_null=True) for name, values in found.items()),
                pl.Series("frequency_set", [self.frequency_set], pl.String).new_from_index(0, n_donors),
                _STEPS[self.step],
                pl.Series("p_missing", self.why_missing(), pl.String),
                pl.Series("p_cut", cut, nan_to_null=True),
            ]
        )

    def loci_to_polars(self) -> pl.DataFrame:
        """Return one row a donor (by position, from 0) and locus.

        `two`, `one` and `none` are the probabilities of as many matching alleles, `single` is the probability that the
        mismatch is here, given exactly one in scope.
        """
        n_donors = self.step.size
        return pl.DataFrame(
            {
                "position": np.repeat(np.arange(n_donors), len(self.loci)),
                "locus": list(self.loci) * n_donors,
                "two": self.two.ravel(),
                "one": self.one.ravel(),
                "none": np.maximum(1.0 - self.patient_cut - self.two - self.one, 0.0).ravel(),
                "single": self.single.ravel(),
            }
        ).fill_nan(None)


def joined(parts: Sequence[Prediction]) -> Prediction:
    """Return predictions that differ in their donors only as one; of other patients `patient_cut` is the first's."""
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in PER_DONOR}
    return replace(parts[0], **arrays)


def least_possible(mismatches: NDArray[np.float64], least: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return probabilities of mismatches in which fewer than the counts allow count as the least that they allow.

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


def apart(prediction: Prediction, count: NDArray[np.uint8]) -> Prediction:
    """Return a prediction of a patient typed by serology without the matches that the counts exclude.

    Args:
        prediction: of some donors.
        count: (donors, loci) uint8 the most matching alleles at each locus in scope.
    """
    one = prediction.one + np.where(count == 1, prediction.two, 0.0)
    least = 2 * count.shape[1] - count.sum(axis=1, dtype=np.int64)
    # Where one mismatch is certain to be at a locus, the only one is there.
    single = np.where(least[:, None] == 1, np.where(np.isnan(prediction.single), np.nan, count == 1), prediction.single)
    return replace(
        prediction,
        mismatches=least_possible(prediction.mismatches, least),
        two=np.where(count < 2, prediction.two * 0.0, prediction.two),
        one=np.where(count < 1, prediction.one * 0.0, one),
        single=np.where(least[:, None] > 1, np.nan, single),
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


def beside_counts(
    prediction: Prediction, column: int, locus: str, count: NDArray[np.uint8], certain: NDArray[np.bool_]
) -> Prediction:
    """Return a prediction for one more locus, which no frequencies know and only counts tell of.

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

    single = widened(prediction.single, count == 1)
    # The one mismatch is at the locus where it has one, and where it has none it is where it was.
    single[count == 1] = np.arange(single.shape[1]) == column
    single[~known | (mismatches[:, 1] == 0.0)] = np.nan
    below = np.uint16((1 << column) - 1)
    missing = (prediction.missing & below) | (prediction.missing & ~below) << np.uint16(1)
    missing |= np.where(certain, 0, 1 << column).astype(np.uint16)
    return replace(
        prediction,
        loci=(*prediction.loci[:column], locus, *prediction.loci[column:]),
        mismatches=mismatches,
        two=widened(prediction.two, count == 2),
        one=widened(prediction.one, count == 1),
        single=single,
        cut=np.where(known, prediction.cut, np.nan),
        missing=missing.astype(np.uint16),
        step=np.where(certain, prediction.step, Step.MISSING).astype(np.uint8),
    )


def settled(prediction: Prediction, certain: NDArray[np.bool_], count: NDArray[np.uint8]) -> Prediction:
    """Return a prediction in which pairs of persons of certain counts have probabilities 0 and 1, explained or not.

    Args:
        prediction: of some donors.
        certain: (donors,) bool.
        count: (donors, loci) uint8 matching alleles at each locus in scope; taken where `certain`.
    """
    mismatched = 2 - count[certain].astype(np.int64)
    total = mismatched.sum(axis=1)
    mismatches, two, one, single = (
        values.copy() for values in (prediction.mismatches, prediction.two, prediction.one, prediction.single)
    )
    mismatches[certain] = total[:, None] == np.arange(MAX_MISMATCHES + 1)
    two[certain] = mismatched == 0
    one[certain] = mismatched == 1
    single[certain] = np.where((total == 1)[:, None], mismatched == 1, np.nan)
    return replace(
        prediction,
        mismatches=mismatches,
        two=two,
        one=one,
        single=single,
        cut=np.where(certain, 0.0, prediction.cut),
        missing=np.where(certain, 0, prediction.missing).astype(np.uint16),
        step=np.where(certain & np.isnan(prediction.cut), Step.CERTAIN, prediction.step).astype(np.uint8),
    )
