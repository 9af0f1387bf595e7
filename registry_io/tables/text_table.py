"""The rows of a text table, in slices: which fields they have, and which rows are of a wrong length.

A plain file goes to polars block by block; a block with blank lines or rows of a wrong length, and a whole file with
quotes, goes through the csv module, which knows every record's place.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.source_file import SourceFile
from registry_io.tables.table_header import HeaderRules, distinct_names, no_header
from registry_io.tables.table_slice import MOST_CELLS, RaggedRow, TableSlice, row_numbers
from registry_io.tables.text_file import TextFile

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
"""The endings of text tables."""

UNENDED = "the last line has no line end: check that the file was not cut within it"
"""Said of a text table that may have been cut."""

_CHUNK = 4 * 1024 * 1024
_BATCH = 100_000
_MOST_ROWS = 500_000
_SEPARATORS = (",", "\t", ";")
_RARE_SEPARATOR = "%"
"""Separates where none of the others stands in the first row, as in the WMDA's lists for comparing programs."""


def text_slices(source: SourceFile, ending: str, rules: HeaderRules) -> Iterator[TableSlice]:
    """Yield the slices of a text table, at least one.

    Raises:
        FileError: the file cannot be read as a table; the error says where and why.
        BudgetError: it takes more than its budget.
    """
    text = TextFile.looked_through(source, packed=ending.endswith(".gz"))
    if not text.first_line.strip(" \t,;\"'"):
        raise no_header(source.path, "an empty file" if text.is_blank else "an empty first row")
    separator = _separator(text.first_line, ending)
    source.budget.check_columns(text.first_line.count(separator) + 1)
    fields = text.first_line.split(separator)
    parts = _quoted if not text.plain or len(fields) == 1 else _unquoted
    for part in parts(text, separator, rules):
        yield replace(part, notes=text.notes, cautions=(UNENDED,) if text.unended else ())


def _unquoted(text: TextFile, separator: str, rules: HeaderRules) -> Iterator[TableSlice]:
    """Yield the slices of a file whose every line is a record."""
    path = text.source.path
    names: list[str] = []
    headerless, row = False, 1
    for block in text.blocks():
        body = block
        if not names:
            end = block.find(b"\n") + 1 or len(block)
            fields = block[:end].decode("utf-8").rstrip("\r\n").split(separator)
            given = rules.names_of_record(fields)
            headerless = given is not None
            names = list(given) if given is not None else distinct_names(path, fields, rules)
            if not headerless:
                body, row = block[end:], 2
        yield from _block(path, body, names, separator, row, headerless)
        row += body.count(b"\n")


def _block(
    path: Path, block: bytes, names: list[str], separator: str, first: int, headerless: bool
) -> Iterator[TableSlice]:
    """Yield the slices of whole lines without quotation marks; `first` is the row of the first line."""
    n_lines = block.count(b"\n")
    middle = block.rfind(b"\n", 0, len(block) // 2) + 1
    if (n_lines > _MOST_ROWS or n_lines * len(names) > MOST_CELLS) and middle:
        # Many lines of next to nothing take many times their bytes.
        yield from _block(path, block[:middle], names, separator, first, headerless)
        yield from _block(path, block[middle:], names, separator, first + block.count(b"\n", 0, middle), headerless)
        return
    body = block.rstrip(b"\r\n")
    if not body:
        yield TableSlice(_frame(names, []), row_numbers(0), headerless=headerless)
    elif _even(body, separator, len(names)):
        frame = pl.read_csv(
            body, has_header=False, separator=separator, quote_char=None, schema=dict.fromkeys(names, pl.String)
        )
        yield TableSlice(frame, row_numbers(frame.height, first), headerless=headerless)
    else:
        lines = io.StringIO(block.decode("utf-8"), newline="")
        yield from _batches(names, _csv_rows(path, lines, separator, first), headerless)


def _separator(line: str, ending: str) -> str:
    """Return the separator that the first row uses most; the ending decides where it uses none."""
    bare = re.sub(r'"[^"]*"', "", line)
    counts = {separator: bare.count(separator) for separator in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda separator: counts[separator])
    if counts[best]:
        return best
    if _RARE_SEPARATOR in bare:
        return _RARE_SEPARATOR
    return "\t" if ending.startswith(".tsv") else ","


def _even(data: bytes, separator: str, n_columns: int) -> bool:
    """Return whether every line, blank ones at the end aside, has as many fields as the header.

    polars fills short rows with nulls without a word, so the separators of each line are counted.
    """
    stop = len(data)
    while stop and data[stop - 1] in b"\r\n":
        stop -= 1
    start = 0
    while start < stop:
        end = stop if start + _CHUNK >= stop else data.rfind(b"\n", start, start + _CHUNK) + 1
        array = np.frombuffer(data, dtype=np.uint8, count=end - start, offset=start)
        breaks = np.append(np.flatnonzero(array[:-1] == 10), array.size)
        before = np.searchsorted(np.flatnonzero(array == ord(separator)), breaks)
        if (np.diff(before, prepend=0) != n_columns - 1).any():
            return False
        start = end
    return True


def _quoted(text: TextFile, separator: str, rules: HeaderRules) -> Iterator[TableSlice]:
    """Yield the slices of a file whose records may be quoted and reach over lines."""
    path = text.source.path
    with text.bytes_passing() as handle:
        lines = io.TextIOWrapper(handle, encoding="utf-8-sig", newline="")
        records = _csv_rows(path, lines, separator, 1)
        first = next(records)
        text.source.budget.check_columns(len(first[1]))
        given = rules.names_of_record(first[1])
        if given is not None:
            yield from _batches(list(given), chain([first], records), True)
        else:
            yield from _batches(distinct_names(path, first[1], rules), records, False)


def _csv_rows(path: Path, lines: Iterable[str], separator: str, first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield row and fields of each record."""
    row = first - 1
    try:
        for row, fields in enumerate(csv.reader(lines, delimiter=separator, strict=True), start=first):
            yield row, fields
    except csv.Error as error:
        if "field limit" in str(error):
            raise FileError(
                str(path),
                row=row + 1,
                found=f"a field of more than {csv.field_size_limit():,} characters",
                expected="fields of a table of persons",
                hint="a quotation mark that is not closed takes in what follows it",
                code=ErrorCode.FILE_QUOTES,
            ) from error
        raise FileError(
            str(path),
            row=row + 1,
            found=f"a record that cannot be read ({error})",
            expected="fields with closed quotation marks",
            hint='write a quotation mark inside a field twice: ""',
            code=ErrorCode.FILE_QUOTES,
        ) from error


def _batches(names: list[str], records: Iterable[tuple[int, list[str]]], headerless: bool) -> Iterator[TableSlice]:
    """Yield records as slices; blank ones are passed over, those of a wrong length are kept apart."""
    most = min(_BATCH, max(1, MOST_CELLS // 4 // len(names)))
    batch: list[list[str]] = []
    rows: list[int] = []
    odd: list[RaggedRow] = []
    for row, fields in records:
        if len(fields) == len(names):
            rows.append(row)
            batch.append(fields)
        elif any(field.strip() for field in fields):
            odd.append(RaggedRow(row, tuple(fields[: len(names)]), len(fields)))
        if len(batch) + len(odd) == most:
            yield TableSlice(_frame(names, batch), pl.Series("row", rows, dtype=pl.UInt32), odd, headerless)
            batch, rows, odd = [], [], []
    yield TableSlice(_frame(names, batch), pl.Series("row", rows, dtype=pl.UInt32), odd, headerless)


def _frame(names: list[str], records: list[list[str]]) -> pl.DataFrame:
    columns = zip(*records, strict=True) if records else iter([()] * len(names))
    series = [pl.Series(name, column, dtype=pl.String) for name, column in zip(names, columns, strict=True)]
    return pl.DataFrame(series).with_columns(pl.all().replace("", None))
