"""What the numbers of an array must keep to before they are followed into another one.

A check names the file, the first number that does not fit, and what would; it never shows the number itself, which may
be a person's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry_io.disk.checked_files import changed


def refuse_unless(fits: bool, path: Path, found: str, expected: str) -> None:
    """Refuse a file for what was found in it.

    Raises:
        RegistryError: it does not fit.
    """
    if not fits:
        raise changed(path, found, expected)


def refuse_where(wrong: NDArray[np.bool_], path: Path, expected: str) -> None:
    """Refuse a file for numbers that are wrong; `wrong` has a place for each of them.

    Raises:
        RegistryError: some are.
    """
    if wrong.any():
        places = np.argwhere(wrong)
        first = ", ".join(f"{place:,}" for place in places[0])
        refuse_unless(False, path, f"{len(places):,} wrong numbers, the first at {first} (from 0)", expected)


def check_below(array: NDArray[Any], bound: int, path: Path, *, least: int = 0) -> None:
    """Refuse numbers that are not at least `least` and less than `bound`.

    Raises:
        RegistryError: there is one.
    """
    if array.size and (array.min() < least or array.max() >= bound):
        refuse_where((array < least) | (array >= bound), path, f"numbers from {least:,} to {bound - 1:,}")


def check_offsets(offset: NDArray[Any], end: int, path: Path, *, filled: int | None = None) -> None:
    """Refuse offsets that do not start at 0, fall somewhere, or end elsewhere than at `end`.

    Args:
        offset: (ranges + 1,).
        end: length of what they point into.
        path: of the file.
        filled: the first of the ranges that hold something, as all behind it do; None where any may be empty.

    Raises:
        RegistryError: there is such an offset.
    """
    refuse_unless(
        offset.size > 0 and offset[0] == 0 and offset[-1] == end, path, "other offsets", f"offsets from 0 to {end:,}"
    )
    falls = offset[1:] < offset[:-1]
    if filled is not None:
        falls[filled:] |= offset[filled + 1 :] == offset[filled:-1]
    refuse_where(falls, path, "offsets that ascend")


def check_ascending(array: NDArray[Any], offset: NDArray[Any], path: Path) -> None:
    """Refuse numbers that do not ascend, each greater than the one before it, in each range of sound offsets.

    Raises:
        RegistryError: there is one.
    """
    falls = array[1:] <= array[:-1]
    starts = offset[(offset > 0) & (offset < array.size)]
    falls[starts - 1] = False
    refuse_where(falls, path, "numbers that ascend in each range")


def check_permutation(array: NDArray[Any], path: Path) -> None:
    """Refuse numbers that are not each of those from 0 to their count once.

    Raises:
        RegistryError: one is missing.
    """
    check_below(array, array.size, path)
    seen = np.zeros(array.size, np.bool_)
    seen[array.astype(np.intp)] = True
    refuse_unless(bool(seen.all()), path, f"{int((~seen).sum()):,} rows missing", "each row of the donors once")
