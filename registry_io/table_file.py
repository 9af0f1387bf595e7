"""Reads a table of text from CSV, TSV, Parquet or Excel, and refuses what cannot be a table with one clear message."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import FileError

_CHUNK = 4 << 20
_LONGEST_LINE = 1 << 20
_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".parquet", ".xlsx")


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table whose every cell is text.

    Attributes:
        frame: the columns as String, and `row`, the 1-based row of the file (the header is row 1).
        ragged: row, number of cells found and expected, of each row with another number of cells.
        checksum: SHA-256 of the file.
    """

    frame: pl.DataFrame
    ragged: list[tuple[int, int, int]]
    checksum: str


def read_table(path: Path) -> TextTable:
    """Read a table.

    Raises:
        FileError: the file is missing, damaged, empty, not text where it should be, or has no usable header.
    """
    if not path.is_file():
        raise FileError(str(path), found="no such file", expected="a table", hint="check the path")
    if not path.name.lower().endswith(_ENDINGS):
        raise FileError(str(path), found=f"ending {path.suffix!r}", expected=f"one of {', '.join(_ENDINGS)}")
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    ragged: list[tuple[int, int, int]] = []
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path).cast(pl.String)
        elif path.suffix == ".xlsx":
            frame = pl.read_excel(path, infer_schema_length=0)
        else:
            frame, ragged = _read_text(path)
    except FileError:
        raise
    except Exception as error:
        # Readers of foreign formats raise many classes; each means that the file is not what its ending says.
        raise FileError(
            str(path), found=f"{type(error).__name__}: {str(error).splitlines()[0]}", expected=f"a sound {path.suffix} file"
        ) from None
    if "row" not in frame.columns or ragged == []:
        frame = frame.drop("row", strict=False).with_row_index("row", offset=2)
    return TextTable(frame, ragged, checksum)


def _read_text(path: Path) -> tuple[pl.DataFrame, list[tuple[int, int, int]]]:
    data = _checked_bytes(path)
    header = data[: data.find(b"\n") if b"\n" in data else len(data)].decode("utf-8")
    separator = max(",\t;", key=header.count)
    names = next(csv.reader([header.rstrip("\r")], delimiter=separator), [])
    names = [name.strip() for name in names]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated or not any(names):
        raise FileError(
            str(path), row=1, found=f"columns named twice: {', '.join(sorted(repeated))}" if repeated else "no names",
            expected="a header of distinct names",
        )
    try:
        frame = pl.read_csv(
            data, separator=separator, infer_schema=False, missing_utf8_is_empty_string=False, eol_char="\n"
        )
    except pl.exceptions.PolarsError:
        return _read_ragged(data, separator, names)
    if frame.width != len(names):
        return _read_ragged(data, separator, names)
    frame.columns = names
    # A short row is filled with nulls by the reader; it shows as a last column that is null.
    if frame.height and frame.get_column(names[-1]).null_count() and _has_short_rows(data, separator, len(names)):
        return _read_ragged(data, separator, names)
    return frame, []


def _has_short_rows(data: bytes, separator: str, width: int) -> bool:
    """Say whether some row has fewer separators than the header, quotes apart."""
    needed = width - 1
    mark = separator.encode()
    return any(line.count(mark) < needed for line in data.split(b"\n") if line.strip())


def _read_ragged(data: bytes, separator: str, names: list[str]) -> tuple[pl.DataFrame, list[tuple[int, int, int]]]:
    """Read row by row; rows with another number of cells are set aside."""
    ragged: list[tuple[int, int, int]] = []
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=separator)
    next(reader)
    for number, cells in enumerate(reader, start=2):
        if not cells:
            continue
        if len(cells) != len(names):
            ragged.append((number, len(cells), len(names)))
        else:
            rows.append([cell or None for cell in cells])
            numbers.append(number)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.insert_column(0, pl.Series("row", numbers, pl.UInt32)), ragged


def _checked_bytes(path: Path) -> bytes:
    """Return the text of a file without BOM, read in chunks so that no single line can exhaust the memory."""
    chunks: list[bytes] = []
    row, column = 1, 0
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    try:
        with opened as file:
            while chunk := file.read(_CHUNK):
                if b"\0" in chunk:
                    at = chunk.index(b"\0")
                    raise FileError(
                        str(path), row=row + chunk.count(b"\n", 0, at), found="a NUL byte", expected="text",
                        hint="export the file again as UTF-8 text",
                    )
                lines = chunk.split(b"\n")
                for number, line in enumerate(lines):
                    column = column + len(line) if number == 0 else len(line)
                    if column > _LONGEST_LINE:
                        raise FileError(
                            str(path), row=row + number, found="a line of more than 1 MiB",
                            expected="one record a line", hint="check the line ends",
                        )
                row += len(lines) - 1
                chunks.append(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(
            str(path), found=f"a damaged gzip file ({error})", expected="a whole one", hint="copy the file again"
        ) from None
    data = b"".join(chunks).removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(
            str(path), row=1 + data.count(b"\n", 0, error.start), found=f"byte 0x{data[error.start]:02x}",
            expected="UTF-8 text", hint="save the file as UTF-8",
        ) from None
    if not data.strip():
        raise FileError(str(path), found="an empty file", expected="a header and records")
    return data
