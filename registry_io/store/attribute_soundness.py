"""Checks that the attributes of a snapshot can be a frame: views inside their text, UTF-8, days of the calendar.

A frame over mapped files takes them as they are, and would read beyond them. What is kept twice is compared here too:
attributes as text and as code, the identifiers and the ranks of the donors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.attribute_codes import day_numbers
from hla_match.donors.attribute_types import Category, Date
from hla_match.donors.attributes import coded_types
from registry_io.disk.array_bounds import check_below, refuse_unless, refuse_where
from registry_io.store.attribute_columns import (
    FORMATS,
    INLINE,
    PREFIX,
    TEXT,
    ColumnFiles,
    open_column,
    place_of_text,
)

_SLICE = 1 << 15
"""Rows that are looked at once: what they need stays in the cache."""

_SIZE = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_HIGH_BITS = np.uint64(0x8080808080808080)

FIRST_DAY, LAST_DAY = -719162, 2932896
"""The first day of the year 1 and the last of the year 9999, counted from 1970-01-01: those that Python can say."""


def check_attributes(
    snapshot: Path,
    attributes: Sequence[tuple[str, str]],
    id_rank: NDArray[np.uint32],
    attribute_codes: Mapping[str, NDArray[Any]],
) -> None:
    """Refuse attributes that a frame cannot be made over, or that disagree with the arrays of the donors.

    Args:
        snapshot: the folder.
        attributes: names and types, of `attribute_columns.FORMATS`.
        id_rank: the ranks of the donors, which `snapshot_soundness.check_snapshot` found sound.
        attribute_codes: the codes of the attributes that are coded.

    Raises:
        FileNotFoundError: a file is missing.
        RegistryError: a file is not as declared, or not sound.
    """
    columns = {name: open_column(snapshot, name, dtype, id_rank.size) for name, dtype in attributes}
    texts = {name: columns[name] for name, dtype in attributes if dtype == TEXT}
    dates = {name: columns[name] for name, dtype in attributes if dtype == "Date"}
    for name, kind in coded_types().items():
        # Values that have a code are sound texts.
        if isinstance(kind, Category) and _check_places(
            texts.get(name), kind, attribute_codes[name], snapshot / f"{name}.npy"
        ):
            texts.pop(name, None)
    for column in texts.values():
        _check_text(column)
    for column in dates.values():
        check_below(column.values, LAST_DAY + 1, column.path, least=FIRST_DAY)
    for name, kind in coded_types().items():
        if isinstance(kind, Date):
            _check_days(dates.get(name), kind, attribute_codes[name], snapshot / f"{name}.npy")
    _check_identifiers(texts["donor_id"], id_rank)


def _check_text(column: ColumnFiles) -> None:
    """Refuse views that are not those of UTF-8 text, its long texts one after another in the order of the rows."""
    size = column.values.view(np.int32)[:, 0]
    longest = INLINE if not column.text.size else np.iinfo(np.int32).max
    check_below(size, longest + 1, column.path)
    is_ascii = column.text.max(initial=0) < 0x80
    start = 0
    for part in _slices(size.size):
        of_size, first, second = size[part], column.values[part, 0], column.values[part, 1]
        is_ascii = is_ascii and not ((first | second) & _HIGH_BITS).any()
        if of_size.max() > INLINE:
            start += _check_long(column, part, start)
            of_size = np.minimum(of_size, INLINE + 1)
        behind = first & _BEHIND[0].take(of_size) | second & _BEHIND[1].take(of_size)
        if behind.any():
            refuse_where(behind != 0, column.path, "nothing behind the text of a view")
    refuse_unless(start == column.text.size, column.path, "less text than there is", f"{column.text.size:,} bytes")
    if not is_ascii:
        try:
            column.as_arrow(b"vz").series("").cast(pl.String)
        except pl.exceptions.PolarsError:
            refuse_unless(False, column.path, "bytes that are no text", "UTF-8")


def _behind() -> NDArray[np.uint64]:
    """Return (2, sizes) the bits of both halves of a view behind a text of each size; of a long text none are."""
    used = [[min(size, PREFIX) for size in range(INLINE + 1)], [max(size - PREFIX, 0) for size in range(INLINE + 1)]]
    masks = [[~((1 << (8 * n)) - 1) & (1 << 64) - 1 for n in half] + [0] for half in used]
    found = np.array(masks, np.uint64)
    found[0] <<= _HALF
    return found


_BEHIND = _behind()


def _check_long(column: ColumnFiles, part: slice, start: int) -> int:
    """Check the long texts of some rows, the first of which begins at `start`, and return their bytes."""
    size = column.values[part].view(np.int32)[:, 0].astype(np.int64)
    row = np.flatnonzero(size > INLINE)
    begin = start + np.cumsum(size[row]) - size[row]
    total = int(size[row].sum())
    fits = start + total <= column.text.size
    refuse_unless(fits, column.path, "more text than there is", f"{column.text.size:,} bytes")
    first, second = column.values[part][row].T
    refuse_where(second != place_of_text(begin), column.path, "long texts one after another")
    for place in range(PREFIX):
        shown = first >> (_HALF + np.uint64(8 * place)) & np.uint64(0xFF)
        refuse_where(shown != column.text[begin + place], column.path, "the first bytes of each long text in its view")
    return total


def _check_identifiers(column: ColumnFiles, id_rank: NDArray[np.uint32]) -> None:
    """Refuse identifiers of which one is missing, or that do not ascend in the order of their ranks."""
    is_valid = column.valid is None or bool(_valid(column).all())
    refuse_unless(is_valid, column.path, "donors without identifier", "an identifier of each donor")
    row = np.empty(id_rank.size, np.uint32)
    row[id_rank.astype(np.intp)] = np.arange(id_rank.size, dtype=np.uint32)
    ranked = column.as_arrow(FORMATS[TEXT]).series("").gather(pl.Series(row))
    ascends = bool((ranked.slice(1) > ranked.slice(0, max(len(ranked) - 1, 0))).all())
    refuse_unless(ascends, column.path, "identifiers in another order", "those that donor_order.npy ranks, each once")


def _check_places(column: ColumnFiles | None, category: Category, code: NDArray[np.uint8], path: Path) -> bool:
    """Refuse codes that are not those of the texts of an attribute, and say whether all of these have a code.

    Args:
        column: the texts; None where the registry does not have the attribute as text.
        category: the texts that have a code, and the code of all other donors.
        code: (donors,) the codes.
        path: their file.
    """
    values, missing = category.values, category.missing_code
    if column is None:
        refuse_where(code != missing, path, f"{missing} for every donor")
        return True
    word = [int.from_bytes(len(text).to_bytes(PREFIX, "little") + text.encode(), "little") for text in values]
    of_code = np.zeros(1 << 8, np.uint64)
    of_code[: len(word)] = word
    valid = None if column.valid is None else _valid(column)
    is_plain = not column.text.size
    for part in _slices(code.size):
        first, second = column.values[part].T
        rest = (first != of_code.take(code[part])) | (second != 0)
        if valid is not None:
            rest |= ~valid[part]
        rows = np.flatnonzero(rest)
        first, second = first[rows], second[rows]
        is_text = second == 0 if valid is None else (second == 0) & valid[part][rows]
        wanted = np.full(rows.size, missing, np.uint8)
        for number, one in enumerate(word):
            wanted[(first == one) & is_text] = number
        refuse_where(code[part][rows] != wanted, path, f"the codes of {column.path.name}")
        is_plain = is_plain and not (first | second).any()
    return is_plain


def _check_days(column: ColumnFiles | None, date: Date, number: NDArray[np.int32], path: Path) -> None:
    """Refuse numbers that are not those of the dates; None where the registry does not have them."""
    missing = date.missing_code
    if column is None or not number.size:
        refuse_where(number != missing, path, f"{missing} for every donor")
        return
    first = int(column.values.min())
    # Donors share days: each is written as a number once.
    days = pl.Series("day", np.arange(first, int(column.values.max()) + 1, dtype=np.int32)).cast(pl.Date)
    wanted = days.to_frame().select(day_numbers("day")).to_series().to_numpy().take(column.values - first)
    if column.valid is not None:
        wanted[~_valid(column)] = missing
    refuse_where(number != wanted, path, f"the dates of {column.path.name}")


def _valid(column: ColumnFiles) -> NDArray[np.bool_]:
    """Return (rows,) whether there is a value, of a column some of whose values are missing."""
    bits: Any = column.valid
    return np.unpackbits(bits, count=len(column.values), bitorder="little").view(np.bool_)


def _slices(n_rows: int) -> Iterator[slice]:
    return (slice(start, min(start + _SLICE, n_rows)) for start in range(0, n_rows, _SLICE))
