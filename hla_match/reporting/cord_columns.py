"""The columns of a match frame on units of cord blood, where the registry has any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.donors.registry import Registry
from hla_match.matching.cord_dose import cd34_per_kg, tnc_per_kg
from hla_match.matching.cord_match import allele_matches_of_eight, cord_matches

CORD_COLUMNS = ("cord_match", "cord_match_8", "tnc_per_kg", "cd34_per_kg")
"""The columns, in their order."""


def cord_columns(lists: Sequence[RankedDonors], donors: Sequence[NDArray[np.uint32]]) -> list[pl.Series]:
    """Return the columns on units of cord blood; none where the registry has no type of donors.

    Args:
        lists: as in `hla_match.reporting.match_frame.match_frame`.
        donors: rows of the registry, for each list.
    """
    attributes = lists[0].registry.donor_attributes
    if "donor_type" not in attributes.schema:
        return []
    is_unit = (attributes.of("donor_type", pl.Series(np.concatenate(donors))) == "CORD").fill_null(False)
    matches = [_matches(found, donor) for found, donor in zip(lists, donors, strict=True)]
    columns = [
        pl.Series("cord_match", [f"{best}/6" for best, _ in _joined(matches)], pl.String),
        pl.Series("cord_match_8", [f"{best}/8" for _, best in _joined(matches)], pl.String),
        pl.Series("tnc_per_kg", _doses(lists, donors, tnc_per_kg)).fill_nan(None),
        pl.Series("cd34_per_kg", _doses(lists, donors, cd34_per_kg)).fill_nan(None),
    ]
    return [column.set(~is_unit, None) for column in columns]


def _matches(found: RankedDonors, donor: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return (2, n) uint8 the matches of 6 and of 8."""
    loci = {result.locus: result for result in found.loci}
    return np.stack([cord_matches(loci, donor), allele_matches_of_eight(loci, donor)])


def _joined(matches: Sequence[NDArray[np.uint8]]) -> list[list[int]]:
    joined: list[list[int]] = np.concatenate(matches, axis=1).T.tolist()
    return joined


def _doses(
    lists: Sequence[RankedDonors],
    donors: Sequence[NDArray[np.uint32]],
    dose: Callable[[Registry, NDArray[np.uint32], float | None], NDArray[np.float64]],
) -> NDArray[np.float64]:
    return np.concatenate(
        [dose(one.registry, donor, one.patient.weight_kg) for one, donor in zip(lists, donors, strict=True)]
    )
