"""The reports of imports, beside the snapshots of a registry and in them: whom they name, and how they forget them.

A person whose row could not be read stands in reports alone, in no record. Reports name persons as their file does, but
for an apostrophe in front of what a spreadsheet would take for a formula, and for blanks around.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import polars as pl

from registry_io.store.registry_folder import FAILED_QUARANTINE
from registry_io.store.registry_versions import REPORTS
from registry_io.tables.quarantine import read_quarantine, report_rows
from registry_io.tables.spreadsheet_text import written_text

EVERY_REPORT = (*REPORTS, FAILED_QUARANTINE)


def read_reports(folder: Path, names: Iterable[str] = EVERY_REPORT) -> dict[str, bytes]:
    """Return the reports that lie in a folder, by name.

    Raises:
        OSError: one cannot be read.
    """
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def reports_without(folder: Path, known: Collection[str], others: Collection[str]) -> tuple[dict[str, bytes], int]:
    """Return the reports of a folder without the rows of some persons, and the number of these rows.

    The report of a failed import, which no snapshot has a copy of, is among them only where it loses a row.

    Args:
        folder: a registry's.
        known: identifiers as the record has them.
        others: identifiers as files or reports have them.

    Raises:
        FileError: a report is none.
        OSError: one cannot be read.
    """
    reports, n_rows = read_reports(folder, REPORTS), 0
    for name in EVERY_REPORT:
        found = read_quarantine(folder / name)
        kept = found.filter(~_is_named(found, known, others))
        if kept.height < found.height:
            reports[name] = report_rows(kept.iter_rows())
            n_rows += found.height - kept.height
    return reports, n_rows


def empty_reports(folder: Path) -> dict[str, bytes]:
    """Return the reports of a folder without any row, by name."""
    return {name: report_rows([]) for name in EVERY_REPORT if (folder / name).exists()}


def named_in_reports(folders: Iterable[Path], identifiers: Collection[str]) -> set[str]:
    """Return which identifiers the reports name that lie in some folders; reading ends when all are found.

    Raises:
        FileError: a report is none, or cannot be read.
    """
    found: set[str] = set()
    for path in (folder / name for folder in folders for name in EVERY_REPORT):
        if found.issuperset(identifiers):
            break
        for cell in read_quarantine(path)["person_id"].unique():
            found |= (_written(cell) | _shown(cell)) & set(identifiers)
    return found


def _is_named(report: pl.DataFrame, known: Collection[str], others: Collection[str]) -> pl.Series:
    """Return of each row of a report whether it is of one of some persons; a row without an identifier is of nobody."""
    cells = report["person_id"].unique()
    named = [not _written(cell).isdisjoint([*known, *others]) or not _shown(cell).isdisjoint(others) for cell in cells]
    return report["person_id"].is_in(cells.filter(pl.Series(named, dtype=pl.Boolean)).implode())


def _written(cell: str) -> set[str]:
    """Return the identifiers of files that a cell of a report may stand for."""
    text = written_text(cell)
    return {text, text.strip()} - {""}


def _shown(cell: str) -> set[str]:
    """Return the texts by which a cell of a report is named as it stands there."""
    return {cell, cell.strip()} - {""}
