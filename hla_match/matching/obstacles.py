"""Which criteria keep a donor out of a list, what the donor has in their place, and what would let the donor in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hla_match.donors.ages import completed_years
from hla_match.donors.attributes import ATTRIBUTES, defaults, values_of
from hla_match.donors.registry import Registry, as_of_date
from hla_match.kernels.codes import BEST, COUNTS_OF_UNTYPED
from hla_match.language import retellable, translatable
from hla_match.matching.criteria import MAX_PREDICTED, MOST_MISMATCHES, UNKNOWN, SearchCriteria
from hla_match.matching.criteria_counts import mismatch_criterion
from hla_match.matching.eligibility import eligible_donors
from hla_match.matching.limited_loci import MEASURE
from hla_match.matching.locus_result import LocusResult

_OF_MATCH = (
    "scope", "max_mismatches", "locus_limits", "direction", "null_rule", "ambiguous_nulls", "as_of", "min_p",
    "min_cord_match", "min_tnc_per_kg", "min_cd34_per_kg", "antibody_mfi", "without_antibodies",
)  # fmt: skip
"""Criteria on the match, and those that choose no donors; the others are on the donor as a person."""

_KEPT = ("scope", "direction", "null_rule", "ambiguous_nulls", "as_of", "antibody_mfi")
"""Criteria that choose no donors."""


_HAS = {
    "status": translatable("status {value}"),
    "sex": translatable("sex {value}"),
    "abo": translatable("abo {value}"),
    "cmv": translatable("cmv {value}"),
    "city": translatable("city {value}"),
}
"""What a donor has in place of a criterion, by the attribute."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One criterion that keeps a donor out.

    Attributes:
        criterion: in words.
        found: what the donor has.
        change: by name the criteria that would let the donor pass; empty where none would.
    """

    criterion: str
    found: str
    change: Mapping[str, Any]


def without_filters(criteria: SearchCriteria, *, max_mismatches: int | None = None) -> SearchCriteria:
    """Return criteria of the same match that every donor meets as a person, with so many mismatches.

    Args:
        criteria: what was asked.
        max_mismatches: more than a search can ask for, too; None for any number, without limits of single loci.
    """
    kept = {name: getattr(criteria, name) for name in _KEPT}
    limits = {} if max_mismatches is None else criteria.locus_limits
    most = 2 * len(criteria.loci) if max_mismatches is None else max_mismatches
    # Unchecked, since no search asks for so many.
    return SearchCriteria.model_construct(
        **kept, statuses=values_of("status"), donor_type="any", locus_limits=limits, max_mismatches=most
    )


def obstacles(
    registry: Registry, criteria: SearchCriteria, loci: Mapping[str, LocusResult], donor: int
) -> tuple[Obstacle, ...]:
    """Return the criteria that a donor does not meet, those on the person first; none where the donor meets all.

    The least probability that was asked for is not among them: it takes a prediction.

    Args:
        registry: the donors.
        criteria: what was asked.
        loci: the patient compared with the registry, where the registry has the locus.
        donor: the row.
    """
    return (*_of_person(registry, criteria, donor), *_of_match(criteria, loci, donor))


def _of_person(registry: Registry, criteria: SearchCriteria, donor: int) -> Iterator[Obstacle]:
    """Yield the criteria on the person that a donor does not meet, each looked at alone."""
    alone = replace(
        registry,
        donor_typing=registry.donor_typing[:, donor : donor + 1],
        donor_attributes=registry.donor_attributes.take(np.array([donor])),
        id_rank=np.zeros(1, np.uint32),
        attribute_codes={name: code[donor : donor + 1] for name, code in registry.attribute_codes.items()},
        typing_index=(),
    )
    everybody = without_filters(criteria, max_mismatches=criteria.max_mismatches)
    for name in SearchCriteria.model_fields:
        wanted = getattr(criteria, name)
        if name in _OF_MATCH or name == "limit" or wanted == getattr(everybody, name):
            continue
        *_, (criterion, bits) = eligible_donors(alone, everybody.model_copy(update={name: wanted})).items()
        if not bits[0] & 1:
            found, change = _instead(alone, criteria, name, wanted)
            yield Obstacle(criterion, found, change)


def _instead(alone: Registry, criteria: SearchCriteria, name: str, wanted: Any) -> tuple[str, dict[str, Any]]:
    """Return what the one donor of a registry has in place of a criterion, and what would let the donor pass."""
    if name in ("min_age", "max_age"):
        day = criteria.as_of or as_of_date(alone)
        age = int(completed_years(alone.attribute_codes["birth_date"], day)[0])
        return retellable("aged {age}", age=age), {name: age}
    attribute = "status" if name == "statuses" else name
    if attribute in ATTRIBUTES and isinstance(wanted, tuple):
        known = alone.attributes
        value = known[attribute][0] if attribute in known.columns else None
        if value is None and attribute in defaults():
            value = defaults()[attribute].value
        said = retellable(_HAS[attribute], value=value or retellable("not known"))
        return said, {name: (*wanted, value or UNKNOWN)}
    if name == "donor_type":
        is_cord = criteria.donor_type == "donor"
        said = retellable("a unit of cord blood") if is_cord else retellable("no cord blood")
        return said, {name: "cord" if is_cord else "donor"}
    if name == "without_donors":
        return retellable("left out by identifier"), {name: frozenset(wanted) - set(alone.attributes["donor_id"])}
    if name == "only_donors":
        return retellable("not asked for by identifier"), {name: None}
    default = SearchCriteria.model_fields[name].get_default(call_default_factory=True)
    return retellable("another value, or none"), {name: default}


def _of_match(criteria: SearchCriteria, loci: Mapping[str, LocusResult], donor: int) -> Iterator[Obstacle]:
    """Yield the limits of mismatches that a donor is over, counted at best."""
    least = least_mismatches(criteria, loci, donor)
    over = {locus: n for locus, n in least.items() if n > criteria.locus_limits.get(locus, 2)}
    if over:
        limits = ", ".join(f"{locus}={criteria.locus_limits[locus]}" for locus in over)
        change = {"locus_limits": {**criteria.locus_limits, **over}}
        form = _WITHIN[len(over) > 1]
        yield Obstacle(retellable(form, limits=limits), _over_limits(over), change)
    total = sum(least.values())
    if total > criteria.max_mismatches:
        where = ", ".join(f"{locus}{f' ({n})' if n > 1 else ''}" for locus, n in least.items() if n)
        found = retellable("at least {mismatches}, at {loci}", mismatches=_counted(total), loci=where)
        yield Obstacle(mismatch_criterion(criteria), found, _more_mismatches(criteria, total))


_WITHIN = translatable("within the limit {limits}"), translatable("within the limits {limits}")


def _over_limits(over: Mapping[str, int]) -> str:
    """Return how many mismatches there are at loci that have more than their limits allow."""
    if len(over) == 1:
        return retellable("{mismatches} there", mismatches=_counted(*over.values()))
    told, *others = (retellable("{mismatches} at {locus}", mismatches=_counted(n), locus=at) for at, n in over.items())
    for one in others:
        told = retellable("{one}, {other}", one=told, other=one)
    return told


def _more_mismatches(criteria: SearchCriteria, total: int) -> dict[str, Any]:
    """Return the criteria that allow so many mismatches in scope; none where no search can ask for so many."""
    if total > MOST_MISMATCHES:
        return {}
    # Of so many there is no probability, which cannot be asked for then.
    without = {"min_p": None} if criteria.min_p is not None and total > MAX_PREDICTED else {}
    return {"max_mismatches": total, **without}


def least_mismatches(criteria: SearchCriteria, loci: Mapping[str, LocusResult], donor: int) -> dict[str, int]:
    """Return the least number of mismatches at each locus in scope, in the direction asked for."""
    row, _ = MEASURE[criteria.direction]
    found = {}
    for locus in criteria.loci:
        result = loci.get(locus)
        if result is None:
            count = COUNTS_OF_UNTYPED[row]
        else:
            count = int(result.counts[row, result.expanded_typing_of(np.array([donor], np.uint32))[0]])
        found[locus] = 2 - count if row == BEST else count
    return found


def _counted(n: int) -> str:
    return retellable("1 mismatch") if n == 1 else retellable("{n} mismatches", n=n)
