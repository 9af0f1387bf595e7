"""A batch whose patients other processes search: the bytes of threads, and nothing left behind, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hla_match.services import executors
from hla_match.services.batch import BatchReport, batch
from hla_match.services.executors import ExecutorConfig, ExecutorKind
from registry_io.store.donor_import import import_donors

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
SHARES = {"A*02:01~B*46:01~DRB1*09:01": 0.3, "A*24:02~B*40:01~DRB1*15:01": 0.3}
NAMES = (".csv", ".csv.status.csv", ".csv.manifest.json")
# Processes search, whatever the size of the batch: two others beside this one.
PROGRAM = """
import sys
from hla_match.services import executors
executors._PREDICTED_COMPARISONS = executors._COUNTED_COMPARISONS = 0
from hla_match.cli.main import main
if __name__ == "__main__":
    main()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which processes are there")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("processes")
    donors = "".join(f"D{number},{PATIENT}\n" for number in range(50))
    (made / "donors.csv").write_text(f"donor_id,gl_string\n{donors}", encoding="utf-8")
    patients = "".join(f"P{number},{PATIENT}\n" for number in range(2000))
    (made / "patients.csv").write_text(f"patient_id,gl_string\n{patients}PX,A*99:99\n", encoding="utf-8")
    few = "".join(patients.splitlines(keepends=True)[:60])
    (made / "few.csv").write_text(f"patient_id,gl_string\n{few}PX,A*99:99\n", encoding="utf-8")
    (made / "shares.csv").write_text(
        "haplotype,frequency\n" + "".join(f"{name},{share}\n" for name, share in SHARES.items()), encoding="utf-8"
    )
    import_donors(made / "registry", made / "donors.csv", "builtin")
    return made


def searched(folder: Path, out: str, *, processes: bool, **options: object) -> tuple[BatchReport, list[bytes]]:
    report = batch(
        folder / "registry",
        folder / "few.csv",
        folder / f"{out}.csv",
        executor=ExecutorConfig(workers=2, processes=processes),
        overwrite=True,
        **options,  # type: ignore[arg-type]
    )
    return report, [(folder / f"{out}{ending}").read_bytes() for ending in NAMES]


@pytest.mark.parametrize("frequencies", [None, "file", "mapping"])
def test_processes_write_the_bytes_of_threads(folder: Path, frequencies: str | None) -> None:
    given = {None: None, "file": folder / "shares.csv", "mapping": SHARES}[frequencies]
    by_threads = searched(folder, "out", processes=False, frequencies=given)
    by_processes = searched(folder, "out", processes=True, frequencies=given)
    assert by_processes[1] == by_threads[1]
    assert (by_processes[0].n_failed, by_processes[0].n_rows) == (1, 60 * 50)


def test_processes_search_only_where_it_pays_or_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_PREDICTED_COMPARISONS", 1000)
    free, asked = ExecutorConfig(workers=2, processes=None), ExecutorConfig(workers=2, processes=True)
    assert free.kind(100, 10, has_probabilities=True) is ExecutorKind.PROCESSES
    assert free.kind(99, 10, has_probabilities=True) is ExecutorKind.THREADS
    assert free.kind(100, 10, has_probabilities=False) is ExecutorKind.THREADS
    assert free.kind(3, 1000, has_probabilities=True) is ExecutorKind.THREADS
    assert asked.kind(1, 1, has_probabilities=False) is ExecutorKind.PROCESSES
    assert ExecutorConfig(workers=2).kind(100, 10, has_probabilities=True) is ExecutorKind.THREADS
    assert ExecutorConfig(workers=1, processes=True).kind(100, 10, has_probabilities=True) is ExecutorKind.THREADS
    monkeypatch.setattr(executors.multiprocessing, "parent_process", lambda: object())
    assert asked.kind(100, 10, has_probabilities=True) is ExecutorKind.THREADS


def start(folder: Path, out: str) -> subprocess.Popen[str]:
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, program, "batch", "registry", "patients.csv", "--workers=3", "--scope=6/6", "--out", out],
        cwd=folder,
        env={**os.environ, "HLA_MATCH_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def children(of: int) -> list[int]:
    """The processes that search for another one; what tracks its semaphores is none of them."""
    listed = Path(f"/proc/{of}/task/{of}/children").read_text(encoding="utf-8").split()
    return [int(one) for one in listed if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("ends", "code", "line"),
    [
        ("SIGTERM", 128 + signal.SIGTERM, "hla-match: interrupted by SIGTERM; what was finished is kept"),
        ("SIGINT of the terminal", 128 + signal.SIGINT, "hla-match: interrupted; what was finished is kept"),
        ("death of a worker", 2, "hla-match: workers: a process that searches was ended from outside"),
        ("death of the command", -signal.SIGKILL, ""),
    ],
)
def test_no_process_is_left_and_the_same_command_goes_on(folder: Path, ends: str, code: int, line: str) -> None:
    out = f"{ends.replace(' ', '-')}.csv"
    command = start(folder, out)
    assert command.stderr is not None
    while not (said := command.stderr.readline()).startswith("500 of"):
        assert said, "the batch ended early"
    found = children(command.pid)
    assert len(found) == 2
    if ends == "SIGTERM":
        command.send_signal(signal.SIGTERM)
    elif ends == "SIGINT of the terminal":
        os.killpg(command.pid, signal.SIGINT)
    else:
        os.kill(found[0] if ends == "death of a worker" else command.pid, signal.SIGKILL)
    _, errors = command.communicate()
    assert command.returncode == code, errors
    assert not line or errors.splitlines()[-1].startswith(line)
    assert "Traceback" not in errors
    until = time.monotonic() + 30
    while any(map(is_alive, found)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_alive, found))
    assert list(folder.glob(f".{out}.parts-*"))
    again = start(folder, out)
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    # What was finished is not searched again.
    assert not errors.startswith("100 of")
    assert not list(folder.glob(f".{out}.parts-*"))
