"""A registry as it was at a transaction, or at the end of a day.

It is opened from a snapshot where one that was valid still holds it; else it is built again from the record, with the
nomenclature and the multiple allele codes of then, and null alleles as they were read then. Searches give the same
either way.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import RegistryError
from hla_match.errors.arguments import check_type
from registry_io.disk.given_path import readable_name
from registry_io.store.journal.file_seal import seal_faults
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import damaged, has_journal
from registry_io.store.record_state import provenance_at
from registry_io.store.registry_folder import previous_snapshot, valid_snapshot
from registry_io.store.registry_versions import require_registry
from registry_io.store.snapshot_store import open_snapshot, snapshot_chain


def open_past_registry(folder: Path, at: int | datetime.date, *, verify: bool = False) -> Registry:
    """Open a registry as it was.

    Args:
        folder: the registry's.
        at: number of a transaction, or a day, up to the end of which, in UTC.
        verify: compare all files of a snapshot, even those compared before.

    Raises:
        RegistryError: there is no record, no such transaction, or the record is damaged.
        CriteriaError: `at` is neither a number nor a day.
    """
    check_type("at", at, int, datetime.date, expected="the number of a transaction, or a date")
    require_registry(folder)
    with Journal.open(folder) as journal:
        restored = {one.number: one.same_as for one in journal.transactions()}
        number = _state_at(journal.transaction_at(at).number, restored)
        for snapshot in _snapshots(folder, journal, restored, number):
            try:
                return open_snapshot(snapshot, verify=verify)
            except RegistryError:  # damaged, or removed meanwhile
                continue
        return built_registry(folder, journal, number)


def _state_at(number: int, restored: Mapping[int, int | None]) -> int:
    """Return the transaction whose donors those at another one are: an earlier one where that was brought back."""
    earlier = restored.get(number)
    return number if earlier is None or earlier >= number else _state_at(earlier, restored)


def n_erased_since(folder: Path, number: int) -> int:
    """Return how many records were erased after a transaction, so that the registry of then is without them.

    Raises:
        RegistryError: there is no record, or it is damaged.
    """
    with Journal.open(folder) as journal:
        return journal.n_erased(number)


def last_erased_at(folder: Path) -> int:
    """Return the number of the latest transaction that erased records of donors, 0 where none did or nobody recorded.

    Raises:
        RegistryError: the record is damaged.
    """
    if not has_journal(folder):
        return 0
    with Journal.open(folder) as journal:
        return max((one.number for one in journal.erasures() if one.n_erased), default=0)


def _snapshots(folder: Path, journal: Journal, restored: Mapping[int, int | None], number: int) -> Iterator[Path]:
    """Yield snapshots that hold the donors of a transaction.

    Only those count that were valid: one that a killed writer left may name a transaction that was never recorded.
    None counts that holds donors who were erased since.
    """
    for newest in filter(None, (valid_snapshot(folder), previous_snapshot(folder))):
        try:
            found = snapshot_chain(newest)
        except RegistryError:
            continue
        for path, manifest in reversed(found):
            transaction = manifest.provenance.get("transaction")
            if not isinstance(transaction, int) or journal.n_erased(transaction):
                continue
            if _state_at(transaction, restored) == number:
                yield path


def built_registry(folder: Path, journal: Journal, number: int) -> Registry:
    """Return the donors of a transaction, read again, once the file of the record is what was written.

    Raises:
        RegistryError: there is no such transaction, or the record is damaged.
    """
    for fault in seal_faults(journal.path):
        raise damaged(journal.path, fault)
    transaction = journal.transaction_at(number)
    settings = transaction.settings
    nomenclature = journal.nomenclature(settings)
    nobody = pl.DataFrame(schema={"row": pl.UInt32, "person_id": pl.String})
    persons = pl.concat([nobody, *journal.persons_at(number)], how="diagonal")
    registry, _ = build_registry(
        persons,
        nomenclature,
        name=readable_name(folder),
        provenance=provenance_at(journal, transaction, nomenclature),
        codes=journal.codes(settings),
        ambiguous_nulls=settings.ambiguous_nulls,
    )
    of_lines = persons.join(journal.noted_at(number), on="row")["note"].value_counts()
    return dataclasses.replace(registry, notes={**registry.notes, **dict(of_lines.iter_rows())})
