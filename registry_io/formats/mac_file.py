"""Reads NMDP's file of multiple allele codes (alpha.v3 and numer.v3 layouts; plain, gzip or zip)."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

import polars as pl

from hla_match.errors import ErrorCode, FileError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from registry_io.tables.budgets import Budgets, FileBudget
from registry_io.tables.source_file import SourceFile, read_error, unpack
from registry_io.tables.zip_members import ZipMembers

# alpha.v3 has a first column with a star before codes of whole names; numer.v3 has no such column.
_ROW = r"^(?:\*?\t)?([A-Z]+)\t([0-9][0-9A-Z:/]*[0-9A-Z])[ \t]*$"
_HEADER = re.compile(r"(?:\*?\t)?CODE\t\s*SUBTYPES?\s*")
LARGEST = 500_000_000
"""Bytes, beyond which a file holds no codes."""

_N_HEADER = 3  # lines before the codes: the date of the file, an empty one, the names of the columns
_EXPECTED = "a file of multiple allele codes, as text, .gz, or .zip with one .txt"
_LINE_BYTES = 120  # of memory, for a line, its code, its alleles and their sorted copies
_TEXT_COPIES = 3


def read_codes(path: Path, *, budgets: Budgets | None = None) -> MacTable:
    """Read a file of codes; gzip and zip are known by their first bytes, not by the name of the file.

    Raises:
        FileError: the file is missing, holds no codes, or was cut; a row is not a code and its alleles; or a code
            stands twice with different alleles.
        BudgetError: it takes more than its budget; without `budgets` those of the environment hold.
    """
    text = _text(path, budgets)
    rows = (
        pl.select(line=pl.lit(pl.Series([text])).str.split("\n").explode(empty_as_null=False, keep_nulls=True))
        .with_row_index("row", offset=1)
        .with_columns(code=pl.col("line").str.extract(_ROW, 1), alleles=pl.col("line").str.extract(_ROW, 2))
    )
    _check_rows(path, rows)
    codes = rows.drop("line").filter(pl.col("code").is_not_null()).sort("code", "row")
    if not codes.height:
        raise FileError(
            str(path),
            found="no codes",
            expected="rows of code and alleles, separated by tabs",
            code=ErrorCode.FILE_NOTHING,
        )
    _check_whole(path, text, rows.height)
    _check_meanings(path, codes)
    codes = codes.unique("code", keep="first", maintain_order=True)
    return MacTable.from_columns(codes["code"].to_list(), codes["alleles"].to_list())


def _text(path: Path, budgets: Budgets | None) -> str:
    too_large = FileError(
        str(path), found=f"more than {LARGEST:,} bytes", expected=_EXPECTED, code=ErrorCode.FILE_FORMAT
    )
    try:
        with SourceFile.open(path, budgets) as source:
            budget = source.budget
            if budget.size > LARGEST:
                raise too_large
            data = _unpacked(source.read(), budget)
    except OSError as error:
        raise read_error(path, error, expected=_EXPECTED) from error
    except (EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileError(
            str(path),
            found=f"a damaged file: {error}",
            expected=_EXPECTED,
            hint="fetch the file again",
            code=ErrorCode.FILE_DAMAGED,
        ) from error
    if len(data) > LARGEST:
        raise too_large
    budget.check_held(_TEXT_COPIES * len(data) + _LINE_BYTES * data.count(b"\n"), f"{len(data):,} bytes of codes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            str(path),
            row=row,
            found=f"byte {data[error.start]:#04x} that is not UTF-8",
            expected=_EXPECTED,
            code=ErrorCode.FILE_ENCODING,
        ) from None


def _unpacked(data: bytes, budget: FileBudget) -> bytes:
    if data.startswith(b"\x1f\x8b"):
        return unpack(data, budget, most=LARGEST)
    if not data.startswith(b"PK\x03\x04"):
        return data
    members = ZipMembers(data, budget)
    texts = [at for at, name in enumerate(members.names) if name.lower().endswith(".txt") and "__MACOSX/" not in name]
    if len(texts) != 1:
        raise FileError(
            budget.path, found=f"{len(texts)} .txt files in the zip", expected=_EXPECTED, code=ErrorCode.FILE_FORMAT
        )
    return members.read(texts[0], most=LARGEST)


def _check_rows(path: Path, rows: pl.DataFrame) -> None:
    """Raise at the first row that is neither a code nor part of the header."""
    others = rows.filter(pl.col("code").is_null() & (pl.col("line").str.strip_chars() != "")).select("row", "line")
    first = rows.filter(pl.col("code").is_not_null())["row"].min()
    for row, line in others.iter_rows():
        in_header = first is None or row < first
        if not in_header or not (_HEADER.fullmatch(line) or (row <= _N_HEADER and "\t" not in line)):
            raise FileError(
                str(path),
                row=row,
                found=repr(line[:40]),
                expected="a code of capital letters and its alleles, separated by a tab",
            )


def _check_whole(path: Path, text: str, n_lines: int) -> None:
    """Refuse a file whose last row may have been cut: a code of fewer alleles is as good a row."""
    if not text.endswith("\n"):
        raise FileError(
            str(path),
            row=n_lines,
            found="a last row without a line end",
            expected="a line end after every row",
            hint="the file may have been cut, and a code then means less; fetch it again",
            code=ErrorCode.FILE_DAMAGED,
        )


def _check_meanings(path: Path, codes: pl.DataFrame) -> None:
    """Refuse a code that stands twice with different alleles; `codes` are sorted by code, then row."""
    again = codes.with_columns(pl.all().shift().name.prefix("first_")).filter(
        (pl.col("code") == pl.col("first_code")) & (pl.col("alleles") != pl.col("first_alleles"))
    )
    if again.height:
        row, code, first = again.sort("row").select("row", "code", "first_row").row(0)
        raise FileError(
            str(path),
            row=row,
            found=f"code {code} with other alleles than in row {first}",
            expected="one meaning of each code",
            hint="fetch the file again, or remove the row that is wrong",
            code=ErrorCode.FILE_CONTRADICTION,
        )
