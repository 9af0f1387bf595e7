"""One writer at a time: a lock that the system releases when its holder ends, however it ends.

The lock is on an open file, not on the file's existence, so that a file left by a killed process blocks no writer. The
file says who holds it and since when, for the message that the second writer gets.
"""

from __future__ import annotations

import datetime
import errno
import getpass
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hla_match.errors import ErrorCode, FileError, LockedError

_BUSY = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})
_OWNER_FILE = 0o600
_LONGEST = 4096
_PAUSE = 0.02


@contextmanager
def writer_lock(path: Path, what: str, *, patience: float = 0) -> Iterator[None]:
    """Hold the lock file `path` while the block runs, and remove it at its end.

    Args:
        path: of the lock file; its folder must exist.
        what: is written, for messages: the registry's folder or the result file.
        patience: seconds to wait for another one's end.

    Raises:
        LockedError: another writer holds it.
        FileError: the file cannot be made or locked.
    """
    descriptor = _acquire(path, what, time.monotonic() + patience)
    try:
        with suppress(OSError):  # on a full disk the lock holds all the same, without a name
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(_holder()).encode())
        yield
    finally:
        # Removed while it is held: whoever opened it meanwhile finds that it is no longer the file of this name. A file
        # that somebody deleted is not removed again: the name may be another writer's by now.
        with suppress(OSError):
            if _is_at(descriptor, path):
                path.unlink()
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Lock an open file without waiting, and say whether that was possible; closing it releases the lock.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True


def _acquire(path: Path, what: str, until: float) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), _OWNER_FILE)
        except OSError as error:
            raise _no_lock(path, error) from error
        try:
            held = try_lock(descriptor)
            if held and _is_at(descriptor, path):
                return descriptor
            if not held and time.monotonic() >= until:
                raise _locked(descriptor, what)
        except OSError as error:
            os.close(descriptor)
            raise _no_lock(path, error) from error
        except LockedError:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not held:  # else it was a lock file that its holder has just removed
            time.sleep(_PAUSE)


def _is_at(descriptor: int, path: Path) -> bool:
    """Say whether an open file is the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def user_name() -> str:
    """Return the name of the user who runs this process, or its number where it has none, as in a container."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _holder() -> dict[str, str | int]:
    since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return {"process": os.getpid(), "user": user_name(), "host": socket.gethostname(), "since": since}


def _locked(descriptor: int, what: str) -> LockedError:
    try:
        found = json.loads(os.read(descriptor, _LONGEST))
        holder, since = f"process {found['process']} of {found['user']} on {found['host']}", str(found["since"])
    except (OSError, ValueError, KeyError, TypeError):  # it has just begun, or its disk is full
        holder, since = "another process", ""
    return LockedError(what, holder=holder, since=since)


def _no_lock(path: Path, error: OSError) -> FileError:
    return FileError(
        str(path),
        found=error.strerror or str(error),
        expected="a lock file that can be made and locked",
        hint="check that the folder can be written to and that its file system has locks",
        code=ErrorCode.FILE_NOT_WRITTEN,
    )
