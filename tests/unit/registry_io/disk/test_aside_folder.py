"""Folders that are written aside, and folders that are removed: no half of one is left under any name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_io.disk import durable_files
from registry_io.disk.aside_folder import discard
from registry_io.disk.durable_files import Action, listening


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "snapshot"
    found.mkdir()
    for name in "ab":
        (found / name).write_text(name)
    return found


def test_a_removal_that_is_interrupted_is_ended_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove_all: Callable[..., None] = shutil.rmtree
    n_calls = 0

    def interrupted(path: Path, **options: bool) -> None:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            (path / "a").unlink()
            raise KeyboardInterrupt
        remove_all(path, **options)

    monkeypatch.setattr(durable_files.shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        discard(folder)
    assert list(folder.parent.iterdir()) == []


def test_a_name_that_does_not_reach_the_disk_leaves_no_half(folder: Path) -> None:
    def fails(action: Action, _path: Path) -> None:
        if action == "flush folder":
            raise OSError("no room")

    with listening(fails), pytest.raises(OSError, match="no room"):
        discard(folder)
    assert list(folder.parent.iterdir()) == []


def test_what_cannot_be_renamed_stays_whole(folder: Path) -> None:
    def fails(action: Action, _path: Path) -> None:
        if action == "rename":
            raise OSError("no room")

    with listening(fails), pytest.raises(OSError, match="no room"):
        discard(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["a", "b"]
