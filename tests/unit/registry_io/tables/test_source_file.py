"""The checksum of a file is that of the rows that were read, and a file that changes meanwhile is refused."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import FileError
from registry_io.persons.person_table import read_persons
from registry_io.tables import table_file, text_file, text_table
from registry_io.tables.source_file import SourceFile
from registry_io.tables.table_file import scan_slices, scan_table

ROWS = "".join(f"D{number},02:01,24:02\n" for number in range(2_000))
TEXT = f"donor_id,A_1,A_2\n{ROWS}".encode()


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "_BLOCK", 1_000)
    monkeypatch.setattr(text_table, "_BATCH", 100)
    monkeypatch.setattr(table_file, "ROWS", 100)


def write(path: Path, text: bytes) -> Path:
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(text))
    elif path.suffix == ".parquet":
        pl.read_csv(text, infer_schema=False).write_parquet(path)
    else:
        path.write_bytes(text)
    return path


@pytest.mark.parametrize("name", ["d.csv", "d.csv.gz", "d.parquet"])
def test_the_checksum_is_that_of_the_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, TEXT)
    table = scan_table(path)
    assert table.frame.height == 2_000
    assert table.checksum == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["d.csv", "d.csv.gz", "d.parquet", "quoted.csv"])
def test_a_file_that_is_written_to_meanwhile(tmp_path: Path, name: str) -> None:
    text = TEXT.replace(b"D0,", b'"D0",') if name.startswith("quoted") else TEXT
    path = write(tmp_path / name, text)
    slices = scan_slices(path)
    next(slices)
    write(path, text.replace(b"02:01", b"02:06"))
    with pytest.raises(FileError, match="changed while it was read"):
        list(slices)


def test_a_change_that_keeps_size_and_time_is_seen(tmp_path: Path) -> None:
    text = TEXT + ROWS.encode() * 30
    path = write(tmp_path / "d.csv", text)
    before = path.stat()
    slices = scan_slices(path)
    next(slices)
    path.write_bytes(text[:-100] + text[-100:].replace(b"02:01", b"02:06"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(FileError, match="changed while it was read"):
        list(slices)


def test_a_file_that_is_replaced_meanwhile_is_read_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", TEXT)
    slices = scan_slices(path)
    parts = [next(slices)]
    write(tmp_path / "other.csv", TEXT.replace(b"02:01", b"02:06")).replace(path)
    parts += list(slices)
    assert pl.concat([part.frame for part in parts])["A_1"].unique().to_list() == ["02:01"]
    assert {part.checksum for part in parts} == {hashlib.sha256(TEXT).hexdigest()}


def test_a_parquet_file_that_is_replaced_meanwhile(tmp_path: Path) -> None:
    path = write(tmp_path / "d.parquet", TEXT)
    slices = scan_slices(path)
    next(slices)
    write(tmp_path / "other.parquet", TEXT).replace(path)
    with pytest.raises(FileError, match="changed while it was read"):
        list(slices)


def test_a_file_read_as_a_whole_is_compared_at_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", TEXT)
    opened = SourceFile.open(path)
    assert opened.__enter__().read() == TEXT
    path.write_bytes(TEXT + b"x")
    with pytest.raises(FileError, match="changed while it was read"):
        opened.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("end", "is_noted"), [("\n", False), ("", True), ("\r\n", False), ("\r", False), ("\n\n", False)]
)
def test_a_last_line_without_its_end_is_noted(tmp_path: Path, end: str, is_noted: bool) -> None:
    records = read_persons(write(tmp_path / "d.csv", TEXT.rstrip(b"\n") + end.encode()), kind="donor")
    assert records.frame.height == 2_000
    assert any("no line end" in caution for caution in records.read_notes.cautions) == is_noted


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.parquet"])
def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(FileError, match="found a device or pipe, expected a file that can be read"):
        scan_table(tmp_path / name)
