"""Reads NMDP's file of multiple allele codes (alpha.v3 and numer.v3 layouts; plain, gzip or zip)."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from pathlib import Path

from hla_match.errors import FileError
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes


def read_codes(path: Path) -> MultipleAlleleCodes:
    """Read a file of codes.

    Raises:
        FileError: the file is missing, holds no codes, or a row is not a code and its alleles.
    """
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                data = archive.read(archive.namelist()[0])
        else:
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
        text = data.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zipfile.BadZipFile, IndexError) as error:
        raise FileError(str(path), found=str(error), expected="a file of multiple allele codes") from None
    book = MultipleAlleleCodes.from_items(_rows(path, text))
    if not len(book):
        raise FileError(str(path), found="no codes", expected="rows of code and alleles, separated by tabs")
    return book


def _rows(path: Path, text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.rstrip().split("\t")
        if len(cells) < 2:
            if number <= 3 or not line.strip():
                continue
            raise FileError(
                str(path), row=number, found=repr(line[:40]), expected="code and alleles, separated by a tab"
            )
        code, alleles = cells[-2].strip(), cells[-1].strip()
        if code == "CODE":
            continue
        if not (code.isascii() and code.isalpha() and code.isupper()) or not alleles:
            raise FileError(
                str(path), row=number, found=repr(line[:40]), expected="a code of capital letters and alleles"
            )
        yield code, alleles
