"""Reports of findings: every row that was left out of an import, or kept with a faulty cell, why, and what to do."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import polars as pl

from hla_match.errors import ErrorCode, FileError, Reason
from registry_io.disk.durable_files import atomic_write
from registry_io.tables.spreadsheet_text import neutral_text


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about a row of a file.

    Attributes:
        row: row of the file; the header is row 1.
        person_id: identifier in that row, or "".
        column: column of the finding, or "" for the whole row.
        text: what stood there.
        reason: the reason code.
        message: the finding in words; it names rows and columns, never a person.
        hint: what to do about it, or "".
    """

    row: int
    person_id: str
    column: str
    text: str
    reason: Reason
    message: str
    hint: str

    @property
    def summary(self) -> str:
        """Column, reason and finding in one line."""
        return ": ".join(part for part in (self.column, self.reason, self.message) if part)


QuarantinedRecord = Finding
"""A finding that keeps its row out."""

COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Finding))
"""The columns of a report."""


def write_quarantine(records: Iterable[Finding], path: Path, *, raw_text: bool = False) -> None:
    """Write a report, as `quarantine_report` makes it; without records it holds the header alone.

    Raises:
        FileError: the file cannot be written.
    """
    with atomic_write(path) as handle:
        handle.write(quarantine_report(records, raw_text=raw_text))


def read_quarantine(path: Path) -> pl.DataFrame:
    """Return the rows of a report as it was written, or none where there is no file.

    Raises:
        FileError: it cannot be read, or is no report.
    """
    types: dict[str, type[pl.DataType]] = {name: pl.Int64 if name == "row" else pl.String for name in COLUMNS}
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return pl.DataFrame(schema=types)
    except OSError as error:
        found = error.strerror or str(error)
        raise FileError(str(path), found=found, expected="a file that can be read") from None
    try:
        if content.partition(b"\n")[0].strip().decode("utf-8", "replace") != ",".join(COLUMNS):
            raise pl.exceptions.SchemaError
        return pl.read_csv(content, schema=types).with_columns(pl.col(pl.String).fill_null(""))
    except pl.exceptions.PolarsError:
        raise FileError(
            str(path),
            found="no report of an import",
            expected=f"the columns {', '.join(COLUMNS)}",
            hint="import the donors again, or remove the file",
            code=ErrorCode.FILE_WRONG_COLUMNS,
        ) from None


def quarantine_report(records: Iterable[Finding], *, raw_text: bool = False) -> bytes:
    """Return a report as CSV in UTF-8.

    Args:
        records: the findings.
        raw_text: leave text as it stands, also what a spreadsheet would take for a formula.
    """

    def cell(value: str | int) -> str | int:
        return value if raw_text or isinstance(value, int) else neutral_text(value)

    return report_rows([cell(getattr(record, column)) for column in COLUMNS] for record in records)


def report_rows(rows: Iterable[Sequence[str | int]]) -> bytes:
    """Return the rows of a report, cells in the order of its columns, as CSV in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()
