"""The columns of a list that say who was compared with whom."""

from __future__ import annotations

import datetime

import polars as pl

from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.match_frame import match_frame
from hla_match.searches.matcher import Matcher

MADE_FROM = {"imported_on": "2026-01-01"}
TYPED = {"A_1": ["02:01", "2"], "A_2": ["24:02", None]}
PATIENT = Patient(typings={"A": ("0201", "24:02/24:03"), "DPA1": ("01:03", "")})


def matcher(**attributes: list[object]) -> Matcher:
    donors = pl.DataFrame({"person_id": ["D1", "D2"], **TYPED, **attributes})
    registry, _ = build_registry(donors, Nomenclature.builtin(), name="two", provenance=MADE_FROM)
    return Matcher(registry)


def test_both_typings_stand_beside_each_other() -> None:
    found = match_frame([matcher().search(PATIENT, SearchCriteria(scope="A"))])
    assert found.select("donor_id", "patient_typing", "donor_typing").rows() == [
        ("D1", "A*0201+A*24:02/A*24:03^DPA1*01:03", "A*02:01+A*24:02"),
        ("D2", "A*0201+A*24:02/A*24:03^DPA1*01:03", "A2"),
    ]
    assert found["resolution"].is_between(0, 1).all()
    assert found["resolution"][0] > found["resolution"][1]


def test_a_status_that_was_not_stated_is_what_it_counts_as() -> None:
    criteria = SearchCriteria(scope="A", statuses=("AV", "RS"))
    assert matcher().search(PATIENT, criteria).to_polars()["status"].to_list() == ["AV", "AV"]
    stated = matcher(status=[None, "RS"]).search(PATIENT, criteria).to_polars()
    assert stated["status"].to_list() == ["AV", "RS"]


def test_what_is_known_of_reaching_a_donor_is_a_column_where_the_registry_has_it() -> None:
    day = datetime.date(2026, 3, 1)
    attributes = {"city": ["Hangzhou", None], "last_contact_on": [None, day], "reserved_until": [day, None]}
    found = matcher(**attributes).search(PATIENT, SearchCriteria(scope="A")).to_polars()
    assert {name: found[name].to_list() for name in attributes} == attributes
    assert not attributes.keys() & set(matcher().search(PATIENT, SearchCriteria(scope="A")).to_polars().columns)


def test_lists_of_several_patients_have_the_typing_of_each() -> None:
    searching = matcher()
    others = [PATIENT, Patient(typings={"A": ("11:01", "02:01")})]
    lists = [searching.search(patient, SearchCriteria(scope="A", max_mismatches=2)) for patient in others]
    found = match_frame(lists).group_by("patient_typing", maintain_order=True).len()
    assert found.rows() == [("A*0201+A*24:02/A*24:03^DPA1*01:03", 2), ("A*11:01+A*02:01", 2)]


def test_texts_of_many_donors_are_those_of_few() -> None:
    donors = pl.DataFrame({"person_id": [f"D{n:04}" for n in range(1_200)], "A_1": "02:01", "A_2": "24:02"})
    registry, _ = build_registry(donors, Nomenclature.builtin(), name="many", provenance=MADE_FROM)
    found = Matcher(registry).search(PATIENT, SearchCriteria(scope="A"))
    assert found.to_polars()[:5].equals(match_frame([found], slice(0, 5)))
