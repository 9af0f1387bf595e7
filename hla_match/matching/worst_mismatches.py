"""Whether a donor who meets the criteria at best may fail them: typings that leave it open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import COUNTS_OF_UNTYPED, WORST
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.limited_loci import MEASURE
from hla_match.matching.locus_result import LocusResult


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
        result = loci.get(locus)
        # A locus that no donor is typed at has one meaning for all.
        counts = _UNTYPED if result is None else result.counts
        meaning = np.zeros(donor.size, np.int32) if result is None else result.meaning_of(donor)
        # The locus count counts matches.
        worst = (2 - counts[row] if row == WORST else counts[row])[meaning]
        total += worst
        if locus in criteria.locus_limits:
            over |= worst > criteria.locus_limits[locus]
    return over | (total > criteria.max_mismatches)


_UNTYPED = np.array(COUNTS_OF_UNTYPED, np.uint8)[:, None]
