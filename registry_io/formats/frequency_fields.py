"""The fields of the lines of a text of haplotype frequencies."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import FileBudget

POLARS_CELL = 16
"""Bytes of memory that a cell takes in polars."""

_BATCH_CELLS = 1_000_000


def separated_fields(budget: FileBudget, lines: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Split lines at the separator; every line must have as many fields as the first."""
    texts, row = lines["line"], lines["\0row"]
    quoted = bool(texts.str.contains('"', literal=True).any())
    parts = list(_quoted_fields(budget.path, texts, separator)) if quoted else []
    if quoted:
        widths = np.concatenate([width for width, _ in parts])
        if len(widths) != len(texts):
            raise _odd_quotes(budget.path)
    else:
        widths = texts.str.count_matches(separator, literal=True).to_numpy() + 1
    wrong = int(np.argmax(widths != widths[0]))
    if wrong:
        raise FileError(
            budget.path,
            row=row[wrong],
            found=f"{widths[wrong]} fields",
            expected=f"{widths[0]}, as in row {row[0]}",
            hint="write one haplotype a line, and decimals with a point",
            code=ErrorCode.FILE_ROW_WIDTH,
        )
    width = int(widths[0])
    budget.check_columns(width)
    budget.check_held(POLARS_CELL * len(texts) * width, f"a table of {len(texts):,} rows and {width:,} columns")
    if quoted:
        frame = pl.concat([frame for _, frame in parts])
    else:
        frame = pl.read_csv(
            "\n".join(texts).encode(),
            has_header=False,
            separator=separator,
            quote_char=None,
            schema=dict.fromkeys(map(str, range(width)), pl.String),
        )
    return frame.insert_column(0, row)


def _quoted_fields(path: str, texts: pl.Series, separator: str) -> Iterator[tuple[NDArray[np.int64], pl.DataFrame]]:
    """Yield the widths of some records and their fields; those of a width other than the first's are left out."""
    records = csv.reader(iter(texts), delimiter=separator, strict=True)
    try:
        first = next(records)
        rest = chain([first], records)
        while batch := list(islice(rest, max(1, _BATCH_CELLS // len(first)))):
            fields = zip(*(record for record in batch if len(record) == len(first)), strict=True)
            frame = pl.DataFrame([pl.Series(str(n), column, dtype=pl.String) for n, column in enumerate(fields)])
            yield np.array([len(record) for record in batch]), frame
    except csv.Error as error:
        raise _odd_quotes(path) from error


def _odd_quotes(path: str) -> FileError:
    return FileError(
        path,
        found="quotation marks that do not close on their line",
        expected="fields with closed quotation marks",
        hint='write a quotation mark inside a field twice: ""',
        code=ErrorCode.FILE_QUOTES,
    )
