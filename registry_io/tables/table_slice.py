"""A slice of a table as it was read, before anything is asked of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from registry_io.tables.workbook_cells import FORMATTED

MOST_CELLS = 8_000_000
"""Cells of a slice."""


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A row with more or fewer fields than the header.

    Attributes:
        row: row of the file; the first is row 1.
        fields: its fields, at most as many as the header has.
        n_fields: how many it has.
    """

    row: int
    fields: tuple[str, ...]
    n_fields: int


@dataclass(frozen=True, slots=True)
class TableSlice:
    """A slice as it was read; attributes are as in `registry_io.tables.table_file.Table`, columns may lack a name."""

    frame: pl.DataFrame
    row: pl.Series
    odd: Sequence[RaggedRow] = ()
    headerless: bool = False
    formatted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(FORMATTED)))
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def row_numbers(height: int, first: int = 2) -> pl.Series:
    """Return the rows of the file, one after another."""
    return pl.Series("row", np.arange(first, height + first, dtype=np.uint32))
