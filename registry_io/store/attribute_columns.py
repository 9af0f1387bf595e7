"""Attributes of donors as arrays: one file for the values of a column, which is mapped into memory as it is.

A text of up to 12 bytes stands in its 16-byte view; a longer one stands in an array of bytes beside it, in the order
of the rows. That is Arrow's layout for views of text, so that a frame is made of the files without reading them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from registry_io.disk.array_file import map_array
from registry_io.disk.aside_folder import AsideFolder
from registry_io.store.mapped_series import MappedArray
from registry_io.store.snapshot_arrays import damaged

TEXT = "String"

FORMATS = {
    TEXT: b"vu", "Date": b"tdD", "Int8": b"c", "Int16": b"s", "Int32": b"i", "Int64": b"l", "UInt8": b"C",
    "UInt16": b"S", "UInt32": b"I", "UInt64": b"L", "Float32": b"f", "Float64": b"g",
}  # fmt: skip
"""The types of attributes that are kept, as polars and the Arrow C data interface call them."""

WIDTHS = {name: {TEXT: "uint64", "Date": "int32"}.get(name, name.lower()) for name in FORMATS}
"""The types of their arrays."""

SLICE = 1 << 20
"""Rows that are worked on at once."""

INLINE = 12
"""Bytes of a text that stands in its view."""

PREFIX = 4
"""First bytes of a longer text that stand in its view."""

_FEW = 4096
# A view counts in 31 bits, so that more text than this is another buffer of the same file.
_BUFFER_BITS = 30
_BUFFER = 1 << _BUFFER_BITS


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """A column of attributes.

    Attributes:
        values: (rows,) numbers, 0 where missing; or (rows, 2) uint64 views of text.
        valid: (rows,) whether there is a value.
        text: uint8, UTF-8 of the texts that do not fit into a view.
    """

    values: NDArray[Any]
    valid: NDArray[np.bool_]
    text: NDArray[np.uint8]


def attribute_column(series: pl.Series, start: int = 0) -> AttributeColumn:
    """Return a series as arrays; `start` is where its long texts begin in the text of the whole column.

    Raises:
        CriteriaError: a type that is not in `FORMATS`.
    """
    if str(series.dtype) not in FORMATS:
        raise CriteriaError(
            f"column {series.name}",
            found=InWords(f"values of type {series.dtype}"),
            expected=f"one of {', '.join(FORMATS)}",
            code=ErrorCode.CRITERIA_COLUMN,
        )
    valid = series.is_not_null().to_numpy()
    if series.dtype == pl.String:
        views, text = _views(series, start)
        return AttributeColumn(views, valid, text)
    numbers = series.to_physical() if series.dtype == pl.Date else series
    return AttributeColumn(numbers.fill_null(0).to_numpy(), valid, np.zeros(0, np.uint8))


def column_slices(column: AttributeColumn, rows: NDArray[np.uint32] | None) -> Iterator[AttributeColumn]:
    """Yield the column in the order of `rows`, or its own, slice by slice; long texts follow the order."""
    n_rows = len(column.values) if rows is None else rows.size
    start = 0
    for first in range(0, n_rows, SLICE):
        part = slice(first, min(first + SLICE, n_rows))
        chosen: Any = part if rows is None else rows[part]
        values, text = np.array(column.values[chosen]), np.zeros(0, np.uint8)
        if values.ndim == 2:
            text = _follow(values, column.text, start)
            start += text.size
        yield AttributeColumn(values, np.asarray(column.valid[chosen]), text)


def write_column(
    aside: AsideFolder, name: str, column: AttributeColumn, rows: NDArray[np.uint32] | None = None
) -> None:
    """Write the files of an attribute, in the order of `rows`, or its own.

    Files of long texts and of missing values are there where a row has some. Values are written one after another: a
    mapped file that meets a full disk would end the process.

    Raises:
        OSError: a file cannot be written.
    """
    n_rows = len(column.values) if rows is None else rows.size
    shape = (n_rows, *column.values.shape[1:])
    valid = np.zeros(n_rows, np.bool_)
    texts, done = [], 0
    with aside.array_file(f"attribute-{name}", column.values.dtype, shape) as file:
        for part in column_slices(column, rows):
            file.write(np.ascontiguousarray(part.values).view(np.uint8))
            valid[done : done + len(part.values)] = part.valid
            texts.append(part.text)
            done += len(part.values)
    if not valid.all():
        aside.write_array(f"attribute-{name}-valid", np.packbits(valid, bitorder="little"))
    if any(text.size for text in texts):
        aside.write_array(f"attribute-{name}-text", np.concatenate(texts))


def place_of_text(offset: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the second half of a long text's view: number of the buffer, then where the text starts in it."""
    return ((offset >> _BUFFER_BITS) | ((offset & (_BUFFER - 1)) << 32)).astype(np.uint64)


@dataclass(frozen=True, slots=True)
class ColumnFiles:
    """The files of an attribute, mapped.

    Attributes:
        path: of the file of values.
        values: as in `AttributeColumn`.
        valid: (rows / 8,) uint8 bits, lowest first, whether there is a value; None where all have one.
        text: as in `AttributeColumn`.
    """

    path: Path
    values: NDArray[Any]
    valid: NDArray[np.uint8] | None
    text: NDArray[np.uint8]

    def as_arrow(self, form: bytes) -> MappedArray:
        """Return the column in a format of the Arrow C data interface, without a copy."""
        if self.values.ndim == 1:
            return MappedArray(form, self.values, self.valid)
        # A text may reach over the end of a buffer; the buffers are windows on one file, so each goes on beyond it.
        windows = [self.text[start : start + 2 * _BUFFER - 1] for start in range(0, self.text.size, _BUFFER)]
        sizes = np.array([window.size for window in windows], np.int64)
        return MappedArray(form, self.values, self.valid, *windows, sizes)


def file_names(name: str) -> tuple[str, str, str]:
    """Return the names of the files of an attribute: values, which of them are missing, and long texts.

    >>> file_names("sex")
    ('attribute-sex.npy', 'attribute-sex-valid.npy', 'attribute-sex-text.npy')
    """
    return f"attribute-{name}.npy", f"attribute-{name}-valid.npy", f"attribute-{name}-text.npy"


def open_column(folder: Path, name: str, dtype: str, n_rows: int) -> ColumnFiles:
    """Map the files of an attribute; its type is one of `FORMATS`.

    Raises:
        FileNotFoundError: there is no such file.
        RegistryError: a file is no array, or of another type or size.
    """
    path, valid_path, text_path = (folder / place for place in file_names(name))
    is_text = dtype == TEXT
    values = _open(path, WIDTHS[dtype], (n_rows, 2) if is_text else (n_rows,))
    valid = _open(valid_path, "uint8", (-(-n_rows // 8),)) if valid_path.exists() else None
    text = _open(text_path, "uint8", None) if is_text and text_path.exists() else np.zeros(0, np.uint8)
    return ColumnFiles(path, values, valid, text)


def map_column(folder: Path, name: str, dtype: str, n_rows: int) -> pl.Series:
    """Return an attribute over its mapped files; one of few rows is copied.

    Files stay mapped until the process ends, once each however often they are opened: a frame may be made of them that
    outlives the registry.

    Raises:
        FileNotFoundError: there is no such file.
        RegistryError: a file is no array, or of another type or size.
    """
    paths = [folder / place for place in file_names(name)]
    state = [paths[0].stat(), *(path.stat() for path in paths if path.exists())]
    key = (name, dtype, n_rows, *((one.st_dev, one.st_ino, one.st_mtime_ns, one.st_size) for one in state))
    if (known := _mapped.get(key)) is not None:
        return known[0]
    array = open_column(folder, name, dtype, n_rows).as_arrow(FORMATS[dtype])
    series = array.series(name)
    if n_rows <= _FEW:
        return pl.Series(name, series.to_list(), dtype=series.dtype)
    _mapped[key] = series, array
    return series


_mapped: dict[Hashable, tuple[pl.Series, MappedArray]] = {}


def _open(path: Path, dtype: str, shape: tuple[int, ...] | None) -> NDArray[Any]:
    try:
        array = map_array(path, writable=False)
    except ValueError:
        raise damaged(path) from None
    if array.dtype.name != dtype or (shape is not None and array.shape != shape):
        raise damaged(path)
    return array


def _views(series: pl.Series, start: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Return the views of a series of text, and the bytes of those that are longer than a view."""
    n_rows = len(series)
    joined = series.str.join("").item() if n_rows else ""
    data = np.frombuffer((joined or "").encode(), np.uint8)
    size = series.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
    first = np.cumsum(size) - size
    view = np.zeros((n_rows, 16), np.uint8)
    view[:, :PREFIX] = size.astype("<u4").view(np.uint8).reshape(n_rows, 4)
    is_long = size > INLINE
    for place in range(min(INLINE, int(size.max(initial=0)))):
        has = size > place if place < PREFIX else (size > place) & ~is_long
        if has.all():
            view[:, PREFIX + place] = data[first + place]
        else:
            view[has, PREFIX + place] = data[first[has] + place]
    views = view.view("<u8")
    if not is_long.any():
        return views, np.zeros(0, np.uint8)
    views[is_long, 1] = place_of_text(start + np.cumsum(size[is_long]) - size[is_long])
    return views, data if is_long.all() else data[np.repeat(is_long, size)]


def _follow(views: NDArray[np.uint64], text: NDArray[np.uint8], start: int) -> NDArray[np.uint8]:
    """Return the long texts that some views point to, one after another, and let the views point there."""
    size = (views[:, 0] & 0xFFFFFFFF).astype(np.int64)
    is_long = np.flatnonzero(size > INLINE)
    if not is_long.size:
        return np.zeros(0, np.uint8)
    size, second = size[is_long], views[is_long, 1]
    at = (((second & 0xFFFFFFFF) << _BUFFER_BITS) | (second >> 32)).astype(np.int64)
    new = np.cumsum(size) - size
    views[is_long, 1] = place_of_text(start + new)
    return text[np.repeat(at - new, size) + np.arange(int(size.sum()))]
