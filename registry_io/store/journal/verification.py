"""The proof that a record is as it was written: digests of versions, the chain of transactions, and what they name."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry_io.store.journal.case_verification import case_faults
from registry_io.store.journal.contents import Contents
from registry_io.store.journal.entry import NULL, version_digest
from registry_io.store.journal.erasure import is_erased
from registry_io.store.journal.transactions import Transaction, first_hash


def record_faults(connection: sqlite3.Connection, contents: Contents) -> Iterator[str]:
    """Yield all that is not as it was written, by transaction and row, never by donor.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    of_file = [found for (found,) in connection.execute("PRAGMA integrity_check") if found != "ok"]
    if of_file:
        # Beyond that a cell may be of any type.
        yield from (f"file: {found}" for found in of_file)
        return
    yield from contents.faults()
    walk = _Walk(contents.checksums())
    yield from _version_faults(connection, walk)
    yield from _transaction_faults(connection, walk)
    yield from _donor_faults(connection)
    yield from case_faults(connection)


@dataclass(slots=True)
class _Walk:
    """What a walk along all versions found.

    Attributes:
        contents: checksums of nomenclatures and codes.
        digests: by transaction, of its versions.
        counts: by transaction, of its actions.
        last: by transaction, the last version.
        n_donors: by transaction, donors after its last version.
    """

    contents: frozenset[str]
    digests: dict[int, Any] = field(default_factory=dict)
    counts: dict[int, Counter[str]] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    n_donors: dict[int, int] = field(default_factory=dict)


def _version_faults(connection: sqlite3.Connection, walk: _Walk) -> Iterator[str]:
    rows = connection.execute(
        "SELECT v.id, v.txn, (SELECT person IS NOT NULL FROM version w WHERE w.donor = v.donor AND w.txn < v.txn"
        " ORDER BY w.txn DESC LIMIT 1), (SELECT action FROM version w WHERE w.id = d.latest), v.salt, v.action, v.row,"
        " v.person, v.reported, v.noted, d.donor_id, v.digest"
        " FROM version v LEFT JOIN donor d ON d.key = v.donor ORDER BY v.id"
    )
    before, n_donors = 1, 0
    for place, (number, txn, was_donor, last, salt, *content, donor_id, digest) in enumerate(rows, start=1):
        where = f"transaction {txn}, row {content[1]}"
        if number != place or txn < before:
            yield f"{where}: a version that is missing or out of its place"
        elif salt is None:
            if not is_erased(donor_id, last, content[1:]):
                yield f"{where}: a version without its content"
        elif donor_id is None or version_digest(salt, _text(*content, donor_id)) != digest:
            yield f"{where}: a version with another content than was written"
        before = max(before, txn)
        walk.digests.setdefault(txn, hashlib.sha256()).update(digest)
        walk.counts.setdefault(txn, Counter())[content[0]] += 1
        walk.last[txn] = number
        n_donors += (content[2] is not None) - bool(was_donor)
        walk.n_donors[txn] = n_donors


def _text(*cells: str | int | None) -> str:
    return "\n".join(NULL if cell is None else str(cell) for cell in cells)


def _transaction_faults(connection: sqlite3.Connection, walk: _Walk) -> Iterator[str]:
    previous, last, n_donors = first_hash(connection), 0, 0
    # A record that took the place of another one goes on with its numbers; the first hash says that it is the first.
    (first,) = connection.execute("SELECT coalesce(min(id), 1) FROM txn").fetchone()
    number = first - 1
    for number, row in enumerate(connection.execute("SELECT * FROM txn ORDER BY id"), start=first):
        try:
            transaction = Transaction.of(row)
        except (ValueError, TypeError, KeyError):
            yield f"transaction {number}: no transaction"
            continue
        last, n_donors = walk.last.get(number, last), walk.n_donors.get(number, n_donors)
        right = (
            number,
            previous,
            walk.digests.get(number, hashlib.sha256()).digest(),
            last,
            n_donors,
            dict(sorted(walk.counts.get(number, Counter()).items())),
            transaction.right_hash,
        )
        found: Sequence[object] = (
            transaction.number,
            transaction.previous_hash,
            transaction.versions_digest,
            transaction.last_version,
            transaction.n_donors,
            transaction.counts,
            transaction.hash,
        )
        if found != right or transaction.row != tuple(row):
            yield f"transaction {number}: another content than was written"
        settings = transaction.settings
        if not walk.contents.issuperset((settings.nomenclature, *settings.codes)):
            yield f"transaction {number}: read with a nomenclature or codes that are missing"
        previous = transaction.hash
    beyond = sorted(txn for txn in walk.digests if not first <= txn <= number)
    yield from (f"transaction {txn}: versions without their transaction" for txn in beyond)


def _donor_faults(connection: sqlite3.Connection) -> Iterator[str]:
    (n_donors,) = connection.execute(
        "SELECT count(*) FROM donor d WHERE latest IS NOT"
        " (SELECT id FROM version WHERE donor = d.key ORDER BY txn DESC LIMIT 1)"
    ).fetchone()
    if n_donors:
        yield f"donors: {n_donors:,} with another latest version than is recorded"
