"""Result files: the format follows the ending, and a file is whole or absent."""

from __future__ import annotations

import datetime
import errno
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import CriteriaError, FileError
from registry_io.disk.durable_files import atomic_write
from registry_io.tables import results_file
from registry_io.tables.list_workbook import write_list_workbook
from registry_io.tables.results_file import ENDINGS, check_writable_ending, put_rows, write_frame, write_rows
from registry_io.tables.table_file import read_table

FRAME = pl.DataFrame(
    {"donor_id": ["D1", "=1+1"], "grade": ["10/10", None], "n": [10, 9], "born": [datetime.date(1980, 2, 3), None]}
)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_gives_back_the_table_and_the_same_bytes_again(tmp_path: Path, ending: str) -> None:
    path, again = tmp_path / f"matches{ending}", tmp_path / f"again{ending}"
    write_frame(FRAME, path)
    write_frame(FRAME, again)
    assert path.read_bytes() == again.read_bytes()
    read = pl.read_ndjson(path) if "json" in ending else read_table(path)
    assert read.cast(pl.String).rows() == FRAME.cast(pl.String).rows()
    assert sorted(tmp_path.iterdir()) == sorted([path, again])


@pytest.mark.parametrize("name", ["matches", "matches.doc", "matches.gz", ".csv", "matches.parquet.gz"])
def test_unknown_ending_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(CriteriaError, match=r"\.csv\.gz.*\.parquet.*\.xlsx"):
        check_writable_ending(Path(name))
    with pytest.raises(CriteriaError):
        write_frame(FRAME, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_excel_refuses_more_rows_than_a_sheet_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "EXCEL_ROWS", 1)
    with pytest.raises(CriteriaError, match="2 rows"):
        write_frame(FRAME, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_excel_refuses_a_text_that_a_cell_would_cut(tmp_path: Path) -> None:
    write_frame(pl.DataFrame({"typing": ["a" * 32_767]}), tmp_path / "a.xlsx")
    long = pl.DataFrame({"typing": ["a", "a" * 32_768, None]})
    with pytest.raises(CriteriaError, match=r"b\.xlsx for a text of 32,768 characters in column typing', .*\.csv"):
        write_frame(long, tmp_path / "b.xlsx")
    with pytest.raises(CriteriaError, match="column typing"):
        write_list_workbook(long, [], tmp_path / "b.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_error_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")

    def fail_halfway() -> None:
        with atomic_write(path) as handle:
            handle.write(b"half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail_halfway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="create the folder"):
        write_frame(FRAME, tmp_path / "none" / "a.csv")
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(FileError, match="a place that can be written to"):
        write_frame(FRAME, tmp_path / "a.csv")


@pytest.mark.parametrize("ending", ENDINGS)
def test_rows_of_parts_are_written_as_those_of_one_table(tmp_path: Path, ending: str) -> None:
    whole = tmp_path / f"whole{ending}"
    write_rows(FRAME.lazy(), FRAME.height, whole)
    for size in (1, 2):
        parts = [FRAME[start : start + size] for start in range(0, FRAME.height, size)]
        for number, part in enumerate(parts):
            write_frame(part, tmp_path / f"{number}.parquet")
        lazy = pl.concat([pl.scan_parquet(tmp_path / f"{number}.parquet") for number in range(len(parts))])
        write_rows(lazy, FRAME.height, tmp_path / f"joined{ending}")
        assert (tmp_path / f"joined{ending}").read_bytes() == whole.read_bytes()
    read = pl.read_ndjson(whole) if "json" in ending else read_table(whole)
    assert read.cast(pl.String).rows() == FRAME.cast(pl.String).rows()


def test_a_long_table_is_written_alike_however_it_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "ROW_GROUP", 1000)
    table = pl.DataFrame({"n": range(20_000)}).with_columns(text=pl.col("n").cast(pl.String))
    written = set()
    for size in (700, 1000, 4321, 20_000):
        parts = [table[start : start + size].lazy() for start in range(0, table.height, size)]
        write_rows(pl.concat(parts), table.height, tmp_path / "a.parquet")
        written.add((tmp_path / "a.parquet").read_bytes())
    assert len(written) == 1
    assert pl.read_parquet(tmp_path / "a.parquet").equals(table)


def test_excel_refuses_more_rows_before_it_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "EXCEL_ROWS", 1)
    with pytest.raises(CriteriaError, match="2 rows"):
        write_rows(FRAME.lazy(), FRAME.height, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


class _FullDisk(io.RawIOBase):
    """A file on a disk that has room for some bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        size = memoryview(data).nbytes  # type: ignore[arg-type]
        self.room -= size
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return size


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("room", [0, 100])
def test_a_full_disk_is_the_same_error_in_every_format(ending: str, room: int) -> None:
    table = pl.DataFrame({"n": range(20_000)}).with_columns(text=pl.col("n").cast(pl.String))
    with pytest.raises(FileError, match=r"^a\..*: found no room left on the disk, expected room for the whole file"):
        put_rows(table.lazy(), table.height, _FullDisk(room), Path(f"a{ending}"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_wrong_with_the_table_is_not_said_of_the_disk(ending: str, tmp_path: Path) -> None:
    wrong = pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64))
    with pytest.raises(pl.exceptions.PolarsError):
        write_rows(wrong, 1, tmp_path / f"a{ending}")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of file sizes")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_becomes_too_large_leaves_the_old_one(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"old")
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "import polars as pl\n"
        "from hla_match.errors import FileError\n"
        "from registry_io.tables.results_file import write_frame\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "try:\n"
        "    write_frame(pl.DataFrame({'n': range(20_000)}), Path(sys.argv[1]))\n"
        "except FileError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"{path}: found File too large, expected a place that can be written to")
    assert done.stderr == ""
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_of_a_workbook_lies_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    write_frame(FRAME, tmp_path / "a.xlsx")
    assert read_table(tmp_path / "a.xlsx").height == FRAME.height
