"""The snapshot of a registry that holds what its record says: which transaction it has, and how it gets the latest.

The record is committed when everything of the new snapshot is written and was read back, right before the switch. So a
change is in the record and in the snapshot, or in neither; a kill between the two leaves it in the record, and the next
writer makes the snapshot that is missing (`catch_up`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from hla_match.donors.provenance import Provenance
from hla_match.errors import HlaMatchError, RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.durable_files import atomic_write
from registry_io.disk.given_path import readable_name
from registry_io.store.import_reports import empty_reports, read_reports
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import damaged
from registry_io.store.journal.transactions import Transaction
from registry_io.store.registry_builder import BuiltSnapshot, RegistryBuilder
from registry_io.store.registry_folder import JOURNAL, SNAPSHOTS, current_snapshot, latest_snapshot, valid_snapshot
from registry_io.store.registry_versions import REPORTS, Published, provenance_in, publish, transaction_in
from registry_io.store.snapshot_changes import merge_changes, merge_is_due, publish_changes, takes_changes
from registry_io.store.snapshot_part import SnapshotPart
from registry_io.store.snapshot_store import MANIFEST, open_parts
from registry_io.store.snapshot_writer import is_sound


def published_transaction(folder: Path, journal: Journal) -> int | None:
    """Return the transaction whose donors the valid snapshot has; None where that is not known.

    It may be one of a record that is gone, which another one took the place of.
    """
    provenance = _provenance(folder)
    return transaction_of(provenance, journal) if provenance is not None else None


def transaction_of(provenance: Provenance, journal: Journal) -> int | None:
    """Return the transaction whose donors a snapshot has, by its provenance; None where that is not known.

    A snapshot that was written before there was a record has those of the transaction that made the record of it.
    """
    first = journal.transactions()[:1] if provenance.transaction is None else []
    return next((one.number for one in first if one.action == "adopt"), provenance.transaction)


def snapshot_transaction(snapshot: Path, journal: Journal) -> int:
    """Return the transaction whose donors a snapshot of a folder says it has; 0 where that is not known.

    One that a killed writer left may name a transaction that was not recorded, or a number that another one got since.
    """
    provenance = provenance_in(snapshot)
    return (transaction_of(provenance, journal) or 0) if provenance is not None else 0


def catch_up(folder: Path, journal: Journal) -> None:
    """Publish the latest transaction where the valid snapshot has another one.

    That is so where a writer was killed between commit and switch.

    Raises:
        RegistryError: the record is damaged.
        FileError: the snapshot cannot be written.
    """
    latest = journal.latest_transaction()
    if latest is None:
        return
    # Of no snapshot, or of one that cannot be read, no transaction is known.
    published = published_transaction(folder, journal)
    if published is not None and published > latest.number:
        raise ends_early(folder, latest.number, published)
    if published not in {latest.number, latest.same_as} - {None}:
        reports = _unpublished_reports(folder, latest)
        # Without the snapshot of an erasure nobody knows any more which rows are to go.
        if reports is None and latest.action == "erase":
            reports = empty_reports(folder)
        publish_state(folder, journal, reports=reports)


def ends_early(folder: Path, latest: int, published: int) -> RegistryError:
    """Return the error of a record that lost transactions which a snapshot has."""
    found = f"a record that ends at transaction {latest}, where the snapshot has transaction {published}"
    return damaged(folder / JOURNAL, found)


def highest_published(snapshots: Iterable[Path]) -> int:
    """Return the highest transaction that one of some snapshots says it has; 0 where none says so."""
    return max(map(transaction_in, snapshots), default=0)


def is_gone(folder: Path, published: int) -> RegistryError:
    """Return the error of a record that is gone, where a snapshot has one of its transactions."""
    return damaged(folder / JOURNAL, f"no record, where the snapshot has transaction {published}")


def mend(folder: Path, journal: Journal) -> Published:
    """Return the valid snapshot, which has the latest transaction; a damaged one is written again.

    Raises:
        RegistryError: the record is damaged.
        FileError: the snapshot cannot be written.
    """
    catch_up(folder, journal)
    snapshot = valid_snapshot(folder)
    try:
        if snapshot is not None:
            return Published(snapshot, open_parts(snapshot, verify=True))
    except RegistryError:
        pass
    return _publish_whole(folder, journal, *_reading(journal), read_reports(folder, REPORTS))


def publish_state(
    folder: Path,
    journal: Journal,
    *,
    reading: tuple[Nomenclature, MacTable | None] | None = None,
    reports: Mapping[str, bytes] | None = None,
) -> Published:
    """Make a snapshot of the latest transaction the valid one, and commit the record right before the switch.

    What changed is written onto the snapshot before, where that costs less than a whole one. Where those before were a
    great share of the registry, all of them are then merged; should that fail, it is done by a later command. The
    caller holds the folder's lock.

    Args:
        folder: the registry's.
        journal: its record, being written.
        reading: nomenclature and codes of the transaction, where they are at hand.
        reports: contents of the reports of an import by name; those beside the snapshot stay where there are none.

    Raises:
        RegistryError: the record is damaged, or it leaves no donor.
        FileError: the snapshot cannot be written; nothing was changed.
    """
    latest = _latest(journal)
    nomenclature, codes = reading or _reading(journal)
    kept = read_reports(folder, REPORTS) if reports is None else reports
    after = published_transaction(folder, journal)
    # What is written onto a snapshot that has erased donors would name them, or stand onto reports that do.
    if after is not None and journal.has_transaction(after) and not journal.erasures(after):
        n_changes = journal.n_changes(after, latest.number)
        below = _taking(folder, n_changes, latest, nomenclature, codes)
        if below:
            changes = journal.changes(after, latest.number)
            published = publish_changes(
                folder,
                changes.persons,
                changes.removed,
                below=below,
                provenance=provenance_at(journal, latest, nomenclature, _provenance(folder)),
                nomenclature=nomenclature,
                reports=kept,
                acknowledge=journal.commit,
            ).published
            return (_merged(folder) if merge_is_due(below) else None) or published
    return _publish_whole(folder, journal, nomenclature, codes, kept)


def _merged(folder: Path) -> Published | None:
    """Merge a snapshot and what it stands on; None where that cannot be done, as where the disk is full."""
    try:
        return merge_changes(folder)
    except (HlaMatchError, OSError):
        return None


def publish_built(
    built: BuiltSnapshot, journal: Journal, nomenclature: Nomenclature, reports: Mapping[str, bytes]
) -> Published:
    """Make a snapshot that was built of all donors of the latest transaction the valid one, as `publish_state` does."""
    for name, content in reports.items():
        built.aside.write(name, content)
    folder = built.aside.path.parent
    provenance = provenance_at(journal, _latest(journal), nomenclature, _provenance(folder))
    return publish(built.aside, built.description, provenance, acknowledge=journal.commit)


def provenance_at(
    journal: Journal, transaction: Transaction, nomenclature: Nomenclature, before: Provenance | None = None
) -> Provenance:
    """Return what the donors of a transaction are made from; what else was written down `before` stays."""
    source, tables = journal.source_at(transaction.number), nomenclature.tables
    return Provenance(
        imported_on=transaction.day,
        source=source.source if source is not None else None,
        source_sha256=source.source_sha256 if source is not None else None,
        source_rows=source.source_rows if source is not None else None,
        nomenclature=nomenclature.title,
        nomenclature_checksum=tables.checksum,
        # Of a sound release nothing stands there.
        nomenclature_unverified=", ".join(tables.unverified) or None,
        nomenclature_mismatched=", ".join(tables.mismatched) or None,
        nomenclature_cautions="; ".join(tables.cautions) or None,
        codes=transaction.settings.codes_source,
        ambiguous_nulls=transaction.settings.ambiguous_nulls,
        transaction=transaction.number,
        further=before.further if before is not None else {},
    )


def _publish_whole(
    folder: Path,
    journal: Journal,
    nomenclature: Nomenclature,
    codes: MacTable | None,
    reports: Mapping[str, bytes],
) -> Published:
    """Build a whole snapshot from the record, and make it the valid one."""
    latest = _latest(journal)
    nulls = latest.settings.ambiguous_nulls
    noted = journal.noted_at(latest.number)
    with RegistryBuilder(
        folder, nomenclature, name=readable_name(folder), codes=codes, ambiguous_nulls=nulls
    ) as builder:
        for persons in journal.persons_at(latest.number):
            builder.add(persons, noted)
        built = builder.build()
        if built.n_donors != latest.n_donors:
            n_unread = latest.n_donors - built.n_donors
            raise damaged(folder / JOURNAL, f"{n_unread:,} donors more than the nomenclature reads")
        return publish_built(built, journal, nomenclature, reports)


def _taking(
    folder: Path, n_changes: int, latest: Transaction, nomenclature: Nomenclature, codes: MacTable | None
) -> tuple[SnapshotPart, ...]:
    """Return the current snapshot and those it stands on, the whole one first; none where it takes no changes."""
    nulls = latest.settings.ambiguous_nulls
    try:
        below = open_parts(current_snapshot(folder))
    except RegistryError:  # a damaged snapshot takes nothing
        return ()
    return below if takes_changes(below, n_changes, nomenclature, codes=codes, ambiguous_nulls=nulls) else ()


def _latest(journal: Journal) -> Transaction:
    latest = journal.latest_transaction()
    assert latest is not None, "a record that is published has a transaction"
    return latest


def _reading(journal: Journal) -> tuple[Nomenclature, MacTable | None]:
    settings = _latest(journal).settings
    return journal.nomenclature(settings), journal.codes(settings)


def _provenance(folder: Path) -> Provenance | None:
    """Return what the latest valid snapshot says that it was made from; None where there is none that can be read."""
    snapshot = latest_snapshot(folder)
    return provenance_in(snapshot) if snapshot is not None else None


def _unpublished_reports(folder: Path, latest: Transaction) -> dict[str, bytes] | None:
    """Return the reports of an import that was killed between commit and switch; None where there was none.

    They lie in the snapshot that it had finished; so do those of an erasure, without whom it erased. Others of an
    import that was killed before its commit, of which the record knows nothing, may bear the same number: the one that
    was written last is meant.
    """
    found = []
    for snapshot in folder.glob(SNAPSHOTS):
        provenance = provenance_in(snapshot)
        if provenance is None:
            continue
        # An erasure has no file of its own, and removed whatever bore its number before.
        is_its_own = latest.action == "erase" or provenance.source_sha256 == latest.source_sha256
        if provenance.transaction == latest.number and is_its_own:
            found.append(snapshot)
    if not found:
        return None
    finished = max(found, key=lambda snapshot: (snapshot / MANIFEST).stat().st_mtime_ns)
    return read_reports(finished) if is_sound(finished) else None


def write_reports(folder: Path, reports: Mapping[str, bytes]) -> None:
    """Write the reports of an import that changed nothing beside the snapshots.

    Raises:
        FileError: they cannot be written.
    """
    for name, content in reports.items():
        with atomic_write(folder / name) as file:
            file.write(content)
