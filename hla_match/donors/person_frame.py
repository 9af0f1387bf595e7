"""A frame of persons as a registry is built from: its columns, checked before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hla_match.donors.attribute_types import Attribute, Date, Number
from hla_match.donors.attributes import ATTRIBUTES
from hla_match.errors import CriteriaError, ErrorCode, criteria_error
from hla_match.errors.arguments import InWords
from hla_match.loci import LOCI

_TEXTS = (pl.String, pl.Null)
"""Types of a column of typings; the second is that of a column without any."""

_WORDS = (pl.String, pl.Categorical, pl.Enum)
"""Types of a column of texts."""

_DAYS = (pl.Date, pl.Datetime)
"""Types of a column of dates."""


def check_persons(persons: pl.DataFrame) -> None:
    """Refuse a frame that no registry can be built from.

    Args:
        persons: `person_id`, one text a person; the typings `A_1`, `A_2`, ... as text, null where not typed; then
            attributes, of which dates are dates.

    Raises:
        CriteriaError: it lacks a column, has one of another type, or two persons have one
            identifier; all of these at once. Rows are counted from 0.
    """
    if faults := [*_identifier_faults(persons), *_typing_faults(persons), *_date_faults(persons)]:
        raise criteria_error(faults)


def with_empty_columns(persons: pl.DataFrame) -> pl.DataFrame:
    """Return a frame of persons in which attributes without any value are columns of a type that they can have.

    A frame has no type for a column that holds nothing but nulls, and other packages call it one of floats or texts.

    Args:
        persons: any frame of persons.

    >>> with_empty_columns(pl.DataFrame({"birth_date": [None], "weight_kg": [65.5]})).dtypes
    [Date, Float64]
    """
    empty = [
        pl.lit(None, _type_of(attribute, persons[name].dtype)).alias(name)
        for name, attribute in ATTRIBUTES.items()
        if name in persons.columns and _is_empty(persons[name])
    ]
    return persons.with_columns(empty)


def _is_empty(column: pl.Series) -> bool:
    """Whether a column has no value; a float that is no number is none."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
    return column.null_count() == column.len()


def _type_of(attribute: Attribute, own: pl.DataType) -> pl.DataType:
    """Return the type of an attribute's column: its own, where it can hold values of the attribute."""
    match attribute.type:
        case Date():
            return own if own in _DAYS else pl.Date()
        case Number():
            return own if own.is_numeric() else pl.Float32()
        case _:
            return own if own in _WORDS else pl.String()


def _identifier_faults(persons: pl.DataFrame) -> Iterator[CriteriaError]:
    if "person_id" not in persons.columns:
        yield _fault("person_id", "no such column", "a column of the persons' identifiers")
        return
    identifier = persons["person_id"]
    if identifier.dtype != pl.String:
        yield _fault("person_id", f"values of type {identifier.dtype}", "texts", "cast it to pl.String")
    elif missing := identifier.null_count():
        row = identifier.is_null().arg_true()[0]
        yield _fault("person_id", f"no identifier in {missing:,} rows, first in row {row}", "an identifier in each row")
    elif (number := identifier.n_unique()) < persons.height:
        row = (~identifier.is_first_distinct()).arg_true()[0]
        found = f"{persons.height - number:,} rows with an identifier of an earlier row, first row {row}"
        yield _fault("person_id", found, "one row a person")


def _typing_faults(persons: pl.DataFrame) -> Iterator[CriteriaError]:
    for locus in LOCI:
        pair = (f"{locus}_1", f"{locus}_2")
        present = [name for name in pair if name in persons.columns]
        if len(present) == 1:
            (missing,) = set(pair) - set(present)
            yield _fault(missing, "no such column", f"both columns of locus {locus}", "add it; it may hold nulls")
        for name in present:
            if persons[name].dtype not in _TEXTS:
                yield _fault(name, f"values of type {persons[name].dtype}", "typings as texts", "cast it to pl.String")


def _date_faults(persons: pl.DataFrame) -> Iterator[CriteriaError]:
    for name, attribute in ATTRIBUTES.items():
        if isinstance(attribute.type, Date) and name in persons.columns:
            kind = persons[name].dtype
            if kind not in _DAYS:
                yield _fault(name, f"values of type {kind}", "dates", "cast it to pl.Date")


def _fault(column: str, found: str, expected: str, hint: str = "") -> CriteriaError:
    return CriteriaError(
        f"column {column}", found=InWords(found), expected=expected, hint=hint, code=ErrorCode.CRITERIA_COLUMN
    )
