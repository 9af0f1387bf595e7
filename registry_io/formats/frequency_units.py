"""In what frequencies are given, parts of 1, percent or counts, and the frequencies as parts of 1.

The name of a column tells it, or a sign of percent in every cell, or else the sums of the populations: at most 1 for
parts of 1, about 100 for percent. Whole numbers may be counts or percent, and other sums anything: these are refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from hla_match.errors import ErrorCode, FileError
from registry_io.formats.frequency_columns import Unit
from registry_io.formats.frequency_table import GREATEST_TOTAL, FrequencyTable

_PERCENT_TOTALS = (95.0, 105.0)
_EXPECTED = "a number from 0 to 1"


@dataclass(frozen=True, slots=True)
class WrittenValues:
    """A column of frequencies as numbers.

    Attributes:
        value: Float64, null where the cell is empty.
        is_percent: whether every number has a sign of percent.
    """

    value: pl.Series
    is_percent: bool


def written_values(table: FrequencyTable, number: int, *, optional: bool) -> WrittenValues:
    """Return a column of numbers; where it is one of several populations' a cell may be empty.

    Raises:
        FileError: a cell holds no number, or one below 0.
    """
    text = table.text(number)
    given = text.drop_nulls()
    is_percent = bool(given.len()) and bool(given.str.contains(r"[%\x{FF05}]$").all())
    bare = text.str.replace(r"\s*[%\x{FF05}]$", "") if is_percent else text
    value = bare.cast(pl.Float64, strict=False)
    good = (value.is_finite() & (value >= 0)).fill_null(False)
    if optional:
        good |= text.is_null()
    if not good.all():
        at = int(good.arg_min() or 0)
        found = text[at] or ""
        hints = {",": "write decimals with a point", "%": "write frequencies as parts of 1, or all of them as percent"}
        raise table.error(
            at,
            number,
            found=repr(found[:60]) if found else "an empty field",
            expected=_EXPECTED,
            hint=next((hint for mark, hint in hints.items() if mark in found), ""),
        )
    return WrittenValues(value, is_percent)


def in_parts_of_1(table: FrequencyTable, frame: pl.DataFrame, unit: Unit | None) -> pl.DataFrame:
    """Return frequencies as parts of 1, and note what they sum to.

    Args:
        table: the file.
        frame: `population`, `frequency` above 0, `row`, and the number of its `column`.
        unit: in what they are given; None where the sums have to tell.

    Raises:
        FileError: they sum to more than 1, or it cannot be told in what they are given.
    """
    totals = frame.group_by("population", maintain_order=True).agg(pl.col("frequency").sum())
    if unit is None and _are_percent(frame["frequency"], totals["frequency"]):
        unit = "percent"
    if unit == "count":
        table.notes.append(f"counts, divided by their sum{'' if totals.height == 1 else ' in each population'}")
        frame = frame.with_columns(pl.col("frequency") / pl.col("frequency").sum().over("population"))
    elif unit == "percent":
        table.notes.append("percent, divided by 100")
        frame = frame.with_columns(pl.col("frequency") / 100)
    elif (frame["frequency"] > 1).any():
        raise _above_1(table, frame)
    totals = frame.group_by("population", maintain_order=True).agg(pl.col("frequency").sum())
    for population, total in totals.iter_rows():
        of = f" of {population}" if population else ""
        if total > GREATEST_TOTAL:
            raise FileError(
                table.path,
                found=f"frequencies{of} that sum to {total:.6g}",
                expected="a sum of at most 1",
                hint="name a column of percent so; name the population of each row where there are several",
                code=ErrorCode.FREQUENCIES_SUM,
            )
        table.notes.append(f"frequencies{of} sum to {total:.6g}")
    return frame


def _are_percent(value: pl.Series, totals: pl.Series) -> bool:
    """Whether numbers are percent: those of every population sum to about 100, and they are not whole numbers."""
    return bool(totals.is_between(*_PERCENT_TOTALS).all()) and not bool((value % 1 == 0).all())


def _above_1(table: FrequencyTable, frame: pl.DataFrame) -> FileError:
    """Return the error of the first frequency above 1."""
    value = frame.filter(pl.col("frequency") > 1).row(0, named=True)
    number, row = value["column"], value["row"]
    at = int((table.row == row).arg_max() or 0)
    own = frame.filter(column=number)["frequency"]
    if (own % 1 == 0).all():
        hint = "whole numbers may be counts or percent: name the column count or percent"
    elif own.sum() <= 100 * GREATEST_TOTAL:
        hint = "name the column percent if it holds percent, or divide each by 100"
    else:
        hint = "name the column count if it holds counts, or divide each by the sum of its population"
    return table.error(at, number, found=table.text(number)[at] or "", expected=_EXPECTED, hint=hint)
