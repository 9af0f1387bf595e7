"""The match probabilities of one patient with some donors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.frame_columns import CodedColumn, columns_of, decoded
from hla_match.imputation.panels import FallbackLevel

MAX_MISMATCHES = 4
"""Probabilities are given for 0 to so many mismatches."""

_FALLBACKS = pl.Series("fallback", [str(level) for level in FallbackLevel])

PER_DONOR = ("mismatches", "p_both", "p_one", "p_only_mismatch", "cut", "fallback", "missing")
"""The arrays of a prediction that have a row for each donor."""


@dataclass(frozen=True)
class Prediction:
    """Predictions of one patient and some donors; NaN where a probability is missing.

    Attributes:
        loci: the loci in scope.
        mismatches: (donors, 5) float64, probability of exactly 0, 1, 2, 3, 4 mismatches in scope.
        p_both: (donors, loci) float64, probability that both alleles of a locus match.
        p_one: (donors, loci) float64, probability that exactly one allele of a locus matches.
        p_only_mismatch: (donors, loci) float64, probability that the locus holds the mismatch, given exactly one in
            scope.
        cut: (donors,) float64, probability of what was too unlikely to be compared; it is not in `mismatches`.
        patient_cut: the part of it that is the patient's; it is not in `p_both` and `p_one` either.
        fallback: (donors,) uint8 `FallbackLevel`, the farthest of patient and donor.
        missing: (donors,) uint16 loci in scope, as bits, at which nothing explains the donor.
        patient_missing: loci in scope at which nothing explains the patient.
        frequency_set: name of the frequencies.
    """

    loci: tuple[str, ...]
    mismatches: NDArray[np.float64]
    p_both: NDArray[np.float64]
    p_one: NDArray[np.float64]
    p_only_mismatch: NDArray[np.float64]
    cut: NDArray[np.float64]
    patient_cut: float
    fallback: NDArray[np.uint8]
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
        n_donors = self.fallback.size
        names = (*(f"p{count}" for count in range(MAX_MISMATCHES + 1)), *(f"p_{locus}" for locus in self.loci), "p_cut")
        cut = np.where(self.cut < 1e-9, 0.0, self.cut)
        *found, p_cut = columns_of(names, np.concatenate([self.mismatches.T, self.p_both.T, cut[None]]))
        return pl.DataFrame(
            [
                *found,
                pl.Series("frequency_set", [self.frequency_set], pl.String).new_from_index(0, n_donors),
                *decoded([CodedColumn("fallback", _FALLBACKS, self.fallback)]),
                self._p_missing(),
                p_cut,
            ]
        )

    def _p_missing(self) -> pl.Series:
        if not self.patient_missing and not self.missing.any():
            return pl.Series("p_missing", [None], pl.String).new_from_index(0, self.missing.size)
        return pl.Series("p_missing", self.why_missing(), pl.String)

    def loci_to_polars(self) -> pl.DataFrame:
        """Return one row a donor (by position, from 0) and locus.

        `two`, `one` and `none` are the probabilities of as many matching alleles, `single` is the probability that the
        mismatch is here, given exactly one in scope.
        """
        n_donors = self.fallback.size
        return pl.DataFrame(
            {
                "position": np.repeat(np.arange(n_donors), len(self.loci)),
                "locus": list(self.loci) * n_donors,
                "two": self.p_both.ravel(),
                "one": self.p_one.ravel(),
                "none": np.maximum(1.0 - self.patient_cut - self.p_both - self.p_one, 0.0).ravel(),
                "single": self.p_only_mismatch.ravel(),
            }
        ).fill_nan(None)


def join_predictions(parts: Sequence[Prediction]) -> Prediction:
    """Return predictions that differ in their donors only as one; of other patients `patient_cut` is the first's."""
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in PER_DONOR}
    return replace(parts[0], **arrays)
