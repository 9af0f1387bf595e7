"""What changed of a registry, published onto the snapshot before: it costs what it is, not what the registry is.

    whole <── changes <── changes               a reader opens all of them as one registry
                   ^───── new changes
        ^───────── new changes and those before that are hardly more, in one

New changes take those before into themselves that are no more than `GROWTH` times as many: so a year of days is a few
snapshots, and each change is written a few times. Where all of them are a great share of the donors, the registry is
written whole again (`merge_changes`). A snapshot is never changed; what it stands on stays as long as it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from hla_match.donors.arrangement import UnreadableTyping
from hla_match.donors.attributes import defaults
from hla_match.donors.identifiers import rows_of
from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry, build_registry, default_note, persons_of
from hla_match.donors.registry_union import n_by_default_united, unite
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.disk.aside_folder import writing_aside
from registry_io.store.change_files import change_tables
from registry_io.store.registry_folder import current_snapshot, snapshot_title
from registry_io.store.registry_versions import REPORTS, Published, publish
from registry_io.store.snapshot_part import SnapshotPart, united
from registry_io.store.snapshot_store import open_parts
from registry_io.store.snapshot_writer import SnapshotDescription, write_registry_files, write_table

GROWTH = 2
"""How many times as many earlier changes may be that new ones take into themselves."""

GREATEST_SHARE = 0.1
"""Donors of the changes as a share of those of the whole snapshot, beyond which a registry is written whole."""


@dataclass(frozen=True, slots=True)
class PublishedChanges:
    """Changes that were published.

    Attributes:
        published: the snapshot, and the registry opened from it.
        unreadable: typings that cannot be read, with rows of all the persons given; who carries one stays as before.
    """

    published: Published
    unreadable: list[UnreadableTyping]


def takes_changes(
    below: Sequence[SnapshotPart],
    n_changes: int,
    nomenclature: Nomenclature,
    *,
    codes: MacTable | None,
    ambiguous_nulls: AmbiguousNulls,
) -> bool:
    """Say whether changes can be published onto the current snapshot; else the registry is written whole.

    They can where they are read as the donors before were, and all changes so far are no greater share than
    `GREATEST_SHARE`.

    Args:
        below: the current snapshot and those that it stands on, the whole one first.
        n_changes: donors who come, become others, or leave.
        nomenclature: that the changes are to be read with.
        codes: multiple allele codes likewise.
        ambiguous_nulls: what becomes of null alleles that a list or code names beside expressed ones.
    """
    whole, *changes = below
    base = whole.registry
    return (
        base.nomenclature.tables.checksum == nomenclature.tables.checksum
        and base.ambiguous_nulls == ambiguous_nulls
        and _are_same(base.codes, codes)
        and n_changes + _n_changes(changes) <= GREATEST_SHARE * base.n_donors
    )


def publish_changes(
    folder: Path,
    persons: Iterable[pl.DataFrame],
    removed: pl.Series,
    *,
    below: Sequence[SnapshotPart] = (),
    provenance: Mapping[str, str | int] | Provenance,
    nomenclature: Nomenclature | None = None,
    reports: Mapping[str, bytes] | None = None,
    growth: float = GROWTH,
    acknowledge: Callable[[], None] | None = None,
) -> PublishedChanges:
    """Write what changed as a snapshot that stands onto the current one, and make it valid.

    The caller holds the folder's lock. A donor whose typing cannot be read stays as before.

    Args:
        folder: the registry's; it takes the changes as `takes_changes` says.
        persons: the donors who come or become others, whole and each once, as `build_registry` takes them.
        removed: identifiers of donors who leave; those whom the registry does not have have no effect.
        below: the current snapshot and those that it stands on, where they are open.
        provenance: what the registry is made from now.
        nomenclature: the registry's, where it is at hand; one that has read typings reads more of them sooner.
        reports: contents of `registry_versions.REPORTS` by name; without one that of the last import stays.
        growth: how many times as many earlier changes may be that these take into themselves.
        acknowledge: as in `registry_io.store.registry_versions.make_current`.

    Raises:
        CriteriaError: persons are no such frames, two have one identifier, or an attribute is of another type.
        RegistryError: there is no registry, or it is damaged; nothing was changed.
        FileError, OSError: it cannot be written; nothing was changed, unless what comes behind `acknowledge` fails.
    """
    below = below or open_parts(current_snapshot(folder))
    base = below[0].registry
    read_as = replace(Provenance.of(provenance), ambiguous_nulls=base.ambiguous_nulls)
    joined = _joined(persons, below)
    come, unreadable = build_registry(
        joined,
        nomenclature or base.nomenclature,
        name=below[-1].registry.name,
        provenance=read_as,
        codes=base.codes,
        ambiguous_nulls=base.ambiguous_nulls,
    )
    leave = removed.filter(~removed.is_in(joined["person_id"].implode())).unique().sort().rename("donor_id")
    before = _as_before(below, pl.concat([come.attributes["donor_id"], leave]))
    leave = leave.filter(leave.is_in(before.attributes["donor_id"].implode()))
    notes = _notes(below, before, come, leave)
    taken_in: list[SnapshotPart] = []
    while len(below) > 1 and _size(below[-1]) <= growth * (come.n_donors + len(leave)):
        come, leave = _in_one(below[:-1], below[-1], come, leave)
        below, taken_in = below[:-1], [below[-1], *taken_in]
    with writing_aside(folder) as aside:
        for name, table in change_tables(come, leave).items():
            write_table(aside, name, table)
        description = replace(SnapshotDescription.of(come), notes=notes, onto=snapshot_title(below[-1].path))
        for name, content in {**_reports(taken_in), **(reports or {})}.items():
            aside.write(name, content)
        published = publish(aside, description, read_as, below, taken_in=taken_in, acknowledge=acknowledge)
        return PublishedChanges(published, unreadable)


def merge_changes(folder: Path) -> Published | None:
    """Write the current snapshot and what it stands on as a whole one, and make it valid; None where it is whole.

    The caller holds the folder's lock. Searches give the same as before, and what can be taken back stays the same.

    Raises:
        RegistryError: there is no registry, or it is damaged; nothing was changed.
        FileError: it cannot be written; nothing was changed.
        OSError: the disk fails, or is full; nothing was changed.
    """
    parts = open_parts(current_snapshot(folder))
    if len(parts) == 1:
        return None
    registry = united(parts)
    with writing_aside(folder) as aside:
        description = write_registry_files(aside, registry)
        for name, content in _reports(parts).items():
            aside.write(name, content)
        return publish(aside, description, registry.provenance, is_merged=True)


def merge_is_due(below: Sequence[SnapshotPart]) -> bool:
    """Say whether `merge_changes` is worth its time: the changes are half of what `takes_changes` allows.

    Args:
        below: the current snapshot and those that it stands on, the whole one first.
    """
    whole, *changes = below
    return bool(changes) and _n_changes(changes) > GREATEST_SHARE / 2 * whole.registry.n_donors


def _reports(parts: Iterable[SnapshotPart]) -> dict[str, bytes]:
    """Return the reports of the last import among some snapshots, by name."""
    places = {name: part.path / name for part in parts for name in REPORTS if (part.path / name).exists()}
    return {name: place.read_bytes() for name, place in places.items()}


def _n_changes(changes: Sequence[SnapshotPart]) -> int:
    return sum(map(_size, changes))


def _size(part: SnapshotPart) -> int:
    return part.registry.n_donors + len(part.removed)


def _are_same(one: MacTable | None, other: MacTable | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(np.array_equal(array, vars(other)[name]) for name, array in vars(one).items())


def _joined(persons: Iterable[pl.DataFrame], below: Sequence[SnapshotPart]) -> pl.DataFrame:
    """Return frames of persons as one.

    Raises:
        CriteriaError: a column has another type than in the registry, or in an earlier frame.
    """
    types: dict[str, pl.DataType] = {"person_id": pl.String()}
    for part in below:
        types |= part.registry.attributes.schema
    frames = [pl.DataFrame(schema={"person_id": pl.String})]
    for frame in persons:
        for name, dtype in frame.schema.items():
            if types.setdefault(name, dtype) != dtype:
                raise CriteriaError(
                    f"column {name}",
                    found=InWords(f"values of type {dtype}"),
                    expected=f"{types[name]}, as in the registry or an earlier part",
                    code=ErrorCode.CRITERIA_COLUMN,
                )
        frames.append(frame)
    return pl.concat(frames, how="diagonal")


def _as_before(below: Sequence[SnapshotPart], identifiers: pl.Series) -> Registry:
    """Return those of some donors whom the registry has, as it has them."""
    rows = [np.sort(rows_of(part.registry, identifiers)) for part in below]
    found = [part.registry.take(of_part) for part, of_part in zip(below, rows, strict=True)]
    return unite(found, [part.removed for part in below])


def _in_one(
    below: Sequence[SnapshotPart], changes: SnapshotPart, come: Registry, leave: pl.Series
) -> tuple[Registry, pl.Series]:
    """Return changes and later ones as the changes since what is below them."""
    united = unite([changes.registry, come], [changes.removed, leave])
    gone = pl.concat([changes.removed, leave])
    gone = gone.filter(~gone.is_in(united.attributes["donor_id"].implode()))
    # Who came with the changes and left with the later ones was never below.
    return united, _as_before(below, gone).attributes["donor_id"].sort() if len(gone) else gone


def _notes(below: Sequence[SnapshotPart], before: Registry, come: Registry, leave: pl.Series) -> dict[str, int]:
    """Return the notes of a registry after changes; those on lines of a file stay with the donors of that file.

    Args:
        below: what it was before; the last has its notes.
        before: the donors who became others or left, as they were.
        come: the donors who came or became others.
        leave: identifiers of those who left.
    """
    of_defaults = {default_note(name) for name in defaults()}
    counts = Counter({note: n for note, n in below[-1].registry.notes.items() if note not in of_defaults})
    if counts:
        read_again, _ = build_registry(
            persons_of(before),
            before.nomenclature,
            name=before.name,
            provenance=before.provenance,
            codes=before.codes,
            ambiguous_nulls=before.ambiguous_nulls,
        )
        counts -= Counter(read_again.notes)
    counts += Counter({note: n for note, n in come.notes.items() if note not in of_defaults})
    n_by_default = n_by_default_united(
        [*(part.registry for part in below), come], [*(part.removed for part in below), leave]
    )
    counts.update({default_note(name): n for name, n in n_by_default.items()})
    return {note: n for note, n in counts.items() if n}
