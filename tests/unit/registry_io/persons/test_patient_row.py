"""One patient from a mapping of columns to cells."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from hla_match.errors import CriteriaError
from registry_io.persons.patient_row import read_patient_row


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"A": ("02:01", "24:02"), "A_1": "11:01"}, "column A_1 more than once"),
        ({"A_1": "11:01", "A": ["02:01", "24:02"]}, "column A_1 more than once"),
        ({1: "x", "1": "y"}, "column 1 more than once"),
        ({}, "a row without columns"),
    ],
)
def test_a_row_that_names_a_column_twice_or_none_is_refused(row: dict[Any, Any], found: str) -> None:
    with pytest.raises(CriteriaError) as refused:
        read_patient_row(row)
    assert str(refused.value).startswith(f"patient: found {found}, expected a row of typings")


@pytest.mark.parametrize("unit", ["D", "s", "ns"])
def test_days_of_numpy_are_days(unit: str) -> None:
    row = {"A": ("02:01", "24:02"), "birth_date": np.datetime64("1990-01-01", unit)}
    patient = read_patient_row(row, today=datetime.date(2026, 1, 1))
    assert (patient.birth_date, patient.reading_notes) == (datetime.date(1990, 1, 1), ())
