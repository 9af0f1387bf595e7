"""Patients and criteria that are made wrongly: one kind of error, every fault at once, nothing of a person in it."""

from __future__ import annotations

import copy
import datetime
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.matching.criteria import Patient, SearchCriteria

TYPINGS = {"A": ("02:01", "24:02")}
PATIENT = Patient(patient_id="P1", typings=TYPINGS, sex="F", ignored_loci=("MICA",))


def faults(function: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(CriteriaError) as caught:
        function()
    # Neither chained nor quoted is what pydantic says, which holds the values.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    # Dask teaches pickle to take the frames of a traceback along, and those of a test are too many.
    caught.value.__context__ = None
    travelled = pickle.loads(pickle.dumps(caught.value.with_traceback(None)))
    assert (str(travelled), travelled.code) == (str(caught.value), caught.value.code)
    assert [str(fault) for fault in travelled.faults] == [str(fault) for fault in caught.value.faults]
    return [(fault.name, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [("typings", "criteria.value")]),
        ({"typings": None}, [("typings", "criteria.type")]),
        ({"typings": {"A": ("", "")}}, [("typings", "criteria.value")]),
        ({"typings": {"DQ": ("02:01", "")}}, [("typings", "criteria.unknown")]),
        ({"typings": {"A": ("02:01", None)}}, [("typings.A.1", "criteria.type")]),
        ({"typings": {"A": "02:01"}}, [("typings.A", "criteria.type")]),
        ({"typings": {"A": ("02:01",)}}, [("typings.A.1", "criteria.value")]),
        ({"typings": {1: ("02:01", "")}}, [("typings.1", "criteria.type")]),
        (
            {"typings": TYPINGS, "sex": "X", "weight_kg": -1},
            [("sex", "criteria.value"), ("weight_kg", "criteria.value")],
        ),
        ({"typings": TYPINGS, "age": 3}, [("Patient", "criteria.unknown")]),
        ({"typings": TYPINGS, "patient_id": None}, [("patient_id", "criteria.type")]),
        ({"typings": TYPINGS, "birth_date": "31.1.2000"}, [("birth_date", "criteria.value")]),
    ],
)  # fmt: skip
def test_a_wrong_patient(values: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(lambda: Patient(**values)) == expected
    assert faults(lambda: Patient.model_validate(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"scope": "9/9"}, [("scope", "criteria.unknown")]),
        ({"scope": None}, [("scope", "criteria.type")]),
        ({"max_mismatches": 9, "limit": 0}, [("max_mismatches", "criteria.value"), ("limit", "criteria.value")]),
        ({"max_mismatches": 1.5}, [("max_mismatches", "criteria.type")]),
        ({"locus_limits": {"Q": 9}}, [("locus_limits", "criteria.value")]),
        (
            {"scope": "9/9", "locus_limits": {"A": 3, "Q": 0}, "statuses": ("AV", "XX")},
            [
                ("scope", "criteria.unknown"), ("locus_limits", "criteria.value"), ("locus_limits", "criteria.value"),
                ("statuses", "criteria.unknown"),
            ],
        ),
        ({"direction": "up"}, [("direction", "criteria.value")]),
        ({"only_donors": "D1"}, [("only_donors", "criteria.type")]),
        ({"sope": "8/8"}, [("SearchCriteria", "criteria.unknown")]),
    ],
)  # fmt: skip
def test_wrong_criteria(values: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(lambda: SearchCriteria(**values)) == expected
    assert faults(lambda: SearchCriteria.model_validate(values)) == expected


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("max_mismatches", 0, 6), ("min_age", 0, 120), ("max_age", 0, 120), ("limit", 1, None)],
)
def test_numbers_are_refused_just_beyond_their_bounds(name: str, least: int, most: int | None) -> None:
    for value in (least, most):
        assert getattr(SearchCriteria(**{name: value}), name) == value
    for value in (least - 1, *([] if most is None else [most + 1])):
        assert faults(lambda value=value: SearchCriteria(**{name: value})) == [(name, "criteria.value")]


def test_a_locus_has_two_mismatches_at_most() -> None:
    assert SearchCriteria(locus_limits={"A": 0, "B": 2}).locus_limits == {"A": 0, "B": 2}
    for limit in (-1, 3):
        assert faults(lambda limit=limit: SearchCriteria(locus_limits={"A": limit})) == [
            ("locus_limits", "criteria.value")
        ]


def test_what_is_not_asked_for_is_what_the_documentation_says() -> None:
    asked = SearchCriteria(scope="10/10", max_mismatches=1, direction="both", null_rule="consensus", statuses=("AV",))
    assert SearchCriteria() == asked


@pytest.mark.parametrize(
    "function",
    [
        lambda: Patient.model_validate("D4711"),
        lambda: Patient.model_validate_json("{"),
        lambda: Patient.model_validate_json('{"typings": {"A": ["D4711"]}}'),
        lambda: Patient.model_validate_strings({"typings": {"A": "D4711"}}),
        lambda: Patient(typings=TYPINGS, sex="D4711"),  # type: ignore[arg-type]
        lambda: Patient(typings=TYPINGS, weight_kg=-4711),
        lambda: PATIENT.model_copy(update={"abo": "D4711"}),
        lambda: SearchCriteria(only_donors="D4711"),  # type: ignore[arg-type]
        lambda: SearchCriteria(max_mismatches="D4711"),  # type: ignore[arg-type]
        lambda: setattr(PATIENT, "sex", "D4711"),
        lambda: delattr(PATIENT, "sex"),
    ],
)
def test_no_value_of_a_person_is_named(function: Callable[[], object]) -> None:
    with pytest.raises(CriteriaError) as caught:
        function()
    assert "4711" not in str(caught.value)
    assert "4711" not in repr(vars(caught.value))


def test_a_value_of_criteria_is_named() -> None:
    with pytest.raises(CriteriaError, match=r"^max_mismatches: found 9, expected at most 6$"):
        SearchCriteria(max_mismatches=9)
    with pytest.raises(CriteriaError, match=r"^direction: found 'up', expected 'both', 'gvh' or 'hvg'$"):
        SearchCriteria(direction="up")  # type: ignore[arg-type]


def test_ages_that_nobody_has_are_refused() -> None:
    with pytest.raises(CriteriaError, match=r"^min_age: found 50, expected at most 20, the max_age$"):
        SearchCriteria(min_age=50, max_age=20)
    assert SearchCriteria(min_age=20, max_age=20).max_age == 20


def test_a_copy_is_checked_and_keeps_the_rest() -> None:
    assert faults(lambda: PATIENT.model_copy(update={"cmv": "Z", "abo": 5})) == [
        ("abo", "criteria.value"), ("cmv", "criteria.value"),
    ]  # fmt: skip
    copied = PATIENT.model_copy(update={"cmv": "P"})
    assert (copied.cmv, copied.sex, copied.ignored_loci, copied.patient_id) == ("P", "F", ("MICA",), "P1")
    assert copied.model_fields_set == PATIENT.model_fields_set | {"cmv"}
    assert PATIENT.model_copy() == PATIENT
    assert copy.deepcopy(PATIENT).ignored_loci == ("MICA",)
    assert pickle.loads(pickle.dumps(PATIENT)).ignored_loci == ("MICA",)


def test_numbers_of_numpy_are_numbers() -> None:
    found = SearchCriteria(max_mismatches=np.int64(2), limit=np.uint8(3))  # type: ignore[arg-type]
    assert (type(found.max_mismatches), found.max_mismatches, found.limit) == (int, 2, 3)


def test_several_faults_are_one_error() -> None:
    with pytest.raises(CriteriaError) as caught:
        SearchCriteria(max_mismatches=9, as_of=datetime.date(2026, 1, 1), limit=0)
    assert caught.value.code == ErrorCode.CRITERIA_SEVERAL
    assert str(caught.value) == "max_mismatches: found 9, expected at most 6; limit: found 0, expected at least 1"
