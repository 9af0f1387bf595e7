"""A search takes a patient in any form in which one is at hand: all forms of one patient give one list."""

from __future__ import annotations

import datetime
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hla_match
from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError, TypingError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.given_patient import given_patient
from hla_match.searches.matcher import Matcher
from registry_io.store.donor_import import import_donors

CRITERIA = SearchCriteria(scope="A,B", max_mismatches=2)
PATIENT = Patient(typings={"A": ("02:01", "24:02"), "B": ("40:01", "46:01")}, sex="F")
ROW = {"A_1": "02:01", "A_2": "24:02", "B_1": "40:01", "B_2": "46:01", "sex": "F"}
DONORS = pl.DataFrame(
    {
        "person_id": ["D1", "D2", "D3"],
        "A_1": ["02:01", "02:01", "11:01"],
        "A_2": ["24:02", "11:01", "24:02"],
        "B_1": ["40:01", "40:01", "46:01"],
        "B_2": ["46:01", "46:01", "46:01"],
    }
)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(
        build_registry(DONORS, Nomenclature.builtin(), name="r", provenance={"imported_on": "2026-01-01"})[0]
    )


def of_pandas(row: dict[str, Any]) -> Any:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame([row, {**row, "A_1": None}])
    return frame.iloc[0]


def named_tuple(row: dict[str, Any]) -> Any:
    return namedtuple("Row", row)(**row)


FORMS = {
    "patient": lambda row: PATIENT,
    "dict": lambda row: row,
    "frame": lambda row: pl.DataFrame([row]),
    "lazy frame": lambda row: pl.LazyFrame([row]),
    "row of polars": lambda row: pl.DataFrame([row]).row(0, named=True),
    "row of pandas": of_pandas,
    "named tuple": named_tuple,
    "pairs": lambda row: {"A": (row["A_1"], row["A_2"]), "B": [row["B_1"], row["B_2"]], "sex": "female"},
    "names of another lab": lambda row: {"HLA-A1": "02:01", "HLA-A2": "24:02", "HLA-B": "40:01+46:01", "性别": "女"},
    "missing cells": lambda row: {**row, "C_1": None, "C_2": float("nan"), "weight_kg": np.float64("nan")},
    "gl string in a cell": lambda row: {"gl_string": "A*02:01+A*24:02^B*40:01+B*46:01", "sex": "F", "id": "patient"},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_patient_gives_the_same_list(matcher: Matcher, form: str) -> None:
    given = FORMS[form](dict(ROW))
    assert given_patient(given, matcher.registry, CRITERIA) == PATIENT
    assert matcher.search(given, CRITERIA).to_polars().equals(matcher.search(PATIENT, CRITERIA).to_polars())


def test_a_gl_string_is_a_patient(matcher: Matcher, tmp_path: Path) -> None:
    text = "A*02:01+A*24:02^B*40:01+B*46:01"
    found = matcher.search(text, CRITERIA)
    assert [match.donor_id for match in found] == ["D1", "D2", "D3"]
    import_donors(tmp_path / "r", DONORS.rename({"person_id": "donor_id"}), "builtin", today=datetime.date(2026, 1, 1))
    for given in (text, ROW):
        by_folder = hla_match.search(tmp_path / "r", given, CRITERIA)
        assert [match.donor_id for match in by_folder] == ["D1", "D2", "D3"]
    with pytest.raises(TypingError):
        matcher.search("A*02:01+", CRITERIA)


def test_a_row_keeps_its_identifier_and_its_day_of_birth(matcher: Matcher) -> None:
    row = {**ROW, "patient_id": 17, "birth_date": datetime.datetime(1990, 5, 1)}
    patient = given_patient(row, matcher.registry, CRITERIA)
    assert patient.patient_id == "17"
    assert matcher.search(row, CRITERIA).to_polars()["patient_id"].unique().to_list() == ["17"]


def test_what_of_a_row_is_left_empty_is_said_above_the_list(matcher: Matcher) -> None:
    notices = matcher.search({**ROW, "sex": "blue"}, CRITERIA).notices
    assert any("sex" in notice for notice in notices)
    assert not any("sex" in notice for notice in matcher.search(ROW, CRITERIA).notices)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "patient: found None, expected a Patient, a GL String, or a row"),
        (7, "patient: found a value of type int"),
        (("02:01", "24:02"), "patient: found a value of type tuple"),
        ({"A_1": "02:01", "A_2": object()}, "patient: column A_2: found a value of type object"),
        ({"A_1": "02:01"}, "patient: column A_1: found no column A_2 beside it"),
        ({"sex": "F"}, "patient: found no column of typings"),
        ({**ROW, "A_1": "", "A_2": "", "B_1": "", "B_2": ""}, "patient: found"),
        (pl.DataFrame([ROW, ROW]), "patient: found a frame of 2 rows, expected one row"),
        (pl.DataFrame([ROW]).clear(), "patient: found a frame of 0 rows"),
    ],
)
def test_what_is_no_patient_is_refused_in_words(matcher: Matcher, given: Any, message: str) -> None:
    with pytest.raises(CriteriaError) as raised:
        matcher.search(given, CRITERIA)
    assert message in str(raised.value)


def test_a_row_whose_typings_contradict_each_other_is_refused(matcher: Matcher) -> None:
    with pytest.raises(CriteriaError, match="patient: found"):
        matcher.search({**ROW, "gl_string": "A*02:01+A*11:01"}, CRITERIA)
