"""The proof that a case book is as it was written: digests of its rows, the chain of its entries, what they name."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry_io.store.journal.case_entry import CaseEntry, CaseRow, entry_of, first_case_hash, row_digest
from registry_io.store.journal.case_erasure import FORGOTTEN, erased_cases
from registry_io.store.journal.case_tables import WITH_CASES, has_cases


def case_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield all that is not as it was written, by entry, never by donor or patient.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    (version,) = connection.execute("SELECT value FROM meta WHERE key = 'format_version'").fetchone()
    begun = has_cases(connection)
    if begun != (version == str(WITH_CASES)):
        yield f"case book: format version {version} {'with' if begun else 'without'} a case book"
    if begun:
        kept = dict(connection.execute("SELECT sha256, content FROM case_context"))
        wrong = [one for one, text in kept.items() if hashlib.sha256(text.encode()).hexdigest() != one]
        yield from (f"case context {one[:16]}: another content than was written" for one in wrong)
        try:
            erased, forgotten = erased_cases(connection)
        except (ValueError, TypeError, KeyError, AttributeError):
            yield "case book: an erasure that is none"
            return
        walk = _Walk(contexts=frozenset(kept), erased=frozenset(erased), forgotten=forgotten)
        yield from _row_faults(connection, walk)
        yield from _entry_faults(connection, walk)


@dataclass(slots=True)
class _Walk:
    """What a walk along the rows found: by entry their digest, the last one, their case, whether they are of a list.

    Attributes:
        contexts: checksums of what searches were made from.
        erased: numbers of the cases that were erased.
        forgotten: by entry without its text the hashes before and afterwards.
    """

    contexts: frozenset[str]
    erased: frozenset[int]
    forgotten: Mapping[int, list[str]]
    digests: dict[int, Any] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    cases: dict[int, set[int]] = field(default_factory=dict)
    listed: dict[int, set[int]] = field(default_factory=dict)


def _row_faults(connection: sqlite3.Connection, walk: _Walk) -> Iterator[str]:
    rows = connection.execute(
        "SELECT r.id, r.entry, r.number, r.donor, r.listed, r.content, r.place, r.salt, r.digest, d.key, d.donor_id,"
        " (SELECT action FROM version v WHERE v.id = d.latest)"
        " FROM case_donor r LEFT JOIN donor d ON d.key = r.donor ORDER BY r.id"
    )
    before = 0
    for place, (number, entry, case, donor, listed, content, mark, salt, digest, key, donor_id, last) in enumerate(
        rows, 1
    ):
        where = f"case entry {entry}"
        if number != place or entry < before:
            yield f"{where}: a row that is missing or out of its place"
        elif key is None:
            yield f"{where}: a row of a donor whom the record never knew"
        elif salt is None or content is None or mark is None:
            is_gone = case in walk.erased or (donor_id, last) == (None, "erase")
            if (salt, content, mark) != (None, None, None) or not is_gone:
                yield f"{where}: a row without its content"
        elif row_digest(salt, case, listed, CaseRow(donor, content, mark)) != digest:
            yield f"{where}: a row with another content than was written"
        before = max(before, entry)
        walk.digests.setdefault(entry, hashlib.sha256()).update(digest)
        walk.last[entry] = number
        walk.cases.setdefault(entry, set()).add(case)
        walk.listed.setdefault(entry, set()).add(listed)


def _entry_faults(connection: sqlite3.Connection, walk: _Walk) -> Iterator[str]:
    (latest,) = connection.execute("SELECT coalesce(max(id), 0) FROM txn").fetchone()
    previous, last, number = first_case_hash(connection), 0, 0
    for number, cells in enumerate(connection.execute("SELECT * FROM case_entry ORDER BY id"), start=1):
        entry = entry_of(cells)
        last = walk.last.get(number, last)
        digest = walk.digests.get(number, hashlib.sha256()).digest()
        right_hash = entry.right_hash
        if entry.content == FORGOTTEN and walk.forgotten.get(number) == [entry.hash.hex(), right_hash.hex()]:
            right_hash = entry.hash
        right = (number, previous, digest, last, right_hash)
        if (entry.id, entry.previous_hash, entry.rows_digest, entry.last_row, entry.hash) != right:
            yield f"case entry {number}: another content than was written"
        elif not walk.cases.get(number, {entry.number}) == {entry.number}:
            yield f"case entry {number}: rows of another case"
        elif walk.listed.get(number, set()) - {int(entry.step == "search")}:
            yield f"case entry {number}: rows of another step"
        elif not 0 < entry.txn <= latest:
            yield f"case entry {number}: a transaction that the record does not have"
        elif entry.step == "search" and entry.number not in walk.erased and _context_of(entry) not in walk.contexts:
            yield f"case entry {number}: made from what is missing"
        previous = entry.hash
    beyond = sorted(entry for entry in walk.digests if not 0 < entry <= number)
    yield from (f"case entry {entry}: rows without their entry" for entry in beyond)


def _context_of(entry: CaseEntry) -> str:
    """Return the checksum of what a search was made from."""
    found: str = json.loads(entry.content)["context"]
    return found
