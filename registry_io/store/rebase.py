"""All donors of a registry read again from its record, with another nomenclature or more multiple allele codes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.donors.registry import Registry
from hla_match.donors.typing_books import TypingBooks
from hla_match.donors.typing_changes import typing_changes
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.writer_lock import user_name
from registry_io.formats.mac_file import read_codes
from registry_io.store.import_modes import check_somebody_stays
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.transactions import Cause
from registry_io.store.nomenclature_store import open_nomenclature
from registry_io.store.past_registry import built_registry
from registry_io.store.record_state import publish_state
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import current_snapshot, writing_registry
from registry_io.store.registry_versions import require_registry
from registry_io.store.snapshot_store import open_snapshot
from registry_io.store.unreadable_donors import refuse_unreadable, unreadable_donors
from registry_io.tables.quarantine import QuarantinedRecord


@dataclass(frozen=True, slots=True)
class RebasedRegistry:
    """A registry before and after its donors were read again.

    Attributes:
        before: the registry until then.
        after: the registry from then on, or as it would be.
        changes: the typings that say something else, and those that cannot be read any more, as
            `hla_match.donors.typing_changes.TYPING_CHANGES`; `typing_1` of the latter is what cannot be read.
        unreadable: typings that cannot be read any more, whose donors leave; `row` is the version in the record.
        transaction: its number; None where nothing was changed.
    """

    before: Registry
    after: Registry
    changes: pl.DataFrame
    unreadable: list[QuarantinedRecord]
    transaction: int | None

    @property
    def n_leaving(self) -> int:
        """Donors who leave, since a typing of theirs cannot be read any more."""
        return len({record.row for record in self.unreadable})


def rebase_registry(
    folder: Path,
    release: Nomenclature | str,
    *,
    codes: Path | None = None,
    allow_shrink: bool = False,
    dry_run: bool = False,
    actor: str = "",
    reason: str = "",
    today: datetime.date | None = None,
) -> RebasedRegistry:
    """Read all donors of a registry again, and publish what they say now as a whole snapshot.

    Args:
        folder: the registry's.
        release: the nomenclature, or a release as `registry_io.open_nomenclature` takes it.
        codes: file of multiple allele codes that come beside those of the registry.
        allow_shrink: whether donors may leave with a typing that cannot be read any more.
        dry_run: change nothing; donors who would leave are no error then.
        actor: who does it; by default the user's name.
        reason: why.
        today: the day of the change; by default the clock's.

    Raises:
        RegistryError: there is no registry, it is damaged, or a donor would leave, with the reasons in
            `quarantine-failed.csv`.
        NomenclatureError: the release is not installed.
        FileError: the codes cannot be read or have other meanings, or the folder cannot be written to.
        LockedError: another process writes.
    """
    require_registry(folder)
    nomenclature = release if isinstance(release, Nomenclature) else open_nomenclature(release)
    given = read_codes(codes) if codes is not None else None
    day = today or datetime.date.today()
    cause = Cause(action="rebase", day=day, actor=actor or user_name(), reason=reason)
    with writing_registry(folder), Journal.writing(folder) as journal:
        begin(folder, journal)
        before = open_snapshot(current_snapshot(folder))
        with journal.transaction(cause) as entry:
            reading = _read_with(entry, nomenclature, given, codes.name if codes is not None else "")
            unreadable = _withdraw_unreadable(journal, entry, *reading) if entry.changes_something else []
        if unreadable and not allow_shrink and not dry_run:
            raise refuse_unreadable(folder, len({record.row for record in unreadable}), unreadable)
        check_somebody_stays(folder, entry.n_donors)
        after = before
        if entry.recorded is not None and dry_run:
            after = built_registry(folder, journal, entry.number)
        elif entry.recorded is not None:
            after = publish_state(folder, journal, reading=reading).registry
        if dry_run:
            journal.undo()
    return RebasedRegistry(
        before=before,
        after=after,
        changes=_changes(before, after, unreadable),
        unreadable=unreadable,
        transaction=entry.number if entry.recorded is not None and not dry_run else None,
    )


def _read_with(
    entry: Entry, nomenclature: Nomenclature, codes: MacTable | None, source: str
) -> tuple[Nomenclature, MacTable | None]:
    """Let typings be read otherwise from now on; return with what."""
    before = entry.settings
    assert before is not None, "the record of a registry says what it is read with"
    nulls = before.ambiguous_nulls
    entry.settings = entry.contents.settings(
        nomenclature, codes=codes, codes_source=source, ambiguous_nulls=nulls, before=before
    )
    return nomenclature, entry.contents.codes(entry.settings)


def _withdraw_unreadable(
    journal: Journal, entry: Entry, nomenclature: Nomenclature, codes: MacTable | None
) -> list[QuarantinedRecord]:
    """Withdraw the donors with a typing that cannot be read; return these typings."""
    assert entry.settings is not None
    books = TypingBooks(nomenclature, codes, ambiguous_nulls=entry.settings.ambiguous_nulls)
    leaving, found = unreadable_donors(journal, entry.number - 1, books)
    entry.withdraw(leaving)
    return found


def _changes(before: Registry, after: Registry, unreadable: list[QuarantinedRecord]) -> pl.DataFrame:
    rows = [(record.person_id, record.column, record.text, str(record.reason)) for record in unreadable]
    schema = dict.fromkeys(("donor_id", "locus", "typing_1", "reason"), pl.String)
    leaving = pl.DataFrame(rows, schema, orient="row")
    return pl.concat([typing_changes(before, after), leaving], how="diagonal").sort(
        "donor_id", pl.col("locus").cast(pl.Enum(before.loci))
    )
