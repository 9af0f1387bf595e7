"""The names of the files beside a result, which carry its whole name, and a result that is there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from hla_match.errors import ErrorCode, FileError
from hla_match.services.batch_outputs import batch_outputs, parts_folder, refuse_existing, status_path


@pytest.mark.parametrize(
    ("out", "status"),
    [
        ("out.csv", "out.csv.status.csv"),
        ("out.CSV.GZ", "out.CSV.GZ.status.csv"),
        ("a.b.csv", "a.b.csv.status.csv"),
        ("a.c.parquet", "a.c.parquet.status.csv"),
        ("folder.x/2024.05.xlsx", "folder.x/2024.05.xlsx.status.csv"),
    ],
)
def test_status_file_is_named_after_the_whole_result_file(out: str, status: str) -> None:
    assert status_path(Path(out)) == Path(status)


def test_results_of_two_formats_have_files_of_their_own() -> None:
    csv, parquet = batch_outputs(Path("m.csv")), batch_outputs(Path("m.parquet"))
    assert [path.name for path in csv] == ["m.csv", "m.csv.status.csv", "m.csv.manifest.json"]
    assert not set(csv) & set(parquet)


def test_a_result_that_is_there_is_replaced_by_what_was_interrupted_for_it_alone(tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    refuse_existing(out)
    out.write_text("old")
    with pytest.raises(FileError, match="a result that is there already") as caught:
        refuse_existing(out)
    assert caught.value.code == ErrorCode.FILE_RESULT_EXISTS
    parts_folder(tmp_path / "m.parquet", "1").mkdir()
    with pytest.raises(FileError):
        refuse_existing(out)
    parts_folder(out, "1").mkdir()
    refuse_existing(out)
