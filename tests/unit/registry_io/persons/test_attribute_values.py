"""Cells of attributes at the edges of what can be true."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from hla_match.donors.attributes import ATTRIBUTES
from registry_io.persons.attribute_values import attribute_values


@pytest.mark.parametrize("form", ["{}-{:02}-{:02}", "{}/{}/{}", "{}{:02}{:02}", "{}年{}月{}日"])
def test_dates_lie_from_1900_to_2100(form: str) -> None:
    """Other years are slips of the hand; both spellings, that of the project and others, have the same bounds."""
    days = [(1899, 12, 31), (1900, 1, 1), (2100, 12, 31), (2101, 1, 1)]
    text = pl.Series([form.format(*day) for day in days])
    read = attribute_values(ATTRIBUTES["registered_on"], text).value.to_list()
    assert read == [None, datetime.date(1900, 1, 1), datetime.date(2100, 12, 31), None]


@pytest.mark.parametrize("day", ["1900-01-01", "2100-12-31"])
def test_the_first_and_the_last_date_as_the_project_writes_them_are_no_other_spelling(day: str) -> None:
    read = attribute_values(ATTRIBUTES["registered_on"], pl.Series([day]))
    assert read.value.to_list() == [datetime.date.fromisoformat(day)]
    assert read.notes == {}
