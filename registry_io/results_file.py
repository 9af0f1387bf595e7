"""Result tables out: CSV, Parquet, JSON lines or Excel by the file's ending, written aside and then renamed."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path
from typing import IO, BinaryIO, cast

import polars as pl
import xlsxwriter

from hla_match.errors import CriteriaError
from registry_io.durable_files import atomic_write

ENDINGS = (".csv", ".csv.gz", ".tsv", ".parquet", ".jsonl", ".ndjson", ".xlsx")
"""The endings that name a format of results."""

EXCEL_ROWS = 1_048_575
"""Rows of an Excel sheet below the header (Excel specifications and limits: 1,048,576 rows a worksheet)."""

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
    raise CriteriaError("output file", found=path.name, expected=f"a name that ends in one of {', '.join(ENDINGS)}")


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a table in the format that the ending of `path` names; the same table gives the same bytes.

    Raises:
        CriteriaError: the ending names no format, or the table has more rows than an Excel sheet.
        FileError: the file cannot be written.
    """
    ending = check_writable_ending(path)
    if ending == ".xlsx":
        _check_sheet(frame.height, path)
    with atomic_write(path) as handle:
        if ending == ".csv":
            frame.write_csv(handle)
        elif ending == ".tsv":
            frame.write_csv(handle, separator="\t")
        elif ending == ".csv.gz":
            # Neither name nor time goes into the header, so that equal tables are equal files.
            with gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0, compresslevel=6) as packed:
                frame.write_csv(cast("IO[bytes]", packed))
        elif ending == ".parquet":
            frame.write_parquet(handle, row_group_size=ROW_GROUP)
        elif ending == ".xlsx":
            _write_workbook(frame, handle)
        else:
            frame.write_ndjson(handle)


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
    ending = check_writable_ending(path)
    if ending == ".xlsx":
        _check_sheet(n_rows, path)
        write_frame(frame.collect(), path)
        return
    with atomic_write(path) as handle:
        if ending == ".csv":
            frame.sink_csv(handle)
        elif ending == ".tsv":
            frame.sink_csv(handle, separator="\t")
        elif ending == ".csv.gz":
            # Neither name nor time goes into the header, so that equal tables are equal files.
            with gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0, compresslevel=6) as packed:
                frame.sink_csv(cast("IO[bytes]", packed))
        elif ending == ".parquet":
            frame.sink_parquet(handle, row_group_size=ROW_GROUP)
        else:
            frame.sink_ndjson(handle)


def _check_sheet(n_rows: int, path: Path) -> None:
    if n_rows > EXCEL_ROWS:
        raise CriteriaError(
            "output file",
            found=f"{path.name} for {n_rows:,} rows",
            expected=f"at most {EXCEL_ROWS:,} rows in Excel; write .csv or .parquet",
        )


def _write_workbook(frame: pl.DataFrame, handle: BinaryIO) -> None:
    # Text stays text: no cell becomes a formula, a link or a number.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(handle, {**options, "nan_inf_to_errors": True}) as workbook:
        workbook.set_properties({"created": _WORKBOOK_TIME})
        frame.write_excel(workbook, worksheet="results", autofit=frame.height <= 10_000)
