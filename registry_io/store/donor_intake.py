"""The records of a donor file on their way into a transaction: read, compared with what is known, and counted."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from hla_match.donors.arrangement import UnreadableTyping
from hla_match.errors import Reason
from hla_match.nomenclature.half_width import half_width
from registry_io.persons.person_notices import ReadNotes
from registry_io.persons.person_table import PersonRecords
from registry_io.store.import_modes import RecordCounts
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.person_texts import note_texts, reported_texts
from registry_io.tables.budgets import FileBudget
from registry_io.tables.quarantine import QuarantinedRecord
from registry_io.tables.spreadsheet_values import typing_hint

TypingReader = Callable[[pl.DataFrame, pl.DataFrame], list[UnreadableTyping]]
"""Takes persons and their line notes, and returns the typings that cannot be read, with rows of the persons."""


@dataclass(slots=True)
class DonorIntake:
    """What was read of a donor file, slice by slice, and put into a transaction.

    Attributes:
        entry: the transaction.
        read_typings: reads the typings of a slice.
        budget: what may be taken for the file.
        checksum: SHA-256 of the file, in hexadecimal.
        n_rows: its rows, header and empty ones excluded.
        quarantined: one entry a finding.
        warnings: findings on cells of persons, slice by slice.
        read_notes: what the reader noticed.
        before: number of persons by what they were before, as `Entry.put` tells it.
        n_withdrawn: donors who are withdrawn by their row.
        n_leaving: rows that ask for that, of those too who had left already.
        known_rows: rows of identifiers that are known, slice by slice.
        added_rows: those of them that ask to be added.
        unknown_rows: rows that withdraw somebody who was never known.
        spared: identifiers of donors whose row cannot be read, so that their earlier record stays, slice by slice.
        n_unread: donors who are withdrawn since the nomenclature does not read that record either.
        is_differential: whether the rows say what they ask for.
    """

    entry: Entry
    read_typings: TypingReader
    budget: FileBudget
    checksum: str = ""
    n_rows: int = 0
    quarantined: list[QuarantinedRecord] = field(default_factory=list)
    warnings: list[pl.DataFrame] = field(default_factory=list)
    read_notes: list[ReadNotes] = field(default_factory=list)
    before: Counter[str] = field(default_factory=Counter)
    n_withdrawn: int = 0
    n_leaving: int = 0
    known_rows: list[pl.Series] = field(default_factory=list)
    added_rows: list[int] = field(default_factory=list)
    unknown_rows: list[int] = field(default_factory=list)
    spared: list[pl.Series] = field(default_factory=list)
    n_unread: int = 0
    is_differential: bool = False

    @property
    def n_taken(self) -> int:
        """Persons whose records were taken, or were known already."""
        return self.before.total()

    @property
    def n_spared(self) -> int:
        """Donors whose row cannot be read, and whose earlier record stays."""
        return sum(map(len, self.spared)) - self.n_unread

    @property
    def n_unreadable(self) -> int:
        """Rows that are left out."""
        return len({record.row for record in self.quarantined})

    def counts(self, n_absent: int | None) -> RecordCounts:
        """Return the records by what the registry knew; `n_absent` is as in `RecordCounts`."""
        return RecordCounts(
            n_new=self.before["new"],
            n_equal=self.before["equal"],
            n_different=self.before["different"] + self.before["withdrawn"],
            n_withdrawn=self.n_withdrawn,
            n_absent=n_absent,
        )

    def take(self, records: PersonRecords) -> None:
        """Take the records of a slice.

        Raises:
            BudgetError: there are more findings than a table of persons has.
            CriteriaError: an attribute is of another type than before.
        """
        merged, leaving = self.entry.merged_away(), withdrawals(records)
        found = [
            *records.quarantined,
            *unreadable_records(records.frame, self.read_typings(records.frame, records.noted)),
            *merged_records(records.frame, merged),
            *merged_records(leaving, merged),
        ]
        self.quarantined += found
        self.budget.check_records(len(self.quarantined))
        rows = {record.row for record in found}
        frame = records.frame.filter(~pl.col("row").is_in(rows)) if rows else records.frame
        before = self.entry.put(
            frame,
            reported=reported_texts(frame, records.cells, records.own_names),
            noted=note_texts(frame, records.noted),
        )
        self.before.update(dict(before.value_counts().iter_rows()))
        known = frame["row"].filter(before != "new")
        self.known_rows.append(known)
        if records.actions is not None:
            self._act(records.actions, known, leaving.filter(~pl.col("row").is_in(rows)))
        self.spared.append(self.entry.name(_left_out(found)))
        self.warnings.append(records.warnings.filter(~pl.col("row").is_in(rows)) if rows else records.warnings)
        self.read_notes.append(records.read_notes)
        self.n_rows, self.checksum = self.n_rows + records.n_rows, records.checksum

    def _act(self, actions: pl.DataFrame, known: pl.Series, leaving: pl.DataFrame) -> None:
        """Do what the rows of a differential file ask for beside taking their records."""
        self.is_differential = True
        added = actions.filter(pl.col("action") == "add")["row"]
        self.added_rows += added.filter(added.is_in(known.implode())).to_list()
        self.n_leaving += leaving.height
        before = self.entry.withdraw(leaving)
        self.unknown_rows += leaving["row"].filter(before == "new").to_list()
        self.n_withdrawn += int((before == "different").sum())


def _left_out(found: Sequence[QuarantinedRecord]) -> pl.Series:
    """Return the identifiers of whom no row is read: of several rows with one identifier the first one decides.

    One that is refused for full-width or invisible characters is taken for the one that is meant, too.
    """
    again = {one.row for one in found if one.reason is Reason.DUPLICATE_IDENTIFIER}
    given = {one.person_id for one in found if one.person_id and one.row not in again}
    refused = {one.person_id for one in found if one.reason is Reason.BAD_TEXT}
    meant = {"".join(c for c in half_width(one) if unicodedata.category(c) not in ("Cc", "Cf")) for one in refused}
    return pl.Series(sorted((given | {one.strip() for one in meant}) - {""}), dtype=pl.String)


def withdrawals(records: PersonRecords) -> pl.DataFrame:
    """Return `row` and `person_id` of those who are to be withdrawn by their row of a differential file."""
    if records.actions is None:
        return records.frame.select("row", "person_id").clear()
    return records.actions.filter(pl.col("action") == "withdraw").select("row", "person_id")


def merged_records(persons: pl.DataFrame, merged: pl.Series) -> list[QuarantinedRecord]:
    """Return one record for each row of an identifier whose record was merged into another one.

    Args:
        persons: `row` and `person_id`.
        merged: such identifiers.
    """
    found = persons.filter(pl.col("person_id").is_in(merged.implode())).select("row", "person_id")
    return [
        QuarantinedRecord(
            row=row,
            person_id=person,
            column="donor_id",
            text=person,
            reason=Reason.MERGED_RECORD,
            message="the record of this identifier was merged into another one of the same person",
            hint="give the identifier that stays, which the history names; reinstate this one where they are of two",
        )
        for row, person in found.iter_rows()
    ]


def unreadable_records(persons: pl.DataFrame, unreadable: Iterable[UnreadableTyping]) -> list[QuarantinedRecord]:
    """Return one record for each row that carries a typing the nomenclature cannot read.

    Args:
        persons: `row` and `person_id` of the persons whose typings were read.
        unreadable: typings, with rows of `persons`.
    """
    row, person = persons["row"], persons["person_id"]
    return [
        QuarantinedRecord(
            row=row[index],
            person_id=person[index],
            column=typing.locus,
            text=typing.text,
            reason=typing.reason,
            message=typing.message,
            hint=typing_hint(typing.text, typing.hint),
        )
        for typing in unreadable
        for index in typing.rows.tolist()
    ]
