"""The criteria beside the typing: status, age, and donors who are asked for or left out by identifier."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.ages import completed_years
from hla_match.donors.attribute_types import MISSING_CATEGORY
from hla_match.donors.attributes import values_of
from hla_match.donors.identifiers import rows_of
from hla_match.donors.registry import Registry, as_of_date
from hla_match.errors import CriteriaError
from hla_match.language import retellable, translatable
from hla_match.matching.criteria import UNKNOWN, VALUED, SearchCriteria


def eligible_donors(registry: Registry, criteria: SearchCriteria) -> dict[str, NDArray[np.uint8]]:
    """Return the donors that are left after each criterion that was asked for, one criterion after another.

    Returns:
        By criterion, in words that can follow a number of donors, a bit for each donor of the registry, lowest bit
        first; the last holds the donors that meet them all.
    """
    left: dict[str, NDArray[np.uint8]] = {}

    def keep(criterion: str) -> None:
        left[criterion] = np.packbits(eligible, bitorder="little")

    allowed = np.zeros(256, np.bool_)
    allowed[[values_of("status").index(status) for status in criteria.statuses]] = True
    eligible = allowed[registry.attribute_codes["status"]]
    keep(retellable("with status {values}", values=_or(criteria.statuses)))
    if criteria.donor_type != "any" and "donor_type" in registry.donor_attributes.schema:
        is_cord = (registry.attributes["donor_type"] == "CORD").fill_null(False).to_numpy()
        eligible &= is_cord if criteria.donor_type == "cord" else ~is_cord
        keep(_CORD if criteria.donor_type == "cord" else retellable("that are no cord blood"))
    elif criteria.donor_type == "cord":
        eligible &= False
        keep(_CORD)
    if criteria.min_age is not None or criteria.max_age is not None:
        age = completed_years(registry.attribute_codes["birth_date"], criteria.as_of or as_of_date(registry))
        low, high = criteria.min_age or 0, 255 if criteria.max_age is None else criteria.max_age
        eligible &= (age < 0) | ((age >= low) & (age <= high))
        keep(_ages(criteria.min_age, criteria.max_age))
    for name in VALUED:
        wanted: tuple[str, ...] = getattr(criteria, name)
        if wanted:
            known = np.zeros(256, np.bool_)
            known[[_code_of(name, value) for value in wanted]] = True
            eligible &= known[registry.attribute_codes[name]]
            keep(retellable(_WITH[name], values=_or(wanted)))
    if criteria.city:
        eligible &= _in_cities(registry, criteria.city)
        keep(retellable("in {values}", values=_or(criteria.city)))
    if criteria.only_donors is not None:
        eligible &= _named(registry, criteria.only_donors)
        keep(retellable("among those asked for"))
    if criteria.without_donors:
        eligible &= ~_named(registry, criteria.without_donors)
        keep(retellable("not among those left out"))
    return left


_CORD = retellable("that are cord blood")
_WITH = {
    "sex": translatable("with sex {values}"),
    "abo": translatable("with blood group {values}"),
    "cmv": translatable("with CMV status {values}"),
}


def _or(values: tuple[str, ...]) -> str:
    """Return values of which one is wanted."""
    told, *others = values
    for one in others:
        told = retellable("{one} or {other}", one=told, other=one)
    return told


def _code_of(name: str, value: str) -> int:
    return MISSING_CATEGORY if value == UNKNOWN else values_of(name).index(value)


def _named(registry: Registry, identifiers: Iterable[str]) -> NDArray[np.bool_]:
    """Return (n,) bool: donors who have one of some identifiers."""
    found = np.zeros(registry.n_donors, np.bool_)
    found[rows_of(registry, pl.Series(list(identifiers), dtype=pl.String))] = True
    return found


def _in_cities(registry: Registry, wanted: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return (n,) bool: donors who live in one of some cities."""
    if "city" not in registry.donor_attributes.schema:
        return np.full(registry.n_donors, UNKNOWN in wanted)
    city = registry.attributes["city"]
    # Of a registry of millions the cities are few.
    names = city.unique().drop_nulls()
    keys = {_city_key(one) for one in wanted if one != UNKNOWN}
    found = city.is_in([name for name in names if _city_key(name) in keys]).fill_null(UNKNOWN in wanted)
    return found.to_numpy().copy()


def _city_key(name: str) -> str:
    """Return what cities are compared by.

    >>> _city_key("Hangzhou ") == _city_key("hangzhou"), _city_key("杭州市") == _city_key("杭州")
    (True, True)
    """
    return name.strip().casefold().removesuffix("市")


def within(bits: NDArray[np.uint8], donors: range | None, n_donors: int) -> NDArray[np.uint8]:
    """Return the bits of a range of donors, and 0 for the others; None stands for all donors.

    Raises:
        CriteriaError: it is not a range of consecutive rows of the registry.
    """
    if donors is None:
        return bits
    if donors.step != 1 or not 0 <= donors.start <= donors.stop <= n_donors:
        raise CriteriaError("donors", found=donors, expected=f"a range of rows from 0 to {n_donors}")
    first, last = donors.start // 8, -(-donors.stop // 8)
    inside = np.zeros(8 * (last - first), np.bool_)
    inside[donors.start - 8 * first : donors.stop - 8 * first] = True
    found = np.zeros_like(bits)
    found[first:last] = bits[first:last] & np.packbits(inside, bitorder="little")
    return found


def _ages(low: int | None, high: int | None) -> str:
    """Return a range of ages in words.

    >>> _ages(18, 35), _ages(None, 35)
    ('aged 18 to 35 or of unknown age', 'aged at most 35 or of unknown age')
    >>> _ages(18, None)
    'aged at least 18 or of unknown age'
    """
    if low is not None and high is not None:
        return retellable("aged {low} to {high} or of unknown age", low=low, high=high)
    if high is None:
        return retellable("aged at least {low} or of unknown age", low=low)
    return retellable("aged at most {high} or of unknown age", high=high)
