"""The log of searches beside a registry: who searched for whom, when, with which program, snapshot and criteria.

It is appended to only. Each entry holds the hash of the one before, so that an entry that was changed or removed, but
for the last ones, is found out. It is an SQLite file of its own: searches wait for each other for a moment, and never
for whoever writes to the registry. Donors do not stand in it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from hla_match.errors import RegistryError
from registry_io.disk.durable_files import write_error
from registry_io.disk.permissions import open_new
from registry_io.store.journal.journal_file import journal_faults
from registry_io.store.registry_folder import SEARCH_LOG

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS search(
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, program TEXT NOT NULL, snapshot TEXT NOT NULL,
  command TEXT NOT NULL, patients TEXT NOT NULL, request TEXT NOT NULL, previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL) STRICT;
"""
_BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedSearch:
    """One entry of the log.

    Attributes:
        at: when it began: ISO 8601 in UTC with microseconds.
        actor: who searched.
        program: name and version of the program.
        snapshot: of the registry that was searched; the record where no snapshot holds it any more.
        command: what was asked for: `search` or `batch`.
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
    _make(path)
    with journal_faults(path):
        with closing(_connected(path, "mode=rw")) as connection, _writing(connection):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (secrets.token_hex(16),))
            begun = at or datetime.datetime.now(datetime.UTC)
            entry = LoggedSearch(
                at=begun.isoformat(timespec="microseconds"),
                actor=actor,
                program=program,
                snapshot=snapshot,
                command=command,
                patients=patients if typing is None else _digest(_salt(connection), typing),
                request=request,
            )
            last = connection.execute("SELECT id, hash FROM search ORDER BY id DESC LIMIT 1").fetchone()
            number, previous = (1, _first_hash(connection)) if last is None else (last[0] + 1, last[1])
            row = (number, *astuple(entry), previous, _hash(number, entry, previous))
            connection.execute(f"INSERT INTO search VALUES ({', '.join('?' * len(row))})", row)
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
    if not path.exists():
        return []
    with journal_faults(path), closing(_connected(path, "mode=ro")) as connection:
        found = [entry for _, entry, _, _ in _entries(connection)]
        wanted = None if typing is None else _digest(_salt(connection), typing)
    return [entry for entry in found if wanted is None or entry.patients == wanted]


def search_log_faults(folder: Path) -> Iterator[str]:
    """Yield what of the log is not as it was written, by number of the entry.

    Raises:
        RegistryError: the file cannot be read at all.
    """
    path = folder / SEARCH_LOG
    if not path.exists():
        return
    with journal_faults(path), closing(_connected(path, "mode=ro")) as connection:
        of_file = [found for (found,) in connection.execute("PRAGMA integrity_check") if found != "ok"]
        if of_file:
            yield from (f"file: {found}" for found in of_file)
            return
        before = _first_hash(connection)
        for place, (number, entry, previous, hashed) in enumerate(_entries(connection), start=1):
            if (number, previous, hashed) != (place, before, _hash(number, entry, previous)):
                yield f"search {place}: another content than was written, or none"
            before = hashed


def _make(path: Path) -> None:
    """Make an empty file for its owner alone, where there is none."""
    try:
        os.close(open_new(path))
    except FileExistsError:
        return
    except OSError as error:
        raise write_error(path, error) from error


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None, timeout=_BUSY_SECONDS)


_COLUMNS = ", ".join(one.name for one in fields(LoggedSearch))


def _entries(connection: sqlite3.Connection) -> Iterator[tuple[int, LoggedSearch, bytes, bytes]]:
    rows = connection.execute(f"SELECT id, {_COLUMNS}, previous_hash, hash FROM search ORDER BY id")
    for number, *cells, previous, hashed in rows:
        names = (one.name for one in fields(LoggedSearch))
        yield number, LoggedSearch(**dict(zip(names, cells, strict=True))), previous, hashed


def _salt(connection: sqlite3.Connection) -> str:
    found = connection.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()
    if found is None:
        raise RegistryError(SEARCH_LOG, found="no salt", expected="the log of searches as it was written")
    return str(found[0])


def _digest(salt: str, typing: str) -> str:
    return hashlib.sha256(f"{salt}\n{typing}".encode()).hexdigest()


def _first_hash(connection: sqlite3.Connection) -> bytes:
    return hashlib.sha256(_salt(connection).encode()).digest()


def _hash(number: int, entry: LoggedSearch, previous: bytes) -> bytes:
    cells = [number, *astuple(entry), previous.hex()]
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).digest()
