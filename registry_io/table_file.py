"""Tables of text in: CSV, TSV, Parquet and Excel, every column as text, damaged files refused with their place.

The bytes of a text file are looked at once while they stream in (NUL, encoding, length of lines), so that a damaged or
hostile file is refused before it fills the memory. A plain file then goes to polars block by block; a block with blank
lines or rows of a wrong length, and a whole file with quotes, goes through the csv module, which knows every record's
place. A table of millions of rows is read in slices.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs

from hla_match.errors import FileError
from registry_io.budgets import Budgets, FileBudget
from registry_io.parquet_file import ParquetFile
from registry_io.source_file import SourceFile
from registry_io.workbook import first_sheet
from registry_io.workbook_cells import FORMATTED, shown_cells

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
"""The endings of text tables."""

ENDINGS = (*TEXT_ENDINGS, ".parquet", ".xlsx")
"""The endings of every table that can be read."""

_CELL_BYTES, _ODD_BYTES = 16, 250
"""Bytes of memory that a cell takes beside its text, and a row of a wrong length."""

LONGEST_LINE = 1_000_000
"""Bytes of a line, beyond which a file is no table of persons."""

_CHUNK = 4 * 1024 * 1024
_BLOCK = 32 * 1024 * 1024
_BATCH = 100_000
_ROWS = 250_000
_MOST_ROWS = 500_000
_MOST_CELLS = 8_000_000
_SEPARATORS = (",", "\t", ";")
_RARE_SEPARATOR = "%"
"""Separates where none of the others stands in the first row, as in the WMDA's lists for comparing programs."""

UNENDED = "the last line has no line end: check that the file was not cut within it"
"""Said of a text table that may have been cut."""

NamesOfRecord = Callable[[Sequence[str]], tuple[str, ...] | None]
"""Given the fields of the first row: the names of the columns where it is a record already, None where it is a header.
"""

MIDNIGHT = r"[ T]00:00:00(\.0+)?$"
"""The time behind a date in a column of times."""


@dataclass(frozen=True, slots=True)
class OddRow:
    """A row with more or fewer fields than the header.

    Attributes:
        row: row of the file; the first is row 1.
        fields: its fields, at most as many as the header has.
        n_fields: how many it has.
    """

    row: int
    fields: tuple[str, ...]
    n_fields: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in a file.

    Attributes:
        frame: every column as text; an empty field is null.
        row: UInt32, the file's row of each row of `frame`; the first is row 1, which is the header where there is one.
        header: the names as they stand in the file; `frame` lacks those of columns with neither name nor content.
        odd: rows with a wrong number of fields; they are not in `frame`.
        checksum: SHA-256 of the file's bytes.
        headerless: whether the first row is a record, so that the names are not the file's.
        formatted: `row` and `column` (its name) of the numbers of a workbook that Excel shows otherwise than by
            their digits, and the `format`, as in `registry_io.workbook_cells`; no rows for other tables.
        unended: whether the last line of a text table has no line end, as where the file was cut.
        budget: what may be taken for the file.
    """

    frame: pl.DataFrame
    row: pl.Series
    header: tuple[str, ...]
    odd: tuple[OddRow, ...]
    checksum: str
    headerless: bool
    formatted: pl.DataFrame
    unended: bool
    budget: FileBudget


def read_table(path: Path) -> pl.DataFrame:
    """Read a table with every column as text; rows with a wrong number of fields are left out (see `scan_table`).

    Raises:
        FileError: the file cannot be read as a table.
    """
    return scan_table(path).frame


def scan_table(path: Path, names_of_record: NamesOfRecord | None = None, *, budgets: Budgets | None = None) -> Table:
    """Read a table with every column as text, together with the rows of a wrong length and its checksum.

    Args:
        path: the file.
        names_of_record: tells a first row that is a record from a header; without it every text table has a header, as
            Parquet files and workbooks always have.
        budgets: what may be taken for the file; without them those of the environment.

    Raises:
        FileError: the file cannot be read as a table; the error says where and why.
        BudgetError: it takes more than its budget.
    """
    slices: list[Table] = []
    held = 0
    for part in scan_slices(path, names_of_record, budgets=budgets):
        slices.append(part)
        held += _CELL_BYTES * part.frame.height * part.frame.width + int(part.frame.estimated_size())
        held += sum(_ODD_BYTES + 8 * len(odd.fields) for odd in part.odd)
        part.budget.check_held(held, "a table too large to be read as a whole")
    return replace(
        slices[0],
        frame=pl.concat([part.frame for part in slices]),
        row=pl.concat([part.row for part in slices]),
        odd=tuple(odd for part in slices for odd in part.odd),
    )


def scan_slices(
    path: Path, names_of_record: NamesOfRecord | None = None, *, budgets: Budgets | None = None
) -> Iterator[Table]:
    """Yield the slices of a table, at least one, as `scan_table` gives the whole; only a workbook is one slice.

    Raises:
        FileError: as `scan_table`; a column without a name is found in the slice where it has content, and that the
            file was changed meanwhile after the last one.
        BudgetError: as `scan_table`.
    """
    name = path.name.lower()
    ending = next((ending for ending in sorted(ENDINGS, key=len, reverse=True) if name.endswith(ending)), None)
    if ending is None:
        raise FileError(
            str(path),
            found=f"the ending {path.suffix!r}",
            expected=f"one of {', '.join(ENDINGS)}",
            hint="save the table as one of these",
        )
    try:
        with SourceFile.open(path, budgets) as source:
            if not source.budget.size and path.is_file():
                raise _no_header(path, "an empty file")
            parts: Iterable[_Parts]
            if ending == ".parquet":
                parts = _parquet(source)
            elif ending == ".xlsx":
                parts = [_workbook(source)]
            else:
                parts = _text(source, ending, names_of_record or (lambda _: None))
            n_odd = 0
            for part in parts:
                n_odd += len(part.odd)
                source.budget.check_records(n_odd)
                source.budget.check_time()
                frame = _named_columns(path, part.frame)
                header = tuple(part.frame.columns)
                yield Table(
                    frame,
                    part.row,
                    header,
                    tuple(part.odd),
                    source.checksum,
                    part.headerless,
                    part.formatted,
                    part.unended,
                    source.budget,
                )
    except FileNotFoundError as error:
        raise FileError(
            str(path), found="no such file", expected="a table of persons", hint="check the name and the folder"
        ) from error
    except OSError as error:
        raise FileError(
            str(path),
            found=error.strerror or str(error),
            expected="a file that can be read",
            hint="check that it is a file and that you may read it",
        ) from error


@dataclass(frozen=True, slots=True)
class _Parts:
    """A slice as it was read, with the columns that have no name."""

    frame: pl.DataFrame
    row: pl.Series
    odd: Sequence[OddRow] = ()
    headerless: bool = False
    formatted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(FORMATTED)))
    unended: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """What is to be known of a text table before its records are read: its first line, and whether lines are records.

    Attributes:
        first_line: the line, without its end.
        is_blank: whether nothing but blanks stands in the whole file.
        plain: whether it has neither quotation marks nor lines that end with a carriage return alone.
        unended: whether its last line has no line end.
    """

    first_line: str
    is_blank: bool
    plain: bool
    unended: bool


def _no_header(path: Path, found: str) -> FileError:
    return FileError(
        str(path),
        row=1,
        found=found,
        expected="a header with the names of the columns",
        hint="put the names of the columns into the first row",
    )


def _text(source: SourceFile, ending: str, names_of_record: NamesOfRecord) -> Iterator[_Parts]:
    """Yield the slices of a text table."""
    look = _look_through(source, ending)
    if not look.first_line.strip(" \t,;\"'"):
        raise _no_header(source.path, "an empty file" if look.is_blank else "an empty first row")
    separator = _separator(look.first_line, ending)
    source.budget.check_columns(look.first_line.count(separator) + 1)
    fields = look.first_line.split(separator)
    if not look.plain or len(fields) == 1:
        parts = _quoted(source, ending, separator, names_of_record)
    else:
        parts = _unquoted(source, ending, separator, names_of_record)
    for part in parts:
        yield replace(part, unended=look.unended)


def _unquoted(source: SourceFile, ending: str, separator: str, names_of_record: NamesOfRecord) -> Iterator[_Parts]:
    """Yield the slices of a file whose every line is a record."""
    names: list[str] = []
    headerless, row = False, 1
    for block in _blocks(source, ending):
        body = block
        if not names:
            end = block.find(b"\n") + 1 or len(block)
            fields = block[:end].decode("utf-8").rstrip("\r\n").split(separator)
            given = names_of_record(fields)
            headerless = given is not None
            names = list(given) if given is not None else _distinct_names(source.path, fields)
            if not headerless:
                body, row = block[end:], 2
        yield from _block(source.path, body, names, separator, row, headerless)
        row += body.count(b"\n")


def _block(
    path: Path, block: bytes, names: list[str], separator: str, first: int, headerless: bool
) -> Iterator[_Parts]:
    """Yield the slices of whole lines without quotation marks; `first` is the row of the first line."""
    n_lines = block.count(b"\n")
    middle = block.rfind(b"\n", 0, len(block) // 2) + 1
    if (n_lines > _MOST_ROWS or n_lines * len(names) > _MOST_CELLS) and middle:
        # Many lines of next to nothing take many times their bytes.
        yield from _block(path, block[:middle], names, separator, first, headerless)
        yield from _block(path, block[middle:], names, separator, first + block.count(b"\n", 0, middle), headerless)
        return
    body = block.rstrip(b"\r\n")
    if not body:
        yield _Parts(_frame(names, []), _rows(0), headerless=headerless)
    elif _even(body, separator, len(names)):
        frame = pl.read_csv(
            body, has_header=False, separator=separator, quote_char=None, schema=dict.fromkeys(names, pl.String)
        )
        yield _Parts(frame, _rows(frame.height, first), headerless=headerless)
    else:
        lines = io.StringIO(block.decode("utf-8"), newline="")
        yield from _batches(names, _csv_rows(path, lines, separator, first), headerless)


def _blocks(source: SourceFile, ending: str) -> Iterator[bytes]:
    """Yield the text of a file without its byte order mark, in blocks of whole lines."""
    with source.bytes_passing(packed=ending.endswith(".gz")) as handle:
        rest = handle.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while chunk := handle.read(_BLOCK):
            end = chunk.rfind(b"\n") + 1
            if end:
                yield rest + chunk[:end]
                rest = chunk[end:]
            else:
                rest += chunk
        yield rest


def _look_through(source: SourceFile, ending: str) -> _Look:
    """Look at every byte of a text file, and refuse it at the first damaged place."""
    path = source.path
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, carried, last, end_of_file = 1, 0, b"", b""
    head = bytearray()
    is_first, in_head, is_blank, plain = True, True, True, True
    with source.bytes_passing(packed=ending.endswith(".gz")) as handle:
        while chunk := handle.read(_CHUNK):
            if is_first:
                if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise _encoding(path, 1, "text in UTF-16")
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
                is_first = False
            if (at := chunk.find(b"\0")) >= 0:
                raise FileError(
                    str(path),
                    row=line + chunk.count(b"\n", 0, at),
                    found="a NUL byte",
                    expected="text in UTF-8",
                    hint="the file is damaged or not a text table; export it again",
                )
            carried = _check_lines(path, chunk, line, carried)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                at = max(error.start - pending, 0)
                byte = error.object[error.start]
                raise _encoding(path, line + chunk.count(b"\n", 0, at), f"the byte 0x{byte:02X}") from error
            line += chunk.count(b"\n")
            if in_head:
                end = min((at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0), default=-1)
                head += chunk if end < 0 else chunk[:end]
                in_head = end < 0
            is_blank = is_blank and not chunk.strip()
            end_of_file = chunk[-1:]
            # A carriage return at the end of a chunk is looked at with the next one.
            looked = last + chunk
            last = looked[-1:] if looked.endswith(b"\r") else b""
            whole = looked[: len(looked) - len(last)]
            plain = plain and b'"' not in whole and whole.count(b"\r") == whole.count(b"\r\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _encoding(path, line, f"the byte 0x{error.object[error.start]:02X}") from error
    return _Look(head.decode("utf-8"), is_blank, plain and not last, end_of_file not in (b"\n", b"\r"))


def _encoding(path: Path, row: int, found: str) -> FileError:
    return FileError(
        str(path),
        row=row,
        found=found,
        expected="text in UTF-8",
        hint="save the table as UTF-8 (in Excel: CSV UTF-8), not as GBK, Latin-1 or UTF-16",
    )


def _check_lines(path: Path, chunk: bytes, line: int, carried: int) -> int:
    """Refuse a line beyond `LONGEST_LINE`; return the bytes of the line that the chunk leaves open."""
    array = np.frombuffer(chunk, dtype=np.uint8)
    ends = np.flatnonzero((array == 10) | (array == 13))
    starts = np.concatenate([[-1 - carried], ends])
    lengths = np.diff(np.append(starts, array.size)) - 1
    longest = int(np.argmax(lengths > LONGEST_LINE))
    if lengths[longest] > LONGEST_LINE:
        raise FileError(
            str(path),
            row=line + chunk.count(b"\n", 0, max(int(starts[longest]) + 1, 0)),
            found=f"a line of more than {LONGEST_LINE:,} bytes",
            expected="one person a line",
            hint="the file is damaged or not a table of persons",
        )
    return int(lengths[-1])


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


def _quoted(source: SourceFile, ending: str, separator: str, names_of_record: NamesOfRecord) -> Iterator[_Parts]:
    """Yield the slices of a file whose records may be quoted and reach over lines."""
    path = source.path
    with source.bytes_passing(packed=ending.endswith(".gz")) as handle:
        text = io.TextIOWrapper(handle, encoding="utf-8-sig", newline="")
        records = _csv_rows(path, text, separator, 1)
        first = next(records)
        source.budget.check_columns(len(first[1]))
        given = names_of_record(first[1])
        if given is not None:
            yield from _batches(list(given), chain([first], records), True)
        else:
            yield from _batches(_distinct_names(path, first[1]), records, False)


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
            ) from error
        raise FileError(
            str(path),
            row=row + 1,
            found=f"a record that cannot be read ({error})",
            expected="fields with closed quotation marks",
            hint='write a quotation mark inside a field twice: ""',
        ) from error


def _batches(names: list[str], records: Iterable[tuple[int, list[str]]], headerless: bool) -> Iterator[_Parts]:
    """Yield records as slices; blank ones are passed over, those of a wrong length are kept apart."""
    most = min(_BATCH, max(1, _MOST_CELLS // 4 // len(names)))
    batch: list[list[str]] = []
    rows: list[int] = []
    odd: list[OddRow] = []
    for row, fields in records:
        if len(fields) == len(names):
            rows.append(row)
            batch.append(fields)
        elif any(field.strip() for field in fields):
            odd.append(OddRow(row, tuple(fields[: len(names)]), len(fields)))
        if len(batch) + len(odd) == most:
            yield _Parts(_frame(names, batch), pl.Series("row", rows, dtype=pl.UInt32), odd, headerless)
            batch, rows, odd = [], [], []
    yield _Parts(_frame(names, batch), pl.Series("row", rows, dtype=pl.UInt32), odd, headerless)


def _frame(names: list[str], records: list[list[str]]) -> pl.DataFrame:
    columns = zip(*records, strict=True) if records else iter([()] * len(names))
    series = [pl.Series(name, column, dtype=pl.String) for name, column in zip(names, columns, strict=True)]
    return pl.DataFrame(series).with_columns(pl.all().replace("", None))


def _rows(height: int, first: int = 2) -> pl.Series:
    return pl.Series("row", np.arange(first, height + first, dtype=np.uint32))


def _distinct_names(path: Path, header: list[str]) -> list[str]:
    """Return the names of the columns; one without a name is numbered, for `_named_columns`."""
    names = [name.strip() or f"\0{number}" for number, name in enumerate(header, start=1)]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FileError(
                str(path),
                row=1,
                column=name,
                found="a second column of this name",
                expected="distinct names",
                hint="rename or remove one of the two columns",
            )
        seen.add(name)
    if all(name.startswith("\0") for name in names):
        raise _no_header(path, "no names")
    return names


def _named_columns(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """Drop columns with neither name nor content, as spreadsheets leave at the right; refuse content without name."""
    nameless = [name for name in frame.columns if name.startswith("\0")]
    for name in nameless:
        if frame[name].null_count() < frame.height:
            raise FileError(
                str(path),
                row=1,
                column=f"number {name[1:]}",
                found="a column without a name",
                expected="a name above every column",
                hint="name the column, or remove it",
            )
    return frame.drop(nameless)


def _parquet(source: SourceFile) -> Iterator[_Parts]:
    """Yield the slices of a Parquet file."""
    file = ParquetFile(source)
    _distinct_names(source.path, file.names)
    if not file.names:
        raise _no_header(source.path, "no columns")
    # A column of whole numbers with gaps is one of floats for pandas: 2.0 is antigen 2, and NaN is empty.
    whole = cs.float().fill_nan(None)
    number = pl.when(whole == whole.round()).then(whole.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(whole)
    for first, frame in file.slices(_ROWS, _MOST_CELLS):
        texts = frame.with_columns(number).with_columns(pl.all().cast(pl.String))
        yield _Parts(texts.with_columns(pl.all().replace("", None)), _rows(frame.height, 2 + first))


def _workbook(source: SourceFile) -> _Parts:
    """Read the first sheet; its first row is the header."""
    # The header is read as a row: the library would rename a second column of one name silently.
    data = source.read()
    sheet = first_sheet(data, source.budget)
    if sheet is None:
        raise _no_header(source.path, "no sheet")
    if not sheet.height:
        raise _no_header(source.path, "an empty sheet")
    sheet, formatted = shown_cells(source.path, data, sheet.with_columns(pl.all().cast(pl.String)))
    names = _distinct_names(source.path, [value or "" for value in sheet.row(0)])
    frame = sheet.slice(1).with_columns(pl.all().str.replace(MIDNIGHT, ""))
    frame.columns = names
    return _Parts(frame.with_columns(pl.all().replace("", None)), _rows(frame.height), formatted=formatted)
