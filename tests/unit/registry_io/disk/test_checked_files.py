"""Files are compared with their checksums before they are used; of many bytes only what changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hla_match.errors import RegistryError
from registry_io.disk import checked_files
from registry_io.disk.aside_folder import FileSum, sum_of_file
from registry_io.disk.checked_files import damaged_files


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FileSum]:
    monkeypatch.setattr(checked_files, "memory_folder", lambda: tmp_path / "home" / "checked")
    monkeypatch.setattr(checked_files, "SETTLED_SECONDS", -1)
    (tmp_path / "f").mkdir()
    for name in ("one", "two"):
        (tmp_path / "f" / name).write_bytes(name.encode() * 1000)
    return {name: sum_of_file(tmp_path / "f" / name) for name in ("one", "two")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "f"


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Everything is many bytes; the files that are read through are listed."""
    read: list[Path] = []
    monkeypatch.setattr(checked_files, "EACH_TIME", 0)
    original = checked_files.xxh3_of_file
    monkeypatch.setattr(checked_files, "xxh3_of_file", lambda path: [read.append(path), original(path)][1])
    return read


def check_files(folder: Path, files: dict[str, FileSum], *, thorough: bool = False) -> bool:
    """Check the files, find nothing wrong in what they hold, and say whether that had to be looked at."""
    with checked_files.checked_files(folder, files, thorough=thorough) as are_new:
        return are_new


def flip(path: Path, *, quietly: bool = False) -> None:
    """Change a byte; quietly, the time of the last change stays what it was."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    if quietly:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_sound_files_pass(folder: Path, files: dict[str, FileSum]) -> None:
    check_files(folder, files)
    assert all(sound for _, sound in damaged_files(folder, files))


def test_what_few_bytes_hold_is_looked_at_once_though_they_are_read_each_time(
    folder: Path, files: dict[str, FileSum], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    original = checked_files.xxh3_of_file
    monkeypatch.setattr(checked_files, "xxh3_of_file", lambda path: [read.append(path), original(path)][1])
    assert [check_files(folder, files) for _ in range(3)] == [True, False, False]
    assert check_files(folder, files, thorough=True)
    assert len(read) == 8
    (folder / "one").touch()
    assert check_files(folder, files)


@pytest.mark.parametrize("change", ["flip", "cut", "extend", "swap", "delete", "folder", "link"])
def test_every_change_is_found(folder: Path, files: dict[str, FileSum], change: str) -> None:
    one = folder / "one"
    if change == "flip":
        flip(one)
    elif change == "cut":
        one.write_bytes(one.read_bytes()[:-1])
    elif change == "extend":
        one.write_bytes(one.read_bytes() + b"\0")
    elif change == "swap":
        one.rename(folder / "other")
        (folder / "two").rename(one)
        (folder / "other").rename(folder / "two")
    else:
        one.unlink()
        if change == "folder":
            one.mkdir()
        elif change == "link":
            one.symlink_to("nowhere")
    with pytest.raises((RegistryError, FileNotFoundError)):
        check_files(folder, files)
    assert ("one", False) in list(damaged_files(folder, files))


def test_many_bytes_are_read_once(folder: Path, files: dict[str, FileSum], large: list[Path]) -> None:
    assert [check_files(folder, files) for _ in range(3)] == [True, False, False]
    assert len(large) == 2
    memory = list((folder.parent / "home" / "checked").iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in memory] == [0o600]
    check_files(folder, files, thorough=True)
    assert len(large) == 4


def test_files_that_hold_what_they_should_not_are_not_remembered(
    folder: Path, files: dict[str, FileSum], large: list[Path]
) -> None:
    def find_fault() -> None:
        with checked_files.checked_files(folder, files) as are_new:
            assert are_new
            raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            find_fault()
    assert len(large) == 4


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("quietly", [False, True])
def test_a_change_after_that_is_found(folder: Path, files: dict[str, FileSum], quietly: bool) -> None:
    check_files(folder, files)
    flip(folder / "two", quietly=quietly)
    with pytest.raises(RegistryError, match="two: found other bytes than were written"):
        check_files(folder, files)


def test_a_file_put_in_place_of_another_is_read(folder: Path, files: dict[str, FileSum], large: list[Path]) -> None:
    check_files(folder, files)
    (folder / "new").write_bytes((folder / "one").read_bytes())
    (folder / "new").replace(folder / "one")
    check_files(folder, files)
    assert len(large) == 4


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_could_have_written_is_not_trusted(
    folder: Path, files: dict[str, FileSum], large: list[Path], mode: int
) -> None:
    check_files(folder, files)
    (memory,) = (folder.parent / "home" / "checked").iterdir()
    memory.chmod(mode)
    check_files(folder, files)
    assert len(large) == 4


def test_a_memory_that_cannot_be_kept_costs_time_only(
    folder: Path, files: dict[str, FileSum], large: list[Path]
) -> None:
    (folder.parent / "home").write_text("a file where the folder should be")
    for _ in range(2):
        check_files(folder, files)
    assert len(large) == 4


def test_what_has_just_been_written_is_not_remembered(
    folder: Path, files: dict[str, FileSum], large: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked_files, "SETTLED_SECONDS", 3600)
    for _ in range(2):
        check_files(folder, files)
    assert len(large) == 4
