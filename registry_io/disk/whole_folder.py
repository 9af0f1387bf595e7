"""A folder of results that is new as a whole: written aside, read back, and named last.

    NAME -> .NAME.replaced       where there is one that may be replaced
    .NAME.xxxxxxxx.writing -> NAME
    .NAME.replaced removed

A process that is killed between the two names leaves the old folder under its hidden name; the next writer gives it its
name back first. The caller holds the lock of `folder_lock_name`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry_io.disk.aside_folder import AsideFolder
from registry_io.disk.durable_files import remove, rename, write_error
from registry_io.disk.hidden_names import hidden_path
from registry_io.disk.permissions import OWNER_FOLDER


def folder_lock_name(place: Path) -> Path:
    """Return under which name writers of a folder lock each other out.

    >>> folder_lock_name(Path("reports")).name
    'reports.folder'
    """
    return place.with_name(f"{place.name}.folder")


def restore_folder(place: Path) -> None:
    """Give a folder its name back that a killed writer had put aside, and remove what it was writing.

    Raises:
        FileError: the system does not let it be renamed.
    """
    old = hidden_path(place, "replaced")
    try:
        if old.exists():
            if place.exists():
                remove(old)
            else:
                rename(old, place)
        prefix = hidden_path(place, "").name
        for left in place.parent.iterdir():
            if left.name.startswith(prefix) and left.name.endswith(".writing") and left.is_dir():
                remove(left)
    except OSError as error:
        raise write_error(place, error) from error


@contextmanager
def whole_folder(place: Path) -> Iterator[AsideFolder]:
    """Give a folder to write files into; it gets the name `place` at the end, in place of one that is there.

    After an error everything is as it was. The folder and its files are their owner's alone.

    Raises:
        FileError: there is no room, or a file or the folder cannot be written.
    """
    aside, old = hidden_path(place, f"{secrets.token_hex(4)}.writing"), hidden_path(place, "replaced")
    try:
        aside.mkdir(OWNER_FOLDER)
        aside.chmod(OWNER_FOLDER)
        folder = AsideFolder(aside)
        yield folder
        folder.sums()
        _swap(aside, place, old)
    except OSError as error:
        raise write_error(place, error) from error
    finally:
        if aside.exists():
            remove(aside)


def _swap(aside: Path, place: Path, old: Path) -> None:
    if not place.exists():
        rename(aside, place)
        return
    rename(place, old)
    try:
        rename(aside, place)
    except BaseException:
        if not place.exists():
            rename(old, place)
        raise
    remove(old)
