"""Files and folders that only the user can write, since their content is executed.

Whoever can write machine code that a user runs can do what the user can. The same holds for whoever can put another
folder in the place of the one that it lies in.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IWGRP | stat.S_IWOTH

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def fault(folder: Path) -> str | None:
    """Return how others could change what lies in a folder, and what mends that, or None where they cannot.

    The folder must belong to the user and be closed to the writes of all others. So must all folders above it, which
    may be root's as well, but for those such as ``/tmp`` where users can remove their own files only.

    Args:
        folder: a path without links, as `os.path.realpath` gives it.

    Raises:
        OSError: it cannot be looked at.
    """
    if not hasattr(os, "getuid"):  # Windows, where folders of a user are that user's
        return None
    for place in (folder, *folder.parents):
        found = place.lstat()
        if not stat.S_ISDIR(found.st_mode):
            return f"{place} is not a folder; name another in NUMBA_CACHE_DIR"
        if found.st_uid != os.getuid() and (place == folder or found.st_uid != 0):
            return f"{place} belongs to another user; name a folder of your own in NUMBA_CACHE_DIR"
        keeps_owners_apart = place != folder and found.st_mode & stat.S_ISVTX
        if found.st_mode & _OTHERS and not keeps_owners_apart:
            return f"other users can write to {place}; 'chmod go-w {place}' mends that"
    return None


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for the user alone under any umask.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(0o700)
        path.chmod(0o700)


def read(path: Path) -> bytes | None:
    """Return what a file holds that only the user or root can write, or None where there is no such file."""
    try:
        # Without following links, and without waiting for the writer of a pipe.
        with open(os.open(path, _READ), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                return None
            if hasattr(os, "getuid") and (found.st_uid not in (os.getuid(), 0) or found.st_mode & _OTHERS):
                return None
            return file.read()
    except OSError:
        return None


def write(path: Path, content: bytes) -> None:
    """Write a file for the user alone: aside, under a name with the number of this process, and then in its place.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with open(aside, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
        aside.chmod(0o600)  # under any umask
        aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise


def remove_left_by(process: int, folder: Path) -> None:
    """Remove what a process that was killed had written aside."""
    for left in folder.glob(f"*.{process}.*.tmp"):
        left.unlink(missing_ok=True)
