"""Persons in a frame instead of a file: read as the same frame would be from a Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from hla_match.foreign_frames import polars_frame
from registry_io.tables.budgets import Budgets, FileBudget
from registry_io.tables.cell_texts import cell_texts
from registry_io.tables.table_file import ROWS, Table
from registry_io.tables.table_header import distinct_names, named_columns, no_header
from registry_io.tables.table_slice import TableSlice, row_numbers

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame


@dataclass(frozen=True, slots=True)
class FrameTable:
    """A frame that stands for a file.

    Attributes:
        frame: columns as in a file of persons: text, numbers, dates or categories.
        name: what messages and the provenance call it.
    """

    frame: pl.DataFrame
    name: str

    def __str__(self) -> str:
        return self.name

    def slices(self, *, budgets: Budgets | None = None) -> Iterator[Table]:
        """Yield the slices of the table, at least one; the first row of the frame is row 2, as below a header.

        Raises:
            FileError: there is no column, or one that holds neither text nor numbers nor dates.
            BudgetError: it takes more than its budget.
        """
        path = Path(self.name)
        if not self.frame.width:
            raise no_header(path, "no columns")
        distinct_names(path, self.frame.columns)
        budget = FileBudget.of(self.name, int(self.frame.estimated_size()), budgets)
        budget.check_columns(self.frame.width)
        checksum = self._checksum()
        for first in range(0, max(self.frame.height, 1), ROWS):
            texts = self._texts(first)
            part = TableSlice(named_columns(path, texts), row_numbers(texts.height, 2 + first))
            header = tuple(self.frame.columns)
            yield Table(
                part.frame, part.row, header, (), self.name, checksum, False, part.formatted, (), (), budget
            )  # fmt: skip

    def _checksum(self) -> str:
        """Return the SHA-256 of the frame as CSV."""
        content = hashlib.sha256()
        for first in range(0, max(self.frame.height, 1), ROWS):
            content.update(
                cell_texts(self.frame.slice(first, ROWS), self.name).write_csv(include_header=not first).encode()
            )
        return content.hexdigest()

    def _texts(self, first: int) -> pl.DataFrame:
        """Return the slice of rows that begins with a row, as text."""
        return cell_texts(self.frame.slice(first, ROWS), self.name)


def file_or_frame(persons: str | Path | IntoDataFrame | pl.LazyFrame, whose: str) -> Path | FrameTable:
    """Return the file that persons are read from, or the frame that stands for one.

    Args:
        persons: the file, or a frame of polars, pandas or pyarrow with the same columns, whose first row is row 2.
        whose: name of the argument, such as ``donors``.

    Raises:
        CriteriaError: it is neither.
    """
    if isinstance(persons, str | Path):
        return Path(persons)
    frame = polars_frame(persons, whose, expected="a file, or a frame of polars, pandas or pyarrow")
    return FrameTable(frame, f"frame of {whose}")
