"""Reads NMDP's file of multiple allele codes (alpha.v3 and numer.v3 layouts; plain, gzip or zip)."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from pathlib import Path

from hla_match.errors import FileError
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes

# alpha.v3 has a first column with a star before codes of whole names; numer.v3 has no such column.
_ROW = re.compile(r"^(?:\*?\t)?([A-Z]+)\t(\d[\dA-Z:/]*[\dA-Z])[ \t]*$", re.MULTILINE)
_HEADER = re.compile(r"(?:\*?\t)?CODE\t\s*SUBTYPES?\s*")
LARGEST = 500_000_000
"""Bytes, beyond which a file holds no codes; it bounds what a small compressed file can unpack to."""

_N_HEADER = 3  # lines before the codes: the date of the file, an empty one, the names of the columns


def read_codes(path: Path) -> MultipleAlleleCodes:
    """Read a file of codes; gzip and zip are known by their first bytes, whatever the file is called.

    Raises:
        FileError: the file is missing, holds no codes, or a row is not a code and its alleles.
    """
    text = _text(path)
    rows = _ROW.findall(text)
    # Lines are looked at one at a time only where there are more than rows of codes and the lines of the header.
    n_header = sum(_ROW.fullmatch(line) is None for line in text.split("\n", _N_HEADER)[:_N_HEADER])
    n_lines = text.count("\n") + (not text.endswith("\n"))
    _check_rows(path, text, whole=len(rows) + n_header < n_lines)
    if not rows:
        raise FileError(str(path), found="no codes", expected="rows of code and alleles, separated by tabs")
    return MultipleAlleleCodes.from_items(rows)


def _text(path: Path) -> str:
    expected = "a file of multiple allele codes, as text, .gz, or .zip with one .txt"
    too_large = FileError(str(path), found=f"more than {LARGEST:,} bytes", expected=expected)
    try:
        if path.stat().st_size > LARGEST:
            raise too_large
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(LARGEST + 1)
        elif data.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = [n for n in archive.namelist() if n.lower().endswith(".txt") and "__MACOSX/" not in n]
                if len(names) != 1:
                    raise FileError(str(path), found=f"{len(names)} .txt files in the zip", expected=expected)
                with archive.open(names[0]) as member:
                    data = member.read(LARGEST + 1)
    except OSError as error:
        raise FileError(str(path), found=error.strerror or str(error), expected=expected) from error
    except (EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise FileError(
            str(path), found=f"a damaged file: {error}", expected=expected, hint="fetch the file again"
        ) from error
    if len(data) > LARGEST:
        raise too_large
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            str(path), row=row, found=f"byte {data[error.start]:#04x} that is not UTF-8", expected=expected
        ) from None


def _check_rows(path: Path, text: str, *, whole: bool) -> None:
    """Raise at the first row that is neither a code nor part of the header; look only at the header unless `whole`."""
    lines = text.split("\n") if whole else text.split("\n", _N_HEADER)[:_N_HEADER]
    in_header = True
    for row, line in enumerate(lines, start=1):
        if _ROW.fullmatch(line):
            in_header = False
            continue
        is_header = in_header and (_HEADER.fullmatch(line) or (row <= _N_HEADER and "\t" not in line))
        if line.strip() and not is_header:
            raise FileError(
                str(path),
                row=row,
                found=repr(line[:40]),
                expected="a code of capital letters and its alleles, separated by a tab",
            )
