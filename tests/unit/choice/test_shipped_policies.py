"""The policies that are shipped: each key orders two donors who differ in it alone, and says so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hla_match.choice.policies import POLICIES, RankingPolicy
from hla_match.choice.ranking import rank_donors
from tests.made_up_candidates import KINDS, CountedPredictions, candidates_of, made_up_facts

DONOR = {
    **KINDS, "mismatches": 0, "worst": 0, "certain": True, "age": 30, "cmv": "P", "abo": "A", "sex": "M",
    "probability": {"percents": (40, 60, 80), "missing": False, "cut": 0.0, "slack": 0},
}  # fmt: skip


def likely(*percents: int) -> dict[str, Any]:
    return {"probability": {"percents": percents, "missing": False, "cut": 0.0, "slack": 0}}


APART: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "p0": (likely(55, 60, 80), likely(44, 60, 80), "more probably no mismatch"),
    "p0+p1": (likely(40, 75, 80), likely(40, 64, 80), "more probably at most one mismatch"),
    "p_asked": (
        likely(40, 60, 80),
        likely(40, 60, 79),
        "more probably at most as many mismatches as were asked for, at most four",
    ),
    "resolved": ({"worst": 2}, {"worst": 3}, "certain to meet the criteria before may fail them"),
    "mismatches": (likely(0, 50, 80), {**likely(0, 50, 80), "mismatches": 1}, "fewer mismatches (0 before 1)"),
    "c_permissive": ({"at_c": 1, "permissive": 1}, {"at_c": 1}, "no mismatch but C*03:03 against C*03:04"),
    "gvh": ({"gvh": 0, "hvg": 1}, {"gvh": 1, "hvg": 1}, "fewer mismatches in GvH direction (0 before 1)"),
    "dpb1_tce": ({"tce": 1}, {"tce": 2}, "permissive before non-permissive HvG)"),
    "cord_match": ({}, {"antigens": 1}, "(6/6 before 5/6)"),
    "cord_match_8": ({"at_c": 1}, {"at_c": 2}, "(7/8 before 6/8)"),
    "tnc_per_kg": ({"tnc": 150}, {"tnc": 124}, "more nucleated cells for a kilogram, in bands of 5 tenths of e7/kg"),
    "cd34_per_kg": ({"cd34": 9}, {"cd34": 7}, "more CD34 positive cells for a kilogram (1.8e5/kg before 1.4e5/kg)"),
    "certainty": ({"certain": True}, {"certain": False}, "a certain match before a potential one"),
    "age": ({"age": 24}, {"age": 41}, "younger"),
    "cmv": ({}, {"cmv": "N"}, "same CMV status before another CMV status"),
    "abo": ({"abo": "O"}, {"abo": "B"}, "compatible blood group before incompatible blood group"),
    "sex": ({}, {"sex": "F"}, "male before female"),
    "donor_id": ({}, {}, "identifier in ascending order"),
}
"""By feature what is the case of the better donor and of the other one, and words of the reason."""

KEYS = [(name, number) for name, policy in POLICIES.items() for number in range(len(policy.keys))]


@pytest.mark.parametrize(("name", "number"), KEYS, ids=[f"{name}-{number + 1}" for name, number in KEYS])
def test_a_key_orders_donors_who_differ_in_it_alone(name: str, number: int) -> None:
    policy = POLICIES[name]
    key = policy.keys[number]
    better, other, words = APART[key.feature]
    if key.feature == "tnc_per_kg" and key.bands == 1:
        better, other, words = {"tnc": 124}, {"tnc": 100}, "(2.4e7/kg before 2e7/kg)"
    if key.feature == "age" and key.bands == 5:
        other = {"age": 29}  # of the same band of wider ones before
    donors = [{**DONOR, **other}, {**DONOR, **better}]
    if key.feature == "donor_id":
        donors.reverse()
    predictions = CountedPredictions(donors, bounded=True).lazy
    with made_up_facts():
        candidates = candidates_of(donors, predictions, cmv="P", abo="A", most=2)
        first, columns = rank_donors(policy, candidates, None)
    assert first.tolist() == ([0, 1] if key.feature == "donor_id" else [1, 0])
    found, before, after = policy.deciding_key(columns, 0)
    assert found is key
    assert words in key.reason(before, after)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_shipped_policy_says_what_it_is_and_what_supports_it(policy: RankingPolicy) -> None:
    assert re.fullmatch(r"\d+", policy.version)
    assert policy.title
    assert policy.sources
    assert str(policy).startswith(f"{policy.name}: ")


def test_nobody_below_5_percent_stands_before_somebody_above_50() -> None:
    """Of the probability of at most one mismatch, in the default order: any whole percents of no mismatch."""
    pairs = [(first, second) for second in (*range(5), *range(51, 101, 7)) for first in range(0, second + 1, 3)]
    donors = [{**DONOR, **likely(*pair, 100), "age": 20 + at % 30} for at, pair in enumerate(pairs)]
    candidates = candidates_of(donors, CountedPredictions(donors, bounded=False).lazy, cmv=None, abo=None)
    first, _ = rank_donors(POLICIES["wmda"], candidates, None)
    order = [pairs[row][1] for row in first]
    assert max(at for at, percent in enumerate(order) if percent > 50) < min(
        at for at, percent in enumerate(order) if percent < 5
    )
