"""Floors: the least that reading the typings of all donors can cost on this machine, measured in the same run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Measured, of_passes, once, passes, repeated
from benchmarks.findings import Disagreement
from benchmarks.places import Place
from benchmarks.plain import PlainSearch
from benchmarks.searches import CRITERIA, MAX_MISMATCHES, first_of_all, same_donors

N_PASSES = 20


def _sum(column: NDArray[np.unsignedinteger]) -> int:
    """Add up one column: the least that any full pass must do."""
    total = np.uint64(0)
    for value in column:
        total += np.uint64(value)
    return int(total)


_streaming_sum: Any = numba.njit(_sum, nogil=True)


class Stream:
    """One streaming pass over the typing columns in scope.

    Args:
        place: whose registry.
        workers: threads, each with a part of every column.
        words: add up the same bytes as 64-bit words instead of codes, as fast as memory gives them.
    """

    def __init__(self, place: Place, workers: int, *, words: bool = False) -> None:
        registry = place.registry
        self.repeats = 2 if place.settings.quick else N_PASSES
        self.columns = [registry.donor_typing[registry.loci.index(locus)] for locus in CRITERIA.loci]
        if words:
            codes = 8 // registry.donor_typing.itemsize
            whole = place.n_donors // codes * codes
            # A column begins anywhere.
            self.columns = [np.frombuffer(column[:whole].data.cast("B"), np.uint64) for column in self.columns]
        self.workers = workers
        self._parts = [part for column in self.columns for part in np.array_split(column, workers)]
        self._threads = ThreadPoolExecutor(workers) if workers > 1 else None

    def total(self) -> int:
        """Return the sum of all codes."""
        if self._threads is None:
            return sum(int(_streaming_sum(part)) for part in self._parts)
        return sum(self._threads.map(_streaming_sum, self._parts))


def check_stream(stream: Stream) -> str:
    """Compare the sum with NumPy's."""
    wanted = sum(int(column.sum(dtype=np.uint64)) for column in stream.columns)
    if stream.total() != wanted:
        raise Disagreement(f"a sum of {stream.total()}, not {wanted}")
    return f"the sum of {len(stream.columns)} columns is that of NumPy"


def run_stream(stream: Stream) -> Measured:
    """Time the pass."""
    stream.total()
    size = sum(column.nbytes for column in stream.columns)
    return once(repeated(stream.total, stream.repeats), (f"{size:,} bytes, threads: {stream.workers}",))


class Copy:
    """One copy of the typing columns in scope, by NumPy, which leaves it to the C library."""

    def __init__(self, place: Place) -> None:
        stream = Stream(place, 1)
        self.repeats, self.columns = stream.repeats, stream.columns
        self.copies = [np.empty_like(column) for column in self.columns]

    def copy(self) -> None:
        """Copy every column."""
        for target, column in zip(self.copies, self.columns, strict=True):
            np.copyto(target, column)


def check_copy(copy: Copy) -> str:
    """Compare copies and columns."""
    copy.copy()
    if not all(np.array_equal(*pair) for pair in zip(copy.copies, copy.columns, strict=True)):
        raise Disagreement("a copy is not its column")
    return "the copies are the columns"


def run_copy(copy: Copy) -> Measured:
    """Time the copies."""
    return once(repeated(copy.copy, copy.repeats), (f"{sum(one.nbytes for one in copy.columns):,} bytes",))


class PlainSearches:
    """The search in plain NumPy, for some of the patients: it is slow."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.plain = PlainSearch(place.registry, CRITERIA.loci)
        self.patients = first_of_all(place.patients)


def check_plain(plain: PlainSearches) -> str:
    """Compare it with the engine."""
    return same_donors(plain.place, plain.patients)


def run_plain(plain: PlainSearches) -> Measured:
    """Time it for each patient; it finds donors, and does not rank them."""
    search: Callable[..., object] = partial(plain.plain.search, max_mismatches=MAX_MISMATCHES)
    return of_passes(passes(search, plain.patients, 1), ("finds the donors, does not rank them",))
