"""Tables of text in: CSV, TSV, Parquet and Excel, every column as text, damaged files refused with their place.

A table of millions of rows is read in slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import Budgets, FileBudget
from registry_io.tables.cell_texts import cell_texts
from registry_io.tables.parquet_file import ParquetFile
from registry_io.tables.source_file import SourceFile, read_error
from registry_io.tables.table_header import ANY_HEADER, HeaderRules, distinct_names, named_columns, no_header
from registry_io.tables.table_slice import MOST_CELLS, RaggedRow, TableSlice, row_numbers
from registry_io.tables.text_table import TEXT_ENDINGS, text_slices
from registry_io.tables.workbook import chosen_sheet
from registry_io.tables.workbook_cells import MIDNIGHT, shown_cells

ENDINGS = (*TEXT_ENDINGS, ".parquet", ".xlsx")
"""The endings of every table that can be read."""

_CELL_BYTES, _ODD_BYTES = 16, 250
"""Bytes of memory that a cell takes beside its text, and a row of a wrong length."""

ROWS = 250_000
"""Rows of a slice at most, of what is not read from text."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in a file.

    Attributes:
        frame: every column as text; an empty field is null.
        row: UInt32, the file's row of each row of `frame`; the first is row 1, which is the header where there is one.
        header: the names as they stand in the file; `frame` lacks those of columns with neither name nor content.
        odd: rows with a wrong number of fields; they are not in `frame`.
        name: of the file.
        checksum: SHA-256 of the file's bytes.
        headerless: whether the first row is a record, so that the names are not the file's.
        formatted: `row` and `column` (its name) of the numbers of a workbook that Excel shows differently than by
            their digits, and the `format`, as in `registry_io.tables.workbook_cells`; no rows for other tables.
        notes: what is said of the encoding of a text, and of the sheet of a workbook.
        cautions: what may have gone wrong without an error: a last line without line end, a sheet that was not read.
        budget: what may be taken for the file.
    """

    frame: pl.DataFrame
    row: pl.Series
    header: tuple[str, ...]
    odd: tuple[RaggedRow, ...]
    name: str
    checksum: str
    headerless: bool
    formatted: pl.DataFrame
    notes: tuple[str, ...]
    cautions: tuple[str, ...]
    budget: FileBudget


def read_table(path: Path) -> pl.DataFrame:
    """Read a table with every column as text; rows with a wrong number of fields are left out (see `scan_table`).

    Raises:
        FileError: the file cannot be read as a table.
    """
    return scan_table(path).frame


def scan_table(path: Path, rules: HeaderRules = ANY_HEADER, *, budgets: Budgets | None = None) -> Table:
    """Read a table with every column as text, together with the rows of a wrong length and its checksum.

    Args:
        path: the file.
        rules: what is known of first rows. Parquet files and workbooks always have a header.
        budgets: what may be taken for the file; without them those of the environment.

    Raises:
        FileError: the file cannot be read as a table; the error says where and why.
        BudgetError: it takes more than its budget.
    """
    return whole_table(scan_slices(path, rules, budgets=budgets))


def whole_table(slices: Iterable[Table]) -> Table:
    """Return the slices of a table as one.

    Raises:
        BudgetError: it takes more than its budget.
    """
    parts: list[Table] = []
    held = 0
    for part in slices:
        parts.append(part)
        held += _CELL_BYTES * part.frame.height * part.frame.width + int(part.frame.estimated_size())
        held += sum(_ODD_BYTES + 8 * len(odd.fields) for odd in part.odd)
        part.budget.check_held(held, "a table too large to be read as a whole")
    return replace(
        parts[0],
        frame=pl.concat([part.frame for part in parts]),
        row=pl.concat([part.row for part in parts]),
        odd=tuple(odd for part in parts for odd in part.odd),
    )


def scan_slices(path: Path, rules: HeaderRules = ANY_HEADER, *, budgets: Budgets | None = None) -> Iterator[Table]:
    """Yield the slices of a table, at least one, as `scan_table` gives the whole; only a workbook is one slice.

    Raises:
        FileError: as `scan_table`; a column without a name is found in the slice where it has content, and that the
            file was changed meanwhile after the last one.
        BudgetError: as `scan_table`.
    """
    name = path.name.lower()
    ending = next((ending for ending in sorted(ENDINGS, key=len, reverse=True) if name.endswith(ending)), None)
    if ending is None:
        raise FileError(
            str(path),
            found=f"the ending {path.suffix!r}",
            expected=f"one of {', '.join(ENDINGS)}",
            hint="save the table as one of these",
            code=ErrorCode.FILE_FORMAT,
        )
    try:
        with SourceFile.open(path, budgets) as source:
            if not source.budget.size and path.is_file():
                raise no_header(path, "an empty file")
            n_odd = 0
            for part in _slices(source, ending, rules):
                n_odd += len(part.odd)
                source.budget.check_records(n_odd)
                source.budget.check_time()
                frame = named_columns(path, part.frame)
                header = tuple(part.frame.columns)
                yield Table(
                    frame,
                    part.row,
                    header,
                    tuple(part.odd),
                    path.name,
                    source.checksum,
                    part.headerless,
                    part.formatted,
                    part.notes,
                    part.cautions,
                    source.budget,
                )
    except FileNotFoundError as error:
        raise FileError(
            str(path),
            found="no such file",
            expected="a table of persons",
            hint="check the name and the folder",
            code=ErrorCode.FILE_MISSING,
        ) from error
    except OSError as error:
        raise read_error(
            path, error, expected="a file that can be read", hint="check that it is a file and that you may read it"
        ) from error


def _slices(source: SourceFile, ending: str, rules: HeaderRules) -> Iterable[TableSlice]:
    if ending == ".parquet":
        return _parquet(source)
    if ending == ".xlsx":
        return [_workbook(source, rules)]
    return text_slices(source, ending, rules)


def _parquet(source: SourceFile) -> Iterator[TableSlice]:
    """Yield the slices of a Parquet file."""
    file = ParquetFile(source)
    distinct_names(source.path, file.names)
    if not file.names:
        raise no_header(source.path, "no columns")
    for first, frame in file.slices(ROWS, MOST_CELLS):
        yield TableSlice(cell_texts(frame, str(source.path)), row_numbers(frame.height, 2 + first))


def _workbook(source: SourceFile, rules: HeaderRules) -> TableSlice:
    """Read the sheet that is known by its first row, which is the header."""
    # The header is read as a row: the library would rename a second column of one name silently.
    data = source.read()
    sheet = chosen_sheet(data, source.budget, rules.is_known)
    if sheet is None:
        raise no_header(source.path, "no sheet")
    if not sheet.cells.height:
        raise no_header(source.path, "an empty sheet")
    cells, formatted = shown_cells(source.path, data, sheet.name, sheet.cells.with_columns(pl.all().cast(pl.String)))
    names = distinct_names(source.path, [value or "" for value in cells.row(0)], rules)
    # What is odd of a column is found by its place; two of one name are told apart.
    formatted = formatted.with_columns(pl.Series(names, dtype=pl.String)[formatted["column"]].alias("column"))
    frame = cells.slice(1).with_columns(pl.all().str.replace(MIDNIGHT, ""))
    frame.columns = names
    texts = frame.with_columns(pl.all().replace("", None))
    return TableSlice(texts, row_numbers(frame.height), formatted=formatted, notes=sheet.notes, cautions=sheet.cautions)
