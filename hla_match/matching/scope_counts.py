"""Counts of donors over the scope, and whether a donor who meets the criteria at best may fail them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import COUNTS_OF_UNTYPED, WORST
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.limited_loci import MEASURE
from hla_match.matching.locus_result import LocusResult


def locus_counts(
    result: LocusResult | None, donor: NDArray[np.uint32], rows: int | slice = slice(None)
) -> NDArray[np.uint8]:
    """Return (6, n) uint8 counts of some donors at a locus, or (n,) of one row; None: no donor is typed there."""
    if result is None:
        return _UNTYPED[rows].repeat(donor.size, axis=-1)
    return result.counts[rows].take(result.expanded_typing_of(donor), axis=-1)


def scope_counts(
    criteria: SearchCriteria,
    loci: Mapping[str, LocusResult],
    donor: NDArray[np.uint32],
    rows: int | slice = slice(None),
) -> NDArray[np.uint8]:
    """Return `locus_counts` of some donors, summed over the loci in scope.

    Args:
        criteria: what was asked.
        loci: the patient compared with the registry, where the registry has the locus.
        donor: (n,) rows of donors.
        rows: of the counts.
    """
    total = np.zeros_like(_UNTYPED[rows].repeat(donor.size, axis=-1))
    for locus in criteria.loci:
        total += locus_counts(loci.get(locus), donor, rows)
    return total


def may_fail(criteria: SearchCriteria, loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return (n,) bool: donors who can have more mismatches than the criteria allow, if ambiguities turn out badly.

    Mismatches are those in scope in the direction asked for; a potential match may turn out to be none (Bochtler et
    al., Bone Marrow Transplant 2011;46:338, potential matches).
    Oracle: ``may_fail`` in ``tests/oracle/ranking.py``.

    Args:
        criteria: what was asked.
        loci: the patient compared with the registry, where the registry has the locus.
        donor: (n,) rows of donors.
    """
    _, row = MEASURE[criteria.direction]
    total = np.zeros(donor.size, np.uint8)
    over = np.zeros(donor.size, np.bool_)
    for locus in criteria.loci:
        count = locus_counts(loci.get(locus), donor, row)
        total += count
        if locus in criteria.locus_limits:
            limit = criteria.locus_limits[locus]
            over |= count < 2 - limit if row == WORST else count > limit
    # The count of both directions counts matches, those of one direction count mismatches.
    greatest = criteria.max_mismatches
    return over | (total < 2 * len(criteria.loci) - greatest if row == WORST else total > greatest)


_UNTYPED = np.array(COUNTS_OF_UNTYPED, np.uint8)[:, None]
