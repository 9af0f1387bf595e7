"""Ranking policies against the oracle of `tests.oracle.ranking`: any keys, any limit, and few predictions."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hla_match.choice import ranking
from hla_match.choice.features import FEATURES
from hla_match.choice.policies import POLICIES, RankingPolicy
from hla_match.choice.probable_donors import probable_donors
from hla_match.choice.ranking import rank_donors
from hla_match.choice.ranking_key import RankingKey
from hla_match.donors.attributes import values_of
from hla_match.errors import CriteriaError
from tests.made_up_candidates import KINDS, CountedPredictions, candidates_of, made_up_facts, seen_by_the_oracle
from tests.oracle import ranking as oracle


@pytest.fixture(autouse=True, scope="module")
def facts():
    """What is permissive is made up, too."""
    with made_up_facts():
        yield


PERCENTS = st.sampled_from((0, 0, 0, 1, 2, 9, 10, 11, 20, 50, 89, 90, 99, 100))


@st.composite
def probabilities(draw):
    """What is known of p0 and p0+p1: whole percents, whether they are missing, what is cut, and the width of bounds.

    A bound holds for what is compared and for what is cut; where it is 0, nothing is cut.
    """
    first, second = sorted((draw(PERCENTS), draw(PERCENTS)))
    cut = draw(st.sampled_from((0.0, 0.0, 0.004, 0.005, 0.02)))
    slack = draw(st.sampled_from((0, 0, 1, 30, 100)))
    return {"percents": (first, second), "missing": draw(st.integers(0, 7)) == 0, "cut": cut, "slack": slack}


def donor_lists():
    entry = st.fixed_dictionaries(
        {
            "mismatches": st.sampled_from((0, 0, 1, 2)),
            "certain": st.booleans(),
            "worst": st.integers(0, 2),
            "at_a": st.integers(0, 2),
            "at_c": st.integers(0, 2),
            "permissive": st.sampled_from((None, 0, 1, 2)),
            "antigens": st.integers(0, 2),
            "gvh": st.integers(0, 2),
            "hvg": st.integers(0, 2),
            "tce": st.integers(0, 4),
            "tnc": st.sampled_from((None, 4, 100, 124, 125, 150, 5_000)),
            "cd34": st.sampled_from((None, 1, 2, 5, 7, 10_000)),
            "age": st.none() | st.sampled_from((6, 15, 16, 19, 20, 29, 30, 31, 40, 41, 125)),
            "cmv": st.sampled_from((None, *values_of("cmv"))),
            "abo": st.sampled_from((None, *values_of("abo"))),
            "sex": st.sampled_from((None, *values_of("sex"))),
            "probability": probabilities(),
        }
    )
    return st.lists(entry, min_size=1, max_size=8) | st.lists(entry, min_size=8, max_size=40)


@st.composite
def keys(draw):
    """A key of any feature but the identifier, as its declaration allows it."""
    names = [name for name in FEATURES if name != "donor_id"]
    # Half of the keys are those whose values are costly.
    feature = FEATURES[draw(st.sampled_from(names) | st.sampled_from(("p0", "p0+p1", "p_asked")))]
    bands = 1
    if feature.unit:
        edges = st.lists(st.integers(1, min(feature.greatest, 100)), min_size=1, max_size=4, unique=True)
        widths = st.sampled_from([width for width in (1, 1, 2, 5, 10) if width <= feature.greatest])
        bands = draw(widths | edges.map(lambda found: tuple(sorted(found))))
    return RankingKey(
        feature.name,
        bands,
        draw(st.sampled_from([*feature.directions])),
        draw(st.sampled_from([*feature.unknown.places])) if feature.unknown else None,
        draw(st.none() | st.booleans()) if feature.unit else None,
    )


@st.composite
def policies(draw):
    """A policy of any keys; one that can decide nothing is left out."""
    chosen = []
    for key in [*draw(st.lists(keys(), max_size=6)), RankingKey("donor_id")]:
        try:
            RankingPolicy("random", (*chosen, key, *([] if key.feature == "donor_id" else [RankingKey("donor_id")])))
        except CriteriaError:
            continue
        chosen.append(key)
    return RankingPolicy("random", tuple(chosen))


def oracles_keys(policy):
    """The keys of a policy as the oracle knows them."""
    return [oracle.Key(key.feature, key.bands, key.direction, key.unknown, key.zero_apart) for key in policy.keys]


LIKELY = {
    **KINDS, "mismatches": 0, "worst": 2, "certain": False, "age": None, "cmv": None, "abo": None, "sex": None,
    "probability": {"percents": (50, 60), "missing": False, "cut": 0.0, "slack": 0},
}  # fmt: skip
CUT = {**LIKELY, "probability": {"percents": (0, 0), "missing": False, "cut": 0.005, "slack": 0}}
"""A donor of whom just so much was cut that the probability is unknown, though a bound is known."""

SIGN, GROUP = st.sampled_from((None, *values_of("cmv"))), st.sampled_from((None, *values_of("abo")))


@given(policies(), donor_lists(), st.none() | st.integers(1, 4) | st.integers(1, 45), st.booleans(), SIGN, GROUP)
@example(
    RankingPolicy("unknown first", (RankingKey("p0", unknown="first"), RankingKey("donor_id"))),
    [LIKELY, CUT],
    1,
    True,
    None,
    None,
)
@settings(max_examples=300)
def test_any_policy_orders_as_the_oracle(policy, donors, limit, bounded, cmv, abo):
    candidates = candidates_of(donors, CountedPredictions(donors, bounded=bounded).lazy, cmv=cmv, abo=abo)
    # Small blocks, so that bounds decide among few donors.
    with mock.patch.object(ranking, "_MIN_BLOCK", 1):
        first, columns = rank_donors(policy, candidates, limit)
    seen = [seen_by_the_oracle(number, donor) for number, donor in enumerate(donors)]
    wanted = oracle.rank(seen, oracles_keys(policy), cmv=cmv, abo=abo)
    found = [seen[row] for row in first]
    assert [one["donor_id"] for one in found] == wanted[:limit]
    for position in range(len(found) - 1):
        number = oracle.deciding_key(*found[position : position + 2], oracles_keys(policy), cmv=cmv, abo=abo)
        key, before, after = policy.deciding_key(columns, position)
        assert key is policy.keys[number]
        assert before < after


@given(donor_lists(), st.sampled_from([*POLICIES]))
@settings(max_examples=100)
def test_the_policies_are_those_of_the_oracle(donors, name):
    wanted = oracle.POLICIES[name]
    seen = [seen_by_the_oracle(number, donor) for number, donor in enumerate(donors)]
    candidates = candidates_of(donors, CountedPredictions(donors, bounded=True).lazy, cmv="P", abo="A")
    first, _ = rank_donors(POLICIES[name], candidates, None)
    assert [seen[row]["donor_id"] for row in first] == oracle.rank(seen, wanted, cmv="P", abo="A")


@given(policies(), donor_lists())
@settings(max_examples=100)
def test_without_frequencies_probabilities_order_nobody(policy, donors):
    first, columns = rank_donors(policy, candidates_of(donors, None, cmv="N", abo="O"), None)
    seen = [seen_by_the_oracle(number, donor) for number, donor in enumerate(donors)]
    others = [key for key in oracles_keys(policy) if key.feature not in oracle.PROBABILITIES]
    assert [seen[row]["donor_id"] for row in first] == oracle.rank(seen, others, cmv="N", abo="O")
    for key, column in zip(policy.keys, columns, strict=True):
        assert key.feature not in oracle.PROBABILITIES or np.unique(column).size == 1


@given(donor_lists(), st.integers(0, 1), st.sampled_from((0.01, 0.02, 0.1, 0.105, 0.5, 0.9, 1.0)), st.booleans())
@settings(max_examples=100)
def test_probable_donors_are_those_of_the_oracle(donors, mismatches, least, bounded):
    found = probable_donors(
        candidates_of(donors, CountedPredictions(donors, bounded=bounded).lazy, cmv=None, abo=None), least, mismatches
    )
    known = [one["probability"] for one in donors]
    percents = [None if one["missing"] else one["percents"][mismatches] for one in known]
    assert found.tolist() == [
        row for row, one in enumerate(known) if oracle.is_probable(percents[row], one["cut"], least)
    ]


@given(policies())
@example(POLICIES["wmda"])
@example(POLICIES["probability-first"])
def test_a_policy_is_made_again_from_its_data(policy):
    assert RankingPolicy.from_dict(policy.to_dict()) == policy


def crowd(n_donors):
    """Donors of many ages and probabilities with bounds that are close: bounds can spare most predictions."""
    rng = np.random.default_rng(3)
    return [
        {
            **KINDS, "mismatches": 0, "worst": 0, "certain": False, "age": int(rng.integers(18, 60)),
            "cmv": None, "abo": None, "sex": None,
            "probability": {
                "percents": (int(first), int(min(100, first + 10))), "missing": False, "cut": 0.0,
                "slack": int(rng.integers(0, 3)),
            },
        }
        for first in rng.integers(0, 100, n_donors)
    ]  # fmt: skip


POSITIONS = {
    "first key": (RankingKey("p0"), RankingKey("age"), RankingKey("donor_id")),
    "first key in bands": (RankingKey("p0", bands=5), RankingKey("age"), RankingKey("donor_id")),
    "second key": (RankingKey("age", bands=20), RankingKey("p0"), RankingKey("donor_id")),
    "two keys after age": (RankingKey("age", bands=20), RankingKey("p0"), RankingKey("p0+p1"), RankingKey("donor_id")),
    "unknown first": (RankingKey("p0", unknown="first"), RankingKey("donor_id")),
    "last but one": (RankingKey("mismatches"), RankingKey("p0+p1"), RankingKey("donor_id")),
}


def test_bounds_spare_predictions_at_any_position():
    donors = crowd(5000)
    seen = [seen_by_the_oracle(number, {**donor}) for number, donor in enumerate(donors)]
    for number, one in enumerate(seen):
        one["donor_id"] = f"D{number:04}"
    for name, policy_keys in POSITIONS.items():
        policy = RankingPolicy(name, policy_keys)
        counted = CountedPredictions(donors, bounded=True)
        candidates = candidates_of(donors, counted.lazy, cmv=None, abo=None)
        candidates.registry.id_rank[:] = np.arange(len(donors))
        first, _ = rank_donors(policy, candidates, 10)
        assert [seen[row]["donor_id"] for row in first] == oracle.rank(seen, oracles_keys(policy))[:10], name
        if name == "unknown first":
            # Where an unknown donor would stand first, a bound excludes a donor with a value of 0 only.
            assert len(counted.predicted) > 4500
        else:
            assert 0 < len(counted.predicted) <= 1024, name
        assert len(counted.predicted) == len(set(counted.predicted)), name
