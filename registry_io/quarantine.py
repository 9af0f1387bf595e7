"""The quarantine report: every record that was left out, where it stands, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import Reason
from registry_io.results_file import write_frame

_COLUMNS = ("row", "person_id", "column", "text", "reason", "message", "hint")


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """One finding about one record.

    Attributes:
        row: 1-based row of the file; the header is row 1.
        person_id: the record's identifier, or "".
        column: the column or locus.
        text: what stood there.
        reason: the reason code.
        message: what was expected.
        hint: what to do, or "".
    """

    row: int
    person_id: str
    column: str
    text: str
    reason: Reason
    message: str
    hint: str = ""


def write_quarantine(records: list[QuarantinedRecord], path: Path) -> None:
    """Write the report as CSV; without records it is the header alone."""
    columns: dict[str, list[object]] = {
        name: [getattr(record, name) for record in records] for name in _COLUMNS
    }
    columns["reason"] = [str(reason) for reason in columns["reason"]]
    write_frame(pl.DataFrame(columns, schema={n: pl.Int64 if n == "row" else pl.String for n in _COLUMNS}), path)
