"""Ranking policies: named, printable lists of keys. The first key in which two donors differ orders them.

The donor's identifier ends every policy: the order is reproducible.
Oracle: ``policy_key`` in ``tests/oracle/ranking.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.donor_features import DONOR_ID
from hla_match.choice.feature import Cost
from hla_match.choice.ranking_key import RankingKey, key_codes
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords, check_name

KeyColumns = tuple[NDArray[np.unsignedinteger[Any]], ...]
"""(n,) unsigned integer codes of some donors for each key of a policy, lower first; the first key decides first."""


@dataclass(frozen=True, slots=True)
class RankingPolicy:
    """A named order of donors.

    Attributes:
        name: what lists call it.
        keys: the first in which two donors differ orders them; the last is the donor's identifier.

    Raises:
        CriteriaError: a key is no `RankingKey`, the last one is not the identifier, or a key can decide nothing after
            those before it.

    >>> young = RankingPolicy("young", (RankingKey("age", bands=10), RankingKey("p0"), RankingKey("donor_id")))
    >>> young == RankingPolicy.from_dict(young.to_dict())
    True
    """

    name: str
    keys: tuple[RankingKey, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise CriteriaError("policy: name", found=self.name, expected="text that names the policy")
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
        return f"{self.name}: " + ", then ".join(map(str, self.keys))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return a policy from plain data, as TOML and JSON hold it.

        Args:
            data: `name`, and `keys`: names of features, or tables of the attributes of `RankingKey` where they are
                not as the feature is declared.

        Raises:
            CriteriaError: an entry is missing or unknown, or has a value that it cannot have.

        >>> young = {"name": "young", "keys": [{"feature": "age", "bands": [31, 41]}, "mismatches", "donor_id"]}
        >>> [key.bands for key in RankingPolicy.from_dict(young).keys]
        [(31, 41), 1, 1]
        """
        name, keys = _entries("policy", data, required=("name", "keys")).values()
        if not isinstance(keys, Sequence) or isinstance(keys, str):
            raise CriteriaError(
                f"policy {name}: keys",
                found=keys,
                expected="a list of features or tables",
                code=ErrorCode.CRITERIA_TYPE,
            )
        return cls(name, tuple(_key_from(f"policy {name}: key {number}", key) for number, key in enumerate(keys, 1)))

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as plain data, of which `from_dict` makes an equal one."""
        return {
            "name": self.name,
            "keys": [
                {entry: list(value) if isinstance(value, tuple) else value for entry, value in key.entries().items()}
                for key in self.keys
            ],
        }

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


def _can_decide(key: RankingKey, earlier: Sequence[RankingKey]) -> bool:
    """Return whether donors who are equal in earlier keys can differ in a key."""
    features = {one.feature for one in earlier}
    if key.feature not in features or DONOR_ID.name in features:
        return DONOR_ID.name not in features
    alike = [key_codes(one).tolist() for one in earlier if one.feature == key.feature]
    return len({*zip(*alike, key_codes(key).tolist(), strict=True)}) > len({*zip(*alike, strict=True)})


def _key_from(place: str, data: object) -> RankingKey:
    """Return a key from plain data; `place` says where it stands."""
    optional = ("bands", "direction", "unknown")
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


def _built_in(name: str, *features: str) -> RankingPolicy:
    return RankingPolicy(name, tuple(map(RankingKey, features)))


POLICIES: Mapping[str, RankingPolicy] = MappingProxyType(
    {
        one.name: one
        for one in (
            _built_in("certain-first", "mismatches", "certainty", "age", "cmv", "abo", "sex", "donor_id"),
            _built_in("probability-first", "p0", "p0+p1", "mismatches", "age", "cmv", "abo", "sex", "donor_id"),
        )
    }
)


def policy_named(policy: str | RankingPolicy) -> RankingPolicy:
    """Return a policy by its name; a policy stands for itself.

    Raises:
        CriteriaError: there is none of that name.
    """
    if isinstance(policy, RankingPolicy):
        return policy
    check_name("policy", policy, POLICIES, expected="one of")
    return POLICIES[policy]


def policy_for(policy: str | RankingPolicy | None, *, has_probabilities: bool) -> RankingPolicy:
    """Return the policy of a search: the one asked for, or by default the one that uses what is known.

    Raises:
        CriteriaError: there is none of that name, or it orders by probabilities, of which there are none.

    >>> policy_for(None, has_probabilities=True).name, policy_for(None, has_probabilities=False).name
    ('probability-first', 'certain-first')
    """
    if policy is None:
        return POLICIES["probability-first" if has_probabilities else "certain-first"]
    found = policy_named(policy)
    if found.needs_probabilities and not has_probabilities:
        raise CriteriaError(
            "policy",
            found=found.name,
            expected="frequencies beside it, which give the probabilities",
            code=ErrorCode.CRITERIA_FREQUENCIES,
        )
    return found
