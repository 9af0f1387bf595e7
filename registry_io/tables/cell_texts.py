"""Cells as text: what numbers, dates and categories of a frame look like in a table of persons."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from hla_match.errors import ErrorCode, FileError


def cell_texts(frame: pl.DataFrame, path: str) -> pl.DataFrame:
    """Return a frame of plain columns with every column as text; an empty cell is null.

    A column of whole numbers with gaps is one of floats for pandas: 2.0 is antigen 2, and NaN is empty. A number beyond
    all whole numbers that are counted with, and one without an end, is no empty cell: it stays as it is written.

    Args:
        frame: columns of text, numbers, dates or categories.
        path: of the file or frame, for the error.

    Raises:
        FileError: a column holds something else.

    >>> cell_texts(pl.DataFrame({"A_1": [2.0, None, float("nan")], "sex": ["F", "", "M"]}), "donors").rows()
    [('2', 'F'), (None, None), (None, 'M')]
    >>> cell_texts(pl.DataFrame({"weight_kg": [65.5, float("inf")]}), "donors").rows()
    [('65.5',), ('inf',)]
    """
    whole = cs.float().fill_nan(None)
    integer = whole.cast(pl.Int64, strict=False)
    is_integer = (whole == whole.round()) & integer.is_not_null()
    number = pl.when(is_integer).then(integer.cast(pl.String)).otherwise(whole.cast(pl.String))
    texts = [column_text(column, path) for column in frame.with_columns(number)]
    return pl.DataFrame(texts).with_columns(pl.all().replace("", None))


def column_text(column: pl.Series, path: str) -> pl.Series:
    """Return a column as text.

    Args:
        column: text, numbers, dates or categories.
        path: of the file or frame, for the error.

    Raises:
        FileError: it holds something else, such as lists, spans of time, or bytes that are no text.
    """
    try:
        if not (column.dtype.is_nested() or column.dtype == pl.Object):
            return column.cast(pl.String)
    except pl.exceptions.PolarsError:
        pass
    raise FileError(
        path,
        column=column.name,
        found=f"a column of {column.dtype}",
        expected="text, numbers and dates",
        hint="give each typing a column of its own" if column.dtype.is_nested() else "convert the column to text",
        code=ErrorCode.FILE_FORMAT,
    )
