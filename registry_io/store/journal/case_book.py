"""The case book of a record: requests of patients, searches for them, and the steps of donors, entry after entry.

An entry is of a case. What it says of donors stands in rows of its own, one a donor, so that a donor who is erased
takes them along: a row keeps its digest then, and nothing else::

    entry     1 open P1     2 search P1        3 ask P1      4 search P1
                            |                  |             |
    row                     D1 in the list     D2 asked      D1 left the list      the list of a case is the last row
                            D2 in the list                   D7 in the list        of each donor in its searches

The hash of an entry covers the digests of its rows and the hash of the entry before. The tables are made with the first
case; a record without one is of the format version before, and every version of the program reads it.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry_io.store.journal.case_entry import (
    COLUMNS,
    LEFT,
    CaseEntry,
    CaseRow,
    entry_of,
    first_case_hash,
    row_digest,
)
from registry_io.store.journal.case_erasure import (
    ERASE,
    FORGOTTEN,
    erasure_content,
    forget_case,
    is_of_person,
    n_cases_in_file,
)
from registry_io.store.journal.case_tables import CASE_SCHEMA, WITH_CASES, has_cases
from registry_io.store.journal.journal_file import damaged, journal_faults

_SALT_BYTES, _AT_ONCE = 16, 500
_SECRET = "secret"
_STATED = "SELECT e.*, r.donor, r.content FROM case_entry e LEFT JOIN case_donor r ON r.entry = e.id AND r.listed = 0"
_LISTED = (
    "FROM case_donor r WHERE r.listed = 1 AND r.content <> ? AND {which} AND NOT EXISTS (SELECT 1 FROM case_donor s"
    " WHERE s.number = r.number AND s.donor = r.donor AND s.listed = 1 AND s.id > r.id)"
)


class CaseBook:
    """The case book of an open record.

    Args:
        path: of the record, for messages.
        connection: to it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection
        self._contexts: dict[str, str] = {}
        self._secret: bytes | None = None

    @property
    def is_begun(self) -> bool:
        """Whether there ever was a case."""
        with journal_faults(self._path):
            return has_cases(self._connection)

    @property
    def secret(self) -> bytes:
        """The key of the double-blind codes; a case book that is begun has one."""
        if self._secret is None:
            with journal_faults(self._path):
                found = self._connection.execute("SELECT value FROM case_meta WHERE key = ?", (_SECRET,)).fetchone()
            if found is None:
                raise damaged(self._path, "a case book without the key of its codes")
            self._secret = bytes.fromhex(found[0])
        return self._secret

    def begin(self) -> None:
        """Make the tables where there are none: the record becomes one of the next format version."""
        if self.is_begun:
            return
        with journal_faults(self._path):
            for statement in CASE_SCHEMA:
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO case_meta VALUES (?, ?)", (_SECRET, secrets.token_hex(32)))
            self._connection.execute("UPDATE meta SET value = ? WHERE key = 'format_version'", (str(WITH_CASES),))

    def put(
        self,
        *,
        number: int,
        step: str,
        day: datetime.date,
        actor: str,
        txn: int,
        content: str = "{}",
        row: CaseRow | None = None,
        listed: Sequence[CaseRow] = (),
    ) -> CaseEntry:
        """Write an entry into a record that is being written.

        Args:
            number: of the case.
            step: what happened.
            day: on which.
            actor: who made it.
            txn: the latest transaction of the record.
            content: JSON of what is said of no donor.
            row: of the donor of a step.
            listed: of a search, the donors whose place in the list is another one than before.

        Raises:
            FileError: it cannot be written.
        """
        with journal_faults(self._path):
            before = self._last()
            first = before.last_row + 1 if before is not None else 1
            number_of = 1 if before is None else before.id + 1
            rows = [(0, row)] if row is not None else [(1, one) for one in listed]
            digest = self._put_rows(first, number_of, number, rows)
            entry = CaseEntry(
                id=number_of,
                at=datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds"),
                day=day.isoformat(),
                actor=actor,
                number=number,
                step=step,
                txn=txn,
                content=content,
                last_row=first + len(rows) - 1,
                rows_digest=digest,
                previous_hash=first_case_hash(self._connection) if before is None else before.hash,
            )
            cells = (*entry.cells[:-1], entry.right_hash)
            self._connection.execute(f"INSERT INTO case_entry VALUES ({', '.join('?' * len(cells))})", cells)
        return entry

    def _put_rows(self, first: int, entry: int, number: int, rows: Sequence[tuple[int, CaseRow]]) -> bytes:
        """Write rows, and return the digest of their digests."""
        digests, cells = hashlib.sha256(), []
        salts = os.urandom(_SALT_BYTES * len(rows))
        for place, (listed, one) in enumerate(rows):
            salt = salts[_SALT_BYTES * place : _SALT_BYTES * (place + 1)]
            digest = row_digest(salt, number, listed, one)
            digests.update(digest)
            cells.append((first + place, entry, number, listed, *one, salt, digest))
        self._connection.executemany("INSERT INTO case_donor VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", cells)
        return digests.digest()

    def erase(self, number: int, *, day: datetime.date, actor: str, txn: int, reason: str) -> None:
        """Forget what a case holds, and write the entry that says so; arguments and errors are those of `put`."""
        forgotten = {
            str(one.id): [one.hash.hex(), replace(one, content=FORGOTTEN).right_hash.hex()]
            for one in self.entries(number)
            if is_of_person(one.step, one.content)
        }
        content = erasure_content(forgotten, reason)
        self.put(number=number, step=ERASE, day=day, actor=actor, txn=txn, content=content)
        with journal_faults(self._path):
            forget_case(self._connection, number, forgotten)

    @property
    def n_erased_in_file(self) -> int:
        """Number of erased cases of which the file may still hold data; 0 once it was written anew."""
        with journal_faults(self._path):
            return n_cases_in_file(self._connection)

    @property
    def erased(self) -> frozenset[int]:
        """The numbers of the cases that were erased."""
        if not self.is_begun:
            return frozenset()
        with journal_faults(self._path):
            rows = self._connection.execute("SELECT number FROM case_entry WHERE step = ?", (ERASE,))
            return frozenset(number for (number,) in rows)

    @property
    def next_number(self) -> int:
        """The number of the next case."""
        with journal_faults(self._path):
            (last,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM case_entry").fetchone()
        return int(last) + 1

    def entries(self, number: int | None = None) -> list[CaseEntry]:
        """Return the entries of a case, or of all, first to last; none where there never was a case."""
        if not self.is_begun:
            return []
        which, values = ("", ()) if number is None else (" WHERE e.number = ?", (number,))
        with journal_faults(self._path):
            rows = self._connection.execute(f"{_STATED}{which} ORDER BY e.id", values).fetchall()
        return [_entry(row) for row in rows]

    def listed(self, number: int) -> list[CaseRow]:
        """Return the list of a case: the last row of each donor who is in it."""
        with journal_faults(self._path):
            rows = self._connection.execute(
                f"SELECT r.donor, r.content, r.place {_LISTED.format(which='r.number = ?')}", (LEFT, number)
            )
            return [CaseRow(*row) for row in rows]

    def donors(self, number: int) -> list[int]:
        """Return the keys of all donors of whom a case says something, or said it."""
        with journal_faults(self._path):
            rows = self._connection.execute("SELECT DISTINCT donor FROM case_donor WHERE number = ?", (number,))
            return [donor for (donor,) in rows]

    def numbers_of(self, donor: int) -> list[int]:
        """Return the numbers of the cases in which a donor had a step."""
        with journal_faults(self._path):
            rows = self._connection.execute(
                "SELECT DISTINCT number FROM case_donor WHERE donor = ? AND listed = 0", (donor,)
            )
            return [number for (number,) in rows]

    def keep_context(self, context: str) -> str:
        """Keep what a search was made from, once, and return its checksum."""
        checksum = hashlib.sha256(context.encode()).hexdigest()
        with journal_faults(self._path):
            self._connection.execute("INSERT OR IGNORE INTO case_context VALUES (?, ?)", (checksum, context))
        return checksum

    def context(self, checksum: str) -> str:
        """Return what a search was made from, by its checksum.

        Raises:
            RegistryError: it is missing or damaged.
        """
        if checksum in self._contexts:
            return self._contexts[checksum]
        with journal_faults(self._path):
            found = self._connection.execute(
                "SELECT content FROM case_context WHERE sha256 = ?", (checksum,)
            ).fetchone()
        if found is None or hashlib.sha256(found[0].encode()).hexdigest() != checksum:
            raise damaged(self._path, f"no search made from {checksum[:16]}")
        return self._contexts.setdefault(checksum, found[0])

    def listed_of(self, donors: Iterable[int]) -> dict[int, list[CaseRow]]:
        """Return by case what its list says of some donors, by their keys."""
        found: dict[int, list[CaseRow]] = {}
        with journal_faults(self._path):
            self._want(donors)
            rows = self._connection.execute(
                "SELECT r.number, r.donor, r.content, r.place"
                f" {_LISTED.format(which='r.donor IN (SELECT donor FROM wanted_donor)')}",
                (LEFT,),
            )
            for number, *row in rows:
                found.setdefault(number, []).append(CaseRow(*row))
        return found

    def keys(self, identifiers: Sequence[str]) -> dict[str, int]:
        """Return the keys of donors by their identifiers; of those that the record knows."""
        return dict(self._some("SELECT donor_id, key FROM donor WHERE donor_id IN", identifiers))

    def identifiers(self, donors: Sequence[int]) -> dict[int, str]:
        """Return the identifiers of donors by their keys; erased ones have none."""
        return dict(self._some("SELECT key, donor_id FROM donor WHERE donor_id IS NOT NULL AND key IN", donors))

    def _some(self, query: str, values: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        with journal_faults(self._path):
            for start in range(0, len(values), _AT_ONCE):
                part = values[start : start + _AT_ONCE]
                yield from self._connection.execute(f"{query} ({', '.join('?' * len(part))})", part)

    def _want(self, donors: Iterable[int]) -> None:
        self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted_donor(donor INTEGER PRIMARY KEY)")
        self._connection.execute("DELETE FROM wanted_donor")
        self._connection.executemany("INSERT INTO wanted_donor VALUES (?)", ((one,) for one in set(donors)))

    def _last(self) -> CaseEntry | None:
        found = self._connection.execute("SELECT * FROM case_entry ORDER BY id DESC LIMIT 1").fetchone()
        return None if found is None else entry_of(found)


def _entry(cells: Sequence[Any]) -> CaseEntry:
    *own, donor, content = cells
    row = None if donor is None or content is None else CaseRow(donor, content)
    return CaseEntry(**dict(zip(COLUMNS, own, strict=True)), row=row)
