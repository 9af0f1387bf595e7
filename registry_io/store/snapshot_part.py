"""One snapshot opened by itself: checked first, then mapped. `FORMAT.md` describes the files.

A whole snapshot is a registry. One that stands onto another holds what changed since: the donors who came or became
others, and the identifiers of those who left. What a reader sees is their union.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakValueDictionary

import polars as pl

from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry
from hla_match.donors.registry_settings import NO_SETTINGS, RegistrySettings
from hla_match.donors.registry_union import unite
from hla_match.donors.typing_index import n_orders
from hla_match.errors import NomenclatureError, RegistryError
from hla_match.kernels.schema.array import declarations, of_arrays
from hla_match.kernels.schema.donors import DonorArrays, TypingOrder
from hla_match.kernels.schema.typings import MacArrays, ReportedTypings, TypingTable
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.typings.typing_book import LocusColumn
from registry_io.disk.checked_files import AGAIN, changed, checked_files
from registry_io.store.attribute_columns import map_column
from registry_io.store.attribute_soundness import check_attributes
from registry_io.store.change_files import NOBODY, open_changes, open_table
from registry_io.store.nomenclature_file import nomenclature_of
from registry_io.store.registry_folder import snapshot_title
from registry_io.store.snapshot_arrays import ATTRIBUTE_CODES, open_arrays
from registry_io.store.snapshot_manifest import NOMENCLATURE, SnapshotManifest
from registry_io.store.snapshot_soundness import check_snapshot


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """A snapshot by itself.

    Attributes:
        path: its folder.
        registry: its own donors; name, provenance and notes are those of the whole registry.
        removed: identifiers of donors who left since the snapshot that it stands on.
    """

    path: Path
    registry: Registry
    removed: pl.Series


def united(parts: Sequence[SnapshotPart], settings: RegistrySettings = NO_SETTINGS) -> Registry:
    """Return the registry that a whole snapshot and those that stand on it, one on another, make up.

    Of the same snapshots a process has one at a time, for the name of a snapshot is a hash of what it holds.

    Args:
        parts: the snapshots, the whole one first.
        settings: what the registry has set for itself.
    """
    if len(parts) == 1:
        return replace(parts[0].registry, settings=settings)
    key = (settings, tuple(part.path.resolve() for part in parts))
    found = _in_use.get(key)
    if found is None:
        together = unite([part.registry for part in parts], [part.removed for part in parts])
        found = _in_use[key] = replace(together, settings=settings)
    return found


_in_use: WeakValueDictionary[tuple[RegistrySettings, tuple[Path, ...]], Registry] = WeakValueDictionary()


def open_part(snapshot: Path, manifest: SnapshotManifest, base: Registry | None, *, verify: bool) -> SnapshotPart:
    """Open a snapshot by itself.

    Args:
        snapshot: its folder.
        manifest: read from there.
        base: the whole snapshot that it stands on; None where it is whole itself.
        verify: compare all files, whatever is remembered.

    Raises:
        RegistryError: a file is missing, damaged, or not as declared.
    """
    for path in snapshot.glob("*.npy"):
        # A file that is there or not tells something, so one that was added would be read.
        if path.name not in manifest.files:
            raise changed(path, "a file too many", "the files that the manifest names")
    try:
        with checked_files(snapshot, manifest.sums, thorough=verify) as are_new:
            if base is not None:
                return SnapshotPart(snapshot, *open_changes(snapshot, manifest, base))
            return SnapshotPart(snapshot, _opened(snapshot, manifest, are_checked=are_new), NOBODY)
    except FileNotFoundError as error:
        raise RegistryError(
            str(error.filename or snapshot), found="no file", expected="a file of the registry", hint=AGAIN
        ) from None


def _opened(snapshot: Path, manifest: SnapshotManifest, *, are_checked: bool) -> Registry:
    loci, n_donors = manifest.loci, manifest.n_donors
    path = snapshot / NOMENCLATURE
    try:
        nomenclature = nomenclature_of(path.read_bytes(), str(path))
    except NomenclatureError as error:
        raise changed(path, error.found, error.expected) from None
    codes = None
    if (snapshot / "code_name.npy").exists():
        codes = MacTable(**open_arrays(snapshot, declarations(MacArrays), {}))
    columns = {locus: _open_column(snapshot, locus) for locus in loci}
    donors = open_arrays(snapshot, declarations(DonorArrays), {"loci": len(loci), "donors": n_donors})
    attribute_codes = open_arrays(snapshot, ATTRIBUTE_CODES, {"donors": n_donors})
    orders = tuple(
        TypingOrder(**open_arrays(snapshot, declarations(TypingOrder), {"donors": n_donors}, f"order_{position}_{{}}"))
        for position in range(n_orders(loci))
    )
    if are_checked:
        check_snapshot(
            snapshot,
            donors=donors,
            columns=columns,
            typing_index=orders,
            nomenclature=nomenclature.tables,
            codes=codes,
        )
        # Before a frame is made over their files, which follows what it finds there.
        check_attributes(snapshot, manifest.attributes, donors["id_rank"], attribute_codes)
    return Registry(
        name=manifest.name,
        loci=loci,
        columns=columns,
        attribute_codes=attribute_codes,
        donor_attributes=DonorAttributes((_open_attributes(snapshot, manifest.attributes, n_donors),)),
        typing_index=orders,
        nomenclature=nomenclature,
        codes=codes,
        provenance=Provenance.of(manifest.provenance),
        notes=manifest.notes,
        # What it holds, not where it lies: a second copy gives the same answers.
        snapshot=snapshot_title(snapshot),
        donor_typing=donors["donor_typing"],
        id_rank=donors["id_rank"],
    )


def _open_column(snapshot: Path, locus: str) -> LocusColumn:
    text = open_table(snapshot / f"typing-{locus}.arrow", "the typings as they were reported")
    reported = open_arrays(snapshot, declarations(ReportedTypings), {"reported": text.height}, f"{{}}-{locus}")
    table = of_arrays(TypingTable, open_arrays(snapshot, declarations(TypingTable), {}, f"{{}}-{locus}"))
    return LocusColumn(text=text, table=table, **reported)


def _open_attributes(snapshot: Path, attributes: Sequence[tuple[str, str]], n_donors: int) -> pl.DataFrame:
    """Return the frame of attributes over mapped files; what it is made of is not read through."""
    columns: list[pl.Series] = []
    for name, dtype in attributes:
        columns.append(map_column(snapshot, name, dtype, n_donors))
    return pl.DataFrame(columns)
