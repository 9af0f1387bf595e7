"""What keeps a donor out of a list, what the donor has in its place, and what lets the donor in: one donor for each."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from hla_match.donors.registry import Registry, build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.obstacles import obstacles
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from hla_match.searches.placed_donors import results_by_locus

LOCI = ("A", "B", "DRB1")
PATIENT = Patient(typings={"A": ("02:01", "24:02"), "B": ("40:01", "46:01"), "DRB1": ("09:01", "15:01")})
SAME = ("02:01", "24:02", "40:01", "46:01", "09:01", "15:01")
BORN = datetime.date(1990, 6, 1)
PERSON = {"birth_date": BORN, "status": "AV", "sex": "F", "city": "Hangzhou", "donor_type": None}
DONORS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "same": (SAME, {}),
    "unknown": (SAME, {"sex": None, "city": None, "status": "TU"}),
    "unit": (SAME, {"donor_type": "CORD"}),
    "one": (("11:01", *SAME[1:]), {}),
    "three": (("11:01", "11:01", "07:02", *SAME[3:]), {}),
    "four": (("11:01", "11:01", "07:02", "07:02", *SAME[4:]), {}),
    "five": (("11:01", "11:01", "07:02", "07:02", "03:01", "15:01"), {}),
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    columns = [f"{locus}_{number}" for locus in LOCI for number in (1, 2)]
    rows = [
        {"person_id": name, **dict(zip(columns, typed, strict=True)), **PERSON, **person}
        for name, (typed, person) in DONORS.items()
    ]
    frame = pl.DataFrame(rows, schema_overrides={"donor_type": pl.String})
    found, unreadable = build_registry(
        frame, Nomenclature.builtin(), name="few", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    return found


def told(registry: Registry, name: str, **asked: Any) -> list[tuple[str, str, Mapping[str, Any]]]:
    """What keeps a donor out, as (criterion, found, change)."""
    criteria = SearchCriteria(
        **{"scope": "A,B,DRB1", "max_mismatches": 0, "as_of": datetime.date(2026, 1, 1), "donor_type": "any"} | asked
    )
    row = registry.attributes["donor_id"].to_list().index(name)
    loci = results_by_locus(Matcher(registry).search(PATIENT, criteria.model_copy(update={"min_p": None})))
    return [(one.criterion, one.found, one.change) for one in obstacles(registry, criteria, loci, row)]


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("same", {"donor_type": "cord"}, ("that are cord blood", "no cord blood", {"donor_type": "donor"})),
        ("unit", {"donor_type": "donor"}, ("that are no cord blood", "a unit of cord blood", {"donor_type": "cord"})),
        ("same", {"sex": ("M",)}, ("with sex M", "sex F", {"sex": ("M", "F")})),
        ("unknown", {"sex": ("M",)}, ("with sex M", "sex not known", {"sex": ("M", "unknown")})),
        ("same", {"city": ("Ningbo",)}, ("in Ningbo", "city Hangzhou", {"city": ("Ningbo", "Hangzhou")})),
        ("unknown", {"city": ("Ningbo",)}, ("in Ningbo", "city not known", {"city": ("Ningbo", "unknown")})),
        ("same", {"abo": ("A",)}, ("with blood group A", "abo not known", {"abo": ("A", "unknown")})),
        ("unknown", {"statuses": ("AV",)}, ("with status AV", "status TU", {"statuses": ("AV", "TU")})),
        ("same", {"max_age": 34}, ("aged at most 34 or of unknown age", "aged 35", {"max_age": 35})),
        ("same", {"min_age": 36}, ("aged at least 36 or of unknown age", "aged 35", {"min_age": 35})),
        (
            "same",
            {"without_donors": frozenset({"same", "one"})},
            ("not among those left out", "left out by identifier", {"without_donors": frozenset({"one"})}),
        ),
        (
            "same",
            {"only_donors": frozenset({"one"})},
            ("among those asked for", "not asked for by identifier", {"only_donors": None}),
        ),
    ],
)
def test_a_criterion_on_the_person_is_told_with_what_the_donor_has(
    registry: Registry, name: str, asked: Mapping[str, Any], expected: tuple[str, str, Mapping[str, Any]]
) -> None:
    assert told(registry, name, **{"statuses": ("AV", "TU")} | dict(asked)) == [expected]


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("one", {}, ("with at most 0 mismatches in A,B,DRB1", "at least 1 mismatch, at A", {"max_mismatches": 1})),
        (
            "three",
            {"max_mismatches": 1},
            ("with at most 1 mismatch in A,B,DRB1", "at least 3 mismatches, at A (2), B", {"max_mismatches": 3}),
        ),
        # Of four mismatches there is a probability, of five there is none.
        (
            "four",
            {"min_p": 0.5},
            ("with at most 0 mismatches in A,B,DRB1", "at least 4 mismatches, at A (2), B (2)", {"max_mismatches": 4}),
        ),
        (
            "five",
            {"min_p": 0.5},
            (
                "with at most 0 mismatches in A,B,DRB1",
                "at least 5 mismatches, at A (2), B (2), DRB1",
                {"max_mismatches": 5, "min_p": None},
            ),
        ),
        (
            "five",
            {},
            (
                "with at most 0 mismatches in A,B,DRB1",
                "at least 5 mismatches, at A (2), B (2), DRB1",
                {"max_mismatches": 5},
            ),
        ),
    ],
)
def test_too_many_mismatches_are_told_with_where_they_are(
    registry: Registry, name: str, asked: Mapping[str, Any], expected: tuple[str, str, Mapping[str, Any]]
) -> None:
    assert told(registry, name, **asked) == [expected]


def test_nothing_keeps_out_a_donor_who_meets_all(registry: Registry) -> None:
    assert told(registry, "same") == []
