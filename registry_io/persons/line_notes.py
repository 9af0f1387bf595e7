"""Which lines of persons were understood differently than written, row by row of their file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

LINE_NOTES = {"row": pl.UInt32, "note": pl.String}
"""The columns: the row of the file, and the note."""


def line_notes(
    frame: pl.DataFrame, column: str, notes: Mapping[str, Sequence[str]] | Mapping[int, Sequence[str]]
) -> pl.DataFrame:
    """Return the rows of `LINE_NOTES` of a frame whose values in a column have notes.

    >>> frame = pl.DataFrame({"row": [2, 3], "gl_string": ["a*02:01", "A*02:01"]})
    >>> line_notes(frame, "gl_string", {"a*02:01": ["in lower case"]}).rows()
    [(2, 'in lower case')]
    """
    texts = pl.DataFrame(
        [(text, note) for text, several in notes.items() for note in several],
        schema={column: frame.schema[column], "note": pl.String},
        orient="row",
    )
    return frame.select("row", column).join(texts, on=column).select(pl.col("row").cast(pl.UInt32), "note")
