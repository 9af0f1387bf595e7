"""A file that is read: opened once, its bytes hashed as they pass by, unpacked within its budget, and not changed.

The checksum that a registry or manifest keeps is that of the very bytes its rows came from.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self, cast

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import Budgets, FileBudget

_BUFFER = 1 << 18


class SourceFile:
    """An open file.

    Attributes:
        path: the file.
        budget: what its reader may take.
    """

    def __init__(self, path: Path, handle: BinaryIO, budgets: Budgets | None) -> None:
        self.path = path
        self._handle = handle
        self._state = _state(os.fstat(handle.fileno()))
        self._checksum = ""
        self.budget = FileBudget.of(path, os.fstat(handle.fileno()).st_size, budgets)

    @classmethod
    @contextmanager
    def open(cls, path: Path, budgets: Budgets | None = None) -> Iterator[Self]:
        """Open a file; leaving the block, it must be as it was.

        Raises:
            FileError: the file was changed while it was read.
            OSError: it cannot be opened or read, or is a device or pipe, which may have no end.
        """
        if not stat.S_ISREG(mode := path.stat().st_mode) and not stat.S_ISDIR(mode):
            raise OSError(errno.EINVAL, "a device or pipe", str(path))
        with path.open("rb", buffering=0) as handle:
            source = cls(path, cast("BinaryIO", handle), budgets)
            yield source
            source.check_unchanged()

    @property
    def checksum(self) -> str:
        """SHA-256 of the bytes that the first pass read."""
        return self._checksum

    @contextmanager
    def bytes_passing(self, *, packed: bool) -> Iterator[BinaryIO]:
        """Give the bytes from the start, unpacked where they are `packed` by gzip; the block reads all of them.

        Raises:
            BudgetError: they unpack to more than the budget, or reading takes too long.
            FileError: the gzip data are damaged, or a second pass reads other bytes than the first.
        """
        self._handle.seek(0)
        passing = _Hashed(self._handle, self.budget)
        raw = _Unpacked(passing, self.budget) if packed else passing
        try:
            with io.BufferedReader(raw, _BUFFER) as buffered:
                yield cast("BinaryIO", buffered)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            truncated = isinstance(error, EOFError)
            raise FileError(
                str(self.path),
                found="a gzip file that ends too early" if truncated else "damaged gzip data",
                expected="a whole gzip file",
                hint="copy or compress the file again",
                code=ErrorCode.FILE_DAMAGED,
            ) from error
        found = passing.digest.hexdigest()
        if self._checksum and found != self._checksum:
            raise self._changed()
        self._checksum = found

    def read_through(self) -> None:
        """Read all bytes for their checksum."""
        with self.bytes_passing(packed=False) as handle:
            while handle.read(_BUFFER):
                pass

    @contextmanager
    def at_any_place(self) -> Iterator[BinaryIO]:
        """Give the bytes at any place."""
        with io.FileIO(self._handle.fileno(), "rb", closefd=False) as raw:
            yield io.BufferedReader(raw)

    def read(self) -> bytes:
        """Return all bytes as they lie in the file."""
        with self.bytes_passing(packed=False) as handle:
            return handle.read()

    def check_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened."""
        if _state(os.fstat(self._handle.fileno())) != self._state:
            raise self._changed()

    def check_same_name(self) -> None:
        """Refuse a file in whose place another one lies, for a reader that opens it by its name."""
        if _state(self.path.stat()) != self._state:
            raise self._changed()

    def _changed(self) -> FileError:
        return FileError(
            str(self.path),
            found="a file that was changed while it was read",
            expected="one that stays as it is",
            hint="wait until it is written, and start again",
            code=ErrorCode.FILE_CHANGED,
        )


def read_error(path: Path, error: OSError, *, expected: str, hint: str = "") -> FileError:
    """Return the error of a file that the system does not let be read."""
    code = ErrorCode.FILE_MISSING if isinstance(error, FileNotFoundError) else ErrorCode.FILE_UNREADABLE
    return FileError(str(path), found=error.strerror or str(error), expected=expected, hint=hint, code=code)


class _Hashed(io.RawIOBase):
    """The bytes of an open file, hashed as they pass by, as long as its budget lasts."""

    def __init__(self, handle: BinaryIO, budget: FileBudget) -> None:
        self._handle = handle
        self._budget = budget
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        n = cast("io.RawIOBase", self._handle).readinto(buffer) or 0
        self.digest.update(memoryview(buffer)[:n])
        self._budget.check_time()
        return n


class _Unpacked(io.RawIOBase):
    """The bytes that a gzip stream unpacks to, as far as the budget goes."""

    def __init__(self, packed: io.RawIOBase, budget: FileBudget) -> None:
        self._unpacking = gzip.GzipFile(fileobj=io.BufferedReader(packed, _BUFFER), mode="rb")
        self._budget = budget
        self._n_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        n = self._unpacking.readinto(buffer)
        self._n_bytes += n
        self._budget.check_unpacked(self._n_bytes)
        self._budget.check_time()
        return n


def unpack(data: bytes, budget: FileBudget, *, most: int | None = None) -> bytes:
    """Return what gzip data unpack to, and not much more of it than `most` bytes.

    Raises:
        BudgetError: it is more than the budget.
        EOFError, OSError, zlib.error: the data are damaged.
    """
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        unpacked = packed.read(min(budget.unpacked, budget.unpacked if most is None else most) + 1)
    budget.check_unpacked(len(unpacked))
    budget.check_time()
    return unpacked


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns
