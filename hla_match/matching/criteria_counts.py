"""How many donors each criterion of a search leaves: why a list is short or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.kernels.codes import EXCLUDED
from hla_match.language import retellable, translatable
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.donor_search import LocusMismatches, find_donors
from hla_match.matching.eligibility import within

_AT_MOST = {
    "both": (
        translatable("with at most {n} mismatch in {scope}"),
        translatable("with at most {n} mismatches in {scope}"),
    ),
    "gvh": (
        translatable("with at most {n} GvH mismatch in {scope}"),
        translatable("with at most {n} GvH mismatches in {scope}"),
    ),
    "hvg": (
        translatable("with at most {n} HvG mismatch in {scope}"),
        translatable("with at most {n} HvG mismatches in {scope}"),
    ),
}


def criteria_counts(
    registry: Registry,
    criteria: SearchCriteria,
    eligible: Mapping[str, NDArray[np.uint8]],
    scope: Sequence[LocusMismatches],
    donors: range | None,
    n_found: int,
    further: Mapping[str, int],
) -> dict[str, int]:
    """Return how many donors were left after each criterion, one after another, by the criterion in words.

    Args:
        registry: the donors.
        criteria: what was asked.
        eligible: as `hla_match.matching.eligibility.eligible_donors` returns it.
        scope: the loci in scope that the registry has, with the limits of single loci; needed where there are any.
        donors: the rows that were searched, which stand for the registry, or None for all.
        n_found: donors that meet all criteria but the further ones.
        further: the donors that each further criterion left, by it in words.
    """
    counts = {retellable("in the registry"): registry.n_donors if donors is None else len(donors)}
    left = np.zeros(0, np.uint8)
    for criterion, bits in eligible.items():
        left = within(bits, donors, registry.n_donors)
        counts[criterion] = int(np.bitwise_count(left).sum(dtype=np.int64))
    if criteria.locus_limits:
        limits = ", ".join(f"{locus}={limit}" for locus, limit in criteria.locus_limits.items())
        # With any number of mismatches in all, but for loci over their own limit.
        limited = retellable("within the limits {limits}", limits=limits)
        counts[limited] = int(find_donors(registry, scope, left, EXCLUDED - 1).donor.size)
    counts[mismatch_criterion(criteria)] = n_found
    return counts | dict(further)


def mismatch_criterion(criteria: SearchCriteria) -> str:
    """Return the limit of mismatches in words.

    >>> mismatch_criterion(SearchCriteria(scope="8/8", max_mismatches=2, direction="gvh"))
    'with at most 2 GvH mismatches in 8/8'
    """
    form = _AT_MOST[criteria.direction][criteria.max_mismatches != 1]
    return retellable(form, n=criteria.max_mismatches, scope=criteria.scope)


def antibody_criterion(criteria: SearchCriteria) -> str:
    """Return in words that donors are left out whom the patient has antibodies against.

    >>> antibody_criterion(SearchCriteria(without_antibodies="certain"))
    'without an antibody of the patient against them, as far as known'
    """
    if criteria.without_antibodies == "certain":
        return retellable("without an antibody of the patient against them, as far as known")
    return retellable("certain to be without an antibody of the patient against them")


def probability_criterion(criteria: SearchCriteria) -> str:
    """Return the least probability in words.

    >>> probability_criterion(SearchCriteria(min_p=0.1))
    'with a probability of that of at least 10%, or not known'
    """
    least = f"{100 * (criteria.min_p or 0):g}%"
    return retellable("with a probability of that of at least {least}, or not known", least=least)
