"""Text that a spreadsheet cannot take for a formula, in files without types.

A program that opens CSV takes a cell that begins with ``=`` and the like for a formula, and runs it. Such a cell gets
an apostrophe in front. Nothing is lost by it: cells that begin with apostrophes before what looks like a formula get
one more, so that taking one away from each of them gives back what stood there.

Source of the characters: OWASP, CSV Injection (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

_OPENED_BY_SPREADSHEETS = (".csv", ".csv.gz", ".tsv")

# Blanks, quotes and characters without width, which some programs pass over before they look for a formula; Python and
# polars both know these escapes.
_PASSED_OVER = r"""'"\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"""
_FULL_WIDTH = r"\uff1d\uff0b\uff0d\uff20"
_FORMULA = rf"^(?:'*[\t\r\n]|[{_PASSED_OVER}]*[=+\-@{_FULL_WIDTH}])"


def takes_text_for_formulas(path: Path) -> bool:
    """Say whether the ending of a file is of those that spreadsheets open without knowing what is text.

    >>> takes_text_for_formulas(Path("a.CSV")), takes_text_for_formulas(Path("a.xlsx"))
    (True, False)
    """
    return path.name.lower().endswith(_OPENED_BY_SPREADSHEETS)


def neutral_text(text: str) -> str:
    """Return a text with an apostrophe in front where a spreadsheet would take it for a formula.

    >>> [neutral_text(text) for text in ("=1+1", "+24:02", "'=1", "A*02:01+A*24:02", "'n Sync")]
    ["'=1+1", "'+24:02", "''=1", 'A*02:01+A*24:02', "'n Sync"]
    """
    return f"'{text}" if re.match(_FORMULA, text) else text


def written_text(text: str) -> str:
    """Return what stood where `neutral_text` gave a text.

    >>> [written_text(text) for text in ("'=1+1", "''=1", "=1", "'n Sync", "A*02:01")]
    ['=1+1', "'=1", '=1', "'n Sync", 'A*02:01']
    """
    return text[1:] if text.startswith("'") and re.match(_FORMULA, text[1:]) else text


def neutral_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose cells of text, and names of columns, are as `neutral_text` makes them; numbers stay numbers.

    The types of the columns follow from those of the table alone, so that parts of a table stay alike.

    >>> neutral_frame(pl.DataFrame({"id": ["-5", "P1"], "n": [-5, 1]})).rows()
    [("'-5", -5), ('P1', 1)]
    """
    return pl.DataFrame([_neutral(series).alias(neutral_text(series.name)) for series in frame])


def neutral_file(frame: pl.DataFrame, path: Path, *, raw_text: bool = False) -> pl.DataFrame:
    """Return a table as it is written to a file: neutral where a spreadsheet opens it, unless raw text is asked for."""
    return frame if raw_text or not takes_text_for_formulas(path) else neutral_frame(frame)


def _neutral(series: pl.Series) -> pl.Series:
    if isinstance(series.dtype, pl.Enum) and series.dtype.categories.str.contains(_FORMULA).any():
        series = series.cast(pl.String)
    elif isinstance(series.dtype, pl.Categorical):
        series = series.cast(pl.String)
    if series.dtype != pl.String or not series.str.contains(_FORMULA).any():
        return series
    return series.str.replace(_FORMULA, "'${0}")
