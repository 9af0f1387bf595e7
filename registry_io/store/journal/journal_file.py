"""The file of a registry's record: made for its owner alone, opened for reading or writing, its errors in words.

SQLite in WAL mode: readers and the one writer do not wait for each other, and a transaction is on the disk when its
commit returns. What is removed is overwritten.
"""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hla_match.errors import ErrorCode, FileError, RegistryError
from registry_io.disk.durable_files import atomic_write, flush, flush_folder, remove, rename, write_error
from registry_io.disk.hidden_names import aside_path
from registry_io.disk.permissions import open_new
from registry_io.store.journal.case_tables import WITH_CASES, WITHOUT_CASES
from registry_io.store.journal.encryption import (
    connect_encrypted,
    database_errors,
    is_encrypted,
    key_at_hand,
    wrong_key,
)
from registry_io.store.journal.file_seal import log_of, log_start, unseal
from registry_io.store.registry_folder import JOURNAL

FORMAT_VERSIONS = (WITHOUT_CASES, WITH_CASES)
"""Those that are read: a record becomes one of the second when its first case is written."""
SYNCHRONOUS = "FULL"
"""A commit waits for the disk."""

_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE txn(
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, day TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  reason TEXT NOT NULL, source TEXT NOT NULL, source_sha256 TEXT NOT NULL, source_rows INTEGER, file_date TEXT,
  settings TEXT NOT NULL, same_as INTEGER, attributes TEXT NOT NULL, counts TEXT NOT NULL,
  n_donors INTEGER NOT NULL, last_version INTEGER NOT NULL,
  versions_digest BLOB NOT NULL, previous_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE donor(key INTEGER PRIMARY KEY, donor_id TEXT UNIQUE, latest INTEGER NOT NULL) STRICT;
CREATE TABLE version(
  id INTEGER PRIMARY KEY, donor INTEGER NOT NULL, txn INTEGER NOT NULL, action TEXT NOT NULL, row INTEGER, person TEXT,
  reported TEXT, noted TEXT, salt BLOB, digest BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX version_of_donor ON version(donor, txn);
CREATE TABLE codes(sha256 TEXT PRIMARY KEY, title TEXT NOT NULL, content BLOB NOT NULL) STRICT;
CREATE TABLE nomenclature(checksum TEXT PRIMARY KEY, title TEXT NOT NULL, content BLOB NOT NULL) STRICT;
"""
# https://sqlite.org/fileformat2.html, section 1.3.3: two bytes say that a file is in WAL mode.
_WRITTEN_BY, _WAL_MODE = slice(18, 20), b"\2\2"
_CACHE_KILOBYTES = 64_000
_BUSY_SECONDS = 10
_CANNOT_WRITE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
}
_PRIMARY_CODE = 0xFF


def has_journal(folder: Path) -> bool:
    """Say whether a folder has a record with a transaction; a first writer that was killed leaves one without.

    Raises:
        RegistryError: it is damaged, or of another format version.
    """
    path = folder / JOURNAL
    if not path.exists():
        return False
    with journal_faults(path), closing(_opened(path)) as connection:
        return connection.execute("SELECT 1 FROM txn LIMIT 1").fetchone() is not None


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a record that nothing is written to.

    Raises:
        RegistryError: there is none, or it is damaged or of another format version.
    """
    if not has_journal(path.parent):
        raise RegistryError(
            str(path),
            found="no record of the registry's changes",
            expected="a registry that was written by this version of hla-match",
            hint="its first change begins the record",
            code=ErrorCode.REGISTRY_RECORD,
        )
    with journal_faults(path):
        return _opened(path)


def forget(path: Path) -> None:
    """Remove what lies beside a record that somebody removed: its seal, its memory and its log without changes.

    Raises:
        RegistryError: the log has changes, which would be taken for those of the new file.
        FileError: they cannot be removed.
    """
    log = log_of(path)
    try:
        if log_start(path):
            raise RegistryError(
                str(log),
                found="the last changes of a record that is not there",
                expected="the record beside its log",
                hint=f"put {path.name} back; where it is gone for good, remove {log.name}, too",
                code=ErrorCode.REGISTRY_RECORD,
            )
        unseal(path)
        for ending in ("-wal", "-shm"):
            path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
        flush_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a record for its one writer, who holds the lock of the registry's folder; made where it is missing.

    A transaction of the database has begun: what is written is kept when it is committed.

    Raises:
        RegistryError: it is damaged, or of another format version.
        FileError: it cannot be written to.
    """
    if not path.exists():
        _make(path)
    with journal_faults(path):
        connection = _connected(path, "mode=rw")
        try:
            connection.execute("PRAGMA journal_mode=WAL")  # which a new plain file has from the beginning
            # The log tells at the end which pages were written to.
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("BEGIN IMMEDIATE")
            _check_format(path, connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _make(path: Path) -> None:
    """Make a record without a transaction, encrypted where the user names a key.

    Raises:
        RegistryError: it is to be encrypted, and cannot be.
        FileError: it cannot be written.
    """
    if not key_at_hand():
        with atomic_write(path) as file:
            file.write(_empty_record())
        return
    with journal_faults(path), replacing(path) as aside, closing(_connect(aside, "mode=rw", encrypted=True)) as new:
        new.execute("PRAGMA journal_mode=OFF")  # nobody knows the file yet
        new.executescript(_SCHEMA)
        new.executemany("INSERT INTO meta VALUES (?, ?)", _meta())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a new empty file beside that of a record, which takes its name when the block ends without an error.

    Raises:
        FileError: it cannot be written.
    """
    aside = aside_path(path)
    try:
        os.close(open_new(aside))
        yield aside
        flush(aside)
        rename(aside, path)
        flush_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        if aside.exists():
            remove(aside)


def _meta() -> tuple[tuple[str, str], ...]:
    return (("format_version", str(WITHOUT_CASES)), ("identity", secrets.token_hex(16)))


def _empty_record() -> bytes:
    """Return the file of a record without a transaction, so that none is ever there without its tables."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(_SCHEMA)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", _meta())
        content = bytearray(connection.serialize())
    content[_WRITTEN_BY] = _WAL_MODE
    return bytes(content)


@contextmanager
def journal_faults(path: Path) -> Iterator[None]:
    """Say in words what the database says in its own.

    Raises:
        FileError: the file cannot be written to.
        RegistryError: it does not hold what it must.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise _fault(path, error) from error
    except database_errors() as error:
        raise _fault(path, error) from error


def damaged(path: Path, found: str, expected: str = "the record as it was written") -> RegistryError:
    """Return the error of a record that does not hold what it must."""
    hint = "restore the registry's folder from a copy; its snapshot can still be searched"
    return RegistryError(str(path), found=found, expected=expected, hint=hint, code=ErrorCode.REGISTRY_RECORD)


def in_use(path: Path, by: str) -> FileError:
    """Return the error of files that cannot be removed since somebody reads them, or may."""
    return FileError(
        str(path),
        found=by,
        expected="nobody who reads what is to be removed",
        hint="compact the registry again later",
        code=ErrorCode.REGISTRY_IN_USE,
    )


def _fault(path: Path, error: Exception) -> FileError:
    # An error of Python's own part has no number.
    whole = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    # Shared memory that finds no room is an error of its own.
    code = sqlite3.SQLITE_FULL if whole == sqlite3.SQLITE_IOERR_SHMSIZE else whole & _PRIMARY_CODE
    if code == sqlite3.SQLITE_NOTADB and not isinstance(error, sqlite3.Error):
        return wrong_key(path)
    if code in _CANNOT_WRITE:
        return write_error(path, OSError(_CANNOT_WRITE[code], os.strerror(_CANNOT_WRITE[code])))
    return damaged(path, f"a damaged file ({error})")


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    connection = _connect(path, mode, encrypted=is_encrypted(path))
    try:
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KILOBYTES}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str, *, encrypted: bool) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{mode}"
    # Without a level of isolation Python begins no transaction of its own accord.
    if encrypted:
        return connect_encrypted(path, uri, isolation_level=None, timeout=_BUSY_SECONDS)
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _read_only(path, "mode=ro")
    except database_errors("OperationalError"):
        # A folder that cannot be written to takes no file of shared memory, which no writer then needs.
        if os.access(path.parent, os.W_OK):
            raise
    if log_start(path):
        raise _not_read_with_its_log(path)
    return _read_only(path, "immutable=1")


def _read_only(path: Path, mode: str) -> sqlite3.Connection:
    connection = _connected(path, mode)
    try:
        _check_format(path, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _not_read_with_its_log(path: Path) -> FileError:
    return FileError(
        str(path),
        found="a record whose last changes are still in the log beside it, in a folder that cannot be written to",
        expected="a folder that can be written to, or a record that its last writer closed",
        hint="copy the registry's folder to where you may write, and use the copy",
        code=ErrorCode.FILE_UNREADABLE,
    )


def _check_format(path: Path, connection: sqlite3.Connection) -> None:
    found = dict(connection.execute("SELECT key, value FROM meta")).get("format_version")
    if found not in [str(one) for one in FORMAT_VERSIONS]:
        raise damaged(path, f"format version {found}", " or ".join(map(str, FORMAT_VERSIONS)))
