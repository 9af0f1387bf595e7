"""A snapshot of a registry, written aside: its files, then its manifest, then its name.

The name holds the hash of the manifest, which holds the checksum of every file: equal content has an equal name, and a
reader that compares the two knows that the manifest is whole.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry
from hla_match.errors import RegistryError
from hla_match.kernels.schema.array import arrays_of, declarations
from hla_match.kernels.schema.donors import DonorArrays, TypingOrder
from hla_match.kernels.schema.typings import MacArrays, ReportedTypings, TypingTable
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.typing_book import LocusColumn
from registry_io.disk.aside_folder import AsideFolder
from registry_io.disk.durable_files import flush, flush_folder, rename
from registry_io.store.attribute_columns import attribute_column, write_column
from registry_io.store.nomenclature_file import dumps
from registry_io.store.snapshot_arrays import ATTRIBUTE_CODES, write_arrays
from registry_io.store.snapshot_manifest import CHANGES_VERSION, FORMAT, FORMAT_VERSION, NOMENCLATURE
from registry_io.store.snapshot_store import MANIFEST, manifest_hash, verify_snapshot


@dataclass(frozen=True, slots=True)
class SnapshotDescription:
    """What a manifest says of a snapshot beside the checksums of its files.

    Attributes:
        name: the registry's name in messages.
        n_donors: number of donors.
        loci: loci, in the order of the rows of the typings.
        attributes: type of each attribute, as polars calls it, in the order of the columns.
        nomenclature: title of the one that the typings were read with.
        notes: what was understood differently than written, with its number of donors.
        onto: title of the snapshot that it holds the changes of; None of a whole one.
    """

    name: str
    n_donors: int
    loci: Sequence[str]
    attributes: Mapping[str, str]
    nomenclature: str
    notes: Mapping[str, int]
    onto: str | None = None

    @classmethod
    def of(cls, registry: Registry) -> SnapshotDescription:
        """Return what the manifest of a whole snapshot says of a registry."""
        return cls(
            name=registry.name,
            n_donors=registry.n_donors,
            loci=registry.loci,
            attributes={name: str(dtype) for name, dtype in registry.attributes.schema.items()},
            nomenclature=registry.nomenclature.title,
            notes=registry.notes,
        )


def write_registry_files(aside: AsideFolder, registry: Registry) -> SnapshotDescription:
    """Write the files of a registry that is in memory, and return what its manifest says.

    Raises:
        OSError: a file cannot be written.
    """
    declared = declarations(DonorArrays)
    write_arrays(aside, declared, {name: getattr(registry, name) for name in declared})
    write_arrays(aside, ATTRIBUTE_CODES, registry.attribute_codes)
    write_orders(aside, registry.typing_index)
    for column in registry.attributes:
        write_column(aside, column.name, attribute_column(column))
    write_typings(aside, registry.columns, registry.nomenclature, registry.codes)
    return SnapshotDescription.of(registry)


def write_orders(aside: AsideFolder, orders: Iterable[TypingOrder]) -> None:
    """Write the donors by typing; of orders that are made one after another only one is held."""
    for position, order in enumerate(orders):
        write_arrays(aside, declarations(TypingOrder), arrays_of(order), f"order_{position}_{{}}")


def write_typings(
    aside: AsideFolder,
    columns: Mapping[str, LocusColumn],
    nomenclature: Nomenclature,
    codes: MacTable | None,
) -> None:
    """Write the reported and expanded typings of each locus, and what they were read with."""
    for locus, column in columns.items():
        write_table(aside, f"typing-{locus}.arrow", column.text)
        write_arrays(aside, declarations(ReportedTypings), {"expanded_typing": column.expanded_typing}, f"{{}}-{locus}")
        write_arrays(aside, declarations(TypingTable), arrays_of(column.table), f"{{}}-{locus}")
    if codes is not None:
        write_arrays(aside, declarations(MacArrays), vars(codes))
    aside.write(NOMENCLATURE, dumps(nomenclature.tables))


def write_table(aside: AsideFolder, name: str, table: pl.DataFrame) -> None:
    """Write a small table as an Arrow file."""
    arrow = io.BytesIO()
    table.write_ipc(arrow)
    aside.write(name, arrow.getbuffer())


def commit_snapshot(aside: AsideFolder, description: SnapshotDescription, provenance: Provenance) -> Path:
    """Write the manifest of a snapshot whose other files are written, and give it its name; return its folder.

    A folder of that name that is there already is taken only when every byte of it is right; a damaged one is left
    where it is, since readers may be using it, and the new one gets a number behind the name.

    Args:
        aside: the files.
        description: what the manifest says of them.
        provenance: what the registry was made from.

    Raises:
        FileError: a file reads back differently than written.
        OSError: the disk fails, or is full.
    """
    sums = aside.sums()
    kind: dict[str, str | int] = {"format_version": FORMAT_VERSION}
    if description.onto is not None:
        kind = {"format_version": CHANGES_VERSION, "onto": description.onto}
    manifest = {
        "format": FORMAT,
        **kind,
        "name": description.name,
        "loci": list(description.loci),
        "n_donors": description.n_donors,
        "attributes": list(map(list, description.attributes.items())),
        "nomenclature": description.nomenclature,
        "provenance": provenance.entries(),
        "notes": dict(description.notes),
        "files": {name: one.sha256 for name, one in sums.items()},
        "xxh3": {name: one.xxh3 for name, one in sums.items()},
        "bytes": {name: one.n_bytes for name, one in sums.items()},
    }
    text = json.dumps(manifest, indent=1, sort_keys=True).encode()
    aside.write(MANIFEST, text)
    flush(aside.path / MANIFEST)
    flush_folder(aside.path)
    name = f"snapshot-{manifest_hash(text)}"
    number = 1
    while (place := aside.path.parent / (name if number == 1 else f"{name}.{number}")).exists():
        if is_sound(place):
            return place
        number += 1
    rename(aside.path, place)
    return place


def is_sound(snapshot: Path) -> bool:
    """Say whether every byte of a snapshot is as it was written."""
    try:
        return all(sound for _, sound in verify_snapshot(snapshot))
    except (OSError, RegistryError):
        return False
