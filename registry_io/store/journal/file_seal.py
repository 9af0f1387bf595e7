"""The seal of a record's file: the checksum of all its bytes, in a file beside it while nobody writes.

SQLite leaves room in its pages, and some of its numbers are read by nobody: a byte that is changed there changes no
cell, and no check of the cells finds it. The seal does::

    unsealed -> transactions -> closed -> sealed

A record without a seal is being written, or its writer was killed; the next writer seals it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hla_match.errors import FileError
from registry_io.disk.aside_folder import xxh3_of_file
from registry_io.disk.durable_files import atomic_write, flush_folder, write_error

_ENDING = "-seal"


def seal(path: Path) -> None:
    """Seal the file of a record whose last connection is closed.

    Where a reader keeps SQLite from bringing all to the file, and where there is no room, it stays without a seal: what
    was committed is on the disk all the same.
    """
    log = path.with_name(f"{path.name}-wal")
    with suppress(FileError, OSError):
        if not log.exists() or not log.stat().st_size:
            text = _text(path)
            with atomic_write(_seal_of(path)) as file:
                file.write(text)


def unseal(path: Path) -> None:
    """Remove the seal, before anything is written.

    Raises:
        FileError: it cannot be removed.
    """
    try:
        _seal_of(path).unlink()
        flush_folder(path.parent)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise write_error(path, error) from error


def seal_faults(path: Path) -> Iterator[str]:
    """Yield in words how a file differs from its seal; nothing where it does not, or has none.

    Raises:
        OSError: it cannot be read.
    """
    while (found := _read(path)) is not None and found != _text(path):
        # A writer may have begun meanwhile, and may even have ended.
        if _read(path) == found:
            yield "file: other bytes than were written"
            return


def _seal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{_ENDING}")


def _text(path: Path) -> bytes:
    return f"xxh3-128 {xxh3_of_file(path)}\n".encode()


def _read(path: Path) -> bytes | None:
    try:
        return _seal_of(path).read_bytes()
    except FileNotFoundError:
        return None
