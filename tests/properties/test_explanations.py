"""What an explanation says of a donor is what searches do."""

from __future__ import annotations

import datetime
import re

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hla_match.choice.policies import POLICIES
from hla_match.donors.registry import Registry, build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.obstacles import obstacles
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher
from hla_match.searches.placed_donors import results_by_locus
from tests.examples import examples

NOMENCLATURE = Nomenclature.builtin()
TYPINGS = st.sampled_from(
    [("02:01", "24:02"), ("02:01", ""), ("24:XX", "2"), ("11:01/11:02", "24:02"), ("11:01", "03:01"), ("NEW", "02:01")]
)
LOCI = ("A", "DRB1")
DRB1 = st.sampled_from([("09:01", "15:01"), ("09:01", ""), ("15:XX", "4"), ("04:05/04:06", "09:01"), ("", "")])
DAYS = st.none() | st.integers(1950, 2005).map(lambda year: datetime.date(year, 6, 1))


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    rows = []
    for number in range(draw(st.integers(1, 8))):
        (a1, a2), (d1, d2) = draw(TYPINGS), draw(DRB1)
        rows.append((f"D{number}", a1, a2 or None, d1 or None, d2 or None, draw(DAYS), draw(STATUSES), draw(SEXES)))
    columns = ["person_id", "A_1", "A_2", "DRB1_1", "DRB1_2", "birth_date", "status", "sex"]
    types = [*[pl.String] * 5, pl.Date, pl.String, pl.String]
    frame = pl.DataFrame(rows, schema=dict(zip(columns, types, strict=True)), orient="row")
    made_from = {"imported_on": "2026-01-01"}
    return build_registry(frame, NOMENCLATURE, name="few", provenance=made_from)[0]


STATUSES = st.sampled_from([None, "AV", "TU", "RS", "DE"])
SEXES = st.sampled_from([None, "F", "M"])
PATIENTS = st.builds(lambda a, drb1: Patient(typings={"A": a, "DRB1": drb1}), TYPINGS, DRB1)
CRITERIA = st.builds(
    lambda scope_and_limits, **others: SearchCriteria(**scope_and_limits, **others),
    st.sampled_from(
        [{"scope": "A", "locus_limits": one} for one in ({}, {"A": 0}, {"A": 1})]
        + [{"scope": "A,DRB1", "locus_limits": one} for one in ({}, {"A": 0}, {"DRB1": 1}, {"A": 0, "DRB1": 0})]
    ),
    max_mismatches=st.integers(0, 2),
    direction=st.sampled_from(["both", "gvh", "hvg"]),
    statuses=st.sampled_from([("AV",), ("AV", "TU"), ("RS",)]),
    min_age=st.sampled_from([None, 18, 30]),
    max_age=st.sampled_from([None, 35, 55]),
    sex=st.sampled_from([(), ("F",), ("M", "unknown")]),
    only_donors=st.none() | st.frozensets(st.sampled_from(["D0", "D1", "D2", "D3"])),
    without_donors=st.frozensets(st.sampled_from(["D0", "D4"])),
    as_of=st.just(datetime.date(2026, 1, 1)),
)


@given(registries(), PATIENTS, CRITERIA)
@examples(150)
def test_a_donor_is_in_the_list_unless_something_keeps_it_out(
    registry: Registry, patient: Patient, criteria: SearchCriteria
) -> None:
    matcher = Matcher(registry)
    found = matcher.search(patient, criteria)
    listed = set(found.donor.tolist())
    for donor in range(registry.n_donors):
        against = obstacles(registry, criteria, results_by_locus(found), donor)
        assert bool(against) == (donor not in listed)
        named = [name for one in against for name in one.change]
        assert len(named) == len({*named})
        changes = {name: value for one in against for name, value in one.change.items()}
        opened = criteria.model_copy(update=changes)
        assert donor in matcher.search(patient, opened).donor.tolist()


@given(registries(), PATIENTS, CRITERIA, st.sampled_from(["certain-first", "plain"]), st.integers(1, 3))
@examples(60)
def test_who_stands_before_whom_is_the_order_of_the_whole_list(
    registry: Registry, patient: Patient, criteria: SearchCriteria, policy: str, limit: int
) -> None:
    matcher = Matcher(registry)
    whole = matcher.search(patient, criteria, policy=policy)
    found = matcher.search(patient, criteria.model_copy(update={"limit": limit}), policy=policy)
    names = ids(whole)
    for first, one in enumerate(names):
        for second, other in enumerate(names):
            said = found.why(one, other)
            if first == second:
                assert said == "Both are the same donor."
            else:
                before, after = (one, other) if first < second else (other, one)
                assert said.startswith(f"{before} stands before {after} by ")
    for at in range(len(names) - 1):
        # By identifier or by position, in the list or behind it: the key is that of the whole list.
        assert found.why(names[at], names[at + 1]).endswith(f" by {whole.why(at)}.")
    for at, name in enumerate(names):
        explained = found.explain(name)
        assert explained.rank == (at + 1 if at < limit else None)
        assert explained.obstacles == ()
        assert ("behind" in explained.place) == (at >= limit)


@given(registries(), PATIENTS, CRITERIA)
@examples(60)
def test_a_donor_who_is_let_in_has_the_rank_that_was_said(
    registry: Registry, patient: Patient, criteria: SearchCriteria
) -> None:
    matcher = Matcher(registry)
    found = matcher.search(patient, criteria)
    for donor in sorted(set(range(registry.n_donors)) - set(found.donor.tolist())):
        name = registry.attributes["donor_id"][donor]
        said = re.search("would be rank ([0-9]+)", found.explain(name).place)
        if said:
            assert 1 <= int(said[1]) <= len(found) + 1
            # Beside those listed, everybody meets the criteria on the person and the limits of mismatches.
            ids_and_one = frozenset([*ids(found), name])
            open_to_it = SearchCriteria(
                scope=criteria.scope, max_mismatches=criteria.max_mismatches, direction=criteria.direction,
                locus_limits=criteria.locus_limits, statuses=("AV", "TU", "RS", "DE"), only_donors=ids_and_one,
                as_of=criteria.as_of,
            )  # fmt: skip
            assert ids(matcher.search(patient, open_to_it)).index(name) + 1 == int(said[1])


@given(registries(), PATIENTS, CRITERIA)
@examples(60)
def test_sensitivity_tells_the_ranks_of_the_other_lists(
    registry: Registry, patient: Patient, criteria: SearchCriteria
) -> None:
    matcher = Matcher(registry)
    found = matcher.search(patient, criteria)
    by_choice = {change.choice: change for change in found.sensitivity(first=3)}
    # Without units of cord blood their orders list nobody.
    assert not any("cord" in choice for choice in by_choice)
    policies = [name for name, policy in POLICIES.items() if not policy.needs_probabilities and "cord" not in name]
    for name in set(policies) - {"plain"}:
        check_changes(by_choice[f"by the policy {name}"].frame, found, matcher.search(patient, criteria, policy=name))
    more = criteria.model_copy(update={"max_mismatches": criteria.max_mismatches + 1})
    noun = f"mismatch{'es' * (more.max_mismatches != 1)}"
    changes = by_choice[f"with at most {more.max_mismatches} {noun}"].frame
    check_changes(changes, found, matcher.search(patient, more))


def check_changes(changes: pl.DataFrame, before: MatchList, after: MatchList) -> None:
    was, now = ids(before)[:3], ids(after)[:3]
    ranks = {name: [one.index(name) + 1 if name in one else None for one in (was, now)] for name in {*was, *now}}
    moved = {name for name, (rank_before, rank_after) in ranks.items() if rank_before != rank_after}
    assert set(changes["donor_id"]) == moved
    for name, rank_before, rank_after in changes.iter_rows():
        assert [rank_before, rank_after] == ranks[name]


@given(registries(), PATIENTS, CRITERIA)
@examples(60)
def test_nearest_donors_are_not_listed_and_nobody_is_nearer(
    registry: Registry, patient: Patient, criteria: SearchCriteria
) -> None:
    found = Matcher(registry).search(patient, criteria)
    near = found.nearest()
    assert all(one.rank is None and one.obstacles for one in near)
    assert len({one.donor_id for one in near}) == len(near)
    outside = registry.n_donors - len(found)
    assert bool(near) == bool(outside)


def ids(found: MatchList) -> list[str]:
    return [str(found.registry.attributes["donor_id"][row]) for row in found.donor.tolist()]
