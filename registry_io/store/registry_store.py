"""The registry on disk, opened: checked first, then mapped. `FORMAT.md` describes the files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry
from hla_match.donors.typing_index import n_orders
from hla_match.errors import NomenclatureError, RegistryError
from hla_match.kernels.schema.array import declarations, of_arrays
from hla_match.kernels.schema.donors import DonorArrays, TypingOrder
from hla_match.kernels.schema.typings import MacArrays, ReportedTypings, TypingTable
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.typing_book import LocusColumn
from registry_io.disk.aside_folder import FileSum
from registry_io.disk.checked_files import AGAIN, changed, checked_files, damaged_files
from registry_io.store.attribute_columns import map_column
from registry_io.store.attribute_soundness import check_attributes
from registry_io.store.nomenclature_file import loads
from registry_io.store.registry_folder import (
    clear_leftovers,
    clear_snapshot,
    content_of,
    current_snapshot,
    snapshot_title,
)
from registry_io.store.snapshot_arrays import ATTRIBUTE_CODES, open_arrays
from registry_io.store.snapshot_manifest import NOMENCLATURE, SnapshotManifest, parse_manifest
from registry_io.store.snapshot_soundness import check_snapshot

MANIFEST = "manifest.json"
IMPUTED = "imputed-*"
"""Folders in a snapshot of what its donors may carry; they are no part of it."""

_ATTEMPTS = 10


def open_registry(folder: str | Path, *, verify: bool = False) -> Registry:
    """Open a registry; its arrays are memory-mapped, so that this takes milliseconds at any size.

    Every file is compared with its checksum first; of a registry of millions of donors only where a file changed since
    it was last compared.

    Args:
        folder: the registry's folder.
        verify: compare all files, even those compared before.

    Raises:
        RegistryError: there is no registry, it is of another format version, or a file is missing or damaged.
    """
    place = Path(folder)
    clear_leftovers(place)
    for attempt in range(_ATTEMPTS):
        snapshot = current_snapshot(place)
        clear_snapshot(snapshot)
        try:
            return open_snapshot(snapshot, verify=verify)
        except RegistryError:
            # A writer may have made another one valid, and removed this one, while it was opened.
            if attempt == _ATTEMPTS - 1 or current_snapshot(place) == snapshot:
                raise
    raise AssertionError


def open_snapshot(snapshot: Path, *, verify: bool = False) -> Registry:
    """Open a snapshot, whether or not it is the valid one.

    Raises:
        RegistryError: as `open_registry`.
    """
    manifest = read_manifest(snapshot)
    for path in snapshot.glob("*.npy"):
        # A file that is there or not tells something, so one that was added would be read.
        if path.name not in manifest.files:
            raise changed(path, "a file too many", "the files that the manifest names")
    try:
        with checked_files(snapshot, file_sums(manifest), thorough=verify) as are_new:
            return _opened(snapshot, manifest, are_checked=are_new)
    except FileNotFoundError as error:
        raise RegistryError(
            str(error.filename or snapshot), found="no file", expected="a file of the registry", hint=AGAIN
        ) from None


def verify_registry(folder: str | Path) -> Iterator[tuple[str, bool]]:
    """Yield each file of the current snapshot and whether its SHA-256 is the manifest's; files too many are not sound.

    Raises:
        RegistryError: there is no registry, or its manifest is damaged.
    """
    place = Path(folder)
    clear_leftovers(place)
    clear_snapshot(snapshot := current_snapshot(place))
    return verify_snapshot(snapshot)


def verify_snapshot(snapshot: Path) -> Iterator[tuple[str, bool]]:
    """Yield each file of a snapshot and whether its SHA-256 is the manifest's; files too many are not sound.

    Raises:
        RegistryError: the manifest is missing or damaged.
    """
    sums = file_sums(read_manifest(snapshot))
    yield from damaged_files(snapshot, sums)
    for path in sorted(snapshot.iterdir()):
        is_known = path.name in sums or path.name == MANIFEST or path.name.startswith(".") or path.match(IMPUTED)
        if not is_known:
            yield path.name, False


def read_manifest(snapshot: Path) -> SnapshotManifest:
    """Return the manifest of a snapshot, once it is what the name of the folder says.

    Raises:
        RegistryError: it is missing, damaged, or of another format version.
    """
    path = snapshot / MANIFEST
    try:
        text = path.read_bytes()
    except OSError as error:
        raise changed(path, "no file" if isinstance(error, FileNotFoundError) else str(error), "a manifest") from None
    manifest = parse_manifest(text, path)
    if manifest_hash(text) != content_of(snapshot.name):
        raise changed(path, "another manifest than was written", "the one that the folder is named after")
    return manifest


def manifest_hash(text: bytes) -> str:
    """Return what a snapshot with this manifest is named after."""
    return hashlib.sha256(text).hexdigest()[:16]


def file_sums(manifest: SnapshotManifest) -> dict[str, FileSum]:
    """Return the checksums that a manifest holds; the earliest registries have SHA-256 alone."""
    return {
        name: FileSum(sha256, manifest.xxh3.get(name), manifest.bytes.get(name))
        for name, sha256 in manifest.files.items()
    }


def _opened(snapshot: Path, manifest: SnapshotManifest, *, are_checked: bool) -> Registry:
    loci, n_donors = manifest.loci, manifest.n_donors
    path = snapshot / NOMENCLATURE
    try:
        tables = loads(path.read_bytes(), str(path))
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
        check_snapshot(snapshot, donors=donors, columns=columns, typing_index=orders, nomenclature=tables, codes=codes)
        # Before a frame is made over their files, which follows what it finds there.
        check_attributes(snapshot, manifest.attributes, donors["id_rank"], attribute_codes)
    return Registry(
        name=manifest.name,
        loci=loci,
        columns=columns,
        attribute_codes=attribute_codes,
        attributes=_open_attributes(snapshot, manifest.attributes, n_donors),
        typing_index=orders,
        nomenclature=Nomenclature(tables),
        codes=codes,
        provenance=Provenance.of(manifest.provenance),
        notes=manifest.notes,
        # What it holds, not where it lies: a second copy gives the same answers.
        snapshot=snapshot_title(snapshot),
        **donors,
    )


def _open_column(snapshot: Path, locus: str) -> LocusColumn:
    path = snapshot / f"typing-{locus}.arrow"
    try:
        text = pl.read_ipc(path.read_bytes())  # of a path, polars would read brackets as a pattern
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise changed(path, f"no table ({type(error).__name__})", "the typings as they were reported") from None
    meaning = open_arrays(snapshot, declarations(ReportedTypings), {"reported": text.height}, f"{{}}-{locus}")
    table = of_arrays(TypingTable, open_arrays(snapshot, declarations(TypingTable), {}, f"{{}}-{locus}"))
    return LocusColumn(text=text, table=table, **meaning)


def _open_attributes(snapshot: Path, attributes: Sequence[tuple[str, str]], n_donors: int) -> pl.DataFrame:
    """Return the frame of attributes over mapped files; what it is made of is not read through."""
    columns: list[pl.Series] = []
    for name, dtype in attributes:
        columns.append(map_column(snapshot, name, dtype, n_donors))
    return pl.DataFrame(columns)
