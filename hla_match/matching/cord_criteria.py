"""The criteria on units of cord blood: least matches of 6, and least doses for the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.language import retellable
from hla_match.matching.cord_dose import cd34_per_kg, tnc_per_kg
from hla_match.matching.cord_match import cord_matches
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.obstacles import Obstacle

_ROUNDING = 1e-6
"""By which a dose may fall short of what it is, as cells are kept with few digits."""


@dataclass(frozen=True, slots=True)
class UnitCriterion:
    """One least value of units.

    Attributes:
        name: of the criterion.
        criterion: in words.
        least: the least value.
        values: returns the values of some donors by their rows, NaN where not known.
        said: what a value is, in words.
    """

    name: str
    criterion: str
    least: float
    values: Callable[[NDArray[np.uint32]], NDArray[Any]]
    said: Callable[[float], str]

    def is_met(self, donor: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Return (n,) bool: donors who have as much, or of whom it is not known."""
        found: NDArray[np.bool_] = ~(self.values(donor) < self.least - _ROUNDING)
        return found

    def obstacle(self, row: int) -> Obstacle | None:
        """Return what keeps a donor out; None of one who meets the criterion."""
        donor = np.array([row], np.uint32)
        if self.is_met(donor)[0]:
            return None
        value = float(self.values(donor)[0])
        return Obstacle(self.criterion, self.said(value), {self.name: value or None})


def unit_criteria(
    criteria: SearchCriteria, patient: Patient, registry: Registry, loci: Mapping[str, LocusResult]
) -> Iterator[UnitCriterion]:
    """Yield the criteria on units that were asked for.

    Args:
        criteria: what was asked.
        patient: whose weight decides doses.
        registry: the donors.
        loci: the patient compared with the registry, where the registry has the locus.
    """
    if criteria.min_cord_match is not None:
        yield UnitCriterion(
            "min_cord_match",
            retellable("with at least {n}/6 as cord blood is matched", n=criteria.min_cord_match),
            criteria.min_cord_match,
            lambda donor: cord_matches(loci, donor).astype(np.float64),
            lambda value: f"{value:g}/6",
        )
    for name, least, dose, (power, cells) in (
        ("min_tnc_per_kg", criteria.min_tnc_per_kg, tnc_per_kg, ("e7", retellable("nucleated cells"))),
        ("min_cd34_per_kg", criteria.min_cd34_per_kg, cd34_per_kg, ("e5", retellable("CD34 positive cells"))),
    ):
        if least is not None:
            yield UnitCriterion(
                name,
                retellable(
                    "with at least {least} {cells} for a kilogram, or not known", least=f"{least:g}{power}", cells=cells
                ),
                least,
                lambda donor, dose=dose: dose(registry, donor, patient.weight_kg),  # type: ignore[misc]
                partial(_dose_said, power, cells),
            )


def _dose_said(power: str, cells: str, value: float) -> str:
    return retellable("{dose} {cells} for a kilogram", dose=f"{value:.2f}{power}", cells=cells)
