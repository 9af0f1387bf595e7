"""A folder that is written aside and gets its name when it is complete, with a checksum of every file.

The checksum grows with what is written, and each file is read back before the folder gets its name: what the disk gives
back is what was meant, or there is an error while everything is still as it was.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash
from numpy.typing import NDArray

from hla_match.errors import ErrorCode, FileError
from registry_io.disk.durable_files import (
    NewFile,
    flush,
    flush_folder,
    remove,
    rename,
    write_array,
    write_header,
)
from registry_io.disk.permissions import OWNER_FOLDER

WRITING = ".writing-"
"""How the names of folders begin that are being written, or were when their writer was killed."""

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class FileSum:
    """What tells a file from every other.

    Attributes:
        sha256: SHA-256 in hexadecimal, which nobody can match on purpose.
        xxh3: XXH3-128 in hexadecimal: as fast as memory, against accidents; None where it is not known.
        n_bytes: its size; None where it is not known.
    """

    sha256: str
    xxh3: str | None = None
    n_bytes: int | None = None


class AsideFolder:
    """The folder, and what was written into it.

    Args:
        path: a folder that is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: dict[str, NewFile] = {}

    @contextmanager
    def new_file(self, name: str) -> Iterator[NewFile]:
        """Give a new file to be written; it is brought to the disk with all others, by `sums`.

        Raises:
            OSError: it cannot be written.
        """
        with NewFile(self.path / name, flushed=False) as file:
            yield file
        self._written[name] = file

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a whole file.

        Raises:
            OSError: it cannot be written.
        """
        with self.new_file(name) as file:
            file.write(data)

    def write_array(self, name: str, array: NDArray[Any]) -> None:
        """Write an array as ``<name>.npy``.

        Raises:
            OSError: it cannot be written.
        """
        with self.new_file(f"{name}.npy") as file:
            write_array(file, array)

    @contextmanager
    def array_file(self, name: str, dtype: Any, shape: tuple[int, ...]) -> Iterator[NewFile]:
        """Give the file ``<name>.npy`` of an array whose numbers are written piece by piece, in C order.

        Raises:
            OSError: it cannot be written.
        """
        with self.new_file(f"{name}.npy") as file:
            write_header(file, dtype, shape)
            yield file

    def sums(self) -> dict[str, FileSum]:
        """Bring all files to the disk and return their checksums, by name, once each was read back as it was written.

        Raises:
            FileError: a file reads back otherwise.
            OSError: the disk fails, or is full.
        """
        for file in self._written.values():
            flush(file.path)
        flush_folder(self.path)
        found = {}
        for name, file in sorted(self._written.items()):
            found[name] = sum_of_file(file.path)
            if (found[name].xxh3, found[name].n_bytes) != (file.xxh3, file.n_bytes):
                raise FileError(
                    str(file.path),
                    found="other bytes than were written",
                    expected="a disk and a memory that keep what they are given",
                    hint="check the disk; nothing was changed",
                    code=ErrorCode.FILE_NOT_KEPT,
                )
        return found


@contextmanager
def writing_aside(parent: Path) -> Iterator[AsideFolder]:
    """Give a new folder inside `parent`; it is removed at the end unless it was renamed.

    Raises:
        OSError: it cannot be made.
    """
    path = parent / f"{WRITING}{secrets.token_hex(8)}"
    path.mkdir(OWNER_FOLDER)
    try:
        path.chmod(OWNER_FOLDER)
        yield AsideFolder(path)
    finally:
        if path.exists():
            remove(path)


def discard(path: Path) -> None:
    """Remove a folder so that no kill leaves a half of it under its name.

    Raises:
        OSError: it cannot be renamed.
    """
    gone = path.with_name(f"{WRITING}{secrets.token_hex(8)}")
    try:
        rename(path, gone)
        remove(gone)
    except BaseException:  # a signal, or a flush that failed when the folder had its other name
        if gone.exists():
            remove(gone)
        raise


def remove_leftovers(parent: Path) -> None:
    """Remove what killed writers left; the caller holds the lock that every writer of this folder takes."""
    for path in parent.glob(f"{WRITING}*"):
        remove(path)


def sum_of_file(path: Path) -> FileSum:
    """Return size and checksums of a file, in one pass.

    Raises:
        OSError: it cannot be read.
    """
    sha256, xxh3 = hashlib.sha256(), xxhash.xxh3_128()
    n_bytes = 0
    for piece in _pieces(path):
        sha256.update(piece)
        xxh3.update(piece)
        n_bytes += len(piece)
    return FileSum(sha256.hexdigest(), xxh3.hexdigest(), n_bytes)


def xxh3_of_file(path: Path) -> str:
    """Return the XXH3-128 of a file, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    xxh3 = xxhash.xxh3_128()
    for piece in _pieces(path):
        xxh3.update(piece)
    return xxh3.hexdigest()


def _pieces(path: Path) -> Iterator[memoryview]:
    """Yield a file in pieces that stay in the processor's cache; a piece is overwritten by the next one."""
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while n_bytes := file.readinto(buffer):
            yield view[:n_bytes]
