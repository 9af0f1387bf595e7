"""A signal at any moment of a command ends it with its code, in one line, and leaves nothing half-written behind."""

from __future__ import annotations

import datetime
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from hla_match.synthetic.volunteers import patients, volunteers

AS_OF = datetime.date(2026, 1, 1)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which signals a process awaits")

MOMENTS = int(os.environ.get("HLA_MATCH_MOMENTS", "2"))
"""Moments of each command and signal; tests/README.md says how to try more."""

COMMANDS = {
    "import": ("registry", "import", "new", "donors.csv"),
    "batch": ("batch", "registry", "patients.csv", "--out", "matches.csv"),
    "demo": ("demo", "--folder", "demo", "--donors", "3000"),
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DAILY = (("import", signal.SIGINT),)
"""The command and signal of a daily run."""
LEFTOVERS = (".writing-", ".part", ".tmp")


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a command in the folder, with a temporary folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from hla_match.cli.main import main; main()", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "HLA_MATCH_HOME": str(folder / "home"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TMPDIR": str(folder / "temporary"),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until_it_listens(command: subprocess.Popen[str]) -> None:
    """Wait for the command to await SIGTERM: before, it is Python that starts, and nothing of this program."""
    while command.poll() is None:
        status = Path(f"/proc/{command.pid}/status").read_text(encoding="utf-8")
        (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with donors, patients and a registry."""
    folder = tmp_path_factory.mktemp("prepared")
    volunteers(3000, seed=3, as_of=AS_OF)[0].write_csv(folder / "donors.csv")
    patients(60, seed=3, as_of=AS_OF)[0].write_csv(folder / "patients.csv")
    (folder / "temporary").mkdir()
    _, errors = start(folder, "registry", "import", "registry", "donors.csv").communicate()
    assert (folder / "registry").is_dir(), errors
    return folder


@pytest.fixture(scope="module")
def duration(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], float]:
    """How long a command takes here, with its kernels compiled."""

    @cache
    def measured(name: str) -> float:
        folder = shutil.copytree(prepared, tmp_path_factory.mktemp(name), dirs_exist_ok=True)
        for _ in range(2):  # the first may compile
            shutil.rmtree(folder / "new", ignore_errors=True)
            for made in folder.glob("matches.csv*"):
                made.unlink()
            begun = time.monotonic()
            command = start(folder, *COMMANDS[name])
            _, errors = command.communicate()
            assert command.returncode == 0, errors
        return time.monotonic() - begun

    return measured


def check_end(command: subprocess.Popen[str], folder: Path, number: signal.Signals) -> bool:
    """Check how a command ended; say whether it had done its work before the signal."""
    _, errors = command.communicate(timeout=120)
    own = [line for line in errors.splitlines() if line.startswith("hla-match: ")]
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    assert "panicked" not in errors
    left = [path for path in folder.rglob("*") if any(mark in path.name for mark in LEFTOVERS)]
    assert [path for path in left if not path.name.startswith(".matches.csv.parts-")] == []
    assert list((folder / "temporary").iterdir()) == []
    if command.returncode == 0:
        assert own == []
        return True
    assert command.returncode == 128 + number, errors
    assert len(own) == 1
    assert own[0].startswith("hla-match: interrupted")
    return False


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(
            name, number, id=f"{name}-{number.name}", marks=() if (name, number) in DAILY else pytest.mark.exhaustive
        )
        for name in COMMANDS
        for number in SIGNALS
    ],
)
def test_a_signal_at_any_moment(
    prepared: Path, duration: Callable[[str], float], tmp_path: Path, name: str, number: signal.Signals
) -> None:
    folder = shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    draw = random.Random(f"{name} {number}") if os.environ.get("CI") else random.Random()
    for _ in range(MOMENTS):
        command = start(folder, *COMMANDS[name])
        wait_until_it_listens(command)
        moment = draw.uniform(0, 1.2 * duration(name))
        time.sleep(moment)
        command.send_signal(number)
        if check_end(command, folder, number):
            break
    # Whatever the moments were, the command does its work the next time, or has done it.
    if not any((folder / made).exists() for made in ("new/CURRENT", "matches.csv")):
        last = start(folder, *COMMANDS[name])
        _, errors = last.communicate()
        assert last.returncode == 0, errors


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled")
@pytest.mark.parametrize(
    "number",
    [pytest.param(number, marks=() if number == signal.SIGTERM else pytest.mark.exhaustive) for number in SIGNALS],
    ids=lambda number: number.name,
)
@pytest.mark.parametrize(
    "everybody",
    [
        pytest.param(True, id="to all its processes", marks=pytest.mark.exhaustive),
        pytest.param(False, id="to the command"),
    ],
)
def test_the_processes_of_a_warm_up_end_with_it(tmp_path: Path, number: signal.Signals, everybody: bool) -> None:
    command = warmup(tmp_path)
    time.sleep(random.Random(number).uniform(0, 5))
    # A terminal sends its signals to all of them.
    if everybody:
        os.killpg(command.pid, number)
    else:
        command.send_signal(number)
    assert not check_end(command, tmp_path, number)
    assert all_end(command.pid)


@pytest.mark.exhaustive
@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled")
def test_the_processes_of_a_warm_up_end_with_a_command_that_is_killed(tmp_path: Path) -> None:
    command = warmup(tmp_path)
    time.sleep(3)
    command.kill()
    # They have its standard error open until they end.
    command.communicate(timeout=60)
    assert all_end(command.pid)


def warmup(folder: Path) -> subprocess.Popen[str]:
    """Start a warm-up, and wait for its processes."""
    (folder / "temporary").mkdir()
    command = start(folder, "warmup", NUMBA_CACHE_DIR=str(folder / "cache"))
    while len(of_session(command.pid)) < 3:  # with the one that clears up after the others
        assert command.poll() is None
        time.sleep(0.01)
    return command


def all_end(session: int) -> bool:
    """Say whether the processes of a session end; the one that clears up after the others does so a moment later."""
    end = time.monotonic() + 20
    while of_session(session) and time.monotonic() < end:
        time.sleep(0.02)
    return not of_session(session)


def of_session(number: int) -> Sequence[int]:
    """The processes of a session that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text(encoding="utf-8").rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == number and state != "Z":
            found.append(int(path.parent.name))
    return found
