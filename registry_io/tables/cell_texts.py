"""Cells as text: what numbers, dates and categories of a frame look like in a table of persons."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs


def cell_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame of plain columns with every column as text; an empty cell is null.

    A column of whole numbers with gaps is one of floats for pandas: 2.0 is antigen 2, and NaN is empty.

    >>> cell_texts(pl.DataFrame({"A_1": [2.0, None, float("nan")], "sex": ["F", "", "M"]})).rows()
    [('2', 'F'), (None, None), (None, 'M')]
    """
    whole = cs.float().fill_nan(None)
    number = pl.when(whole == whole.round()).then(whole.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(whole)
    texts = frame.with_columns(number).with_columns(pl.all().cast(pl.String))
    return texts.with_columns(pl.all().replace("", None))
