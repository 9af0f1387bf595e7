"""Tables of text in: CSV, TSV, Parquet and Excel, every column as text, damaged files refused with their place.

The bytes of a text file are looked at once while they stream in (NUL, encoding, length of lines), so that a damaged or
hostile file is refused before it fills the memory. A plain file then goes to polars whole; one with quotes, blank lines
or rows of a wrong length goes through the csv module, which knows every record's place.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import fastexcel
import numpy as np
import polars as pl
import polars.selectors as cs

from hla_match.errors import FileError

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
"""The endings of text tables."""

ENDINGS = (*TEXT_ENDINGS, ".parquet", ".xlsx")
"""The endings of every table that can be read."""

LONGEST_LINE = 1_000_000
"""Bytes of a line, beyond which a file is no table of persons."""

_CHUNK = 4 * 1024 * 1024
_BATCH = 100_000
_SEPARATORS = (",", "\t", ";")
_RARE_SEPARATOR = "%"
"""Separates where none of the others stands in the first row, as in the WMDA's lists for comparing programs."""

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
        fields: its fields.
    """

    row: int
    fields: tuple[str, ...]


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
    """

    frame: pl.DataFrame
    row: pl.Series
    header: tuple[str, ...]
    odd: tuple[OddRow, ...]
    checksum: str
    headerless: bool


def read_table(path: Path) -> pl.DataFrame:
    """Read a table with every column as text; rows with a wrong number of fields are left out (see `scan_table`).

    Raises:
        FileError: the file cannot be read as a table.
    """
    return scan_table(path).frame


def scan_table(path: Path, names_of_record: NamesOfRecord | None = None) -> Table:
    """Read a table with every column as text, together with the rows of a wrong length and its checksum.

    Args:
        path: the file.
        names_of_record: tells a first row that is a record from a header; without it every text table has a header, as
            Parquet files and workbooks always have.

    Raises:
        FileError: the file cannot be read as a table; the error says where and why.
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
        if path.is_file() and path.stat().st_size == 0:
            raise _no_header(path, "an empty file")
        checksum, headerless = _checksum(path), False
        if ending == ".parquet":
            frame, row, odd = _parquet(path)
        elif ending == ".xlsx":
            frame, row, odd = _workbook(path)
        else:
            (frame, row, odd), headerless = _text(path, ending, names_of_record or (lambda _: None))
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
    return Table(_named_columns(path, frame), row, tuple(frame.columns), tuple(odd), checksum, headerless)


_Parts = tuple[pl.DataFrame, pl.Series, list[OddRow]]


def _checksum(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _no_header(path: Path, found: str) -> FileError:
    return FileError(
        str(path),
        row=1,
        found=found,
        expected="a header with the names of the columns",
        hint="put the names of the columns into the first row",
    )


def _text(path: Path, ending: str, names_of_record: NamesOfRecord) -> tuple[_Parts, bool]:
    """Return the parts of a text table, and whether its first row is a record."""
    data = _checked_bytes(path, ending)
    end = min((found for found in (data.find(b"\n"), data.find(b"\r")) if found >= 0), default=len(data))
    line = data[:end].decode("utf-8")
    if not line.strip(" \t,;\"'"):
        raise _no_header(path, "an empty first row" if data.strip() else "an empty file")
    separator = _separator(line, ending)
    names = line.split(separator)
    plain = b'"' not in data and data.count(b"\r") == data.count(b"\r\n")
    if plain and len(names) > 1 and _even(data, separator, len(names)):
        given = names_of_record(names)
        names = list(given) if given is not None else _distinct_names(path, names)
        body = data[end if given is None else 0 :].strip(b"\r\n")
        if not body:
            return (_frame(names, []), pl.Series("row", [], dtype=pl.UInt32), []), False
        frame = pl.read_csv(
            body, has_header=False, separator=separator, quote_char=None, schema=dict.fromkeys(names, pl.String)
        )
        return (frame, _rows(frame.height, first=2 if given is None else 1), []), given is not None
    return _records(path, data, separator, names_of_record)


def _checked_bytes(path: Path, ending: str) -> bytes:
    """Return the text of a file without its byte order mark, or refuse it at the first damaged place."""
    content = io.BytesIO()
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, carried = 1, 0
    try:
        with path.open("rb") as raw, _unpacked(raw, ending) as handle:
            while chunk := handle.read(_CHUNK):
                if line == 1 and content.tell() == 0:
                    if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                        raise _encoding(path, 1, "text in UTF-16")
                    chunk = chunk.removeprefix(codecs.BOM_UTF8)
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
                content.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        truncated = isinstance(error, EOFError)
        raise FileError(
            str(path),
            found="a gzip file that ends too early" if truncated else "damaged gzip data",
            expected="a whole gzip file",
            hint="copy or compress the file again",
        ) from error
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _encoding(path, line, f"the byte 0x{error.object[error.start]:02X}") from error
    return content.getvalue()


def _unpacked(raw: BinaryIO, ending: str) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw, mode="rb")) if ending.endswith(".gz") else raw


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


def _records(path: Path, data: bytes, separator: str, names_of_record: NamesOfRecord) -> tuple[_Parts, bool]:
    """Read record by record: quoted fields, blank lines and rows of a wrong length."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    names: list[str] = []
    parts: list[pl.DataFrame] = []
    batch: list[list[str]] = []
    rows: list[int] = []
    odd: list[OddRow] = []
    row, headerless = 0, False
    try:
        for row, fields in enumerate(reader, start=1):
            if row == 1:
                given = names_of_record(fields)
                headerless = given is not None
                names = list(given) if given is not None else _distinct_names(path, fields)
            if row == 1 and not headerless:
                continue
            if len(fields) == len(names):
                rows.append(row)
                batch.append(fields)
                if len(batch) == _BATCH:
                    parts.append(_frame(names, batch))
                    batch = []
            elif any(field.strip() for field in fields):
                odd.append(OddRow(row, tuple(fields)))
    except csv.Error as error:
        raise FileError(
            str(path),
            row=row + 1,
            found=f"a record that cannot be read ({error})",
            expected="fields with closed quotation marks",
            hint='write a quotation mark inside a field twice: ""',
        ) from error
    parts.append(_frame(names, batch))
    return (pl.concat(parts), pl.Series("row", rows, dtype=pl.UInt32), odd), headerless


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


def _parquet(path: Path) -> _Parts:
    try:
        with path.open("rb") as handle:
            frame = pl.read_parquet(handle)
        _distinct_names(path, frame.columns)
        if not frame.columns:
            raise _no_header(path, "no columns")
        # A column of whole numbers with gaps is one of floats for pandas: 2.0 is antigen 2, and NaN is empty.
        whole = cs.float().fill_nan(None)
        frame = frame.with_columns(
            pl.when(whole == whole.round()).then(whole.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(whole)
        )
        frame = frame.with_columns(pl.all().cast(pl.String)).with_columns(pl.all().replace("", None))
    except pl.exceptions.PolarsError as error:
        raise FileError(
            str(path),
            found="no table of plain columns",
            expected="a Parquet file with text, numbers and dates",
            hint="write the file again",
        ) from error
    return frame, _rows(frame.height), []


def _workbook(path: Path) -> _Parts:
    """Read the first sheet; its first row is the header."""
    if not zipfile.is_zipfile(path):
        raise FileError(
            str(path),
            found="a file that is no workbook",
            expected="an Excel workbook (.xlsx)",
            hint="open it in Excel and save it as .xlsx, or rename it after its format",
        )
    try:
        # The header is read as a row: the library would rename a second column of one name silently.
        sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        if isinstance(error, fastexcel.SheetNotFoundError):
            raise _no_header(path, "no sheet") from error
        raise FileError(
            str(path), found="a damaged workbook", expected="an Excel workbook (.xlsx)", hint="save it again in Excel"
        ) from error
    if not sheet.height:
        raise _no_header(path, "an empty sheet")
    names = _distinct_names(path, [value or "" for value in sheet.row(0)])
    frame = sheet.slice(1).with_columns(pl.all().cast(pl.String).str.replace(MIDNIGHT, ""))
    frame.columns = names
    return frame.with_columns(pl.all().replace("", None)), _rows(frame.height), []
