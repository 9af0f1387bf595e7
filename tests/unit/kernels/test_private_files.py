"""Nothing is read from where others could have put it, and what is written is for the user alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hla_match.kernels import _private_files

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows keeps users apart in another way")


def folder(path: Path, mode: int) -> Path:
    path.mkdir(parents=True)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o500])
def test_a_folder_that_the_user_alone_can_write_is_safe(tmp_path: Path, mode: int) -> None:
    assert _private_files.fault(folder(tmp_path / "cache", mode)) is None


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702, 0o720, 0o1777])
def test_a_folder_that_others_can_write_is_not_and_the_message_mends_it(tmp_path: Path, mode: int) -> None:
    cache = folder(tmp_path / "cache", mode)
    found = _private_files.fault(cache)
    assert found == f"other users can write to {cache}; 'chmod go-w {cache}' mends that"
    cache.chmod(mode & ~0o022)
    assert _private_files.fault(cache) is None


def test_a_folder_above_that_others_can_write_gives_them_the_one_below(tmp_path: Path) -> None:
    above = folder(tmp_path / "above", 0o777)
    below = folder(above / "between" / "cache", 0o700)
    assert str(above) in (_private_files.fault(below) or "")
    # In a folder such as /tmp nobody can remove or rename what is another's.
    above.chmod(0o1777)
    assert _private_files.fault(below) is None


def test_a_folder_of_somebody_else_is_not_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = folder(tmp_path / "cache", 0o700)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert "belongs to another user" in (_private_files.fault(cache) or "")


def test_a_link_or_a_file_is_no_folder(tmp_path: Path) -> None:
    folder(tmp_path / "cache", 0o700)
    (tmp_path / "link").symlink_to("cache")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        assert "is not a folder" in (_private_files.fault(tmp_path / name) or "")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_what_is_made_is_for_the_user_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        _private_files.make_folder(tmp_path / "a" / "b")
        _private_files.write(tmp_path / "a" / "b" / "file", b"code")
    finally:
        os.umask(before)
    modes = [(tmp_path / path).stat().st_mode & 0o777 for path in ("a", "a/b", "a/b/file")]
    assert modes == [0o700, 0o700, 0o600]
    assert _private_files.read(tmp_path / "a" / "b" / "file") == b"code"


def test_a_file_that_others_can_write_a_link_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    _private_files.write(file, b"code")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "pipe", "missing", "."):
        assert _private_files.read(tmp_path / name) is None
    for mode in (0o620, 0o602, 0o666):
        file.chmod(mode)
        assert _private_files.read(file) is None
    file.chmod(0o644)
    assert _private_files.read(file) == b"code"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    _private_files.write(file, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for step in ("chmod", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, step, full)
            with pytest.raises(OSError, match="No space"):
                _private_files.write(file, b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["file"]
        assert file.read_bytes() == b"old"


def test_only_what_a_killed_process_had_begun_is_removed(tmp_path: Path) -> None:
    for name in ("code.nbc", "code.nbc.17.abcd.tmp", "code.nbc.170.abcd.tmp", "17"):
        (tmp_path / name).touch()
    _private_files.remove_left_by(17, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["17", "code.nbc", "code.nbc.170.abcd.tmp"]
