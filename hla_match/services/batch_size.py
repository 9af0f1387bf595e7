"""The size of a batch's result: a notice before a search without limit, and an estimate after the first patients."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.services.counts import counted
from hla_match.services.notices import NoticeKind, Notices
from registry_io.tables.results_file import EXCEL_ROWS, check_writable_ending, put_rows

MANY = 100_000
"""Rows that a result without limit may have before it is announced."""

MANY_WITH_LIMIT = 1_000_000
"""Rows that a result with a limit may have before it is announced."""

_ENOUGH = 25
"""Patients after which the rows of all are estimated."""

_SAMPLE = 2_000
"""Rows that are written to measure the length of one."""


class BatchSize:
    """The rows of a batch, as they come.

    Args:
        out: the result file.
        n_patients: patients of the batch.
        n_donors: donors of the registry.
        limit: donors for each patient at most, or None.
        notices: takes what there is to say.
    """

    def __init__(self, out: Path, n_patients: int, n_donors: int, limit: int | None, notices: Notices) -> None:
        self._notices = notices
        self._out = out
        self._n_patients = n_patients
        self._n_donors = n_donors
        self._limit = limit
        self._announced = limit is None and n_patients * n_donors >= MANY
        self._is_sheet = check_writable_ending(out) == ".xlsx"
        self._rows = self._patients = 0

    def note_bound(self) -> None:
        """Note before the search that nothing but the registry bounds the result, or how many rows its limit allows."""
        most = self._n_patients * min(self._limit or self._n_donors, self._n_donors)
        if self._limit is not None and most > MANY_WITH_LIMIT:
            self._notices.add(
                NoticeKind.STATE,
                f"{counted(self._n_patients, 'patient')} with up to {self._limit:,} donors each: up to {most:,} rows",
            )
        if self._announced:
            self._notices.add(
                NoticeKind.STATE,
                f"{counted(self._n_patients, 'patient')}, no limit: all donors that meet the criteria are written, "
                f"{self._n_donors:,} at most for each patient; how many rows that becomes is said once it is known",
            )

    def count(self, n_patients: int, n_rows: int, example: pl.DataFrame | None = None) -> None:
        """Count the rows of some more patients, and note once how many rows are expected in all.

        Raises:
            CriteriaError: they no longer fit into an Excel sheet.
        """
        self._patients += n_patients
        self._rows += n_rows
        if self._is_sheet and self._rows > EXCEL_ROWS:
            other = self._out.with_suffix(".parquet").name
            raise CriteriaError(
                "output file",
                found=f"{self._rows:,} rows for the first {counted(self._patients, 'patient')} in {self._out.name}",
                expected=f"at most {EXCEL_ROWS:,} rows in Excel; give a limit, or write {other} or .csv, which "
                "goes on from what is finished",
                code=ErrorCode.CRITERIA_OUTPUT,
            )
        if self._announced and self._patients >= min(_ENOUGH, self._n_patients) and example is not None:
            self._announced = False
            self._note_expected(example.head(_SAMPLE))

    def _note_expected(self, example: pl.DataFrame) -> None:
        rows = self._rows * self._n_patients // self._patients
        written = io.BytesIO()
        put_rows(example.lazy(), example.height, written, self._out)
        size = written.tell() * rows / max(example.height, 1) / 1e6
        self._notices.add(
            NoticeKind.STATE,
            f"about {_rounded(rows)} rows are expected, about {_rounded(size)} MB in {self._out.name}, from the donors "
            f"of the first {counted(self._patients, 'patient')}; if that is too many, stop and give a limit",
        )


def _rounded(number: float) -> str:
    """Return a number rounded to two significant digits; only 0 becomes 0.

    >>> _rounded(25_653), _rounded(0.34), _rounded(0)
    ('26,000', '1', '0')
    """
    whole = max(round(number), int(number > 0))
    return f"{round(whole, 2 - len(str(whole))):,}"
