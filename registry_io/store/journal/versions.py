"""What the record gives back: versions of a donor's record, and what changed between two transactions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

DONORS_AT = """FROM version v JOIN donor d ON d.key = v.donor WHERE v.txn <= :txn AND v.person <> ''
AND NOT EXISTS (SELECT 1 FROM version w WHERE w.donor = v.donor AND w.txn > v.txn AND w.txn <= :txn)"""
"""The versions that hold at a transaction, of those who are donors then."""

OF_VERSIONS = (
    """FROM version v JOIN donor d ON d.key = v.donor WHERE v.id IN (SELECT value FROM json_each(:versions))"""
)
"""Versions by their numbers, as a JSON list."""

REPLACED = """FROM version v JOIN donor d ON d.key = v.donor WHERE v.person <> ''
AND v.txn NOT IN (SELECT value FROM json_each(:taken_back))
AND EXISTS (SELECT 1 FROM version w WHERE w.donor = v.donor AND w.id > v.id)"""
"""The versions that a later one replaced, but for those of some transactions, as a JSON list."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a donor's record.

    Attributes:
        transaction: number of the transaction that brought it.
        action: what became of the donor.
        row: of the donor file, or None.
        person: the record, texts by column; None where the donor left.
        reported: cells of the row that `person` does not hold word for word, by header.
        noted: what of the row was understood differently than written.
        merged_with: identifier of the other record of the person that a merge was of, or of the one that a rollback
            left this one merged into; None of any other version.
    """

    transaction: int
    action: str
    row: int | None
    person: Mapping[str, str] | None
    reported: Mapping[str, str]
    noted: tuple[str, ...]
    merged_with: str | None = None

    @property
    def is_merged_away(self) -> bool:
        """Whether the record left since it was merged into another one."""
        return self.person is None and (self.action == "merge" or self.merged_with is not None)


def versions_of(rows: Iterable[tuple[Any, ...]]) -> list[Version]:
    """Return the versions of one donor, of rows with what `Version` has and the transaction whose state they restore.

    Raises:
        ValueError: a row is no version.
    """
    found: list[Version] = []
    for txn, action, row, person, reported, noted, other, same_as in rows:
        told = json.loads(person or "null")
        if told is None and same_as is not None:
            # A rollback to a time when the record was merged away leaves it so.
            before = next((one for one in reversed(found) if one.transaction <= same_as), None)
            other = before.merged_with if before is not None and before.is_merged_away else None
        found.append(Version(txn, action, row, told, json.loads(reported or "{}"), notes_of(noted), other))
    return found


def notes_of(noted: str | None) -> tuple[str, ...]:
    """Return what was understood differently than written, of the JSON of a version."""
    return tuple(json.loads(noted)) if noted else ()


class Changes(NamedTuple):
    """What leads from the donors at one transaction to those at another.

    Attributes:
        persons: those that are new or have another record, in frames as `Journal.persons_at` gives them.
        removed: identifiers of those who are no donors any more.
    """

    persons: Iterator[pl.DataFrame]
    removed: pl.Series
