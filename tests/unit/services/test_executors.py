"""Who searches for a batch, how much is held in memory, and what is said where that cannot be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from hla_match.errors import CriteriaError
from hla_match.services import executors
from hla_match.services.batch_parts import BatchParts
from hla_match.services.executors import ExecutorConfig

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
DAY = "--as-of=2026-06-14"
BATCH = ("batch", "registry", "patients.csv", "--overwrite", "--scope", "6/6", DAY, "--out")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    donors = "".join(f"D{number},{PATIENT}\n" for number in range(200))
    Path("donors.csv").write_text(f"donor_id,gl_string\n{donors}", encoding="utf-8")
    # Every other patient is typed at a locus beyond the scope, so that parts have other columns.
    patients = "".join(f"P{number},{PATIENT}{'^DPB1*05:01' * (number % 2)}\n" for number in range(90))
    Path("patients.csv").write_text(f"patient_id,gl_string\n{patients}P90,A*99:99\n", encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    assert call("registry", "import", "registry", "donors.csv").exit_code == 0
    return call


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet", ".jsonl"])
def test_neither_threads_nor_shards_nor_memory_change_a_byte(run, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    ranges = []
    write = BatchParts.write

    def noted(self, patients, *rest) -> None:
        ranges.append(patients)
        write(self, patients, *rest)

    monkeypatch.setattr(BatchParts, "write", noted)
    for options in ((), ("--workers=1",), ("--workers=4", "--shards=3"), ("--memory=1",)):
        ranges.clear()
        assert run(*BATCH, f"out{ending}", *options).exit_code == 0
        written.append([Path(f"out{ending}{end}").read_bytes() for end in ("", ".status.csv", ".manifest.json")])
    assert all(one == written[0] for one in written)
    # The last run had little room.
    assert (ranges[0][0], ranges[-1][1]) == (0, 91)
    assert len(ranges) > 1


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"workers": "2"}, {"workers": 1.5}, {"shards": 0}, {"memory": -1}])
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CriteriaError, match="a whole number of at least 1") as caught:
        ExecutorConfig(**wrong)
    assert [caught.value.name] == [*wrong]


def test_what_is_finished_without_a_gap_is_taken_up(tmp_path: Path) -> None:
    parts = BatchParts(tmp_path / "parts")
    assert parts.finished() == []
    for patients in ((0, 3), (3, 5), (7, 9)):
        parts.write(patients, [pl.DataFrame({"patient_id": ["P"]})], [])
    assert parts.finished() == [(0, 3), (3, 5)]
    (parts.folder / "3-5.status.parquet").unlink()
    assert parts.finished() == [(0, 3)]


def test_dask_that_is_not_installed_is_named(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = run(*BATCH, "out.csv", "--dask", "tcp://127.0.0.1:8786")
    assert isinstance(done.exception, CriteriaError)
    assert "pip install 'hla-match[dask]'" in str(done.exception)
    assert not Path("out.csv").exists()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere://127.0.0.1:9", "a b"])
def test_a_scheduler_that_does_not_answer_is_named(run, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    monkeypatch.setattr(executors, "_SECONDS", 1)
    done = run(*BATCH, "out.csv", "--dask", address)
    assert isinstance(done.exception, CriteriaError)
    assert str(done.exception).startswith(f"dask: found '{address}', expected the address of a Dask scheduler")


def test_a_cluster_has_workers_of_its_own(run) -> None:
    done = run(*BATCH, "out.csv", "--dask", "tcp://127.0.0.1:8786", "--workers", "2")
    assert isinstance(done.exception, CriteriaError)
    assert "none beside a cluster" in str(done.exception)
