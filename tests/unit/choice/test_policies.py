"""Ranking policies as data: what is accepted, what is refused, and how a policy is printed."""

from __future__ import annotations

import pickle
import tomllib
from typing import Any

import numpy as np
import pytest

from hla_match.choice.policies import POLICIES, RankingPolicy, policy_for, policy_named
from hla_match.choice.ranking_key import RankingKey
from hla_match.errors import CriteriaError
from hla_match.matching.criteria import SearchCriteria
from hla_match.reporting.policy_text import policy_toml

PERSON = (
    "younger (unknown ages, and those below that of donors, last), then same CMV status (unknown before another), then "
    "same or compatible blood group (same before compatible, unknown before incompatible), then male (unknown last), "
    "then identifier in ascending order"
)
PERCENT = "in whole percent (where that is not known, behind 1% and before 0%)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("certain-first", f"fewer mismatches, then a certain match before a potential one, then {PERSON}"),
        (
            "probability-first",
            f"more probably no mismatch, {PERCENT}, then more probably at most one mismatch, {PERCENT}, "
            f"then fewer mismatches, then {PERSON}",
        ),
    ],
)
def test_policies_are_printed_in_words(name: str, text: str) -> None:
    assert str(POLICIES[name]) == f"{name}: {text}"


OWN = """
name = "young-first"
keys = [
    {feature = "age", bands = [31, 41], unknown = "first"},
    {feature = "p0", bands = 10},
    "mismatches",
    {feature = "age", bands = 5, direction = "descending"},
    {feature = "sex", direction = "descending"},
    "donor_id",
]
"""


def test_a_policy_of_ones_own_is_data() -> None:
    policy = RankingPolicy.from_dict(tomllib.loads(OWN))
    assert policy.keys[0] == RankingKey("age", (31, 41), "ascending", "first")
    assert policy.keys[1] == RankingKey("p0", 10, "descending", "before-worst")
    assert RankingPolicy.from_dict(policy.to_dict()) == policy
    assert str(policy) == (
        "young-first: younger, in bands from 31, 41 years (unknown ages, and those below that of donors, first), "
        "then more probably no mismatch, in bands of 10 percent (where that is not known, behind 1% and before 0%), "
        "then fewer mismatches, "
        "then older, in bands of 5 years (unknown ages, and those below that of donors, last), "
        "then female (unknown last), then identifier in ascending order"
    )


def test_a_policy_travels_between_processes() -> None:
    policy = RankingPolicy.from_dict(tomllib.loads(OWN))
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_a_policy_stands_for_itself() -> None:
    own = RankingPolicy("own", (RankingKey("donor_id"),))
    assert policy_named(own) is own
    assert policy_named("certain-first") is POLICIES["certain-first"]
    with pytest.raises(CriteriaError, match=r"policy: found 'best', expected one of wmda, "):
        policy_named("best")


@pytest.mark.parametrize("wrong", [5, ["age"], "", None])
def test_a_name_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(CriteriaError, match="expected one of wmda, "):
        policy_named(wrong)


@pytest.mark.parametrize("wrong", [("age", "donor_id"), [RankingKey("donor_id")], None, "donor_id"])
def test_keys_that_are_none_are_refused(wrong: Any) -> None:
    with pytest.raises(CriteriaError, match=r"policy own: keys: found .*, expected a tuple of RankingKey"):
        RankingPolicy("own", wrong)


def own(*keys: object, **entries: object) -> dict[str, Any]:
    return {"name": "own", "keys": [*keys, "donor_id"], **entries}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(
            own("height"),
            "policy own: key 1: feature: found 'height', expected one of p0, p0+p1, ",
            id="unknown feature",
        ),
        pytest.param(
            own("sex", {"feature": "age", "bands": 0}),
            "policy own: key 2: age: bands: found 0, expected a whole number from 1 to 254 years, or first values",
            id="bands of nothing",
        ),
        pytest.param(
            own({"feature": "age", "bands": -5}), "found -5, expected a whole number from 1", id="below nothing"
        ),
        pytest.param(own({"feature": "age", "bands": 2.5}), "found 2.5, expected a whole number", id="half a year"),
        pytest.param(own({"feature": "age", "bands": True}), "found True, expected a whole number", id="yes"),
        pytest.param(
            own({"feature": "p0", "bands": 101}), "found 101, expected a whole number from 1 to 100", id="wide"
        ),
        pytest.param(
            own({"feature": "age", "bands": [41, 31]}),
            "age: bands: found (41, 31), expected ascending first values of bands, from 1 to 254 years",
            id="descending bands",
        ),
        pytest.param(own({"feature": ["age"]}), "feature: found a value of type list, expected one of p0", id="list"),
        pytest.param(
            own({"feature": "age", "direction": ["ascending"]}), "expected one of ascending, descending", id="lists"
        ),
        pytest.param(own({"feature": "age", "bands": []}), "expected ascending first values", id="no bands"),
        pytest.param(own({"feature": "age", "bands": [0, 5]}), "expected ascending first values", id="from 0"),
        pytest.param(own({"feature": "age", "bands": [20, 20]}), "expected ascending first values", id="a band twice"),
        pytest.param(own({"feature": "p0", "bands": [50, 101]}), "expected ascending first values", id="beyond all"),
        pytest.param(own({"feature": "age", "bands": ["a"]}), "expected ascending first values", id="bands of text"),
        pytest.param(
            own({"feature": "sex", "bands": 2}),
            "sex: bands: found 2, expected none: its values are no numbers with a unit",
            id="bands of classes",
        ),
        pytest.param(
            own({"feature": "p0", "direction": "ascending"}),
            "p0: direction: found 'ascending', expected one of descending",
            id="a direction that bounds cannot spare",
        ),
        pytest.param(own({"feature": "age", "direction": "up"}), "expected one of ascending, descending", id="up"),
        pytest.param(
            own({"feature": "sex", "unknown": "before-worst"}),
            "sex: unknown: found 'before-worst', expected one of last, first",
            id="no such place",
        ),
        pytest.param(
            own({"feature": "mismatches", "unknown": "last"}),
            "mismatches: unknown: found 'last', expected none: every donor has a known value",
            id="nothing unknown",
        ),
        pytest.param(
            own("age", "sex", "age"),
            "policy own: key 3: found 'age', expected narrower bands than before, or another feature",
            id="doubled",
        ),
        pytest.param(own("age", {"feature": "age", "bands": 5}), "key 2: found 'age'", id="wider than before"),
        pytest.param(own({"feature": "age", "bands": 10}, {"feature": "age", "bands": 20}), "key 2", id="multiple"),
        pytest.param(own("age", {"feature": "age", "unknown": "first"}), "key 2", id="another place"),
        pytest.param(own("sex", {"feature": "sex", "direction": "descending"}), "key 2", id="another direction"),
        pytest.param(own("donor_id"), "policy own: key 2: found 'donor_id'", id="identifier twice"),
        pytest.param(own("donor_id", "age"), "key 2: found 'age', expected narrower bands", id="behind the identifier"),
        pytest.param(
            {"name": "own", "keys": ["age", "sex"]},
            "policy own: keys: found 'age, sex', expected donor_id as the last one",
            id="no identifier",
        ),
        pytest.param({"name": "own", "keys": []}, "policy own: keys: found ''", id="no keys"),
        pytest.param({"name": "own", "keys": "age"}, "found 'age', expected a list of features or tables", id="text"),
        pytest.param({"name": " ", "keys": ["donor_id"]}, "policy: name: found ' ', expected text", id="no name"),
        pytest.param({"name": 1, "keys": ["donor_id"]}, "policy: name: found 1, expected text", id="a number"),
        pytest.param({"keys": ["donor_id"]}, "policy: found 'keys', expected a table of name, keys", id="nameless"),
        pytest.param(own(weights=[1]), "policy: found 'name, keys, weights', expected a table of name", id="more"),
        pytest.param(["age"], "policy: found ['age'], expected a table", id="a list"),
        pytest.param(
            own({"name": "age"}),
            "key 1: found 'name', expected a table of feature, perhaps with bands, direction, unknown, zero_apart",
            id="a key without feature",
        ),
        pytest.param(own(7), "policy own: key 1: found 7, expected a table of feature", id="a number as key"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(data: Any, message: str) -> None:
    with pytest.raises(CriteriaError) as refused:
        RankingPolicy.from_dict(data)
    assert message in str(refused.value)


def test_narrower_bands_can_decide_again() -> None:
    keys = ({"feature": "age", "bands": 10}, "mismatches", {"feature": "age", "bands": 4}, "age")
    assert len(RankingPolicy.from_dict(own(*keys)).keys) == 5


ABOUT = {
    "version": "2026-11",
    "title": "Young donors first",
    "sources": ["Kollman et al., Blood 2016;127:260"],
    "caveat": "For adults.",
    "filters": {"max_age": 45, "statuses": ["AV", "TU"]},
}


def test_a_policy_says_what_it_rests_on() -> None:
    data = own("age", **ABOUT)
    policy = RankingPolicy.from_dict(data)
    assert (policy.version, policy.caveat, policy.sources) == ("2026-11", "For adults.", tuple(ABOUT["sources"]))
    again = policy.to_dict()
    assert {name: again[name] for name in ABOUT} == ABOUT
    assert RankingPolicy.from_dict(again) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert RankingPolicy.from_dict(tomllib.loads(policy_toml(policy))) == policy


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"filters": {"limit": 5}}, "policy own: filters: found 'limit', expected of scope, max_mismatches, direction"),
        ({"filters": {"min_age": -1}}, "policy own: filters: min_age: found -1, expected at least 0"),
        ({"filters": {"min_age": 40, "max_age": 30}}, "policy own: filters: min_age: found 40, expected at most 30"),
        ({"filters": {"statuses": ["XX"]}}, "policy own: filters: statuses: found 'XX', expected statuses of AV"),
        ({"filters": {"statuses": []}}, "policy own: filters: statuses: found a value of type tuple, expected"),
        ({"filters": {"max_age": True}}, "policy own: filters: max_age: found True, expected a whole number"),
        ({"filters": {"min_age": "30"}}, "policy own: filters: min_age: found a value of type str, expected a whole"),
        ({"filters": {"max_age": 30.0}}, "policy own: filters: max_age: found 30.0, expected a whole number"),
        ({"filters": {"max_mismatches": False}}, "filters: max_mismatches: found False, expected a whole number"),
        ({"filters": {"min_cord_match": 4.0}}, "filters: min_cord_match: found 4.0, expected a whole number"),
        ({"filters": {"min_p": True}}, "policy own: filters: min_p: found True, expected a number"),
        ({"filters": {"min_p": "0.5"}}, "policy own: filters: min_p: found a value of type str, expected a number"),
        ({"filters": {"min_tnc_per_kg": "2"}}, "min_tnc_per_kg: found a value of type str, expected a number"),
        ({"filters": ["min_age"]}, "policy own: filters: found a value of type list, expected a table of criteria"),
        ({"sources": "WMDA"}, "policy own: sources: found a value of type str, expected a list of texts"),
        ({"sources": [1]}, "policy own: sources: found a value of type int, expected a list of texts"),
        ({"version": 2}, "policy own: version: found a value of type int, expected a text"),
        ({"caveat": ["a"]}, "policy own: caveat: found a value of type list, expected a text"),
    ],
)
def test_what_a_policy_says_of_itself_is_checked(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(CriteriaError) as refused:
        RankingPolicy.from_dict(own(**entry))
    assert message in str(refused.value)


def test_filters_hold_where_a_search_does_not_set_them() -> None:
    policy = RankingPolicy.from_dict(own(filters={"max_age": 45, "scope": "8/8", "max_mismatches": 4}))
    found = policy.criteria_of(SearchCriteria(max_age=50, limit=3))
    assert (found.max_age, found.scope, found.max_mismatches, found.limit) == (50, "8/8", 4, 3)
    assert policy.criteria_of(found) == found
    assert policy.criteria_of(SearchCriteria(scope="10/10")).scope == "10/10"
    with pytest.raises(CriteriaError, match="min_age: found 50, expected at most 45"):
        policy.criteria_of(SearchCriteria(min_age=50))


def test_filters_are_numbers_of_any_library() -> None:
    filters = {"max_age": np.int64(45), "min_p": np.float32(0.5), "min_tnc_per_kg": 2, "min_age": None}
    found = RankingPolicy.from_dict(own(filters=filters)).criteria_of(SearchCriteria())
    assert (found.max_age, found.min_p, found.min_tnc_per_kg, found.min_age) == (45, 0.5, 2.0, None)


def test_the_default_follows_from_what_is_known() -> None:
    assert policy_for(None, has_probabilities=True) is POLICIES["wmda"]
    assert policy_for(None, has_probabilities=False) is POLICIES["plain"]
    assert policy_for(None, has_probabilities=False, declined=True) is POLICIES["certain-first"]
    with pytest.raises(CriteriaError, match="found 'wmda', expected frequencies beside it"):
        policy_for("wmda", has_probabilities=False)


@pytest.mark.parametrize("wrong", [1, "yes", []])
def test_zero_stands_apart_or_not(wrong: object) -> None:
    with pytest.raises(CriteriaError, match=r"key 1: p0: zero_apart: found .*, expected true or false"):
        RankingPolicy.from_dict(own({"feature": "p0", "zero_apart": wrong}))
    with pytest.raises(CriteriaError, match=r"sex: zero_apart: found True, expected none: its values are no numbers"):
        RankingKey("sex", zero_apart=True)
