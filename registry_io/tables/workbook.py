"""A sheet of an Excel workbook, which is looked through before it is read.

The library that reads it gives every cell of the rectangle around its content a place, and every cell of a shared
string a copy, so that a workbook of a kilobyte can ask for gigabytes.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import fastexcel
import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import FileBudget
from registry_io.tables.panics import panics_as_errors
from registry_io.tables.zip_members import ZipMembers

_CELL_BYTES = 60
_WINDOW = 1 << 24
# Excel specifications and limits: columns to XFD, rows to 1,048,576.
_LAST_COLUMN = 16_384
_LETTERS, _DIGITS = 3, 7
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_STRING = re.compile(rb"<(?:\w+:)?si[\s/>]")
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>\s*([0-9]{1,9})\s*<")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet.

    Attributes:
        name: its name.
        cells: as text, without header, from the first row with content.
        notes: where the workbook has others, which one it is.
        cautions: those of the others that may have to be read as well.
    """

    name: str
    cells: pl.DataFrame
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def chosen_sheet(
    data: bytes, budget: FileBudget, is_known: Callable[[Sequence[str]], bool], *, keep_blank_top: bool = False
) -> Sheet | None:
    """Return the first sheet of a workbook whose first row is known, else its first; None where there is no sheet.

    Args:
        data: the workbook.
        budget: what may be taken for it.
        is_known: whether some names are those of a table that is looked for.
        keep_blank_top: whether blank rows above the first one with content count as rows.

    Raises:
        BudgetError: the workbook takes more than its budget.
        FileError: it is damaged, or no workbook.
    """
    path = budget.path
    if not data.startswith(b"PK"):
        raise FileError(
            path,
            found="a file that is no workbook",
            expected="an Excel workbook (.xlsx)",
            hint="open it in Excel and save it as .xlsx, or rename it after its format",
            code=ErrorCode.FILE_FORMAT,
        )
    damaged = FileError(
        path,
        found="a damaged workbook",
        expected="an Excel workbook (.xlsx)",
        hint="save it again in Excel",
        code=ErrorCode.FILE_DAMAGED,
    )
    try:
        _look_through(ZipMembers(data, budget), budget)
        with panics_as_errors(damaged):
            book = fastexcel.read_excel(data)
            names = book.sheet_names
            if not names:
                return None
            known = [name for name in names if is_known(_first_row(book, name, budget))] if len(names) > 1 else names
            name = (known or names)[0]
            skipped = 0 if keep_blank_top else None
            cells = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=skipped).to_polars()
            if len(names) == 1:
                return Sheet(name, cells)
            note = f"read the sheet {name}, number {names.index(name) + 1} of {len(names)} in the workbook"
            return Sheet(name, cells, (note,), _cautions([other for other in known if other != name]))
    except fastexcel.SheetNotFoundError:
        return None
    except (fastexcel.FastExcelError, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
        raise damaged from error


def _first_row(book: fastexcel.ExcelReader, name: str, budget: FileBudget) -> list[str]:
    """Return the texts of the first row of a sheet that has content."""
    budget.check_time()
    row = book.load_sheet(name, header_row=None, dtypes="string", n_rows=1).to_polars()
    return [text or "" for text in row.row(0)] if row.height else []


def _cautions(others: Sequence[str]) -> tuple[str, ...]:
    """Return what is said of other sheets whose first row is known."""
    if not others:
        return ()
    what = "sheet" if len(others) == 1 else "sheets"
    return (f"the {what} {', '.join(others)} can be read as well and was not: put all rows into one sheet",)


def _look_through(members: ZipMembers, budget: FileBudget) -> None:
    """Refuse a workbook whose sheets or strings would take more memory than the budget."""
    widest = most_cells = 0
    lengths = np.zeros(1, np.int64)
    values: list[NDArray[np.int64]] = []
    for number in range(len(members.names)):
        data = members.read(number)
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise zipfile.BadZipFile("a workbook defines no entities")
        if b"sheetData" in data:
            widest = max(widest, _rectangle(data))
            budget.check_held(_CELL_BYTES * widest, f"a sheet of {widest:,} cells, most of them empty")
            most_cells = max(most_cells, len(_CELL.findall(data)))
            values.append(_numbers(_VALUE, data))
        starts = np.fromiter((match.start() for match in _STRING.finditer(data)), np.int64)
        if starts.size:
            lengths = np.diff(np.append(starts, len(data)))
    held = _CELL_BYTES * (widest + lengths.size) + int(lengths.sum())
    if most_cells * int(lengths.max()) + held > budget.held:
        used = (numbers[numbers < lengths.size] for numbers in values)
        held += max((int(lengths[numbers].sum()) for numbers in used), default=0)
    budget.check_held(held, "a workbook whose cells repeat long texts")


def _rectangle(sheet: bytes) -> int:
    """Return how many cells the rectangle from A1 to the last cell of a sheet has.

    Raises:
        zipfile.BadZipFile: a cell has a place that no sheet has.
    """
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    n_places = 0
    for window in _windows(sheet):
        found = _PLACE.findall(window)
        columns.update(column for column, _ in found)
        rows.update(row for _, row in found)
        n_places += sum(column != b"" for column, _ in found)
    if any(len(one) > _LETTERS for one in columns) or any(len(one) > _DIGITS for one in rows):
        raise zipfile.BadZipFile("a cell beyond the last one")
    n_rows = max(map(int, rows), default=0) + 1
    n_columns = max(map(_column, columns), default=0)
    if n_places < len(_CELL.findall(sheet)):
        # Cells and rows may stand without their place, one after another.
        n_columns += max(len(_CELL.findall(row)) for row in _ROW.split(sheet))
        n_rows += len(_ROW.findall(sheet))
    return n_rows * min(n_columns, _LAST_COLUMN)


def _windows(data: bytes) -> Iterator[bytes]:
    """Yield the parts of an XML text, each of whole tags."""
    start = 0
    while start < len(data):
        end = len(data) if start + _WINDOW >= len(data) else data.rfind(b"<", start + 1, start + _WINDOW)
        end = end if end > start else start + _WINDOW
        yield data[start:end]
        start = end


def _column(letters: bytes) -> int:
    """Return the number of a column, from 1.

    >>> _column(b"A"), _column(b"AB"), _column(b"XFD")
    (1, 28, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _numbers(pattern: re.Pattern[bytes], data: bytes) -> NDArray[np.int64]:
    return np.fromiter((int(match[1]) for match in pattern.finditer(data)), np.int64)
