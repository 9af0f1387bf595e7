"""Persons erased from a registry: a proof that there were records stays, and nothing of what these held.

The record forgets them at once, and so do the snapshot that is published then and the reports of the last import,
which are replaced when the record is committed and not before: a command that fails has erased nothing. Earlier
snapshots with their reports, and what a file of SQLite leaves between its pages, hold their data until the registry is
compacted.

A person whose row could not be read stands in reports alone. Their erasure is a transaction, too, although it holds no
version: by its number the earlier snapshots are known whose reports name them, which no rollback and no change may
stand on and which compaction removes, after a kill as well; and the log tells that, when, by whom and why it was done.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import CriteriaError, ErrorCode, RegistryError
from hla_match.errors.arguments import InWords, check_type
from registry_io.disk.aside_folder import discard
from registry_io.disk.given_path import given_path
from registry_io.store.compaction import last_erasure
from registry_io.store.donor_changes import cause_now, record_change, recorded_identifier, unknown_donor
from registry_io.store.import_modes import check_somebody_stays
from registry_io.store.import_reports import named_in_reports, reports_without
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.record_state import snapshot_transaction
from registry_io.store.registry_folder import SNAPSHOTS
from registry_io.tables.spreadsheet_text import written_text


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased.

    Attributes:
        transaction: its number.
        n_records: records, those that were merged into the ones named among them.
        n_donors: number of donors of the registry.
        n_rows: rows that the reports beside the snapshots lost; those of earlier snapshots are left to compaction.
        n_in_reports: persons without a record, whom reports alone named.
    """

    transaction: int
    n_records: int
    n_donors: int
    n_rows: int = 0
    n_in_reports: int = 0


def erase_donors(
    folder: str | Path,
    identifiers: Collection[str] | pl.Series,
    *,
    today: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> Erasure:
    """Erase all that a registry knows of persons, their identifiers too; it cannot be undone.

    Records that were merged into theirs are erased with them, and so is who stands in reports of imports alone, since
    the row could not be read. `registry_io.compact_registry` then removes their data from all files of the registry.

    Args:
        folder: the registry's.
        identifiers: of donors, of those who left, or as a report of an import has them.
        today: the day of the change; by default the clock's.
        actor: who makes it; by default the user's name.
        reason: why; the record keeps it, so that it must name nobody.

    Raises:
        RegistryError: there is no registry, it is damaged, neither its record nor a report knows an identifier, the
            record of one was merged into another one, or no donor would be left; nothing was changed.
        CriteriaError: the identifiers are no list, or there are none.
        FileError: the folder cannot be written to, or a report cannot be read.
        LockedError: another process writes.
    """
    place = given_path("folder", folder)
    check_type("identifiers", identifiers, list, tuple, set, frozenset, pl.Series, expected="a list of identifiers")
    if not len(identifiers):
        raise CriteriaError("identifiers", found=InWords("nobody"), expected="identifiers of donors")
    found = Erasure(0, 0, 0)

    def change(journal: Journal, entry: Entry) -> Mapping[str, bytes]:
        nonlocal found
        named = [_recorded(journal, one) for one in identifiers]
        asked = pl.Series("donor_id", named, pl.String).unique(maintain_order=True)
        known = asked.filter(asked.is_in(journal.known(asked)["donor_id"].implode()))
        others = asked.filter(~asked.is_in(known.implode()))
        _check_in_reports(place, journal, others.to_list())
        if asked.is_in(entry.merged_away().implode()).any():
            raise RegistryError(
                str(place),
                found="a record that was merged into another one",
                expected="the identifier of the record that stays",
                hint="erase that one, which the history names; both are erased with it",
                code=ErrorCode.REGISTRY_UNKNOWN_DONOR,
            )
        erased = entry.erase(known) if len(known) else known
        entry.cause = dataclasses.replace(entry.cause, rows=len(others) or None)
        check_somebody_stays(place, entry.n_donors)
        reports, n_rows = reports_without(place, set(erased), set(others))
        _discard_unrecorded(place, journal, entry.number)
        found = Erasure(entry.number, len(erased), entry.n_donors, n_rows, len(others))
        return reports

    record_change(place, change, cause_now("erase", today, actor, reason))
    return found


def _recorded(journal: Journal, identifier: str) -> str:
    """Return an identifier as the record has it, which may be given as a report shows it; else as a file would."""
    own = recorded_identifier(journal, identifier)
    written = written_text(own)
    return written if written != own and not journal.versions(own) and journal.versions(written) else own


def _check_in_reports(folder: Path, journal: Journal, identifiers: Collection[str]) -> None:
    """Refuse identifiers without a record that no report names either.

    Those that stand only in snapshots from before an earlier erasure are refused, too: there is nothing left to do but
    to remove these snapshots.

    Raises:
        RegistryError: there is one.
        FileError: a report is none, or cannot be read.
    """
    if not identifiers:
        return
    last = last_erasure(journal)
    earlier = {path: snapshot_transaction(path, journal) < last for path in sorted(folder.glob(SNAPSHOTS))}
    staying = [path for path, is_earlier in earlier.items() if not is_earlier]
    missing = set(identifiers) - named_in_reports([folder, *staying], identifiers)
    if not missing:
        return
    if missing - named_in_reports([path for path, is_earlier in earlier.items() if is_earlier], missing):
        raise unknown_donor(folder)
    raise RegistryError(
        str(folder),
        found="no record of this identifier, and rows of reports only in snapshots from before an earlier erasure",
        expected="a person whom the record or a report knows",
        hint="compact the registry, which removes these snapshots",
        code=ErrorCode.REGISTRY_UNKNOWN_DONOR,
    )


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
