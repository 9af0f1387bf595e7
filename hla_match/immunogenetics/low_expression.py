"""Mismatches at the loci of low expression, DRB3/4/5, DQB1 and DPB1, in graft-versus-host direction.

Source: Fernández-Viña et al., Blood 2013;121:4603: beside 7 of 8 matches three or more of them go with more deaths. The
three genes DRB3, DRB4 and DRB5 are one place of two positions. Oracle: ``tests/oracle/donor_facts.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import GVH_BEST, GVH_WORST
from hla_match.loci import DRB345, OPTIONAL_GENES
from hla_match.matching.locus_result import LocusResult

POSITIONS = 2
"""Alleles of a place, and mismatches of one that is not typed at most."""

MOST_LOW_EXPRESSION = 3 * POSITIONS
"""Mismatches of the three places at most."""


def low_expression_mismatches(
    loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (n,) the least and the greatest number of mismatches of some donors.

    Args:
        loci: the patient compared with the registry.
        donor: rows of the registry.
    """
    genes = [DRB345] if DRB345 in loci else [gene for gene in OPTIONAL_GENES if gene in loci]
    places = (genes, *([locus] if locus in loci else [] for locus in ("DQB1", "DPB1")))
    least, most = np.zeros(donor.size, np.int64), np.zeros(donor.size, np.int64)
    for place in places:
        fewest, greatest = np.zeros(donor.size, np.int64), np.zeros(donor.size, np.int64)
        for locus in place:
            expanded_typing = loci[locus].expanded_typing_of(donor)
            fewest += loci[locus].counts[GVH_BEST, expanded_typing]
            greatest += loci[locus].counts[GVH_WORST, expanded_typing]
        # A gene that is not typed leaves both positions open.
        is_whole = bool(place) and (
            place == [DRB345] or place[0] not in OPTIONAL_GENES or len(place) == len(OPTIONAL_GENES)
        )
        least += np.minimum(fewest, POSITIONS)
        most += np.minimum(greatest, POSITIONS) if is_whole else POSITIONS
    return least, most


def range_text(least: int, most: int) -> str:
    """Return a number, or two with a dash where it is not known which.

    >>> range_text(2, 2), range_text(0, 3)
    ('2', '0-3')
    """
    return str(least) if least == most else f"{least}-{most}"
