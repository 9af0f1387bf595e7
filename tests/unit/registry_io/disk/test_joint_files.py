"""Files that belong together: one writer, all new or all as they were."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from hla_match.errors import ErrorCode, FileError, LockedError
from registry_io.disk import joint_files
from registry_io.disk.durable_files import listening
from registry_io.disk.joint_files import lock_files, write_together

NAMES = ("a.status.csv", "a.manifest.json", "a.csv")


def _write(folder: Path) -> None:
    with write_together(*(folder / name for name in NAMES)) as files:
        for file in files:
            file.write(b"new")


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _steps(folder: Path) -> list[tuple[str, str]]:
    steps: list[tuple[str, str]] = []
    with listening(lambda action, path: steps.append((action, path.name))):
        _write(folder)
    return steps


def test_nothing_is_named_before_everything_is_on_the_disk_and_the_last_name_comes_last(tmp_path: Path) -> None:
    steps = _steps(tmp_path)
    named = [path for action, path in steps if action == "rename"]
    assert named == list(NAMES)
    first = next(at for at, (action, _) in enumerate(steps) if action == "rename")
    assert sum(action == "create" for action, _ in steps[:first]) == 3
    assert steps[-1] == ("flush folder", tmp_path.name)


def test_a_power_cut_after_the_first_name_finds_every_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: dict[int, int] = {}
    at_first_name: list[list[int]] = []

    def note(descriptor: int) -> None:
        found = os.fstat(descriptor)
        flushed[found.st_ino] = found.st_size

    def look(action: str, path: Path) -> None:
        if (action, path.name) == ("rename", NAMES[0]):
            at_first_name.append([flushed.get(part.stat().st_ino, 0) for part in tmp_path.glob(".*.part")])

    monkeypatch.setattr(os, "fsync", note)
    with listening(look):
        _write(tmp_path)
    assert at_first_name == [[len(b"new")] * len(NAMES)]


@pytest.mark.parametrize("interruption", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("before", [NAMES, ("a.csv",), ()])
def test_after_a_failing_step_all_are_as_they_were_or_all_are_new(
    tmp_path: Path, before: tuple[str, ...], interruption: BaseException
) -> None:
    (tmp_path / "count").mkdir()
    n_steps = len(_steps(tmp_path / "count"))
    outcomes = []
    for at in range(n_steps):
        folder = tmp_path / str(at)
        folder.mkdir()
        for name in before:
            (folder / name).write_bytes(b"old")
        counted = iter(range(n_steps * 2))

        def fail(action: str, path: Path, at: int = at, counted: object = counted) -> None:
            if next(counted) == at:  # type: ignore[call-overload]
                raise interruption

        with listening(fail), pytest.raises((FileError, KeyboardInterrupt)):
            _write(folder)
        found = _contents(folder)
        assert found in (dict.fromkeys(before, b"old"), dict.fromkeys(NAMES, b"new"))
        outcomes.append(found == dict.fromkeys(NAMES, b"new"))
    # Only bringing the last name to the disk can fail behind it.
    assert outcomes == [False] * (n_steps - 1) + [True]


def test_where_files_have_one_name_only_the_old_ones_come_back_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    def fail(action: str, path: Path) -> None:
        if (action, path.name) == ("rename", "a.csv"):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(joint_files.os, "link", refuse)
    for name in NAMES:
        (tmp_path / name).write_bytes(b"old")
        (tmp_path / name).chmod(0o640)
    with listening(fail), pytest.raises(FileError, match="Input/output error"):
        _write(tmp_path)
    assert _contents(tmp_path) == dict.fromkeys(NAMES, b"old")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("name", NAMES)
def test_a_process_killed_between_two_names_leaves_the_last_file_as_it_was(tmp_path: Path, name: str) -> None:
    for old in NAMES:
        (tmp_path / old).write_bytes(b"old")
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from registry_io.disk.durable_files import listening\n"
        "from registry_io.disk.joint_files import write_together\n"
        "def kill(action, path):\n"
        "    if (action, path.name) == ('rename', sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)\n"
        f"paths = [Path(sys.argv[1]) / name for name in {NAMES!r}]\n"
        "with listening(kill), write_together(*paths) as files:\n"
        "    for file in files: file.write(b'new')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), name],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / NAMES[-1]).read_bytes() == b"old"
    # The next run removes what was left.
    _write(tmp_path)
    assert _contents(tmp_path) == dict.fromkeys(NAMES, b"new")


def test_a_file_tells_the_checksum_of_what_was_written(tmp_path: Path) -> None:
    with write_together(tmp_path / "a", tmp_path / "b") as (first, second):
        first.write(b"one")
        second.write(memoryview(b"two"))
        assert second.sha256 == hashlib.sha256(b"two").hexdigest()
        with pytest.raises(OSError, match="no descriptor"):
            second.fileno()
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_an_error_of_the_block_leaves_everything(tmp_path: Path) -> None:
    with pytest.raises(KeyError), write_together(tmp_path / "a", tmp_path / "b"):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_whoever_shares_one_file_waits_for_all(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("a.csv")
    with lock_files(tmp_path / "a.csv", tmp_path / "a.status.csv"):
        for paths in (("a.csv",), ("a.parquet", "a.status.csv"), ("link.csv",)):
            with pytest.raises(LockedError, match=f"process {os.getpid()}"), lock_files(*map(tmp_path.joinpath, paths)):
                raise AssertionError
        with lock_files(tmp_path / "b.csv"):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["link.csv"]


def test_what_cannot_be_written_is_seen_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    for name in ("folder.csv", "no/a.csv", "file/a.csv"):
        with ExitStack() as held, pytest.raises(FileError, match="expected a place that can be written to"):
            held.enter_context(lock_files(tmp_path / name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.csv"]


def test_a_file_of_a_long_name_is_locked(tmp_path: Path) -> None:
    with lock_files(tmp_path / ("供" * 80)):
        pass


@pytest.mark.parametrize("stem", ["x" * 210, "杭" * 70, "\udce4" * 210], ids=["ascii", "wide", "no UTF-8"])
def test_files_of_long_names_that_begin_alike_have_locks_of_their_own(tmp_path: Path, stem: str) -> None:
    paths = [tmp_path / f"{stem}{ending}" for ending in (".csv", ".status.csv", ".manifest.json")]
    with lock_files(*paths), write_together(*paths) as files:
        assert len(list(tmp_path.glob(".*.lock"))) == len(list(tmp_path.glob(".*.part"))) == 3
        for file in files:
            file.write(b"new")
    assert set(tmp_path.iterdir()) == set(paths)


def test_what_the_files_belong_to_is_committed_when_only_names_are_left_to_give(tmp_path: Path) -> None:
    steps: list[str] = []
    with (
        listening(lambda action, _path: steps.append(action)),
        write_together(tmp_path / "a", tmp_path / "b", commit=lambda: steps.append("commit")) as files,
    ):
        for file in files:
            file.write(b"new")
    before, after = steps[: steps.index("commit")], steps[steps.index("commit") + 1 :]
    assert before.count("flush") == 2
    assert "rename" not in before
    assert set(after) == {"rename", "flush folder"}


def test_what_cannot_be_committed_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    def fail() -> None:
        raise FileError("record", found="no room", expected="room", code=ErrorCode.FILE_NO_ROOM)

    (tmp_path / "a").write_bytes(b"old")
    written = write_together(tmp_path / "a", tmp_path / "b", commit=fail)
    for file in written.__enter__():
        file.write(b"new")
    with pytest.raises(FileError, match="record: found no room"):
        written.__exit__(None, None, None)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}
