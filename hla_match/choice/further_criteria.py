"""The criteria that need more than a count of mismatches: antibodies, probability, what a unit of cord blood holds."""

from __future__ import annotations

import numpy as np

from hla_match.choice.antibody_feature import antibody_class
from hla_match.choice.candidates import Candidates
from hla_match.choice.probable_donors import probable_donors
from hla_match.immunogenetics.antibodies import least_left_out
from hla_match.matching.cord_criteria import unit_criteria
from hla_match.matching.criteria_counts import antibody_criterion, probability_criterion


def meeting_further(candidates: Candidates) -> tuple[Candidates, dict[str, int]]:
    """Return the candidates that meet the further criteria, and how many each of these left, by it in words.

    A value that is not known excludes nobody.
    """
    criteria = candidates.criteria
    left: dict[str, int] = {}
    if criteria.without_antibodies is not None:
        kept = antibody_class(candidates) < least_left_out(criteria.without_antibodies)
        candidates = candidates.take(np.flatnonzero(kept))
        left[antibody_criterion(criteria)] = int(candidates.donor.size)
    if criteria.min_p is not None:
        candidates = candidates.take(probable_donors(candidates, criteria.min_p, criteria.max_mismatches))
        left[probability_criterion(criteria)] = int(candidates.donor.size)
    for one in unit_criteria(criteria, candidates.patient, candidates.registry, candidates.loci):
        candidates = candidates.take(np.flatnonzero(one.is_met(candidates.donor)))
        left[one.criterion] = int(candidates.donor.size)
    return candidates, left
