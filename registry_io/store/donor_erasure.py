"""Persons erased from a registry: a proof that there were records stays, and nothing of what these held.

The record forgets them at once, and so do the snapshot that is published then and the reports of the last import.
Earlier snapshots and what a file of SQLite leaves between its pages hold their data until the registry is compacted.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import CriteriaError, ErrorCode, RegistryError
from hla_match.errors.arguments import InWords, check_type
from registry_io.disk.aside_folder import discard
from registry_io.disk.durable_files import atomic_write
from registry_io.disk.given_path import given_path
from registry_io.store.donor_changes import cause_now, record_change, recorded_identifier, unknown_donor
from registry_io.store.import_modes import check_somebody_stays
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.record_state import snapshot_transaction
from registry_io.store.registry_folder import FAILED_QUARANTINE, SNAPSHOTS
from registry_io.store.registry_versions import REPORTS
from registry_io.tables.quarantine import read_quarantine, report_rows
from registry_io.tables.spreadsheet_text import neutral_text


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased.

    Attributes:
        transaction: its number.
        n_records: records, those that were merged into the ones named among them.
        n_donors: number of donors of the registry.
    """

    transaction: int
    n_records: int
    n_donors: int


def erase_donors(
    folder: str | Path,
    identifiers: Collection[str] | pl.Series,
    *,
    today: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> Erasure:
    """Erase all that a registry knows of persons, their identifiers too; it cannot be undone.

    Records that were merged into theirs are erased with them. `registry_io.compact_registry` then removes their data
    from all files of the registry.

    Args:
        folder: the registry's.
        identifiers: of donors, or of those who left.
        today: the day of the change; by default the clock's.
        actor: who makes it; by default the user's name.
        reason: why; the record keeps it, so that it must name nobody.

    Raises:
        RegistryError: there is no registry, it is damaged, it never knew an identifier, the record of one was merged
            into another one, or no donor would be left.
        CriteriaError: the identifiers are no list, or there are none.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    place = given_path("folder", folder)
    check_type("identifiers", identifiers, list, tuple, set, frozenset, pl.Series, expected="a list of identifiers")
    if not len(identifiers):
        raise CriteriaError("identifiers", found=InWords("nobody"), expected="identifiers of donors")
    n_records = 0

    def change(journal: Journal, entry: Entry) -> None:
        nonlocal n_records
        named = [recorded_identifier(journal, one) for one in identifiers]
        asked = pl.Series("donor_id", named, pl.String).unique(maintain_order=True)
        if len(journal.known(asked)) < len(asked):
            raise unknown_donor(place)
        if asked.is_in(entry.merged_away().implode()).any():
            raise RegistryError(
                str(place),
                found="a record that was merged into another one",
                expected="the identifier of the record that stays",
                hint="erase that one, which the history names; both are erased with it",
                code=ErrorCode.REGISTRY_UNKNOWN_DONOR,
            )
        erased = entry.erase(asked)
        n_records = len(erased)
        check_somebody_stays(place, entry.n_donors)
        _discard_unrecorded(place, journal, entry.number)
        # Before the record forgets who they are.
        _strike(place, erased)

    done = record_change(place, change, cause_now("erase", today, actor, reason))
    assert done.transaction is not None, "who is erased has a last version"
    return Erasure(done.transaction, n_records, done.n_donors)


def _discard_unrecorded(folder: Path, journal: Journal, number: int) -> None:
    """Remove snapshots that name a transaction that is not recorded yet, which nobody ever read.

    A writer that was killed before its commit left them, with donors of before. Their number is that of the erasure
    from now on, so that they would be taken for free of who is erased.

    Raises:
        OSError: one cannot be removed.
    """
    for snapshot in folder.glob(SNAPSHOTS):
        if snapshot_transaction(snapshot, journal) >= number:
            discard(snapshot)


def _strike(folder: Path, identifiers: pl.Series) -> None:
    """Remove the rows of some donors from the reports of the last import.

    Raises:
        FileError: a report is none, or cannot be written.
    """
    written = [*identifiers, *map(neutral_text, identifiers)]
    for path in (folder / name for name in (*REPORTS, FAILED_QUARANTINE)):
        found = read_quarantine(path)
        kept = found.filter(~pl.col("person_id").is_in(written))
        if kept.height < found.height:
            with atomic_write(path) as file:
                file.write(report_rows(kept.iter_rows()))
