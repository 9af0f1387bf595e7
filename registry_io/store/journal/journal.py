"""The record of a registry, read: what happened, what is known of a donor, and who was a donor at any transaction."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import polars as pl

from hla_match.errors import ErrorCode, RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from registry_io.persons.line_notes import LINE_NOTES
from registry_io.store.journal.case_book import CaseBook
from registry_io.store.journal.case_erasure import compacted_at
from registry_io.store.journal.case_head import head_faults
from registry_io.store.journal.contents import Contents
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.file_seal import seal_faults
from registry_io.store.journal.journal_file import damaged, journal_faults, open_for_reading
from registry_io.store.journal.known_donors import known_donors, left_versions, merges
from registry_io.store.journal.person_texts import in_order, persons_of
from registry_io.store.journal.transactions import Cause, Settings, Transaction, taken_back
from registry_io.store.journal.verification import record_faults
from registry_io.store.journal.versions import DONORS_AT, OF_VERSIONS, REPLACED, Changes, Version, notes_of, versions_of
from registry_io.store.journal.writing import RecordWriter, writing_record
from registry_io.store.registry_folder import JOURNAL

SLICE = 250_000
"""Persons of a frame at most."""

# The version of one donor that holds at a transaction.
_AT = "(SELECT id FROM version WHERE donor = {donor} AND txn <= {txn} ORDER BY txn DESC LIMIT 1)"
# A merge is of two versions, one after the other.
_MERGED_WITH = """(SELECT d.donor_id FROM version w JOIN donor d ON d.key = w.donor
WHERE v.action = 'merge' AND w.txn = v.txn AND w.id IN (v.id - 1, v.id + 1))"""


class Journal:
    """The record of a registry's folder; a context that closes it.

    Args:
        path: its file.
        connection: to it.
        writer: where it is written to.

    Attributes:
        least: number of the next transaction at least. A record that takes the place of one that is gone goes on
            behind the numbers that snapshots, searches and manifests name, so that none means two things.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, writer: RecordWriter | None = None) -> None:
        self.path, self._connection, self._its_writer = path, connection, writer
        self.least = 1
        self._contents, self.cases = Contents(path, connection), CaseBook(path, connection)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the record of a folder for reading; a writer is not held up, and does not hold it up.

        Raises:
            RegistryError: there is none, or it is damaged.
        """
        path = folder / JOURNAL
        return cls(path, open_for_reading(path))

    @classmethod
    @contextmanager
    def writing(cls, folder: Path) -> Iterator[Self]:
        """Give the record of a folder to write to, made where it is missing; the caller holds the folder's lock.

        What is written is kept when it is committed, by `commit` or at the end of the block without an error; an error
        that comes later says that it is recorded. A record that is still without a transaction is removed.

        Raises:
            RegistryError: it is damaged; or what comes behind the commit fails.
            FileError: it cannot be written to.
        """
        with writing_record(folder / JOURNAL) as writer:
            yield cls(writer.path, writer.connection, writer)

    def commit(self) -> None:
        """Bring all transactions so far to the disk.

        Raises:
            FileError: they cannot be written; nothing of those since the last commit is kept.
        """
        self._writer.commit()

    def undo(self) -> None:
        """Take back all transactions since the last commit."""
        self._writer.undo()

    @property
    def _writer(self) -> RecordWriter:
        assert self._its_writer is not None, "a record that is read is not written to"
        return self._its_writer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self, cause: Cause) -> Iterator[Entry]:
        """Give a transaction to write into; it is recorded when the block has ended without an error.

        One that holds no version and changes no setting leaves nothing.

        Args:
            cause: who makes it, why, and from what; `Entry.cause` may be set again.

        Raises:
            FileError: it cannot be written.
        """
        with journal_faults(self.path):
            entry = Entry(self.path, self._connection, cause, self.latest_transaction(), self.least)
            yield entry
            entry.finish()
            self._writer.put = entry.number if entry.recorded is not None else self._writer.put

    @property
    def n_donors(self) -> int:
        """Number of donors now."""
        latest = self.latest_transaction()
        return latest.n_donors if latest is not None else 0

    def latest_transaction(self) -> Transaction | None:
        """Return the last transaction; None where there is none."""
        return next(iter(self._transactions("ORDER BY id DESC LIMIT 1")), None)

    def has_transaction(self, number: int) -> bool:
        """Say whether there is a transaction of a number."""
        return bool(self._numbered(number))

    def transactions(self) -> list[Transaction]:
        """Return all transactions, first to last."""
        return self._transactions("ORDER BY id")

    def source_at(self, txn: int) -> Transaction | None:
        """Return the last transaction with a donor file up to another one; None where there is none."""
        return next(iter(self._transactions("WHERE id <= ? AND source <> '' ORDER BY id DESC LIMIT 1", txn)), None)

    def transaction_at(self, when: int | datetime.date) -> Transaction:
        """Return a transaction by its number, or the last one up to the end of a day, in UTC.

        Raises:
            RegistryError: there is none.
        """
        if isinstance(when, int):
            found = self._numbered(when)
        else:
            found = self._transactions("WHERE substr(at, 1, 10) <= ? ORDER BY id DESC LIMIT 1", when.isoformat())
        if found:
            return found[0]
        every = self.transactions()
        raise RegistryError(
            str(self.path.parent),
            found=f"no transaction {'' if isinstance(when, int) else 'up to '}{when}",
            expected=f"{every[0].number} to {every[-1].number}, or a date from {every[0].at[:10]} on"
            if every
            else "a record that has begun",
            hint="the log of the registry lists them",
            code=ErrorCode.REGISTRY_NO_TRANSACTION,
        )

    def versions(self, donor_id: str) -> list[Version]:
        """Return all versions of a donor's record, first to last; none where the identifier was never known."""
        with journal_faults(self.path):
            rows = self._connection.execute(
                f"SELECT txn, action, row, person, reported, noted, {_MERGED_WITH},"
                " (SELECT same_as FROM txn t WHERE t.id = v.txn) FROM version v"
                " WHERE donor = (SELECT key FROM donor WHERE donor_id = ?) ORDER BY id",
                (donor_id,),
            ).fetchall()
        try:
            return versions_of(rows)
        except ValueError:
            raise damaged(self.path, "a version that is no record") from None

    def attributes_at(self, txn: int) -> dict[str, str]:
        """Return the type of each attribute that donors had up to a transaction, in the order of columns."""
        attributes: dict[str, str] = {}
        for transaction in self._transactions("WHERE id <= ? AND attributes <> '{}' ORDER BY id", txn):
            attributes |= transaction.attributes
        return in_order(attributes)

    def persons_at(self, txn: int) -> Iterator[pl.DataFrame]:
        """Yield the donors at a transaction, in frames as the reader of a donor file makes them; `row` is the version.

        Only loci that somebody of a frame is typed at have columns; all frames have all attributes.

        Raises:
            RegistryError: the record is damaged.
        """
        yield from self._frames(f"SELECT v.id, d.donor_id, v.person {DONORS_AT} ORDER BY v.id", {"txn": txn}, txn)

    def replaced_persons(self) -> Iterator[pl.DataFrame]:
        """Yield every record that a later version replaced, first to last, in frames as those of `persons_at`.

        What a rollback took back never was. Errors are those of `persons_at`.
        """
        transactions = self.transactions()
        query = f"SELECT v.id, d.donor_id, v.person {REPLACED} ORDER BY v.id"
        of = {"taken_back": str(taken_back(transactions))}
        yield from self._frames(query, of, transactions[-1].number if transactions else 0)

    def left_persons(self, txn: int) -> Iterator[pl.DataFrame]:
        """Yield the last record of each donor who had left at a transaction and is in no other's, as `persons_at`."""
        with journal_faults(self.path):
            versions = str(left_versions(self._connection, txn))
        query = f"SELECT v.id, d.donor_id, v.person {OF_VERSIONS} ORDER BY v.id"
        yield from self._frames(query, {"versions": versions}, txn)

    def noted_at(self, txn: int) -> pl.DataFrame:
        """Return what was understood differently than written: a `note` for a `row` of `persons_at`."""
        with journal_faults(self.path):
            rows = self._connection.execute(
                "SELECT id, noted FROM version WHERE txn <= ? AND noted IS NOT NULL", (txn,)
            ).fetchall()
        return pl.DataFrame([(row, note) for row, noted in rows for note in notes_of(noted)], LINE_NOTES, orient="row")

    def changes(self, after: int, upto: int) -> Changes:
        """Return what leads from the donors at transaction `after` to those at `upto`, which may be an earlier one.

        Raises:
            RegistryError: the record is damaged.
        """
        between = (
            "WITH touched AS (SELECT DISTINCT donor FROM version WHERE id > :first AND id <= :last) "
            "SELECT b.id, d.donor_id, b.person FROM touched t JOIN donor d ON d.key = t.donor"
            " AND d.donor_id IS NOT NULL"
            f" LEFT JOIN version a ON a.id = {_AT.format(donor='t.donor', txn=':after')}"
            f" LEFT JOIN version b ON b.id = {_AT.format(donor='t.donor', txn=':upto')} WHERE "
        )
        first, last = sorted(self.transaction_at(txn).last_version if txn else 0 for txn in (after, upto))
        bounds = {"after": after, "upto": upto, "first": first, "last": last}
        with journal_faults(self.path):
            removed = self._connection.execute(
                f"{between} a.person IS NOT NULL AND b.person IS NULL ORDER BY d.donor_id", bounds
            ).fetchall()
        return Changes(
            persons=self._frames(
                f"{between} b.person IS NOT NULL AND b.person IS NOT a.person ORDER BY b.id", bounds, upto
            ),
            removed=pl.Series("person_id", [row[1] for row in removed], pl.String),
        )

    def n_changes(self, after: int, upto: int) -> int:
        """Return the number of versions between two transactions, which `changes` holds at most."""
        first, last = sorted(self.transaction_at(txn).last_version if txn else 0 for txn in (after, upto))
        return last - first

    def known(self, identifiers: pl.Series) -> pl.DataFrame:
        """Return what is known of donors: `donor_id`, `key`, and the latest `person`, null of one who left.

        Identifiers that were never known have no row.
        """
        with journal_faults(self.path):
            return known_donors(self._connection, identifiers)

    def merges(self, upto: int) -> dict[str, str]:
        """Return the identifiers of records that were merged away up to a transaction, and of those they are in."""
        with journal_faults(self.path):
            return merges(self._connection, upto)

    def n_erased(self, after: int = 0, *, in_reports: bool = False) -> int:
        """Return the number of records erased after a transaction; with that of persons whom reports alone named."""
        return sum(one.n_erased + in_reports * one.n_in_reports for one in self.erasures(after))

    def erasures(self, after: int = 0) -> list[Transaction]:
        """Return the transactions after another one that erased somebody, first to last."""
        return self._transactions("WHERE action = 'erase' AND id > ? ORDER BY id", after)

    @property
    def compacted(self) -> int:
        """Number of the latest transaction when the file was last compacted, 0 before."""
        with journal_faults(self.path):
            return compacted_at(self._connection)[0]

    def compact(self) -> None:
        """Write the file anew, so that no page of it holds what was removed; all is committed.

        Raises:
            FileError: it cannot be written, or somebody reads it.
        """
        self._writer.compact()

    def nomenclature(self, settings: Settings) -> Nomenclature:
        """Return the nomenclature of a transaction's settings.

        Raises:
            RegistryError: the record is damaged.
        """
        with journal_faults(self.path):
            return self._contents.nomenclature(settings)

    def codes(self, settings: Settings) -> MacTable | None:
        """Return the multiple allele codes of a transaction's settings; None where there are none.

        Raises:
            RegistryError: the record is damaged.
        """
        with journal_faults(self.path):
            return self._contents.codes(settings)

    def verify(self) -> list[str]:
        """Return all that is not as it was written, by transaction and row, never by donor; none where all is right.

        Raises:
            RegistryError: the file cannot be read at all.
        """
        with journal_faults(self.path):
            faults = [
                *record_faults(self._connection, self._contents),
                *head_faults(self.path.parent, self._connection),
            ]
            return [*faults, *seal_faults(self.path)]

    def _numbered(self, number: int) -> list[Transaction]:
        return self._transactions("WHERE id = ?", number) if number.bit_length() < 64 else []

    def _transactions(self, clause: str, *values: Any) -> list[Transaction]:
        with journal_faults(self.path):
            rows = self._connection.execute(f"SELECT * FROM txn {clause}", values).fetchall()
        try:
            return [Transaction.of(row) for row in rows]
        except (ValueError, TypeError, KeyError):
            raise damaged(self.path, "a transaction that is none") from None

    def _frames(self, query: str, bounds: Mapping[str, int | str], upto: int) -> Iterator[pl.DataFrame]:
        attributes = self.attributes_at(upto)
        with journal_faults(self.path):
            found = self._connection.execute(query, bounds)
            while rows := found.fetchmany(SLICE):
                try:
                    versions, donor_ids, texts = zip(*rows, strict=True)
                    yield persons_of(versions, donor_ids, texts, attributes)
                except pl.exceptions.PolarsError:
                    raise damaged(self.path, "a version that is no record") from None
