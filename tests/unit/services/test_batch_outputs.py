"""The name of the status file: the whole name of the results, without the ending that names their format."""

from __future__ import annotations

from pathlib import Path

import pytest

from hla_match.services.batch_outputs import status_path


@pytest.mark.parametrize(
    ("out", "status"),
    [
        ("out.csv", "out.status.csv"),
        ("out.CSV.GZ", "out.status.csv"),
        ("a.b.csv", "a.b.status.csv"),
        ("a.c.parquet", "a.c.status.csv"),
        ("folder.x/2024.05.xlsx", "folder.x/2024.05.status.csv"),
    ],
)
def test_status_file_is_named_after_the_whole_result_file(out: str, status: str) -> None:
    assert status_path(Path(out)) == Path(status)
