"""The mismatches of a locus in one search: in the direction asked for, within the limit of the locus."""

from __future__ import annotations

import numpy as np

from hla_match.kernels.codes import BEST, EXCLUDED, GVH_BEST, GVH_WORST, HVG_BEST, HVG_WORST, UNCERTAIN, WORST
from hla_match.matching.donor_search import LocusMismatches
from hla_match.matching.locus_result import LocusResult

MEASURE = {"both": (BEST, WORST), "gvh": (GVH_BEST, GVH_WORST), "hvg": (HVG_BEST, HVG_WORST)}
"""By direction, the rows of the counts that hold its best and its worst number."""


def limited(result: LocusResult, measure: int, worst: int, limit: int | None) -> LocusMismatches:
    """Return the mismatches of each expanded typing of a locus; those over the limit of the locus are excluded."""
    counts = result.counts
    least = (2 - counts[measure] if measure == BEST else counts[measure]).astype(np.uint16)
    if limit is not None:
        least[least > limit] = EXCLUDED
    uncertain = (counts[measure] != counts[worst]) | result.is_new
    # Adding to all is several times as fast as adding to some.
    least += uncertain.astype(np.uint16) * np.uint16(UNCERTAIN)
    return LocusMismatches(result.locus, least)
