"""The lock of a writer: one holder, told by name, released however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from hla_match.errors import FileError, LockedError
from registry_io.disk.writer_lock import writer_lock

_HOLDER = """
import sys, time
from pathlib import Path
from registry_io.disk.writer_lock import writer_lock

with writer_lock(Path(sys.argv[1]), "it"):
    print("held", flush=True)
    time.sleep(60)
"""


def _holding(path: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_the_second_writer_is_told_who_writes_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with (
        writer_lock(path, "the registry"),
        pytest.raises(LockedError) as found,
        writer_lock(path, "the registry"),
    ):
        raise AssertionError
    assert f"process {os.getpid()} of " in str(found.value)
    assert "the registry" in str(found.value)
    assert found.value.since[:2] == "20"


def test_the_lock_leaves_no_file_and_can_be_taken_again(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    for _ in range(2):
        with writer_lock(path, "it"):
            assert path.stat().st_mode & 0o777 == 0o600
        assert not path.exists()


def test_the_lock_of_a_killed_writer_is_taken(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    holder = _holding(path)
    with pytest.raises(LockedError, match=f"process {holder.pid} "), writer_lock(path, "it"):
        raise AssertionError
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()  # type: ignore[union-attr]
    assert path.exists()
    with writer_lock(path, "it"):
        pass
    assert not path.exists()


def test_a_lock_file_of_other_content_is_taken(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    path.write_bytes(b"\xff not json")
    with writer_lock(path, "it"):
        pass


def test_a_lock_that_is_held_by_a_file_of_other_content_is_said(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with writer_lock(path, "it"):
        path.write_bytes(b"\xff")
        with pytest.raises(LockedError, match="another process"), writer_lock(path, "it"):
            raise AssertionError


def test_a_lock_file_that_was_replaced_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with ExitStack() as second:
        with writer_lock(path, "it"):
            path.unlink()
            second.enter_context(writer_lock(path, "it"))
        # The end of the first did not take the second's lock away.
        with pytest.raises(LockedError), writer_lock(path, "it"):
            raise AssertionError


def test_a_folder_that_is_missing_is_one_clear_error(tmp_path: Path) -> None:
    with (
        pytest.raises(FileError, match="expected a lock file that can be made"),
        writer_lock(tmp_path / "no" / "l", "it"),
    ):
        raise AssertionError
