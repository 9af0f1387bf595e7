"""Who may read and write a file that is kept: its owner alone, or whoever might before."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

OWNER_FILE, OWNER_FOLDER = 0o600, 0o700
"""Modes of files and folders that only their owner can read, under any umask."""


def open_new(path: Path) -> int:
    """Return the descriptor of a new file that its owner alone can read, under any umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, OWNER_FILE)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, OWNER_FILE)
    return descriptor


def permissions(target: Path) -> tuple[int, int | None]:
    """Return mode and group that a file written in place of `target` gets.

    Raises:
        OSError: `target` is there and is no file, or may not be written.
    """
    try:
        found = target.stat()
    except FileNotFoundError:
        return OWNER_FILE, None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "something that is not a file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "a file that may not be written")
    return stat.S_IMODE(found.st_mode), found.st_gid


def give(descriptor: int, mode: int, group: int | None) -> None:
    """Give a file its mode and group; a group that the user may not give leaves the file to its owner alone."""
    if not hasattr(os, "fchmod"):
        return
    if group is not None and os.fstat(descriptor).st_gid != group:
        try:
            os.fchown(descriptor, -1, group)
        except OSError:
            mode &= ~stat.S_IRWXG
    os.fchmod(descriptor, mode)
