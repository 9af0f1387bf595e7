"""A frame of persons as a registry is built from: its columns, checked before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hla_match.errors import CriteriaError, ErrorCode, criteria_error
from hla_match.errors.arguments import InWords
from hla_match.loci import LOCI

_TEXTS = (pl.String, pl.Null)
"""Types of a column of typings; the second is that of a column without any."""


def check_persons(persons: pl.DataFrame) -> None:
    """Refuse a frame that no registry can be built from.

    Args:
        persons: `person_id`, one text a person; the typings `A_1`, `A_2`, ... as text, null where not typed; then
            attributes.

    Raises:
        CriteriaError: it lacks a column, has one of another type, or two persons have one
            identifier; all of these at once. Rows are counted from 0.
    """
    if faults := [*_identifier_faults(persons), *_typing_faults(persons)]:
        raise criteria_error(faults)


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


def _fault(column: str, found: str, expected: str, hint: str = "") -> CriteriaError:
    return CriteriaError(
        f"column {column}", found=InWords(found), expected=expected, hint=hint, code=ErrorCode.CRITERIA_COLUMN
    )
