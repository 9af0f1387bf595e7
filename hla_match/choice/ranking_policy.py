"""A ranking policy: a named, printable list of keys. The first key in which two donors differ orders them.

The donor's identifier ends every policy: the order is reproducible. A policy is data (`from_dict`, `to_dict`), and says
what supports it, what must be known about it, and which criteria hold where a search does not set them.
Oracle: ``policy_key`` in ``tests/oracle/ranking.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.donor_features import DONOR_ID
from hla_match.choice.feature import Cost
from hla_match.choice.ranking_key import RankingKey, key_codes
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords, check_name, check_names, check_type
from hla_match.language import translated
from hla_match.matching.criteria import SearchCriteria

KeyColumns = tuple[NDArray[np.unsignedinteger[Any]], ...]
"""(n,) unsigned integer codes of some donors for each key of a policy, lower first; the first key decides first."""


@dataclass(frozen=True, slots=True)
class RankingPolicy:
    """A named order of donors.

    Attributes:
        name: what lists call it.
        keys: the first in which two donors differ orders them; the last is the donor's identifier.
        version: of the policy; "" where nobody gave one.
        title: the policy in a line.
        filters: criteria, by the names of `SearchCriteria`, that hold where a search does not set them itself.
        sources: the publications or standards that support it.
        caveat: what must be known by everyone who reads a list in this order; it stands at every list.

    Raises:
        CriteriaError: a key is no `RankingKey`, the last one is not the identifier, a key can decide nothing after
            those before it, or a filter is none or has a value that it cannot have.

    >>> young = RankingPolicy("young", (RankingKey("age", bands=10), RankingKey("p0"), RankingKey("donor_id")))
    >>> young == RankingPolicy.from_dict(young.to_dict())
    True
    """

    name: str
    keys: tuple[RankingKey, ...]
    version: str = ""
    title: str = ""
    filters: tuple[tuple[str, Any], ...] = ()
    sources: tuple[str, ...] = ()
    caveat: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise CriteriaError("policy: name", found=self.name, expected="text that names the policy")
        self._check_keys()
        for entry in ("version", "title", "caveat"):
            text = getattr(self, entry)
            check_type(f"policy {self.name}: {entry}", text, str, expected="a text")
        check_names(f"policy {self.name}: sources", self.sources, expected="a list of texts")
        _check_filters(self.name, dict(self.filters))

    def _check_keys(self) -> None:
        keys: object = self.keys
        if not isinstance(keys, tuple) or not all(isinstance(key, RankingKey) for key in keys):
            raise CriteriaError(
                f"policy {self.name}: keys",
                found=InWords(f"a value of type {type(keys).__name__}"),
                expected="a tuple of RankingKey; RankingPolicy.from_dict takes names of features",
                code=ErrorCode.CRITERIA_TYPE,
            )
        features = [key.feature for key in self.keys]
        if features[-1:] != [DONOR_ID.name]:
            expected = f"{DONOR_ID.name} as the last one, which makes the order reproducible"
            raise CriteriaError(
                f"policy {self.name}: keys",
                found=", ".join(features),
                expected=expected,
                code=ErrorCode.CRITERIA_CONFLICT,
            )
        for number, key in enumerate(self.keys):
            if not _can_decide(key, self.keys[:number]):
                expected = f"narrower bands than before, or another feature; {DONOR_ID.name} decides everything"
                raise CriteriaError(
                    f"policy {self.name}: key {number + 1}",
                    found=key.feature,
                    expected=expected,
                    code=ErrorCode.CRITERIA_CONFLICT,
                )

    def __str__(self) -> str:
        return f"{self.name}: " + translated(", then ").join(map(str, self.keys))

    def criteria_of(self, criteria: SearchCriteria) -> SearchCriteria:
        """Return the criteria of a search in this order: the filters hold where the search does not set them.

        Raises:
            CriteriaError: a criterion that the search sets and a filter exclude each other.

        >>> old = RankingPolicy("old", (RankingKey("donor_id"),), filters=(("min_age", 50), ("max_age", 55)))
        >>> found = old.criteria_of(SearchCriteria(max_age=60))
        >>> found.min_age, found.max_age
        (50, 60)
        """
        update = {name: value for name, value in self.filters if name not in criteria.model_fields_set}
        return criteria.model_copy(update=update) if update else criteria

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return a policy from plain data, as TOML and JSON hold it.

        Args:
            data: `name`, and `keys`: names of features, or tables of the attributes of `RankingKey` where they are
                not as the feature is declared; perhaps `version`, `title`, `caveat`, a list of `sources`, and a table
                of `filters`.

        Raises:
            CriteriaError: an entry is missing or unknown, or has a value that it cannot have.

        >>> young = {"name": "young", "keys": [{"feature": "age", "bands": [31, 41]}, "mismatches", "donor_id"]}
        >>> [key.bands for key in RankingPolicy.from_dict(young).keys]
        [(31, 41), 1, 1]
        """
        entries = _entries("policy", data, required=("name", "keys"), optional=_OPTIONAL)
        name, keys = entries.pop("name"), entries.pop("keys")
        if not isinstance(keys, Sequence) or isinstance(keys, str):
            raise CriteriaError(
                f"policy {name}: keys",
                found=keys,
                expected="a list of features or tables",
                code=ErrorCode.CRITERIA_TYPE,
            )
        filters = entries.get("filters", {})
        check_type(f"policy {name}: filters", filters, Mapping, expected="a table of criteria")
        check_names(f"policy {name}: sources", entries.get("sources", ()), expected="a list of texts")
        ordered = tuple(_key_from(f"policy {name}: key {number}", key) for number, key in enumerate(keys, 1))
        frozen = tuple((entry, tuple(value) if isinstance(value, list) else value) for entry, value in filters.items())
        return cls(name, ordered, **{**entries, "filters": frozen, "sources": tuple(entries.get("sources", ()))})

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as plain data, of which `from_dict` makes an equal one; without entries that are empty."""
        about = {
            "version": self.version,
            "title": self.title,
            "filters": {name: _plain(value) for name, value in self.filters},
            "sources": list(self.sources),
            "caveat": self.caveat,
        }
        keys = [{entry: _plain(value) for entry, value in key.entries().items()} for key in self.keys]
        return {"name": self.name, **{entry: value for entry, value in about.items() if value}, "keys": keys}

    @property
    def needs_probabilities(self) -> bool:
        """Whether a key orders donors by what frequencies predict."""
        return any(key.declared.cost is Cost.PREDICTION for key in self.keys)

    def columns(self, candidates: Candidates) -> KeyColumns:
        """Return the codes of some candidates for each key."""
        return tuple(key.column(key.declared.values(candidates)) for key in self.keys)

    def deciding_key(self, columns: KeyColumns, position: int) -> tuple[RankingKey, int, int]:
        """Return the first key in which the donor at a position and the next one differ, and their codes."""
        codes = [column[position : position + 2].tolist() for column in columns]
        return next(
            (key, before, after) for key, (before, after) in zip(self.keys, codes, strict=True) if before != after
        )


_OPTIONAL = ("version", "title", "filters", "sources", "caveat")
"""The entries of a policy that it need not have."""

FILTERS = (
    "scope", "max_mismatches", "direction", "statuses", "min_age", "max_age", "sex", "abo", "cmv", "city", "min_p",
    "donor_type", "min_cord_match", "min_tnc_per_kg", "min_cd34_per_kg", "without_antibodies", "antibody_mfi",
)  # fmt: skip
"""The criteria that a policy can set where a search does not."""


_WHOLE = ("max_mismatches", "min_age", "max_age", "min_cord_match")
_NUMBERS = ("min_p", "min_tnc_per_kg", "min_cd34_per_kg", "antibody_mfi")
"""The filters that are whole numbers, and those that are numbers."""


def _check_filters(policy: str, filters: Mapping[str, Any]) -> None:
    """Refuse filters that are none, and values that they cannot have."""
    for name in filters:
        check_name(f"policy {policy}: filters", name, FILTERS, expected="of")
    for name, value in filters.items():
        _check_kind(f"policy {policy}: filters: {name}", name, value)
    try:
        SearchCriteria(**filters)
    except CriteriaError as error:
        first = error.faults[0]
        name = f"policy {policy}: filters: {first.name}"
        raise CriteriaError(name, found=first.found, expected=first.expected, code=ErrorCode(first.code)) from None


def _check_kind(place: str, name: str, value: object) -> None:
    """Refuse a value of another type than it is written in, which criteria would read as a number, and no status."""
    if name in _WHOLE and value is not None and (isinstance(value, bool) or not isinstance(value, Integral)):
        expected = "a whole number"
    elif name in _NUMBERS and value is not None and (isinstance(value, bool) or not isinstance(value, Real)):
        expected = "a number"
    elif name == "statuses" and not value:
        expected = "at least one status"
    else:
        return
    found = value if isinstance(value, bool | float) else InWords(f"a value of type {type(value).__name__}")
    raise CriteriaError(place, found=found, expected=expected, code=ErrorCode.CRITERIA_TYPE)


def _plain(value: object) -> object:
    """Return a value as plain data holds it."""
    return list(value) if isinstance(value, tuple) else value


def _can_decide(key: RankingKey, earlier: Sequence[RankingKey]) -> bool:
    """Return whether donors who are equal in earlier keys can differ in a key."""
    features = {one.feature for one in earlier}
    if key.feature not in features or DONOR_ID.name in features:
        return DONOR_ID.name not in features
    alike = [key_codes(one).tolist() for one in earlier if one.feature == key.feature]
    return len({*zip(*alike, key_codes(key).tolist(), strict=True)}) > len({*zip(*alike, strict=True)})


def _key_from(place: str, data: object) -> RankingKey:
    """Return a key from plain data; `place` says where it stands."""
    optional = ("bands", "direction", "unknown", "zero_apart")
    table = {"feature": data} if isinstance(data, str) else data
    entries = _entries(place, table, required=("feature",), optional=optional)
    if isinstance(entries.get("bands"), list):
        entries["bands"] = tuple(entries["bands"])
    try:
        return RankingKey(**entries)
    except CriteriaError as error:
        name = f"{place}: {error.name}"
        raise CriteriaError(name, found=error.found, expected=error.expected, code=ErrorCode(error.code)) from None


def _entries(place: str, data: object, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the entries of a table, the required ones first."""
    names = (*required, *optional)
    if not isinstance(data, Mapping) or not {*required} <= data.keys() <= {*names}:
        found = ", ".join(map(str, data)) if isinstance(data, Mapping) else data
        expected = f"a table of {', '.join(required)}" + (f", perhaps with {', '.join(optional)}" if optional else "")
        raise CriteriaError(place, found=found, expected=expected, code=ErrorCode.CRITERIA_TYPE)
    return {name: data[name] for name in names if name in data}
