"""Every step of SQLite is met: a kill before it loses nothing that was acknowledged, and a full disk is an error."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="SQLite is found as Linux links it")

_WRITER = """
import errno, json, os, sqlite3, sys
from benchmarks.reliability.database_steps import watch_databases

act, at = sys.argv[1], int(sys.argv[2])
steps = []

def meet(action, path):
    steps.append(f"{action} {os.path.basename(path)}")
    if act == "no room" and len(steps) > at and action == "database write":
        raise OSError(errno.ENOSPC, "no room")
    if len(steps) == at + 1 and act == "kill":
        os.kill(os.getpid(), 9)
    return len(steps) == at + 1 and act == "tear"

watch_databases(meet)

try:
    connection = sqlite3.connect("x.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t(number INTEGER, text TEXT)")
    for number in range(3):
        connection.execute("INSERT INTO t VALUES (?, ?)", (number, "x" * 10_000))
        os.write(1, b".")
    connection.close()
    open("steps.json", "w").write(json.dumps(steps))
except sqlite3.Error as error:
    os.write(2, str(error).encode())
# The steps are watched to the end of the process, without Python's own end.
os._exit(0)
"""


def write(folder: Path, act: str = "", at: int = -1) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-c", _WRITER, act, str(at)]
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def n_rows(folder: Path) -> int:
    connection = sqlite3.connect(folder / "x.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    known = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 't'").fetchone()[0]
    found = connection.execute("SELECT count(*) FROM t").fetchone()[0] if known else 0
    connection.close()
    return int(found)


def test_every_step_is_met_and_a_kill_there_loses_nothing(tmp_path: Path) -> None:
    done = write(tmp_path / "whole")
    assert (done.returncode, done.stdout) == (0, "..."), done.stderr
    steps = (tmp_path / "whole" / "steps.json").read_text(encoding="utf-8")
    for kind in (
        "write x.sqlite-wal",
        "flush x.sqlite-wal",
        "write x.sqlite",
        "truncate x.sqlite",
        "remove x.sqlite-wal",
    ):
        assert f'"database {kind}"' in steps
    n_steps = steps.count(",") + 1
    for act, at in (("kill", 0), ("kill", n_steps // 2), ("tear", n_steps // 2), ("kill", n_steps - 1)):
        killed = write(tmp_path / f"{act} {at}", act, at)
        acknowledged = len(killed.stdout)
        assert killed.returncode in (-signal.SIGKILL, 0)
        assert acknowledged <= n_rows(tmp_path / f"{act} {at}") <= acknowledged + 1


def test_a_full_disk_is_an_error_of_sqlite(tmp_path: Path) -> None:
    done = write(tmp_path / "full", "no room", 20)
    assert (done.returncode, done.stderr) == (0, "database or disk is full")
    assert n_rows(tmp_path / "full") == len(done.stdout)
