"""Predictions of one search, in agreement with what its counts make certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hla_match.loci import DRB345
from hla_match.matching.locus_result import LocusResult, certain_matches
from hla_match.prediction.counted_predictions import with_certain_counts, with_counted_locus, within_counts
from hla_match.prediction.lazy_predictions import LazyPredictions
from hla_match.prediction.prediction import Prediction
from hla_match.prediction.predictor import PatientPredictor


def counted_search(
    predictor: PatientPredictor, scope: Sequence[str], loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]
) -> LazyPredictions:
    """Return a predictor of matches in which pairs of persons with certain counts have probability 0 or 1.

    Args:
        predictor: of the patient.
        scope: the loci that count.
        loci: the patient compared with the registry, where the registry has the locus.
        donor: (n,) rows of the donors.
    """
    is_serology = any(loci[locus].is_serology for locus in scope if locus in loci)

    def predicted(rows: NDArray[np.uint32], most: int) -> Prediction:
        found = predictor.predict(rows, most=most)
        if DRB345 in scope:
            of_locus = certain_matches(loci.get(DRB345), rows)
            found = with_counted_locus(found, scope.index(DRB345), DRB345, *of_locus)
        counts = [certain_matches(loci.get(locus), rows) for locus in scope]
        best = np.stack([one for one, _ in counts], axis=1)
        certain: NDArray[np.bool_] = np.all([one for _, one in counts], axis=0)
        return with_certain_counts(within_counts(found, best) if is_serology else found, certain, best)

    def bounded(rows: NDArray[np.uint32]) -> NDArray[np.float64]:
        # A bound without a locus holds with it, too: more loci only add mismatches.
        found = predictor.bounds(rows)
        if DRB345 in scope:
            found[~certain_matches(loci.get(DRB345), rows)[1]] = np.nan
        return found

    bound = bounded if predictor.bounds_pay else None
    return LazyPredictions(donor, predicted, bound, near_pays=predictor.near_pays)
