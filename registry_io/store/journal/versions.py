"""What the record gives back: versions of a donor's record, and what changed between two transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl


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
        merged_with: identifier of the other record of the person that a merge was of; None of any other version.
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
        return self.action == "merge" and self.person is None


class Changes(NamedTuple):
    """What leads from the donors at one transaction to those at another.

    Attributes:
        persons: those that are new or have another record, in frames as `Journal.persons_at` gives them.
        removed: identifiers of those who are no donors any more.
    """

    persons: Iterator[pl.DataFrame]
    removed: pl.Series
