"""The donors that a search found for one patient, before they are ranked: what features read."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.ages import completed_years
from hla_match.donors.registry import Registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.scope_counts import may_fail, scope_counts
from hla_match.prediction.lazy_predictions import NEAR, LazyPredictions
from hla_match.prediction.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Candidates:
    """Donors found for one patient.

    Attributes:
        patient: for whom.
        criteria: what was asked.
        loci: the patient compared with the registry, by locus, where the registry has the locus.
        registry: where from.
        donor: (n,) uint32 rows.
        mismatches: (n,) uint8 least mismatches in scope, in the direction asked for.
        certain: (n,) bool, best and worst count are equal.
        as_of: the date at which ages are computed.
        predictions: match probabilities of the donors of the search, or None without frequencies.
        position: (n,) int64 where the donors stand in `predictions`.
        listed: whether the donors are listed, so that whole predictions of them are needed; the order of donors needs
            the probabilities of few mismatches only.
    """

    patient: Patient
    criteria: SearchCriteria
    loci: Mapping[str, LocusResult]
    registry: Registry
    donor: NDArray[np.uint32]
    mismatches: NDArray[np.uint8]
    certain: NDArray[np.bool_]
    as_of: datetime.date
    predictions: LazyPredictions | None
    position: NDArray[np.int64]
    listed: bool = False

    def take(self, rows: NDArray[np.int64]) -> Candidates:
        """Return some of the candidates, by their positions."""
        return Candidates(
            self.patient,
            self.criteria,
            self.loci,
            self.registry,
            self.donor.take(rows),
            self.mismatches.take(rows),
            self.certain.take(rows),
            self.as_of,
            self.predictions,
            self.position.take(rows),
            self.listed,
        )

    @property
    def age(self) -> NDArray[np.int32]:
        """(n,) int32 completed years, -1 where the birth date is missing or later than `as_of`."""
        return completed_years(self.registry.attribute_codes["birth_date"].take(self.donor), self.as_of)

    @property
    def unresolved(self) -> NDArray[np.bool_]:
        """(n,) bool, typings leave it open whether the donor has more mismatches than were asked for."""
        return may_fail(self.criteria, self.loci, self.donor)

    def scope_count(self, row: int) -> NDArray[np.uint8]:
        """Return (n,) uint8 a row of the counts of `hla_match.kernels.search.locus_count`, summed over the scope."""
        return scope_counts(self.criteria, self.loci, self.donor, row)

    def at_locus(self, locus: str, by_typing: Callable[[LocusResult], NDArray[Any]], default: int) -> NDArray[Any]:
        """Return (n,) what holds for the expanded typing of each donor at a locus.

        Args:
            locus: the locus.
            by_typing: returns (typings,) the value of each expanded typing.
            default: the value of all where patient or registry are not compared there.
        """
        result = self.loci.get(locus)
        if result is None:
            return np.full(self.donor.size, default)
        return by_typing(result).take(result.expanded_typing_of(self.donor))

    def predicted(self, rows: NDArray[np.integer[Any]], most: int = NEAR) -> Prediction:
        """Return the predictions of some of the candidates, by their positions.

        Args:
            rows: the positions.
            most: the greatest number of mismatches of which the probability is needed.

        Raises:
            ValueError: there are no frequencies.
        """
        if self.predictions is None:
            raise ValueError("these candidates have no predictions")
        position = self.position[rows]
        # What the first keys ask for is kept for those that follow.
        return self.predictions.of(position) if self.listed else self.predictions.near(position, max(most, NEAR))
