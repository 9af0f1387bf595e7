"""How many donors each criterion of a search leaves: why a list is short or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.kernels.codes import EXCLUDED
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.donor_search import LocusMismatches, find_donors
from hla_match.matching.eligibility import within

_DIRECTIONS = {"both": "", "gvh": "GvH ", "hvg": "HvG "}


def criteria_counts(
    registry: Registry,
    criteria: SearchCriteria,
    eligible: Mapping[str, NDArray[np.uint8]],
    scope: Sequence[LocusMismatches],
    donors: range | None,
    n_found: int,
    n_probable: int,
) -> dict[str, int]:
    """Return how many donors were left after each criterion, one after another, by the criterion in words.

    Args:
        registry: the donors.
        criteria: what was asked.
        eligible: as `hla_match.matching.eligibility.eligible_donors` returns it.
        scope: the loci in scope that the registry has, with the limits of single loci; needed where there are any.
        donors: the rows that were searched, which stand for the registry, or None for all.
        n_found: donors that meet all criteria but the one on probability.
        n_probable: donors that meet this one, too.
    """
    counts = {"in the registry": registry.n_donors if donors is None else len(donors)}
    left = np.zeros(0, np.uint8)
    for criterion, bits in eligible.items():
        left = within(bits, donors, registry.n_donors)
        counts[criterion] = int(np.bitwise_count(left).sum(dtype=np.int64))
    if criteria.locus_limits:
        limits = ", ".join(f"{locus}={limit}" for locus, limit in criteria.locus_limits.items())
        # With any number of mismatches in all, but for loci over their own limit.
        counts[f"within the limits {limits}"] = int(find_donors(registry, scope, left, EXCLUDED - 1).donor.size)
    noun = f"{_DIRECTIONS[criteria.direction]}mismatch{'es' * (criteria.max_mismatches != 1)}"
    counts[f"with at most {criteria.max_mismatches} {noun} in {criteria.scope}"] = n_found
    if criteria.min_p is not None:
        counts[f"with a probability of that of at least {100 * criteria.min_p:g}%, or not known"] = n_probable
    return counts
