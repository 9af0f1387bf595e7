"""Cells of a workbook that do not hold what Excel shows: numbers under a format, formulas without a result.

A workbook is read as values. A number that a format shows as 0000123 or 07:03 is read as 123 or 703, and a cell that
shows #N/A is read as empty. Which cells these are stands in the XML of the sheet. It is looked through only where the
workbook has such formats or cells, since that takes as long as reading it. Times and dates are read as such.

Source: ECMA-376-1:2016, sections 18.3.1.4 (cells), 18.8.30 (number formats), 18.18.11 (types of cells).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from xml.parsers import expat

import polars as pl

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.workbook_package import WorkbookPackage, least_digits, local_name

MANY_DIGITS = "more than 15 digits"
"""Stands for the format of a number of which Excel keeps 15 digits."""

MIDNIGHT = r"[ T]0?0:00(:00(\.0+)?)?$"
"""The time behind a date in a column of times."""

NO_RESULT = "(formula without a result)"
"""Stands in a cell whose formula was never worked out."""

FORMATTED: Mapping[str, type[pl.DataType]] = MappingProxyType(
    {"row": pl.UInt32, "column": pl.String, "format": pl.String}
)
"""Columns of a frame of formatted numbers."""

# Numbers beyond those that a workbook can have, such as of a format, overflow.
_DAMAGE = (
    LookupError, NotImplementedError, OverflowError, ValueError, expat.ExpatError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_DIGITS = 15
_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")


@dataclass(frozen=True, slots=True)
class OddCells:
    """The cells that do not hold what Excel shows.

    Attributes:
        formatted: `row` and `column` (UInt32) of numbers, from 0 at the first ones with content, and the `format` by
            which they are shown differently than by their digits; `MANY_DIGITS` where digits are lost.
        failed: likewise row and column, and what stands for the result of a formula, such as #N/A.
        size: rows and columns with content.
    """

    formatted: pl.DataFrame
    failed: list[tuple[int, int, str]]
    size: tuple[int, int]


def odd_cells(path: Path, data: bytes, sheet_name: str, *, has_long_numbers: bool) -> OddCells | None:
    """Look through a sheet of a workbook; None where it has no such cells.

    Args:
        path: the workbook, for messages.
        data: its bytes.
        sheet_name: the sheet.
        has_long_numbers: whether some cell may be a number of more than 15 digits.

    Raises:
        FileError: the workbook is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            package = WorkbookPackage(archive)
            book = package.related("", "officeDocument")
            sheet = package.sheet(book, sheet_name)
            formats = package.formats(book)
            if not (formats or has_long_numbers or package.has_failures(sheet)):
                return None
            scan = _SheetScan(formats)
            package.parse(sheet, scan.start, scan.end, scan.text)
            return scan.found()
    except _DAMAGE as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> FileError:
    return FileError(
        str(path),
        found="a damaged workbook",
        expected="an Excel workbook (.xlsx)",
        hint="save it again in Excel",
        code=ErrorCode.FILE_DAMAGED,
    )


def shown_cells(path: Path, data: bytes, sheet_name: str, sheet: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a sheet of a workbook as read, with failed formulas as text, and its formatted numbers.

    Args:
        path: the workbook, for messages.
        data: its bytes.
        sheet_name: the sheet.
        sheet: its cells as text, from the first row and column with content; the first row is the header.

    Returns:
        The sheet, and `FORMATTED`, whose `column` is the number of the column from 0, and `row` is 1 for the header.

    Raises:
        FileError: the workbook is damaged.
    """
    odd = odd_cells(path, data, sheet_name, has_long_numbers=_has_long_numbers(sheet))
    if odd is None:
        return sheet, pl.DataFrame(schema={**FORMATTED, "column": pl.UInt32})
    if odd.size != sheet.shape:
        raise _damaged(path)
    below = odd.formatted.filter(pl.col("row") > 0).with_columns(pl.col("row") + 1)
    return _with_failures(sheet, odd.failed), below


def _has_long_numbers(sheet: pl.DataFrame) -> bool:
    # All columns at once: one after another, a sheet of ten thousand takes a second.
    is_long = (pl.all().str.len_bytes() > _DIGITS) & pl.all().str.contains(r"^-?[0-9]+$")
    return any(sheet.select(is_long.any()).row(0)) if sheet.height else False


def _with_failures(sheet: pl.DataFrame, failed: Sequence[tuple[int, int, str]]) -> pl.DataFrame:
    """Return a sheet with what stands for the results of its failed formulas, which may stand below its last row."""
    below = max((row for row, _, _ in failed), default=0) + 1 - sheet.height
    if below > 0:
        sheet = pl.concat([sheet, sheet.clear(below)])
    for number, name in enumerate(sheet.columns):
        here = {row: text for row, column, text in failed if column == number and row >= 0}
        if here:
            sheet = sheet.with_columns(sheet[name].scatter(list(here), list(here.values())))
    return sheet


class _SheetScan:
    """Listens to the XML of a sheet, and gathers its odd cells.

    Args:
        formats: by the number of a style.
    """

    def __init__(self, formats: Mapping[str, str]) -> None:
        self._formats = formats
        self._codes = [*dict.fromkeys(formats.values()), MANY_DIGITS]
        self._number = {code: number for number, code in enumerate(self._codes)}
        self._least = {code: least_digits(code) for code in formats.values()}
        self._at: tuple[array[int], array[int], array[int]] = (array("I"), array("I"), array("I"))
        self._failed: list[tuple[int, int, str]] = []
        self._row = self._column = 0
        self._rows, self._columns = (1 << 31, 0), (1 << 31, 0)
        self._type, self._style, self._value = "", "", ""
        self._reads = self._has_formula = self._is_text = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        match local_name(tag):
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
            case "c":
                place = _REFERENCE.fullmatch(attributes.get("r", ""))
                self._column = _column_number(place[1]) if place else self._column + 1
                self._type, self._style = attributes.get("t", "n"), attributes.get("s", "0")
                self._value, self._has_formula, self._is_text = "", False, False
            case "v" | "t":
                self._reads = True
                self._is_text = self._type in ("str", "inlineStr")
            case "f":
                self._has_formula = True

    def text(self, text: str) -> None:
        """Read text."""
        if self._reads:
            self._value += text

    def end(self, tag: str) -> None:
        """End an element."""
        match local_name(tag):
            case "v" | "t":
                self._reads = False
            case "c":
                self._cell()

    def found(self) -> OddCells:
        """Return what was gathered, with places from 0 at the first with content."""
        (first_row, last_row), (first_column, last_column) = self._rows, self._columns
        row, column, code = (pl.Series(numbers, dtype=pl.UInt32) for numbers in self._at)
        return OddCells(
            pl.DataFrame(
                {
                    "row": row - first_row if len(row) else row,
                    "column": column - first_column if len(column) else column,
                    "format": pl.Series(self._codes, dtype=pl.String)[code],
                }
            ),
            [(row - first_row, column - first_column, text) for row, column, text in self._failed],
            (last_row - first_row + 1, last_column - first_column + 1),
        )

    def _cell(self) -> None:
        value = self._value
        if not value and not self._is_text:
            if self._has_formula:
                self._failed.append((self._row, self._column, NO_RESULT))
            return
        self._rows = min(self._rows[0], self._row), max(self._rows[1], self._row)
        self._columns = min(self._columns[0], self._column), max(self._columns[1], self._column)
        if self._type == "e":
            self._failed.append((self._row, self._column, value))
        elif self._type == "n":
            code = self._shown_by(abs(float(value)))
            if code is not None:
                for numbers, number in zip(self._at, (self._row, self._column, self._number[code]), strict=True):
                    numbers.append(number)

    def _shown_by(self, number: float) -> str | None:
        """Return the format that shows a number differently than by its digits."""
        if number >= 10**_DIGITS:
            return MANY_DIGITS
        code = self._formats.get(self._style)
        if code is None:
            return None
        least = self._least[code]
        return code if least is None or len(str(int(number))) < least else None


def _column_number(letters: str) -> int:
    """Return the number of a column.

    >>> _column_number("A"), _column_number("AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
