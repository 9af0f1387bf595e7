"""What spreadsheets make of identifiers and typings: times, dates, numbers with an exponent, numbers behind a format.

A typing 02:01 becomes a time, an identifier 0000123 a number, one of 18 digits a number that lacks the last of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hla_match.errors import Reason
from hla_match.nomenclature.spreadsheet_times import DATE, ENTER_AGAIN, EXPONENT, spreadsheet_hint
from registry_io.tables.quarantine import QuarantinedRecord
from registry_io.tables.table_file import Table
from registry_io.tables.workbook_cells import MANY_DIGITS

Doubts = Mapping[str, tuple[int, int]]
"""What is doubtful of some identifiers, in words: the number of rows, and the first of them."""


def typing_hint(text: str, hint: str = "") -> str:
    """Return what to do about a typing that cannot be read, by its characters; `hint` where they tell nothing.

    >>> typing_hint("1899-12-31 02:01:00")
    'a spreadsheet such as Excel took the typing for a date or time: format the column as text and enter it again'
    """
    return spreadsheet_hint(text) or hint


def formatted_typings(
    table: Table, persons: pl.DataFrame, loci: Mapping[str, tuple[str, ...]]
) -> list[QuarantinedRecord]:
    """Return a record for each typing that is a number and shown otherwise, such as 703 as 07:03.

    Args:
        table: the table.
        persons: `row` and `person_id`, and the typings as text.
        loci: the columns of each locus, as the file calls them.
    """
    names = {own: f"{locus}_{side}" for locus, pair in loci.items() for side, own in enumerate(pair, start=1)}
    # More than 15 digits are no typing, and refused where typings are read.
    odd = table.formatted.filter(pl.col("column").is_in(list(names)), pl.col("format") != MANY_DIGITS)
    cells = odd.join(persons, on="row", maintain_order="left")
    return [
        QuarantinedRecord(
            row=cell["row"],
            person_id=cell["person_id"] or "",
            column=cell["column"],
            text=cell[names[cell["column"]]] or "",
            reason=Reason.MALFORMED,
            message=f"a number that Excel shows by the format {cell['format']}",
            hint=ENTER_AGAIN.format("the typing"),
        )
        for cell in cells.iter_rows(named=True)
    ]


def identifier_doubts(table: Table, persons: pl.DataFrame, name: str) -> dict[str, tuple[int, int]]:
    """Return what is doubtful of the identifiers of a table.

    Args:
        table: the table.
        persons: `row` and `person_id`.
        name: the column of identifiers, as the file calls it.
    """
    found: dict[str, tuple[int, int]] = {}
    for code, rows in (
        table.formatted.filter(column=name).group_by("format", maintain_order=True).agg("row").iter_rows()
    ):
        words = (
            "a number of more than 15 digits, of which Excel keeps 15"
            if code == MANY_DIGITS
            else f"a number that Excel shows by the format {code}, and was read without it"
        )
        found[words] = (len(rows), min(rows))
    for pattern, words in ((EXPONENT, "written like 1.2E+05, and may lack digits"), (DATE, "a date")):
        rows = persons.filter(pl.col("person_id").str.contains(f"^(?:{pattern})$"))["row"]
        if rows.len():
            found[words] = (rows.len(), rows[0])
    return {f"column {name}: the identifier is {words}": doubt for words, doubt in found.items()}


def joined_doubts(one: Doubts, other: Doubts) -> Doubts:
    """Return the doubts of two slices of a table."""
    both = {
        words: (n + other[words][0], min(first, other[words][1])) for words, (n, first) in one.items() if words in other
    }
    return {**one, **other, **both}


def said_doubts(doubts: Doubts) -> list[str]:
    """Return doubts in sentences.

    >>> said_doubts({"column id: the identifier is a date": (1, 2)})
    ['column id: the identifier is a date in 1 row, the first row 2; format the column as text and enter them again']
    """
    return [
        f"{words} in {n:,} row{'s' * (n != 1)}, the first row {first}; {ENTER_AGAIN.format('them')}"
        for words, (n, first) in doubts.items()
    ]
