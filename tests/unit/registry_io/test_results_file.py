"""Result files: the format follows the ending, and a file is whole or absent."""

from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import CriteriaError, FileError
from registry_io import results_file
from registry_io.results_file import ENDINGS, atomic_write, check_writable_ending, write_frame
from registry_io.table_file import read_table

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
