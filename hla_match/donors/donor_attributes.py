"""The attributes of donors: a frame, or donors of several frames, put together when all of them are asked for.

A search shows those of a few donors, and to put millions together takes longer than the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.attributes import ATTRIBUTES

_FEW = 1_000
"""Donors up to which columns are gathered one by one."""


class DonorAttributes:
    """The attributes of the donors of a registry, row by row.

    Args:
        frames: of donors; a column has one type in all of them, and may be missing in some.
        rows: the donors, counted over all frames one after another; None stands for those of the one frame.
    """

    def __init__(self, frames: Sequence[pl.DataFrame], rows: NDArray[np.integer[Any]] | None = None) -> None:
        self._frames, self._rows = tuple(frames), rows
        self._chosen: dict[tuple[str, ...], pl.DataFrame] = {}

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        """The type of each column; those of several frames are in the order of the vocabulary, others behind them."""
        types: dict[str, pl.DataType] = {}
        for frame in self._frames:
            types |= frame.schema
        if self._rows is None:
            return types
        known = [name for name in ("donor_id", *ATTRIBUTES) if name in types]
        return {name: types[name] for name in dict.fromkeys((*known, *types))}

    @cached_property
    def frame(self) -> pl.DataFrame:
        """All columns of all donors."""
        if self._rows is None:
            return self._frames[0]
        # As one frame the columns are gathered side by side; of several pieces it takes three times the time.
        joined = pl.concat(self._frames, how="diagonal", rechunk=True).select(*self.schema)
        return joined[pl.Series(self._rows.astype(np.uint32))]

    def of(self, name: str, rows: pl.Series) -> pl.Series:
        """Return a column of some donors; the others are not put together for them."""
        if self._rows is None or "frame" in vars(self):
            return self.frame[name][rows]
        number = self._rows[rows.to_numpy()]
        start = np.cumsum([0, *(frame.height for frame in self._frames)])
        part = np.searchsorted(start, number, side="right") - 1
        found = [
            frame[name][pl.Series((number[part == at] - start[at]).astype(np.uint32))]
            if name in frame.columns
            else pl.repeat(None, int((part == at).sum()), dtype=self.schema[name], eager=True).alias(name)
            for at, frame in enumerate(self._frames)
        ]
        # One part after another: each goes back to where it was asked for.
        place = np.empty(number.size, np.uint32)
        place[np.argsort(part, kind="stable")] = np.arange(number.size, dtype=np.uint32)
        return pl.concat(found, rechunk=True)[pl.Series(place)]

    def columns(self, names: tuple[str, ...], rows: pl.Series) -> list[pl.Series]:
        """Return some columns of some donors, as `of` does one."""
        if self._rows is not None and "frame" not in vars(self):
            return [self.of(name, rows) for name in names]
        if names not in self._chosen:
            self._chosen[names] = self.frame.select(*names)
        chosen = self._chosen[names]
        if rows.len() > _FEW:
            return chosen[rows].get_columns()
        # A frame is gathered by several threads, and to wake them costs four times what one needs for a page.
        return [column[rows] for column in chosen.get_columns()]

    def take(self, rows: NDArray[np.integer[Any]]) -> DonorAttributes:
        """Return the attributes of some donors, in the order of `rows`."""
        if self._rows is None or "frame" in vars(self):
            return DonorAttributes((self.frame[rows],))
        at = pl.Series(rows.astype(np.uint32))
        return DonorAttributes((pl.DataFrame([self.of(name, at) for name in self.schema]),))
