"""Ranking policies: named, printable lists of keys. The first key in which two donors differ orders them.

A key gives every donor a small whole number, lower first. Keys of a policy are packed into one 64-bit number, so that
a ranking is one sort. The donor's identifier ends every policy: the order is reproducible.
Oracle: ``rank_key`` in ``tests/oracle/matching.py``.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.ages import completed_years
from hla_match.donors.attribute_types import MISSING_CATEGORY
from hla_match.donors.attributes import DONOR_AGES, values_of
from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.matching.criteria import Patient
from hla_match.prediction.lazy_predictions import LazyPredictions
from hla_match.prediction.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Candidates:
    """What keys may look at: donors found for one patient.

    Attributes:
        patient: for whom.
        registry: where from.
        donor: (n,) uint32 rows.
        mismatches: (n,) least mismatches in scope, in the direction asked for.
        certain: (n,) bool, best and worst count are equal.
        as_of: the date at which ages are reckoned.
        forecast: match probabilities of the donors of the search, or None without frequencies.
        position: (n,) where the donors stand in the forecast.
        wanted: how many of the donors are asked for, or None for all: a key whose value is dear may give those that
            are not among so many first any value that is worse than theirs.
    """

    patient: Patient
    registry: Registry
    donor: NDArray[np.uint32]
    mismatches: NDArray[np.uint8]
    certain: NDArray[np.bool_]
    as_of: datetime.date
    forecast: LazyPredictions | None
    position: NDArray[np.int64]
    wanted: int | None = None

    def take(self, rows: NDArray[np.int64], wanted: int | None) -> Candidates:
        """Return some of the candidates, of whom `wanted` are asked for."""
        return replace(
            self,
            donor=self.donor[rows],
            mismatches=self.mismatches[rows],
            certain=self.certain[rows],
            position=self.position[rows],
            wanted=wanted,
        )

    @property
    def age(self) -> NDArray[np.int32]:
        """(n,) int32 completed years, -1 where the birth date is missing or later than `as_of`."""
        return completed_years(self.registry.attribute_codes["birth_date"][self.donor], self.as_of)


@dataclass(frozen=True, slots=True)
class RankingKey:
    """One key of a policy.

    Attributes:
        name: what `MatchList.why` calls it.
        meaning: what "before" means in words, where the values of both donors are known.
        bits: its width in the packed number.
        rule: gives each candidate its value.
        said: what a value says of a donor; None where `meaning` says it.
        unknown: the values of donors of whom it is not known.
        aside: where the policy says that those stand.
    """

    name: str
    meaning: str
    bits: int
    rule: Callable[[Candidates], NDArray[np.int64]]
    said: Callable[[int], str] | None = None
    unknown: frozenset[int] = frozenset()
    aside: str = ""

    def __str__(self) -> str:
        return f"{self.meaning} ({self.aside})" if self.aside else self.meaning

    def reason(self, before: int, after: int, *, at_least: Set[int] = frozenset()) -> str:
        """Say why a donor of value `before` stands before one of value `after`, and nothing that is not known.

        Args:
            before: the lesser value.
            after: the greater one.
            at_least: those of the two of which no more is known than that they are the least possible.

        >>> AGE.reason(25, 31), AGE.reason(25, 255)
        ('age: younger (25 years before 31 years)', 'age: 25 years before no age, or one below that of donors')
        """
        said = self.said
        if said is None:
            return f"{self.name}: {self.meaning}"
        one, other = (f"at least {said(value)}" if value in at_least else said(value) for value in (before, after))
        order = f"{one} before {other}"
        known = not (self.unknown | at_least) & {before, after}
        return f"{self.name}: {self.meaning} ({order})" if known else f"{self.name}: {order}"


def by_full_match(candidates: Candidates) -> NDArray[np.int64]:
    """Put the greater probability of no mismatch first, in whole percent (Dehn et al., Blood 2019;134:924)."""
    return _percent_first(candidates, 0)


def by_near_match(candidates: Candidates) -> NDArray[np.int64]:
    """Put the greater probability of at most one mismatch first, in whole percent."""
    return _percent_first(candidates, 1)


_NOUGHT, _UNKNOWN = 101, 100
"""Values of donors known to be at nought percent, and of those of whom it is not known; others have 100 - percent."""


def _percent_first(candidates: Candidates, mismatches: int) -> NDArray[np.int64]:
    """Put more percent first; where it is missing or cut it stands before one of nought percent, known to be low."""
    forecast = candidates.forecast
    if forecast is None:
        return np.zeros(candidates.donor.size, np.int64)
    value = np.full(candidates.donor.size, _NOUGHT, np.int64)
    # The search knows of the others that there are more mismatches, whatever their alleles.
    row = np.flatnonzero(candidates.mismatches <= mismatches)
    position = candidates.position[row]
    wanted = candidates.wanted
    if wanted is None:
        value[row] = _percent_value(forecast.of(position), mismatches)
        return value
    bound = None if wanted >= row.size else forecast.bounds(position)
    if bound is None:
        value[row] = _percent_value(forecast.near(position), mismatches)
        return value
    # Nothing is known where a bound is missing.
    promise = np.nan_to_num(bound[:, mismatches], nan=1.0)
    percent = np.rint(100 * promise + _ROUNDING).astype(np.int64)
    at_best = np.where(percent > 0, 100 - percent, _NOUGHT)
    order = np.argsort(at_best, kind="stable")
    order = order[: np.count_nonzero(at_best < _NOUGHT)]
    done = 0
    while done < order.size:
        # Blocks grow, since donors that are predicted together share work.
        block = order[done : done + max(wanted, _BLOCK, done)]
        value[row[block]] = _percent_value(forecast.near(position[block]), mismatches)
        done += block.size
        so_far = value[row[order[:done]]]
        if done < order.size and done >= wanted and at_best[order[done]] > np.partition(so_far, wanted - 1)[wanted - 1]:
            break
    return value


_ROUNDING = 1e-6
"""Added to a bound in percent, so that it does not round below what it bounds."""

_DECIMALS = 9
"""Of a percentage that are told apart, so that a half is rounded alike in whatever order it was summed up."""

_BLOCK = 128
"""Donors whose predictions are worked out at once at least."""


def _percent_value(prediction: Prediction, mismatches: int) -> NDArray[np.int64]:
    probability = prediction.mismatches[:, : mismatches + 1].sum(axis=1)
    percent = np.rint(np.round(100 * np.nan_to_num(probability), _DECIMALS)).astype(np.int64)
    unknown = np.isnan(probability) | is_cut(prediction)
    return np.where(percent > 0, 100 - percent, np.where(unknown, _UNKNOWN, _NOUGHT))


def least_percents(prediction: Prediction, values: tuple[int, int]) -> set[int]:
    """Return which values of a key of percents, of two donors, are only the least possible, as too much was cut."""
    return {value for value, cut in zip(values, is_cut(prediction).tolist(), strict=True) if cut and value < _UNKNOWN}


def is_cut(prediction: Prediction) -> NDArray[np.bool_]:
    """Return (donors,) bool: so much was cut that whole percents are only the least that they can be."""
    return prediction.cut >= 0.005


def by_mismatches(candidates: Candidates) -> NDArray[np.int64]:
    """Put fewer mismatches first."""
    return candidates.mismatches.astype(np.int64)


def by_certainty(candidates: Candidates) -> NDArray[np.int64]:
    """Put certain before potential."""
    return (~candidates.certain).astype(np.int64)


def by_age(candidates: Candidates) -> NDArray[np.int64]:
    """Put younger first, in completed years (Kollman et al., Blood 2016;127:260).

    Unknown ages stand last, and with them those below the age of donors: a mistaken birth date must not come first.
    """
    age = candidates.age
    return np.where(age < DONOR_AGES[0], _NO_AGE, np.minimum(age, _NO_AGE - 1)).astype(np.int64)


_NO_AGE = 255
"""The value of ages that are unknown or below that of donors."""


def by_cmv(candidates: Candidates) -> NDArray[np.int64]:
    """Put the same cytomegalovirus status first, then unknown, then different (Dehn et al., Blood 2019;134:924)."""
    return _same_first(
        candidates.patient.cmv, values_of("cmv"), candidates.registry.attribute_codes["cmv"][candidates.donor]
    )


def by_abo(candidates: Candidates) -> NDArray[np.int64]:
    """Put the same blood group first, then compatible red cells, then unknown, then incompatible (Dehn 2019)."""
    if candidates.patient.abo is None:
        return np.zeros(candidates.donor.size, np.int64)
    wanted = candidates.patient.abo
    grade = np.full(MISSING_CATEGORY + 1, 2, np.int64)
    for code, group in enumerate(values_of("abo")):
        grade[code] = 0 if group == wanted else 1 if set(group) - {"O"} <= set(wanted) else 3
    graded: NDArray[np.int64] = grade[candidates.registry.attribute_codes["abo"][candidates.donor]]
    return graded


def by_sex(candidates: Candidates) -> NDArray[np.int64]:
    """Put male before female, then unknown: no donor pregnancies (Dehn et al., Blood 2019;134:924)."""
    grade = np.full(MISSING_CATEGORY + 1, 2, np.int64)
    sexes = values_of("sex")
    grade[sexes.index("M")], grade[sexes.index("F")] = 0, 1
    graded: NDArray[np.int64] = grade[candidates.registry.attribute_codes["sex"][candidates.donor]]
    return graded


def by_identifier(candidates: Candidates) -> NDArray[np.int64]:
    """Take the donor's identifier, ascending."""
    return candidates.registry.donor_order[candidates.donor].astype(np.int64)


def _same_first(wanted: str | None, values: tuple[str, ...], code: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    if wanted is None:
        return np.zeros(code.size, np.int64)
    grade = np.full(MISSING_CATEGORY + 1, 1, np.int64)
    for index, value in enumerate(values):
        grade[index] = 0 if value == wanted else 2
    graded: NDArray[np.int64] = grade[code]
    return graded


def _percent_said(value: int) -> str:
    return {_UNKNOWN: "not known", _NOUGHT: "0%"}.get(value, f"{100 - value}%")


def _of(*names: str) -> Callable[[int], str]:
    """Return what says the name of a value."""
    return lambda value: names[value]


_UNKNOWN_PERCENT = "where that is not known, behind 1% and before 0%"

FULL_MATCH = RankingKey(
    "p0",
    "more probably no mismatch, in whole percent",
    7,
    by_full_match,
    _percent_said,
    frozenset({_UNKNOWN}),
    _UNKNOWN_PERCENT,
)
NEAR_MATCH = RankingKey(
    "p0+p1",
    "more probably at most one mismatch, in whole percent",
    7,
    by_near_match,
    _percent_said,
    frozenset({_UNKNOWN}),
    _UNKNOWN_PERCENT,
)
MISMATCHES = RankingKey("mismatches", "fewer mismatches", 3, by_mismatches, str)
CERTAINTY = RankingKey("certainty", "a certain match before a potential one", 1, by_certainty)
AGE = RankingKey(
    "age",
    "younger",
    8,
    by_age,
    lambda years: "no age, or one below that of donors" if years == _NO_AGE else f"{years} years",
    frozenset({_NO_AGE}),
    "unknown ages, and those below that of donors, last",
)
CMV = RankingKey(
    "cmv",
    "same CMV status",
    2,
    by_cmv,
    _of("same CMV status", "unknown CMV status", "another CMV status"),
    frozenset({1}),
    "unknown before another",
)
ABO = RankingKey(
    "abo",
    "same or compatible blood group",
    2,
    by_abo,
    _of("same blood group", "compatible blood group", "unknown blood group", "incompatible blood group"),
    frozenset({2}),
    "same before compatible, unknown before incompatible",
)
SEX = RankingKey("sex", "male", 2, by_sex, _of("male", "female", "unknown sex"), frozenset({2}), "unknown last")
DONOR_ID = RankingKey("donor_id", "identifier in ascending order", 32, by_identifier)


@dataclass(frozen=True, slots=True)
class RankingPolicy:
    """A named order of donors."""

    name: str
    keys: tuple[RankingKey, ...]

    def __str__(self) -> str:
        return f"{self.name}: " + ", then ".join(map(str, self.keys))

    def pack(self, candidates: Candidates) -> NDArray[np.uint64]:
        """Return (n,) uint64 numbers in the order of the policy, lower first."""
        packed = np.zeros(candidates.donor.size, np.uint64)
        for key in self.keys:
            packed = (packed << np.uint64(key.bits)) | key.rule(candidates).astype(np.uint64)
        return packed

    def deciding_key(self, before: int, after: int) -> tuple[RankingKey, int, int]:
        """Return the first key in which two packed numbers differ, and the value that each has there."""
        shift = sum(key.bits for key in self.keys)
        for key in self.keys:
            shift -= key.bits
            one, other = before >> shift, after >> shift
            if one != other or not shift:
                break
        mask = (1 << key.bits) - 1
        return key, one & mask, other & mask


POLICIES: Mapping[str, RankingPolicy] = MappingProxyType(
    {
        "certain-first": RankingPolicy("certain-first", (MISMATCHES, CERTAINTY, AGE, CMV, ABO, SEX, DONOR_ID)),
        "probability-first": RankingPolicy(
            "probability-first", (FULL_MATCH, NEAR_MATCH, MISMATCHES, AGE, CMV, ABO, SEX, DONOR_ID)
        ),
    }
)


def policy_named(name: str) -> RankingPolicy:
    """Return a policy by its name.

    Raises:
        CriteriaError: there is none of that name.
    """
    if name not in POLICIES:
        raise CriteriaError(
            "policy", found=name, expected=f"one of {', '.join(POLICIES)}", code=ErrorCode.CRITERIA_UNKNOWN
        )
    return POLICIES[name]
