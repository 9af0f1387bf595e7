"""Arrays and columns that are appended to files, part by part."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from registry_io.disk.durable_files import new_scratch
from registry_io.store.attribute_columns import AttributeColumn, attribute_column


class GrowingArray:
    """An array whose rows are appended to a file; rows that were passed over are 0.

    Args:
        path: a new file.
        dtype: type of the numbers.
        width: numbers a row.
    """

    def __init__(self, path: Path, dtype: Any, width: int = 1) -> None:
        self._path, self._dtype, self._width = path, np.dtype(dtype), width
        self._file: BinaryIO | None = None

    def put(self, first_row: int, rows: NDArray[Any]) -> None:
        """Write rows from `first_row` on."""
        file = self._opened()
        file.seek(first_row * self._width * self._dtype.itemsize)
        file.write(np.ascontiguousarray(rows, self._dtype).data)

    def array(self, n_rows: int) -> NDArray[Any]:
        """Return all rows, mapped into memory; nothing is appended afterwards."""
        file = self._opened()
        file.truncate(n_rows * self._width * self._dtype.itemsize)
        file.close()
        shape = (n_rows,) if self._width == 1 else (n_rows, self._width)
        if 0 in shape:
            return np.zeros(shape, self._dtype)
        return np.asarray(np.memmap(self._path, self._dtype, "r", shape=shape))

    def close(self) -> None:
        """Close the file; what a full disk did not take is not wanted any more."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = new_scratch(self._path)
        return self._file


class GrowingColumn:
    """A column of attributes that is appended to files."""

    def __init__(self, folder: Path, name: str, series: pl.Series) -> None:
        self.dtype = series.dtype
        is_text = series.dtype == pl.String
        self._values = GrowingArray(
            folder / f"{name}.values", attribute_column(series.clear()).values.dtype, 2 if is_text else 1
        )
        self._valid = GrowingArray(folder / f"{name}.valid", np.bool_)
        self._text = GrowingArray(folder / f"{name}.text", np.uint8)
        self._n_bytes = 0

    def put(self, first_row: int, series: pl.Series) -> None:
        """Write values from `first_row` on.

        Raises:
            CriteriaError: they have another type than those before.
        """
        if series.dtype != self.dtype:
            raise CriteriaError(
                f"column {series.name}",
                found=InWords(f"values of type {series.dtype}"),
                expected=f"{self.dtype}, as in an earlier part",
                code=ErrorCode.CRITERIA_COLUMN,
            )
        column = attribute_column(series, self._n_bytes)
        self._values.put(first_row, column.values)
        self._valid.put(first_row, column.valid)
        self._text.put(self._n_bytes, column.text)
        self._n_bytes += column.text.size

    def column(self, n_rows: int) -> AttributeColumn:
        """Return all values; nothing is appended afterwards."""
        return AttributeColumn(self._values.array(n_rows), self._valid.array(n_rows), self._text.array(self._n_bytes))

    def close(self) -> None:
        """Close the files."""
        for array in (self._values, self._valid, self._text):
            array.close()
