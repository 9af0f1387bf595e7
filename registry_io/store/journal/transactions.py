"""What a transaction says of itself, and the chain of hashes through all of them."""

from __future__ import annotations

import datetime
import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from hla_match.typings.encoding import AmbiguousNulls
from registry_io.store.journal.case_tables import WITHOUT_CASES

Action = Literal[
    "import", "add", "update", "replace", "withdraw", "reinstate", "merge", "erase", "rollback", "rebase", "adopt"
]
"""What a transaction does; of a version what became of the donor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the typings of all donors are read with, from a transaction on.

    Attributes:
        nomenclature: checksum of the nomenclature among the contents of the record.
        codes: checksums of the tables of multiple allele codes, which hold together.
        codes_source: the files that they came from, "" without any.
        ambiguous_nulls: what becomes of null alleles that a list or code names beside expressed ones.
    """

    nomenclature: str
    codes: tuple[str, ...] = ()
    codes_source: str = ""
    ambiguous_nulls: AmbiguousNulls = "drop"

    @property
    def text(self) -> str:
        """The settings as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> Settings:
        """Read what `text` gives.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        entries = json.loads(text)
        return cls(**{**entries, "codes": tuple(entries["codes"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who made a transaction, why, and from what.

    Attributes:
        action: what it does.
        day: at which ages are computed from then on.
        actor: who made it.
        reason: why, or "".
        name: of the donor file, "" without one.
        sha256: checksum of the donor file, in hexadecimal, or "".
        rows: its rows, the header excluded, or None; of an erasure the persons whom reports alone named.
        file_date: as of when the file is, or None.
        same_as: the transaction whose state it restores, or None.
        at: when it was made, in UTC; None for now.
    """

    action: Action
    day: datetime.date
    actor: str
    reason: str = ""
    name: str = ""
    sha256: str = ""
    rows: int | None = None
    file_date: datetime.date | None = None
    same_as: int | None = None
    at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction as it is recorded.

    Attributes:
        number: its place, from 1.
        at: when it was made: ISO 8601 in UTC with microseconds.
        day: at which ages are computed from then on.
        actor: who made it.
        action: what it does.
        reason: why, or "".
        source: name of the donor file, "" without one.
        source_sha256: its checksum, in hexadecimal, or "".
        source_rows: its rows, the header excluded, or None; of an erasure the persons whom reports alone named.
        file_date: as of when the file is, or None.
        settings: what typings are read with.
        same_as: the transaction whose state it restores, or None.
        attributes: type of each attribute that no donor had before.
        counts: number of its versions by action.
        n_donors: number of donors after it.
        last_version: number of the last version up to its end.
        versions_digest: SHA-256 of the digests of its versions.
        previous_hash: hash of the transaction before, of the first one that of the registry's identity.
        hash: SHA-256 of all of these.
    """

    number: int
    at: str
    day: datetime.date
    actor: str
    action: Action
    reason: str
    source: str
    source_sha256: str
    source_rows: int | None
    file_date: datetime.date | None
    settings: Settings
    same_as: int | None
    attributes: Mapping[str, str]
    counts: Mapping[str, int]
    n_donors: int
    last_version: int
    versions_digest: bytes
    previous_hash: bytes
    hash: bytes = field(default=b"")

    @property
    def n_erased(self) -> int:
        """Number of records that it erased."""
        return self.counts.get("erase", 0)

    @property
    def n_in_reports(self) -> int:
        """Number of persons without a record whom it erased, since reports of imports named them."""
        return (self.source_rows or 0) if self.action == "erase" else 0

    @property
    def row(self) -> tuple[str | int | bytes | None, ...]:
        """The transaction as a row of the table `txn`."""
        return tuple(_cell(getattr(self, one.name)) for one in fields(self))

    @property
    def right_hash(self) -> bytes:
        """The hash that it must have."""
        cells = [cell.hex() if isinstance(cell, bytes) else cell for cell in self.row[:-1]]
        return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).digest()

    @classmethod
    def of(cls, row: Sequence[Any]) -> Transaction:
        """Read a row of the table.

        Raises:
            ValueError, TypeError, KeyError: it is no row of a transaction.
        """
        cells = dict(zip((one.name for one in fields(cls)), row, strict=True))
        cells["day"] = datetime.date.fromisoformat(cells["day"])
        if cells["file_date"] is not None:
            cells["file_date"] = datetime.date.fromisoformat(cells["file_date"])
        cells["settings"] = Settings.of(cells["settings"])
        for name in ("attributes", "counts"):
            cells[name] = dict(json.loads(cells[name]))
        return cls(**cells)


def first_hash(connection: sqlite3.Connection) -> bytes:
    """Return what the first transaction has as hash of the one before: that of all that the record said of itself then.

    Every record begins without a case book, so that the format version of then is known.
    """
    then = {"format_version": str(WITHOUT_CASES)}
    told = sorted((key, then.get(key, value)) for key, value in connection.execute("SELECT key, value FROM meta"))
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).digest()


def _cell(value: Any) -> str | int | bytes | None:
    """Return a value as it stands in the table."""
    match value:
        case datetime.date():
            return value.isoformat()
        case Settings():
            return value.text
        case Mapping():
            return json.dumps(dict(value), ensure_ascii=False)
    return value  # type: ignore[no-any-return]


def taken_back(transactions: Sequence[Transaction]) -> list[int]:
    """Return the numbers of transactions of which nothing holds, since a rollback restored the state before them.

    A rollback to one that a rollback had taken back makes it hold again.
    """
    found: list[int] = []
    upto = None
    for one in reversed(transactions):
        if upto is not None and one.number > upto:
            found.append(one.number)
        elif one.action == "rollback" and one.same_as is not None:
            upto = one.same_as
    return found
