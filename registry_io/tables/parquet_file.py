"""Parquet files of plain columns, looked through before they are read, so that none takes more than its budget."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import polars as pl
import polars.selectors as cs

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import FileBudget
from registry_io.tables.panics import panics_as_errors
from registry_io.tables.parquet_footer import DamagedParquetError, ParquetShape, read_shape
from registry_io.tables.source_file import SourceFile

_VALUE_BYTES = 16


class ParquetFile:
    """An open Parquet file, read in slices.

    Attributes:
        names: of the columns.
        n_rows: rows of the file.
    """

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        source.read_through()
        with source.at_any_place() as handle:
            shape = _shape(handle, source.budget)
        self.names = list(shape.names)
        self.n_rows = shape.n_rows

    def slices(self, most_rows: int, most_cells: int) -> Iterator[tuple[int, pl.DataFrame]]:
        """Yield the number of the first row and the rows of each slice, at least one; none has more rows or cells.

        Raises:
            BudgetError: the texts of a slice take more than the budget.
            FileError: the file is damaged.
        """
        budget = self._source.budget
        with _damage(budget.path):
            table = pl.scan_parquet(self._source.path, glob=False, hive_partitioning=False)
        n = max(1, min(most_rows, most_cells // len(self.names)))
        for first in range(0, max(self.n_rows, 1), n):
            with _damage(budget.path):
                frame = table.slice(first, n).collect()
            _check_texts(frame, budget)
            self._source.check_same_name()
            yield first, frame


def parquet_frame(data: bytes, budget: FileBudget, *, flat: bool = True) -> pl.DataFrame:
    """Read a whole Parquet file, of plain columns only where it must be `flat`.

    Raises:
        BudgetError: it takes more than its budget.
        FileError: it is damaged, or has columns of other kinds.
    """
    shape = _shape(io.BytesIO(data), budget, flat=flat)
    budget.check_held(_VALUE_BYTES * shape.n_values, f"a table of {shape.n_values:,} values")
    with _damage(budget.path):
        frame = pl.read_parquet(io.BytesIO(data))
    _check_texts(frame, budget)
    return frame


def _shape(handle: BinaryIO, budget: FileBudget, *, flat: bool = True) -> ParquetShape:
    with _damage(budget.path):
        shape = read_shape(handle)
        if flat and not shape.is_flat:
            raise DamagedParquetError("columns within columns")
    budget.check_columns(len(shape.names))
    # As text, every cell would have a byte at least.
    budget.check_unpacked(max(shape.n_unpacked, shape.n_values))
    return shape


def _check_texts(frame: pl.DataFrame, budget: FileBudget) -> None:
    """Refuse texts that are stored once and stand in many rows, where copies of them would take too much."""
    lengths = frame.select(cs.string().str.len_bytes().cast(pl.UInt64).sum())
    budget.check_held(sum(filter(None, lengths.row(0))) if lengths.width else 0, "rows that repeat long texts")


@contextmanager
def _damage(path: str) -> Iterator[None]:
    """Make damage of a Parquet file the one error that it is."""
    damaged = FileError(
        path,
        found="no table of plain columns",
        expected="a Parquet file with text, numbers and dates",
        hint="write the file again",
        code=ErrorCode.FILE_DAMAGED,
    )
    try:
        with panics_as_errors(damaged):
            yield
    except (pl.exceptions.PolarsError, DamagedParquetError) as error:
        raise damaged from error
