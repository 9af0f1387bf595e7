"""Processes that start before the patients are read: only where a batch will need them, and none stays behind."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from hla_match.cli.kernel_folder import choose_cache_folder
from hla_match.services.early_processes import early_processes
from hla_match.services.executors import ExecutorConfig, ExecutorKind

CONFIG = ExecutorConfig(workers=2, processes=None)


def _registry(folder: Path, n_donors: int) -> Path:
    snapshot = "snapshot-0123456789abcdef"
    (folder / snapshot).mkdir(parents=True)
    (folder / "CURRENT").write_text(f"{snapshot}\n", encoding="utf-8")
    (folder / snapshot / "manifest.json").write_text(f'{{"n_donors": {n_donors}}}', encoding="utf-8")
    return folder


def _patients(path: Path, number: int) -> Path:
    path.write_text("patient_id,A_1\n" + "P,02:01\n" * number, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("config", "ending", "n_patients", "n_donors"),
    [
        (CONFIG, "csv", 999, 100_000),
        (CONFIG, "csv", 1_000, 99_999),
        (CONFIG, "parquet", 1_000, 100_000),
        (CONFIG, "csv", 0, 10**9),
        (ExecutorConfig(workers=1, processes=None), "csv", 1_000, 100_000),
        (ExecutorConfig(workers=2, processes=False), "csv", 1_000, 100_000),
        (ExecutorConfig(scheduler="tcp://127.0.0.1:1", processes=None), "csv", 1_000, 100_000),
    ],
)
def test_no_process_starts_where_none_will_search(
    tmp_path: Path, config: ExecutorConfig, ending: str, n_patients: int, n_donors: int
) -> None:
    patients = _patients(tmp_path / f"patients.{ending}", n_patients)
    with early_processes(config, _registry(tmp_path / "registry", n_donors), patients, choose_cache_folder) as found:
        assert found is config


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"n_donors": null}', '{"n_donors": "many"}', "\x00", '{"n_donors": Infinity}', "[" * 100_000],
)
def test_what_cannot_be_read_is_left_to_who_reads_it_in_earnest(tmp_path: Path, text: str) -> None:
    registry = _registry(tmp_path / "registry", 1)
    next(registry.glob("snapshot-*/manifest.json")).write_text(text, encoding="utf-8")
    patients = _patients(tmp_path / "patients.csv", 100_000)
    for folder in (registry, tmp_path / "nowhere"):
        with early_processes(CONFIG, folder, patients, choose_cache_folder) as found:
            assert found is CONFIG
    with early_processes(CONFIG, registry, tmp_path / "nobody.csv", choose_cache_folder) as found:
        assert found is CONFIG


def test_processes_that_are_not_needed_end_at_once(tmp_path: Path) -> None:
    registry = _registry(tmp_path / "registry", 100_000)
    patients = _patients(tmp_path / "patients.csv", 1_000)
    with early_processes(CONFIG, registry, patients, choose_cache_folder) as found:
        assert found.started is not None
        assert len(multiprocessing.active_children()) == 1
    assert not multiprocessing.active_children()
    with pytest.raises(KeyError), early_processes(CONFIG, registry, patients, choose_cache_folder):
        raise KeyError
    assert not multiprocessing.active_children()


def test_a_batch_takes_the_processes_that_were_started(tmp_path: Path) -> None:
    registry = _registry(tmp_path / "registry", 100_000)
    patients = _patients(tmp_path / "patients.csv", 1_000)
    with early_processes(CONFIG, registry, patients, choose_cache_folder) as found:
        assert found == CONFIG
        # An interrupted batch has several ranges of patients left, one after another.
        for _ in range(2):
            with found.open(ExecutorKind.PROCESSES) as workers:
                assert not isinstance(workers.pool, int)
                (child,) = multiprocessing.active_children()
                assert workers.pool.submit(os.getpid).result() == child.pid
                assert (workers.number, workers.joined) == (2, True)
    assert not multiprocessing.active_children()
