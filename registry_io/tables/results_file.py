"""Result tables out: CSV, Parquet, JSON lines or Excel by the file's ending, written aside and then renamed."""

from __future__ import annotations

import datetime
import gzip
import io
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import polars as pl
import xlsxwriter

from hla_match.errors import CriteriaError, ErrorCode
from registry_io.disk.durable_files import atomic_write, write_error

ENDINGS = (".csv", ".csv.gz", ".tsv", ".parquet", ".jsonl", ".ndjson", ".xlsx")
"""The endings that name a format of results."""

EXCEL_ROWS = 1_048_575
"""Rows of an Excel sheet below the header (Excel specifications and limits: 1,048,576 rows a worksheet)."""

EXCEL_TEXT = 32_767
"""Characters of a cell (Excel specifications and limits)."""

ROW_GROUP = 32_768
"""Rows of a Parquet row group: fixed, so that equal rows are equal bytes however they were cut; small, because several
groups at once are held when a table is written as it is read."""

# A workbook carries its time of making; a fixed one keeps equal results equal byte for byte.
_WORKBOOK_TIME = datetime.datetime(2000, 1, 1)


def check_writable_ending(path: Path) -> str:
    """Return the ending of a result file, in lower case.

    Raises:
        CriteriaError: the ending names no format.

    >>> check_writable_ending(Path("matches.CSV.GZ"))
    '.csv.gz'
    """
    name = path.name.lower()
    # Longest first, so that .csv.gz is not taken for another ending.
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.endswith(ending) and name != ending:
            return ending
    raise CriteriaError(
        "output file",
        found=path.name,
        expected=f"a name that ends in one of {', '.join(ENDINGS)}",
        code=ErrorCode.CRITERIA_OUTPUT,
    )


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a table in the format that the ending of `path` names; the same table gives the same bytes.

    Raises:
        CriteriaError: the ending names no format, or the table has more rows than an Excel sheet.
        FileError: the file cannot be written.
    """
    write_rows(frame.lazy(), frame.height, path)


def write_rows(frame: pl.LazyFrame, n_rows: int, path: Path) -> None:
    """Write a table that is not read yet and need not fit in memory, but for Excel; equal rows give equal bytes.

    Args:
        frame: the table.
        n_rows: its number of rows.
        path: as in `write_frame`.

    Raises:
        CriteriaError: the ending names no format, or the table has more rows than an Excel sheet.
        FileError: the file cannot be written.
    """
    check_writable_ending(path)
    with atomic_write(path) as handle:
        put_rows(frame, n_rows, handle, path)


def put_rows(frame: pl.LazyFrame, n_rows: int, handle: BinaryIO | io.RawIOBase, path: Path) -> None:
    """Write a table as `write_rows` does to an open file, which stays open and gets the name `path` later.

    Raises:
        CriteriaError: the ending names no format, or the table has more rows than an Excel sheet.
        FileError: the file cannot be written.
    """
    ending = check_writable_ending(path)
    watched = _Watched(handle)
    file = cast("IO[bytes]", watched)
    try:
        if ending == ".xlsx":
            check_sheet(n_rows, path)
            table = frame.collect()
            check_cells(table, path)
            file.write(_workbook(table))
        elif ending == ".parquet":
            frame.sink_parquet(file, row_group_size=ROW_GROUP)
        elif ending in (".jsonl", ".ndjson"):
            frame.sink_ndjson(file)
        elif ending == ".csv.gz":
            # Neither name nor time goes into the header, so that equal tables are equal files.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed:
                frame.sink_csv(cast("IO[bytes]", packed))
        else:
            frame.sink_csv(file, separator="\t" if ending == ".tsv" else ",")
    except (OSError, pl.exceptions.PolarsError):
        # Each format has its own way to say that the disk is full; what is wrong with the table is not said here.
        if watched.error is None:
            raise
        raise write_error(path, watched.error) from watched.error


def check_sheet(n_rows: int, path: Path, *, is_report: bool = False) -> None:
    """Refuse an Excel file for more rows than a sheet has; any other file has room.

    Args:
        n_rows: how many there are to be.
        path: the file.
        is_report: whether it is a report, which can be a page, too; any other table can be text.

    Raises:
        CriteriaError: there are too many rows.
    """
    if n_rows > EXCEL_ROWS and check_writable_ending(path) == ".xlsx":
        instead = ".html or .pdf" if is_report else ".csv or .parquet"
        raise CriteriaError(
            "output file",
            found=f"{path.name} for {n_rows:,} rows",
            expected=f"at most {EXCEL_ROWS:,} rows in Excel; write {instead}",
            code=ErrorCode.CRITERIA_OUTPUT,
        )


def check_cells(table: pl.DataFrame, path: Path, *, is_report: bool = False) -> None:
    """Refuse an Excel file for a text that is longer than a cell holds, which would be cut there.

    Args:
        table: what is written.
        path: the file.
        is_report: whether it is a report, which can be a page, too; any other table can be text.

    Raises:
        CriteriaError: there is such a text.
    """
    instead = ".html or .pdf" if is_report else ".csv or .parquet"
    longest = {one.name: one.str.len_chars().max() for one in table.get_columns() if one.dtype == pl.String}
    for name, n in longest.items():
        if isinstance(n, int) and n > EXCEL_TEXT:
            raise CriteriaError(
                "output file",
                found=f"{path.name} for a text of {n:,} characters in column {name}",
                expected=f"at most {EXCEL_TEXT:,} characters in a cell of Excel; write {instead}",
                code=ErrorCode.CRITERIA_OUTPUT,
            )


class _Watched(io.RawIOBase):
    """A file that remembers why it could not be written.

    Attributes:
        error: why, or None.
    """

    def __init__(self, handle: BinaryIO | io.RawIOBase) -> None:
        super().__init__()
        self.error: OSError | None = None
        self._handle = handle

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: Any) -> int:
        """Write all of the data."""
        try:
            self._handle.write(data)
        except OSError as error:
            self.error = error
            raise
        return memoryview(data).nbytes


def _workbook(frame: pl.DataFrame) -> bytes:
    """Return a table as the bytes of a workbook; made in memory, for nothing of it may lie in the temporary folder."""
    made = io.BytesIO()
    with new_workbook(made) as workbook:
        frame.write_excel(workbook, worksheet="results", autofit=frame.height <= 10_000)
    return made.getvalue()


def new_workbook(made: io.BytesIO) -> xlsxwriter.Workbook:
    """Return a workbook that is written to `made`, in which text stays text: no formula, no link, no number."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(made, {**options, "nan_inf_to_errors": True, "in_memory": True})
    workbook.set_properties({"created": _WORKBOOK_TIME})
    return workbook
