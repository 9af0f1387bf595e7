"""The donors of a registry within the limits of a search, before anything is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.criteria_counts import criteria_counts
from hla_match.matching.donor_search import FoundDonors, LocusMismatches, find_donors
from hla_match.matching.eligibility import eligible_donors, within
from hla_match.matching.limited_loci import MEASURE, limited
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.patient_table import KEPT_BYTES
from hla_match.matching.registry_comparisons import RegistryComparisons


class DonorFinder:
    """Finds donors by counts and attributes; threads may share it.

    Args:
        registry: the donors.
        comparisons: compares patients with them.
    """

    def __init__(self, registry: Registry, comparisons: RegistryComparisons) -> None:
        self._registry, self._comparisons = registry, comparisons
        self._eligible: tuple[SearchCriteria, dict[str, NDArray[np.uint8]]] | None = None
        widest = max((column.table.n_typings for column in registry.columns.values()), default=1)
        self._limited = lru_cache(max(1, KEPT_BYTES // (2 * widest)))(limited)

    def find(self, scope: Sequence[LocusResult], criteria: SearchCriteria, donors: range | None = None) -> FoundDonors:
        """Return the donors within the limits of the criteria that need no prediction.

        Args:
            scope: the patient compared at the loci in scope that the registry has.
            criteria: which donors.
            donors: rows to choose from, one after another; None for all.
        """
        *_, allowed = self._allowed(criteria).values()
        return find_donors(
            self._comparisons.searched(criteria),
            self._limited_loci(scope, criteria),
            within(allowed, donors, self._registry.n_donors),
            criteria.max_mismatches,
        )

    def counts(
        self,
        scope: Sequence[LocusResult],
        criteria: SearchCriteria,
        donors: range | None,
        n_found: int,
        further: Mapping[str, int],
    ) -> dict[str, int]:
        """Return how many donors each criterion leaves, as `criteria_counts` tells."""
        limited = self._limited_loci(scope, criteria) if criteria.locus_limits else []
        return criteria_counts(
            self._comparisons.searched(criteria), criteria, self._allowed(criteria), limited, donors, n_found, further
        )

    def _allowed(self, criteria: SearchCriteria) -> dict[str, NDArray[np.uint8]]:
        """Return `eligible_donors`, kept for the next search by the same criteria."""
        kept = self._eligible
        if kept is None or (kept[0] is not criteria and kept[0] != criteria):
            kept = self._eligible = (criteria, eligible_donors(self._registry, criteria))
        return kept[1]

    def _limited_loci(self, scope: Sequence[LocusResult], criteria: SearchCriteria) -> list[LocusMismatches]:
        """Return what each locus counts for, in the direction asked for."""
        measure, worst = MEASURE[criteria.direction]
        return [self._limited(one, measure, worst, criteria.locus_limits.get(one.locus)) for one in scope]
