"""The log of searches beside a registry: who searched for whom, when, with which program, snapshot and criteria.

It is appended to only, a line a search. Each line ends with a hash of itself and of the hash before it, so that a line
that was changed or removed, but for the last ones, is found out, and so is a byte that was changed wherever it lies::

    {"format": 1, "salt": ..., "hash": h0} <- {"number": 1, "at": ..., "hash": h1} <- {"number": 2, ...

Searches wait for each other for a moment, and never for whoever writes to the registry. Donors do not stand in it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hla_match.errors import ErrorCode, RegistryError
from registry_io.disk.durable_files import flush_folder, write_error
from registry_io.disk.permissions import OWNER_FILE, give
from registry_io.disk.writer_lock import try_lock
from registry_io.store.registry_folder import SEARCH_LOG

FORMAT = 1
_PATIENCE, _PAUSE = 30.0, 0.002
"""Seconds that a search waits for others, and between two looks."""
_CHUNK = 1 << 16
_FLAGS = ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedSearch:
    """One entry of the log.

    Attributes:
        at: when it began: ISO 8601 in UTC with microseconds.
        actor: who searched.
        program: name and version of the program.
        snapshot: of the registry that was searched; the record where no snapshot holds it any more.
        command: what was asked for: `search`, `batch` or `export`.
        patients: a patient's salted digest, or name and checksum of a file of patients.
        request: criteria, order, frequencies and the transaction whose donors were searched, as JSON.
    """

    at: str
    actor: str
    program: str
    snapshot: str
    command: str
    patients: str
    request: str

    @property
    def transaction(self) -> int | None:
        """The transaction whose donors were searched; None where the registry has no record, or did not say."""
        found = json.loads(self.request).get("transaction")
        return found if isinstance(found, int) else None


_COLUMNS = tuple(one.name for one in fields(LoggedSearch))


def log_search(
    folder: Path,
    *,
    actor: str,
    program: str,
    snapshot: str,
    command: str,
    request: str,
    typing: str | None = None,
    patients: str = "",
    at: datetime.datetime | None = None,
) -> LoggedSearch:
    """Append a search to the log of a registry's folder; it is on the disk when this returns.

    Args:
        folder: the registry's.
        actor: who searches.
        program: name and version of the program.
        snapshot: of the registry.
        command: `search`, `batch` or `export`.
        request: criteria, order and frequencies, as JSON.
        typing: the patient's, of which the log keeps a digest with the log's own salt.
        patients: what is kept in its stead of a file of patients.
        at: when it begins; by default now.

    Raises:
        FileError: the log cannot be written to.
        RegistryError: it is damaged.
    """
    path = folder / SEARCH_LOG
    try:
        with _appending(path) as file:
            salt, number, previous = file.ends()
            begun = at or datetime.datetime.now(datetime.UTC)
            entry = LoggedSearch(
                at=begun.isoformat(timespec="microseconds"),
                actor=actor,
                program=program,
                snapshot=snapshot,
                command=command,
                patients=patients if typing is None else _digest(salt, typing),
                request=request,
            )
            file.append(_line({"number": number + 1, **asdict(entry)}, previous))
    except OSError as error:
        raise write_error(path, error) from error
    return entry


def logged_searches(folder: Path, typing: str | None = None) -> list[LoggedSearch]:
    """Return the searches of a registry, first to last; none where there is no log.

    Args:
        folder: the registry's.
        typing: only those for a patient of this typing, as it was written.

    Raises:
        RegistryError: the log is damaged.
    """
    path = folder / SEARCH_LOG
    faults, entries, salt = _read(path)
    if faults:
        raise _damaged(path, faults[0])
    wanted = None if typing is None else _digest(salt, typing)
    return [entry for entry in entries if wanted is None or entry.patients == wanted]


def search_log_faults(folder: Path) -> Iterator[str]:
    """Yield what of the log is not as it was written, by number of the entry.

    Raises:
        RegistryError: the file cannot be read at all.
    """
    yield from _read(folder / SEARCH_LOG)[0]


class _LogFile:
    """The file of a log that is open and locked.

    Args:
        path: of the file.
        descriptor: open for reading and writing.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    def begin(self) -> None:
        """Write the first line of a new log."""
        give(self._descriptor, OWNER_FILE, None)
        self.append(_line({"format": FORMAT, "salt": secrets.token_hex(16)}, ""))
        flush_folder(self._path.parent)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return os.fstat(self._descriptor).st_size

    def ends(self) -> tuple[str, int, str]:
        """Return the salt, and number and hash of the last line; what a killed writer left behind it is cut off.

        Raises:
            RegistryError: one of the two is no line of a log.
        """
        size, found = self.size, b""
        while b"\n" not in found[:-1] and len(found) < size:
            start = max(size - len(found) - _CHUNK, 0)
            found = self._read(start, size - len(found) - start) + found
        *lines, rest = found.split(b"\n")
        if rest and _is_more_than_begun(rest):
            raise _damaged(self._path, _CHANGED_END)
        if rest:
            os.ftruncate(self._descriptor, size - len(rest))
            if not lines:
                self.begin()
            return self.ends()
        first = self._read(0, _CHUNK).partition(b"\n")[0]
        salt, hashed = _cell(self._path, first, "salt", str)
        if self.size == len(first) + 1:
            return salt, 0, hashed
        return salt, *_cell(self._path, lines[-1], "number", int)

    def append(self, line: bytes) -> None:
        """Bring a line to the disk; where there is no room for it, nothing of it stays."""
        before, written = self.size, 0
        try:
            os.lseek(self._descriptor, before, os.SEEK_SET)
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
            os.fsync(self._descriptor)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._descriptor, before)
            raise

    def _read(self, start: int, length: int) -> bytes:
        os.lseek(self._descriptor, start, os.SEEK_SET)
        found = b""
        while len(found) < length and (part := os.read(self._descriptor, length - len(found))):
            found += part
        return found


@contextmanager
def _appending(path: Path) -> Iterator[_LogFile]:
    """Yield the file of a log, made where there is none, which nobody else appends to meanwhile.

    Raises:
        OSError: it cannot be written to.
    """
    flags = os.O_RDWR | os.O_CREAT | sum(getattr(os, name, 0) for name in _FLAGS)
    descriptor = os.open(path, flags, OWNER_FILE)
    try:
        until = time.monotonic() + _PATIENCE
        os.lseek(descriptor, 0, os.SEEK_END)  # where a lock is one of bytes, it is on one that nobody reads
        while not try_lock(descriptor):
            if time.monotonic() >= until:
                raise TimeoutError("another process has been writing to it for long")
            time.sleep(_PAUSE)
        file = _LogFile(path, descriptor)
        if not file.size:
            file.begin()
        yield file
    finally:
        os.close(descriptor)


_CHANGED_END = "the last search: another content than was written"


def _read(path: Path) -> tuple[list[str], list[LoggedSearch], str]:
    """Return what of a log is not as it was written, its entries as far as they are, and its salt.

    Raises:
        RegistryError: the file cannot be read at all.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], [], ""
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    *lines, rest = content.split(b"\n")
    faults = [_CHANGED_END] if rest and _is_more_than_begun(rest) else []
    if not lines:
        return faults, [], ""
    entries: list[LoggedSearch] = []
    salt, previous = "", ""
    for number, line in enumerate(lines):
        try:
            cells = json.loads(line)
            said = cells.pop("hash")
            is_in_place = cells.get("number" if number else "format") == (number or FORMAT)
            if not is_in_place or line + b"\n" != _line(cells, previous):
                raise ValueError
            if number:
                entries.append(LoggedSearch(**{name: cells[name] for name in _COLUMNS}))
            else:
                salt = cells["salt"]
            previous = said
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            place = f"search {number}" if number else "first line"
            return [f"{place}: another content than was written, or none", *faults], entries, salt
    return faults, entries, salt


def _is_more_than_begun(rest: bytes) -> bool:
    """Whether bytes behind the last line end are more than the beginning of a line, which a killed writer may leave."""
    try:
        _, end = json.JSONDecoder().raw_decode(rest.decode("latin-1"))
    except (ValueError, RecursionError):
        return False
    return end < len(rest)


def _cell(path: Path, line: bytes, name: str, kind: type) -> tuple[Any, str]:
    """Return a cell of a line, and the line's hash.

    Raises:
        RegistryError: the line has no such cell, or is none.
    """
    with suppress(ValueError, RecursionError):
        cells = json.loads(line)
        if isinstance(cells, dict) and isinstance(cells.get(name), kind) and isinstance(cells.get("hash"), str):
            return cells[name], cells["hash"]
    raise _damaged(path, "a line that is none of a log")


def _line(cells: Mapping[str, Any], previous: str) -> bytes:
    """Return a line with its hash, that of the line before in mind."""
    hashed = hashlib.sha256(f"{previous}\n{json.dumps(cells)}".encode()).hexdigest()
    return f"{json.dumps({**cells, 'hash': hashed})}\n".encode()


def _digest(salt: str, typing: str) -> str:
    return hashlib.sha256(f"{salt}\n{typing}".encode()).hexdigest()


def _damaged(path: Path, found: str) -> RegistryError:
    return RegistryError(
        str(path),
        found=f"a damaged file ({found})",
        expected="the log of searches as it was written",
        hint="move it away to begin a new one; the registry can be searched",
        code=ErrorCode.REGISTRY_RECORD,
    )
