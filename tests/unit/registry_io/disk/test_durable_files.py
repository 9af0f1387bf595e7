"""Files that survive: the order of steps, permissions, what is left behind, what fails."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest
import xxhash

from hla_match.errors import FileError
from registry_io.disk.durable_files import (
    NewFile,
    atomic_write,
    flush,
    flush_folder,
    listening,
    make_folder,
    write_array,
)
from registry_io.disk.writer_lock import try_lock


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    del tmp_path  # which is made before
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_steps_are_taken_in_an_order_that_a_power_cut_cannot_break(tmp_path: Path) -> None:
    steps: list[tuple[str, str]] = []
    with listening(lambda action, path: steps.append((action, path.name))), atomic_write(tmp_path / "out") as handle:
        handle.write(b"x")
    (_, aside) = steps[0]
    assert steps == [("create", aside), ("flush", aside), ("rename", "out"), ("flush folder", tmp_path.name)]


def test_every_flush_reaches_the_disk_with_all_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the name is there finds the whole content: it is flushed before, and the folder afterwards."""
    flushed: list[tuple[int, int, bool]] = []
    path = tmp_path / "out"

    def note(descriptor: int) -> None:
        found = os.fstat(descriptor)
        flushed.append((found.st_ino, found.st_size if stat.S_ISREG(found.st_mode) else -1, path.exists()))

    monkeypatch.setattr(os, "fsync", note)
    with atomic_write(path) as handle:
        handle.write(b"12345")
    folder = tmp_path.stat().st_ino
    assert flushed == [(path.stat().st_ino, 5, False), (folder, -1, True)]
    flushed.clear()
    flush(path)
    flush_folder(tmp_path)
    assert flushed == [(path.stat().st_ino, 5, True), (folder, -1, True)]
    flushed.clear()
    with NewFile(tmp_path / "array.npy") as file:
        write_array(file, np.arange(3))
        assert not flushed
    written = (tmp_path / "array.npy").stat()
    assert flushed == [(written.st_ino, written.st_size, True)]
    flushed.clear()
    make_folder(tmp_path / "a" / "b")
    assert [inode for inode, *_ in flushed] == [folder, (tmp_path / "a").stat().st_ino]


@pytest.mark.parametrize("at", range(4))
def test_after_a_failing_step_the_old_file_stands_and_nothing_is_left(tmp_path: Path, at: int) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    counted = iter(range(10))

    def fail(action: str, place: Path) -> None:
        if next(counted) == at:
            raise OSError(errno.ENOSPC, "No space left on device")

    with listening(fail), pytest.raises(FileError, match="no room left on the disk"), atomic_write(path) as handle:
        handle.write(b"new")
    assert path.read_bytes() == (b"new" if at == 3 else b"old")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("umask")
def test_files_and_folders_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    with atomic_write(folder / "out") as handle:
        handle.write(b"x")
    with NewFile(folder / "array.npy") as file:
        write_array(file, np.arange(3))
    assert [_mode(path) for path in (folder.parent, folder, folder / "out", folder / "array.npy")] == [
        0o700, 0o700, 0o600, 0o600,
    ]  # fmt: skip


@pytest.mark.parametrize("mode", [0o640, 0o664, 0o600])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(mode)
    with atomic_write(path) as handle:
        handle.write(b"new")
    assert (_mode(path), path.read_bytes()) == (mode, b"new")


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to("real")
    with atomic_write(link) as handle:
        handle.write(b"new")
    assert link.is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(FileError, match="not a file"), atomic_write(tmp_path / "out"):
        raise AssertionError


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    dead, living = tmp_path / ".out.00000000.part", tmp_path / ".out.11111111.part"
    other = tmp_path / ".out.csv.22222222.part"
    for path in (dead, living, other):
        path.write_bytes(b"half")
    descriptor = os.open(living, os.O_RDWR)
    assert try_lock(descriptor)
    with atomic_write(tmp_path / "out") as handle:
        handle.write(b"new")
    os.close(descriptor)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([living.name, other.name, "out"])


def test_a_name_of_many_bytes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("供" * 80)
    with atomic_write(path) as handle:
        handle.write(b"new")
    assert path.read_bytes() == b"new"


def test_an_error_of_the_block_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(KeyError), atomic_write(tmp_path / "out"):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_what_the_system_told_a_library_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no room left on the disk"), atomic_write(tmp_path / "out"):
        raise ValueError("writing failed: No space left on device (os error 28)")


def test_an_array_is_numpys_and_its_checksum_that_of_its_bytes(tmp_path: Path) -> None:
    for array in (np.arange(6, dtype=np.uint16).reshape(2, 3), np.zeros((0, 2)), np.array([b"AB", b"C"])):
        path = tmp_path / f"{array.dtype.kind}.npy"
        with NewFile(path) as file:
            write_array(file, array)
        np.testing.assert_array_equal(np.load(path), array)
        assert file.xxh3 == xxhash.xxh3_128_hexdigest(path.read_bytes())
        assert file.n_bytes == path.stat().st_size


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(FileExistsError), NewFile(tmp_path / "x") as file:
        file.write(b"new")
    assert (tmp_path / "x").read_bytes() == b"old"


def test_a_file_whose_block_fails_is_closed(tmp_path: Path) -> None:
    file = NewFile(tmp_path / "x")
    with pytest.raises(KeyError), file:
        raise KeyError
    assert file.closed
