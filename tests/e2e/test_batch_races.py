"""A batch among other processes: started twice, its parts deleted under it, killed at every kind of step."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01"
N_PATIENTS = 1000
NAMES = ("out.csv", "out.csv.status.csv", "out.csv.manifest.json")
MAIN = "from hla_match.cli.main import main\nmain()\n"
# Ends the process before the step that is named: action, part of a name, and how many such steps pass before.
KILLED = """
import os, signal, sys
from hla_match.services import batch_run
from registry_io.disk.durable_files import listening
action, name, left = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
batch_run.PART_SIZE = 20
def kill(step, path):
    global left
    if step == action and name in path.name:
        if not left: os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
with listening(kill):
    from hla_match.cli.main import main
    main()
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither SIGSTOP nor SIGKILL")


def start(folder: Path, *arguments: str, program: str = MAIN) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**os.environ, "HLA_MATCH_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def started_batch(folder: Path, *, until: str) -> subprocess.Popen[str]:
    """Return a batch that has said a line and stands still."""
    batch = start(folder, "batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv")
    assert batch.stderr is not None
    while not (line := batch.stderr.readline()).startswith(until):
        assert line
    batch.send_signal(signal.SIGSTOP)
    return batch


def batch(folder: Path, patients: str = "patients.csv", out: str = "out.csv") -> subprocess.Popen[str]:
    done = start(folder, "batch", "registry", patients, "--overwrite", "--out", out)
    done.communicate()
    return done


def contents(folder: Path, stem: str = "out") -> list[bytes]:
    return [(folder / name.replace("out", stem)).read_bytes() for name in NAMES]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry, patients, and the results of batches that nobody disturbed."""
    folder = tmp_path_factory.mktemp("made")
    donors = "".join(f"D{number},{PATIENT}\n" for number in range(20))
    (folder / "donors.csv").write_text(f"donor_id,gl_string\n{donors}", encoding="utf-8")
    patients = [f"P{number},{PATIENT}\n" for number in range(N_PATIENTS)]
    (folder / "patients.csv").write_text(f"patient_id,gl_string\n{''.join(patients)}P1,A*99:01+\n", encoding="utf-8")
    (folder / "few.csv").write_text(f"patient_id,gl_string\n{''.join(patients[:60])}", encoding="utf-8")
    assert start(folder, "registry", "import", "registry", "donors.csv").communicate()[1] is not None
    for patients_file, out in (("patients.csv", "whole.csv"), ("few.csv", "few-whole.csv")):
        assert batch(folder, patients_file, out).returncode == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    for name in NAMES:
        (tmp_path / name).write_bytes(b"old")
    return tmp_path


@pytest.mark.exhaustive
def test_of_two_that_write_the_same_file_the_second_is_told_and_the_first_gives_the_right_bytes(folder: Path) -> None:
    first = started_batch(folder, until="100 of")
    for out in ("out.csv", "out.parquet", "./out.csv"):
        second = start(folder, "batch", "registry", "patients.csv", "--overwrite", "--out", out)
        output, errors = second.communicate()
        assert (second.returncode, output) == (2, "")
        (line,) = errors.splitlines()
        assert f": found process {first.pid} of " in line
        assert "expected no other writer" in line
    first.send_signal(signal.SIGCONT)
    _, errors = first.communicate()
    assert first.returncode == 0, errors
    assert contents(folder) == contents(folder, "whole")
    assert not list(folder.glob(".out*"))


def test_parts_deleted_under_a_batch_end_it_with_status_1_and_the_old_files_stay(folder: Path) -> None:
    first = started_batch(folder, until="300 of")
    (parts,) = folder.glob(".out.csv.parts-*")
    shutil.rmtree(parts)
    first.send_signal(signal.SIGCONT)
    output, errors = first.communicate()
    assert (first.returncode, output) == (1, "")
    last = errors.splitlines()[-1]
    assert last.startswith(f"hla-match: {parts.name}: found ")
    assert "no result was written" in last
    assert "Traceback" not in errors
    assert contents(folder) == [b"old"] * 3
    assert not list(folder.glob(".out*"))
    assert batch(folder).returncode == 0
    assert contents(folder) == contents(folder, "whole")


@pytest.mark.parametrize(
    ("action", "name", "left"),
    [
        pytest.param("write", "20-40.results", 0, marks=pytest.mark.exhaustive),
        pytest.param("rename", ".seal.parquet", 1, marks=pytest.mark.exhaustive),
        pytest.param("create", ".out.csv.", 0, marks=pytest.mark.exhaustive),
        pytest.param("rename", "out.csv.status.csv", 0, marks=pytest.mark.exhaustive),
        pytest.param("rename", "out.csv.manifest.json", 0, marks=pytest.mark.exhaustive),
        ("rename", "out.csv", 0),
        pytest.param("remove", ".out.csv.parts-", 0, marks=pytest.mark.exhaustive),
    ],
)
def test_a_batch_that_was_killed_goes_on_to_the_same_bytes(folder: Path, action: str, name: str, left: int) -> None:
    line = ("batch", "registry", "few.csv", "--overwrite", "--out", "out.csv")
    killed = start(folder, action, name, str(left), *line, program=KILLED)
    _, errors = killed.communicate()
    assert killed.returncode == -signal.SIGKILL, errors
    complete = action == "remove"
    assert ((folder / "out.csv").read_bytes() == b"old") is not complete
    (parts,) = folder.glob(".out.csv.parts-*")
    again = start(folder, *line)
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert contents(folder) == contents(folder, "few-whole")
    assert not parts.exists()
    assert not list(folder.glob(".out*"))
