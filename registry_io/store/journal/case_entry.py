"""An entry of a case book and its rows, and the hashes that chain them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

LEFT = "{}"
"""What a row of a search says of a donor who is no longer in the list."""


class CaseRow(NamedTuple):
    """What an entry says of a donor.

    Attributes:
        donor: key of the donor in the record.
        content: JSON of it; `LEFT` of a donor who left the list.
        place: of a list, what its donors are ordered by before their identifiers.
    """

    donor: int
    content: str
    place: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry:
    """An entry as it is recorded.

    Attributes:
        id: its place, from 1.
        at: when it was made: ISO 8601 in UTC with microseconds.
        day: on which the step was made, in ISO form.
        actor: who made it.
        number: of the case, from 1.
        step: what happened, a `hla_match.cases.steps.Step`.
        txn: the latest transaction of the record.
        content: JSON of what is said of no donor.
        last_row: number of the last row up to its end.
        rows_digest: SHA-256 of the digests of its rows.
        previous_hash: hash of the entry before, of the first one that of what the case book says of itself.
        hash: SHA-256 of all of these.
        row: what is said of the donor of a step, None of other entries and of an erased donor.
    """

    id: int
    at: str
    day: str
    actor: str
    number: int
    step: str
    txn: int
    content: str
    last_row: int
    rows_digest: bytes
    previous_hash: bytes
    hash: bytes = b""
    row: CaseRow | None = field(default=None, compare=False)

    @property
    def cells(self) -> tuple[str | int | bytes, ...]:
        """The entry as a row of the table."""
        return tuple(getattr(self, one) for one in COLUMNS)

    @property
    def right_hash(self) -> bytes:
        """The hash that it must have."""
        cells = [cell.hex() if isinstance(cell, bytes) else cell for cell in self.cells[:-1]]
        return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).digest()


COLUMNS = tuple(one.name for one in fields(CaseEntry) if one.name != "row")
"""The columns of its table."""


def first_case_hash(connection: sqlite3.Connection) -> bytes:
    """Return what the first entry has as hash of the one before: that of what the case book and the record are."""
    told = sorted(connection.execute("SELECT key, value FROM case_meta"))
    told += connection.execute("SELECT key, value FROM meta WHERE key = 'identity'").fetchall()
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).digest()


def row_digest(salt: bytes, number: int, listed: int, row: CaseRow) -> bytes:
    """Return the digest of a row, of its salt and of its cells on a line each."""
    text = f"{number}\n{listed}\n{row.donor}\n{row.content}\n{row.place.hex()}"
    return hashlib.sha256(salt + text.encode()).digest()


def entry_of(cells: Sequence[Any]) -> CaseEntry:
    """Read a row of the table.

    Raises:
        ValueError, TypeError: it is none.
    """
    return CaseEntry(**dict(zip(COLUMNS, cells, strict=True)))
