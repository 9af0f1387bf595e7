"""Offsets of things that stand one after another in an array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def offsets(sizes: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (n + 1,) int64 where each of some things begins that stand one after another, and where the last ends."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def ranges(start: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return some of the ranges that offsets give, one after another: their new offsets, and where their members are.

    >>> found, places = ranges(np.array([0, 2, 2, 5]), np.array([2, 0]))
    >>> found.tolist(), places.tolist()
    ([0, 3, 5], [2, 3, 4, 0, 1])
    """
    sizes = start[rows + 1] - start[rows]
    found = offsets(sizes)
    return found, np.arange(found[-1]) + np.repeat(start[rows] - found[:-1], sizes)
