"""One writer of a record, from its opening to its end: what it commits, and the seal that the file gets back.

    open -> (transaction -> commit)* -> all brought to the file -> closed -> sealed

An error that comes after a commit does not take back what is recorded, and says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hla_match.errors import ErrorCode, FileError, HlaMatchError, RegistryError
from registry_io.disk.durable_files import remove, write_error
from registry_io.store.journal.case_head import CaseHead, forget_head, keep_head, new_head
from registry_io.store.journal.encryption import database_errors
from registry_io.store.journal.erasure import write_anew
from registry_io.store.journal.file_seal import Seal, is_sealed, log_start, seal, unseal, written_blocks
from registry_io.store.journal.journal_file import forget, in_use, journal_faults, open_for_writing


class RecordWriter:
    """A connection that writes to a record; a transaction of the database has always begun.

    Args:
        path: the file of the record.
        connection: to it, as `open_for_writing` gives it.
        is_first: whether the record has no transaction yet.

    Attributes:
        put: number of the transaction that was put last, and is not committed; None without one.
        recorded: number of the last transaction that this writer committed; None before.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, is_first: bool = False) -> None:
        self.path, self.connection, self._is_first = path, connection, is_first
        self.put: int | None = None
        self.recorded: int | None = None
        self._n_changes = connection.total_changes
        self._before: Seal | None = None
        self._log = b""
        self._is_anew = False

    def commit(self) -> None:
        """Bring all transactions so far to the disk.

        Raises:
            FileError: they cannot be written; nothing of those since the last commit is kept.
        """
        if self.connection.total_changes != self._n_changes:
            self._unseal()
        if self._is_first and self.put is not None:
            forget_head(self.path.parent)
        with journal_faults(self.path):
            self.connection.execute("COMMIT")
            self._note_log()
            self.recorded, self.put = self.put or self.recorded, None
            self._n_changes = self.connection.total_changes
            self.connection.execute("BEGIN IMMEDIATE")

    def undo(self) -> None:
        """Take back all transactions since the last commit."""
        with journal_faults(self.path):
            self.connection.execute("ROLLBACK")
            self.put = None
            self.connection.execute("BEGIN IMMEDIATE")

    def compact(self) -> None:
        """Write the file anew, so that no page of it holds what was removed; all is committed.

        Raises:
            FileError: it cannot be written, or somebody reads it.
        """
        self._unseal()
        self._is_anew = True
        with journal_faults(self.path):
            is_whole = write_anew(self.connection)
        if not is_whole:
            raise in_use(self.path, "a reader of the record")

    def end(self, *, is_new: bool) -> None:
        """Take back what was not committed, close the file, and seal it; one without a transaction is removed.

        The last entry of the case book is kept beside it.

        Args:
            is_new: whether the file was made for this writer.

        Raises:
            FileError, RegistryError: it cannot be read any more.
        """
        is_empty = is_new and self.recorded is None
        written: Collection[int] | None = None
        head: CaseHead | None = None
        try:
            with journal_faults(self.path):
                if self.connection.in_transaction:  # a full disk has ended it already
                    self.connection.execute("ROLLBACK")
                is_empty = not self.connection.execute("SELECT 1 FROM txn LIMIT 1").fetchone()
                with suppress(OSError):
                    head = new_head(self.path.parent, self.connection)
            with suppress(OSError):
                written = self._written()
            # Where a reader keeps the log, what can be brought to the file is.
            with suppress(*database_errors()):
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            self.connection.close()
            if is_empty:
                _remove_record(self.path)
            elif not is_sealed(self.path):
                seal(self.path, self._before, written)
            if head is not None:
                keep_head(self.path.parent, head)

    def _note_log(self) -> None:
        """Note which log has the first commit since the seal was removed."""
        if not self._log and not is_sealed(self.path):
            with suppress(OSError):
                self._log = log_start(self.path)

    def _written(self) -> Collection[int] | None:
        """Return the blocks that were written to; None where that is not known.

        Whoever else brings the log to the file lets it begin anew, and then it does not have the commits before.

        Raises:
            OSError: the log cannot be read.
        """
        if self._is_anew or not self._log or log_start(self.path) != self._log:
            return None
        return written_blocks(self.path)

    def _unseal(self) -> None:
        """Remove the seal before anything is written to the file; of what was written since then the log has pages."""
        if is_sealed(self.path):
            self._before = unseal(self.path)


@contextmanager
def writing_record(path: Path) -> Iterator[RecordWriter]:
    """Give what writes to a record, made where it is missing; the caller holds the lock of the registry's folder.

    Raises:
        RegistryError: it is damaged, or its log is there alone; or what comes after the commit of a transaction fails.
        FileError: it cannot be written to.
    """
    is_new = not path.exists()
    if is_new:
        forget(path)
    try:
        writer = _writer(path)
    except BaseException:
        if is_new:
            _remove_record(path)
        raise
    try:
        yield writer
        writer.commit()
    except (HlaMatchError, OSError) as error:
        if writer.recorded is None:
            raise
        raise _recorded(path.parent, writer.recorded, error) from error
    finally:
        writer.end(is_new=is_new)


def _writer(path: Path) -> RecordWriter:
    connection = open_for_writing(path)
    try:
        with journal_faults(path):
            has_begun = connection.execute("SELECT 1 FROM txn LIMIT 1").fetchone() is not None
    except BaseException:
        connection.close()
        raise
    return RecordWriter(path, connection, is_first=not has_begun)


def _recorded(folder: Path, number: int, error: HlaMatchError | OSError) -> RegistryError:
    """Return the error of what failed when a transaction was recorded."""
    if isinstance(error, OSError):
        error = write_error(folder, error)
    found = error.found if isinstance(error, FileError) else str(error)
    return RegistryError(
        str(folder),
        found=f"{found}, when transaction {number} was recorded",
        expected="a registry that can be published, too",
        hint="do not repeat the change: the next command that writes publishes it, if searches do not show it yet",
        code=ErrorCode.REGISTRY_UNPUBLISHED,
    )


def _remove_record(path: Path) -> None:
    for ending in ("-wal", "-shm", ""):
        remove(path.with_name(f"{path.name}{ending}"))
