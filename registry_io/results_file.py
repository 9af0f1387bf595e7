"""Writes result tables: CSV, Parquet, JSON lines or Excel by the file's ending, aside first and then renamed."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from hla_match.errors import CriteriaError, FileError

ENDINGS = (".csv", ".csv.gz", ".tsv", ".parquet", ".jsonl", ".ndjson", ".xlsx")
_EXCEL_ROWS = 1_048_575


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`; on success it replaces `path`, on any failure it is removed."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".writing", dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.chmod(0o644)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def check_writable_ending(path: Path) -> str:
    """Return the ending that decides the format.

    Raises:
        CriteriaError: no format has this ending.
        FileError: the folder does not exist.
    """
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if path.name.endswith(ending):
            break
    else:
        raise CriteriaError("out", found=path.name, expected=f"an ending of {', '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise FileError(str(path), found=f"no folder {path.parent}", expected="an existing folder")
    return ending


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a table in the format of the path's ending.

    Raises:
        CriteriaError: unknown ending, or more rows than an Excel sheet holds.
    """
    ending = check_writable_ending(path)
    if ending == ".xlsx" and frame.height > _EXCEL_ROWS:
        raise CriteriaError(
            "out", found=f"{frame.height:,} rows for Excel", expected=f"at most {_EXCEL_ROWS:,}: set a limit, or CSV"
        )
    with atomic_write(path) as aside:
        if ending == ".parquet":
            frame.write_parquet(aside)
        elif ending in (".jsonl", ".ndjson"):
            frame.write_ndjson(aside)
        elif ending == ".xlsx":
            with aside.open("wb") as file:
                frame.write_excel(file)
        elif ending == ".csv.gz":
            with gzip.open(aside, "wb") as file:
                frame.write_csv(file)
        else:
            frame.write_csv(aside, separator="\t" if ending == ".tsv" else ",")
