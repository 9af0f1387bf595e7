"""Features of units of cord blood: matches of 6 and of 8, and the dose for the patient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.feature import UNKNOWN_VALUE, Feature, Unknown, said_in, said_range
from hla_match.language import translatable
from hla_match.matching.cord_dose import cd34_per_kg, tnc_per_kg
from hla_match.matching.cord_match import allele_matches_of_eight, cord_matches

_GUIDELINE = "Dehn et al., Blood 2019;134:924; PMC7567024"
_GREATEST_TENTHS = 9_999

Dose = Callable[[Candidates], NDArray[np.float64]]


def dose_of_tnc(candidates: Candidates) -> NDArray[np.float64]:
    """Return (n,) float64 nucleated cells in 10^7 per kilogram of the patient, NaN where not known."""
    return tnc_per_kg(candidates.registry, candidates.donor, candidates.patient.weight_kg)


def dose_of_cd34(candidates: Candidates) -> NDArray[np.float64]:
    """Return (n,) float64 CD34 positive cells in 10^5 per kilogram of the patient, NaN where not known."""
    return cd34_per_kg(candidates.registry, candidates.donor, candidates.patient.weight_kg)


def tenths(dose: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return (n,) int16 whole tenths of doses, `UNKNOWN_VALUE` where not known."""
    whole = np.minimum(np.floor(np.nan_to_num(dose) * 10 + 1e-6), _GREATEST_TENTHS)
    return np.where(np.isnan(dose), UNKNOWN_VALUE, whole).astype(np.int16)


def _match(name: str, size: int, words: str, values: Callable[[Candidates], NDArray[np.uint8]]) -> Feature:
    return Feature(
        name=name,
        source=_GUIDELINE,
        values=values,
        directions={"descending": words},
        greatest=size,
        unit=translatable("matches"),
        said=said_in(f"/{size}"),
        columns=(name,),
    )


_TENTHS = {"e7": translatable("tenths of e7/kg"), "e5": translatable("tenths of e5/kg")}


def _dose(name: str, words: str, power: str, of: Dose) -> Feature:
    def said(least: int, greatest: int) -> str:
        return f"{said_range(f'{least / 10:g}', f'{greatest / 10:g}')}{power}/kg"

    return Feature(
        name=name,
        source=_GUIDELINE,
        values=lambda candidates: tenths(of(candidates)),
        directions={"descending": words},
        greatest=_GREATEST_TENTHS,
        unit=_TENTHS[power],
        said=said,
        unknown=Unknown(
            said=translatable("unknown dose"),
            places={"last": translatable("unknown last"), "first": translatable("unknown first")},
        ),
        columns=(name,),
    )


CORD_MATCH = _match(
    "cord_match",
    6,
    translatable("more matches of 6, A and B by antigen and DRB1 by allele"),
    lambda candidates: cord_matches(candidates.loci, candidates.donor),
)
CORD_MATCH_8 = _match(
    "cord_match_8",
    8,
    translatable("more matching alleles of A, B, C and DRB1"),
    lambda candidates: allele_matches_of_eight(candidates.loci, candidates.donor),
)
TNC_PER_KG = _dose("tnc_per_kg", translatable("more nucleated cells for a kilogram"), "e7", dose_of_tnc)
CD34_PER_KG = _dose("cd34_per_kg", translatable("more CD34 positive cells for a kilogram"), "e5", dose_of_cd34)
