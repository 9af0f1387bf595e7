"""A registry that is in memory or in parts, written with its record; and a record for a registry that has none yet."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry, persons_of
from hla_match.errors import RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.disk.aside_folder import writing_aside
from registry_io.disk.writer_lock import user_name
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import SLICE, Journal
from registry_io.store.journal.transactions import Action, Cause
from registry_io.store.record_state import catch_up, highest_published, is_gone, mend
from registry_io.store.registry_builder import BuiltSnapshot, RegistryBuilder
from registry_io.store.registry_folder import (
    CURRENT,
    SNAPSHOTS,
    current_snapshot,
    previous_snapshots,
    refuse_any,
    valid_snapshot,
    writing_registry,
)
from registry_io.store.registry_versions import publish
from registry_io.store.snapshot_store import open_snapshot
from registry_io.store.snapshot_writer import write_registry_files


def begin(folder: Path, journal: Journal, *, is_replaced: bool = False) -> None:
    """Begin a change: with a record for a registry without one, and what a killed writer left unpublished published.

    The first transaction of the record of a registry that was written without one holds all its donors.

    Args:
        folder: the registry's.
        journal: its record, being written.
        is_replaced: whether all donors are to be replaced; a registry without a record that is damaged, or whose
            record is gone, can only be.

    Raises:
        RegistryError: the registry is damaged, or its record is gone.
    """
    if journal.latest_transaction() is not None:
        catch_up(folder, journal)
        return
    if (folder / CURRENT).exists() or previous_snapshots(folder):  # what a killed first import left is no registry
        journal.least = highest_published(folder.glob(SNAPSHOTS)) + 1
    snapshot = valid_snapshot(folder)
    if snapshot is None:
        return
    try:
        registry = open_snapshot(snapshot)
    except RegistryError:
        if is_replaced:
            return
        raise
    if registry.provenance.transaction is None:
        journal.least = 1
        with journal.transaction(_cause("adopt", registry.provenance)) as entry:
            put_registry(entry, registry)
    elif not is_replaced:
        raise is_gone(folder, registry.provenance.transaction)


def put_registry(entry: Entry, registry: Registry) -> None:
    """Put all donors of a registry, and withdraw all others; equal records stay."""
    action: Action = entry.cause.action
    nulls = registry.ambiguous_nulls
    entry.settings = entry.contents.settings(
        registry.nomenclature,
        codes=registry.codes,
        codes_source=registry.provenance.codes or "",
        ambiguous_nulls=nulls,
        before=entry.settings,
    )
    for persons in person_slices(registry):
        entry.put(persons, action=action if action in ("adopt", "rollback") else None)
    entry.withdraw_others(action="rollback" if action == "rollback" else "withdraw")


def write_registry(registry: Registry, folder: Path, *, replace: bool = False) -> Path:
    """Write a registry that is in memory as the current snapshot of a folder, and return the snapshot's folder.

    Args:
        registry: the registry.
        folder: where it is to lie; made where it is missing.
        replace: whether a registry that is there may be replaced.

    Raises:
        RegistryError: the folder holds a registry that may not be replaced, or something that is none.
        LockedError: another process writes.
        FileError: it cannot be written.
    """
    with writing_registry(folder), Journal.writing(folder) as journal:
        if not replace:
            refuse_any(folder)
        begin(folder, journal, is_replaced=replace)
        with journal.transaction(_cause("replace" if replace else "import", registry.provenance)) as entry:
            put_registry(entry, registry)
        if entry.recorded is None:
            mend(folder, journal)
            return current_snapshot(folder)
        provenance = dataclasses.replace(registry.provenance, transaction=entry.number)
        with writing_aside(folder) as aside:
            description = write_registry_files(aside, registry)
            return publish(aside, description, provenance, acknowledge=journal.commit).path


def write_registry_stream(
    parts: Iterable[pl.DataFrame],
    folder: Path,
    nomenclature: Nomenclature,
    *,
    name: str,
    provenance: Mapping[str, str | int] | Provenance,
    codes: MacTable | None = None,
    ambiguous_nulls: AmbiguousNulls = "drop",
    replace: bool = False,
) -> BuiltSnapshot:
    """Write persons that come in parts as the current snapshot of a registry's folder; see `RegistryBuilder`.

    Where no donor can be read, the folder stays as it is.

    Args:
        parts: as `RegistryBuilder.add` takes them.
        folder: the registry's.
        nomenclature: reads the typings.
        name: what messages call the registry.
        provenance: as in `hla_match.donors.registry.build_registry`.
        codes: multiple allele codes.
        ambiguous_nulls: as in `hla_match.donors.registry.build_registry`.
        replace: whether a registry that is there may be replaced.

    Raises:
        RegistryError: the folder holds a registry that may not be replaced, or something that is none.
        LockedError: another process writes.
        FileError: it cannot be written.
        CriteriaError: a part is no frame of persons, or two persons have one identifier.
    """
    made_from = dataclasses.replace(Provenance.of(provenance), ambiguous_nulls=ambiguous_nulls)
    builder = RegistryBuilder(folder, nomenclature, name=name, codes=codes, ambiguous_nulls=ambiguous_nulls)
    with writing_registry(folder), Journal.writing(folder) as journal, builder:
        if not replace:
            refuse_any(folder)
        begin(folder, journal, is_replaced=replace)
        with journal.transaction(_cause("replace" if replace else "import", made_from)) as entry:
            entry.settings = entry.contents.settings(
                nomenclature,
                codes=codes,
                codes_source=made_from.codes or "",
                ambiguous_nulls=ambiguous_nulls,
                before=entry.settings,
            )
            for part in parts:
                unreadable = [typing.rows for typing in builder.add(part)]
                readable = np.ones(part.height, np.bool_)
                readable[np.concatenate([np.zeros(0, np.uint32), *unreadable])] = False
                entry.put(part.filter(pl.Series(readable)))
            entry.withdraw_others()
        built = builder.build()
        if not built.n_donors:
            journal.undo()
        elif entry.recorded is not None:
            made_from = dataclasses.replace(made_from, transaction=entry.number)
            publish(built.aside, built.description, made_from, acknowledge=journal.commit)
    return built


def person_slices(registry: Registry) -> Iterator[pl.DataFrame]:
    """Yield the donors of a registry as frames of persons; texts of millions would fill the memory."""
    for start in range(0, registry.n_donors, SLICE):
        part = slice(start, start + SLICE)
        yield persons_of(
            dataclasses.replace(
                registry,
                donor_typing=registry.donor_typing[:, part],
                donor_attributes=DonorAttributes((registry.attributes[part],)),
            )
        )


def _cause(action: Action, provenance: Provenance) -> Cause:
    return Cause(
        action=action,
        day=provenance.imported_on or datetime.date.today(),
        actor=user_name(),
        name=provenance.source or "",
        sha256=provenance.source_sha256 or "",
        rows=provenance.source_rows,
    )
