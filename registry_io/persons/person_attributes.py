"""The attributes of persons: what may stand in their cells, what it means, and what is reported of a faulty cell.

Attributes rank donors and are no condition of a match: a cell that cannot be read, or that cannot be true, is left
empty and reported, and the person stays. A donor's status decides who is searched at all, and an empty one
counts as available, so a donor whose status cannot be read is quarantined.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from hla_match.donors.attribute_codes import day_numbers
from hla_match.donors.attribute_types import Attribute, Category, Date, Number, PersonKind, Text
from hla_match.donors.attributes import ATTRIBUTES, DONOR_AGES, OLDEST
from hla_match.errors import Reason
from registry_io.persons import blood_groups
from registry_io.persons.attribute_values import YEAR_LAST, attribute_values
from registry_io.tables.quarantine import COLUMNS, Finding

FINDINGS: Mapping[str, type[pl.DataType]] = MappingProxyType(
    {name: pl.UInt32 if name == "row" else pl.String for name in COLUMNS}
)
"""The columns of a frame of findings, which are those of a report; an own record a finding would take gigabytes."""

# Control and invisible characters, and the sign of a failed conversion.
_UNPRINTABLE = r"[\p{Cc}\p{Cf}\x{FFFD}]"


@dataclass(frozen=True, slots=True)
class _Check:
    """What can be wrong with the cells of a column.

    Attributes:
        is_wrong: of the columns `text`, as in the file, and `value`, as it was read.
        message: said of the attribute, without its name.
        outcome: what becomes of the cell.
    """

    is_wrong: pl.Expr
    reason: Reason
    message: str
    hint: str = "correct it, or leave it empty"
    outcome: Literal["left empty", "kept", "donor left out"] = "left empty"


@dataclass(frozen=True, slots=True)
class ReadAttributes:
    """The attributes of persons, read.

    Attributes:
        frame: the persons with attributes as what they are.
        warnings: findings, as `FINDINGS`, on cells of persons who stay.
        unreadable: findings, too, that keep a person out.
        notes: cells, by what was read differently than written, and column.
    """

    frame: pl.DataFrame
    warnings: pl.DataFrame
    unreadable: pl.DataFrame
    notes: Counter[tuple[str, str]]


def read_attributes(
    frame: pl.DataFrame, present: Mapping[str, str], *, kind: PersonKind, today: datetime.date
) -> ReadAttributes:
    """Read the attributes of persons.

    Args:
        frame: `row`, `person_id` and the attributes as text.
        present: the attributes, and what the file calls their columns; `rhesus` may be read from that of `abo`.
        kind: what the persons are.
        today: the day at which ages are computed, and after which nothing can have happened.
    """
    warnings, unreadable = [pl.DataFrame(schema=FINDINGS)], [pl.DataFrame(schema=FINDINGS)]
    values, notes = [], Counter[tuple[str, str]]()
    if "abo" in present:
        frame, present, notes = blood_groups.apart(frame, present)
    for name, column in present.items():
        attribute = ATTRIBUTES[name]
        read = attribute_values(attribute, frame[name])
        notes.update({(note, column): n for note, n in read.notes.items()})
        cells = frame.select("row", "person_id", read.text.alias("text"), read.value.alias("value"))
        for check in _checks(attribute, kind, today):
            found = _found(cells, check, name, column)
            if not found.height:
                continue
            (unreadable if check.outcome == "donor left out" else warnings).append(found)
            if check.outcome == "left empty":
                cells = cells.with_columns(value=pl.when(~check.is_wrong.fill_null(False)).then("value"))
        values.append(cells["value"].alias(name))
    return ReadAttributes(frame.with_columns(values), pl.concat(warnings), pl.concat(unreadable), notes)


def parents_population(frame: pl.DataFrame, columns: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put the one population of both parents into the column `population`; two that differ leave it empty.

    Args:
        frame: `row`, `person_id`, and the populations of the parents as `population_1` and `population_2`.
        columns: what the file calls the two.

    Returns:
        The frame, and findings, as `FINDINGS`, on persons whose parents are of different populations.
    """
    one, other = pl.col("population_1"), pl.col("population_2")
    text = pl.concat_str(one, other, separator=",", ignore_nulls=True)
    cells = frame.select("row", "person_id", text=text, differs=one.ne_missing(other))
    message = "of the parents differs, so that all populations of the frequencies are used"
    check = _Check(pl.col("differs"), Reason.UNUSUAL_VALUE, message, "give both the same, or leave both empty")
    found = _found(cells, check, "population", columns[0])
    same = frame.with_columns(population=pl.when(one == other).then(one))
    return same.drop("population_1", "population_2"), found


def _checks(attribute: Attribute, kind: PersonKind, today: datetime.date) -> Iterator[_Check]:
    """Yield what an attribute is checked for."""
    value = pl.col("value")
    is_unreadable = pl.col("text").is_not_null() & value.is_null()
    match attribute.type:
        case Category() as category:
            message = f"is not one of {', '.join(category.spellings)}"
            if category.default is not None and kind == "donor":
                counts_as = f"a donor with an empty {attribute.name} counts as {category.default.word}"
                yield _Check(is_unreadable, Reason.BAD_ATTRIBUTE, message, f"correct it; {counts_as}", "donor left out")
            else:
                yield _Check(is_unreadable, Reason.BAD_ATTRIBUTE, message)
        case Date() as date:
            yield from _date_checks(date, is_unreadable, kind, today)
        case Number() as number:
            message = f"is not a number of {number.unit} above {number.above} and up to {number.most}"
            yield _Check(is_unreadable, Reason.BAD_ATTRIBUTE, f"{message}, such as {number.example}")
        case Text():
            message = "holds a control or invisible character"
            yield _Check(value.str.contains(_UNPRINTABLE), Reason.BAD_TEXT, message, "write it without the character")


def _date_checks(date: Date, is_unreadable: pl.Expr, kind: PersonKind, today: datetime.date) -> Iterator[_Check]:
    """Yield what a date is checked for."""
    message = f"is not a date of the years {date.first_year} to {date.last_year} such as 1986-04-30"
    is_year_last = pl.col("text").str.contains(YEAR_LAST)
    order = "write the year first, as in 1986-04-30, so that day and month can be told apart, or leave it empty"
    yield _Check(is_unreadable & is_year_last, Reason.BAD_ATTRIBUTE, message, order)
    yield _Check(is_unreadable & ~is_year_last, Reason.BAD_ATTRIBUTE, message)
    in_future, message = pl.col("value") > today, f"is later than {today}"
    if date.is_birth:
        yield _Check(in_future, Reason.IMPLAUSIBLE_VALUE, message)
        yield from _age_checks(kind, today)
    elif not date.is_ahead:
        yield _Check(in_future, Reason.UNUSUAL_VALUE, message, "correct it where it is wrong", "kept")


def _age_checks(kind: PersonKind, today: datetime.date) -> Iterator[_Check]:
    """Yield what a birth date that is not later than `today` is checked for."""
    age = (today.year * 10000 + today.month * 100 + today.day - day_numbers("value")) // 10000
    message = f"makes the person older than {OLDEST} years on {today}"
    yield _Check(age > OLDEST, Reason.IMPLAUSIBLE_VALUE, message)
    if kind == "donor":
        youngest, oldest = DONOR_AGES
        message = f"makes the donor younger than {youngest} or older than {oldest} years on {today}"
        unusual = ~age.is_between(youngest, oldest)
        yield _Check(unusual, Reason.UNUSUAL_VALUE, message, "correct it where it is wrong", "kept")


def _found(cells: pl.DataFrame, check: _Check, name: str, column: str) -> pl.DataFrame:
    """Return a finding for each cell that fails a check."""
    return cells.filter(check.is_wrong).select(
        "row",
        pl.col("person_id").fill_null(""),
        pl.lit(column).alias("column"),
        pl.col("text").fill_null(""),
        pl.lit(str(check.reason)).alias("reason"),
        pl.lit(f"{name} {check.message}, {check.outcome}").alias("message"),
        pl.lit(check.hint).alias("hint"),
    )


def finding_records(findings: pl.DataFrame) -> Iterator[Finding]:
    """Yield the findings of a frame one by one."""
    for row, person, column, text, reason, message, hint in findings.iter_rows():
        yield Finding(row, person, column, text, Reason(reason), message, hint)


def warnings_by_row(findings: pl.DataFrame) -> dict[int, str]:
    """Return the findings of each row in a line."""
    said: dict[int, list[str]] = {}
    for finding in finding_records(findings):
        said.setdefault(finding.row, []).append(finding.summary)
    return {row: "; ".join(summaries) for row, summaries in said.items()}
