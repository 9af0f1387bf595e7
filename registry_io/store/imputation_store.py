"""What the donors of a registry may carry under a set of frequencies, computed once and kept in the registry's folder.

An imputation belongs to one snapshot, one set of frequencies and one version of the program; the name of its folder is
a hash of the three, so that a kept one is never taken for another. A set is identified by its content, not by its name.
What is opened is checked as far as the kernels rely on it, so that a damaged file is no crash. An imputation holds
nothing that cannot be computed again: where it is missing or damaged, or the folder cannot be written to, it is
computed. Persons known from another snapshot of the registry are taken over, so that few are imputed after a change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hla_match.donors.registry import Registry
from hla_match.errors import FileError, LockedError, RegistryError
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_registry import (
    DonorImputation,
    ImputedRegistry,
    imputed_on_demand,
    registry_tables,
)
from hla_match.imputation.known_persons import KnownPersons, impute_unknown
from hla_match.imputation.panels import Panels, build_panels
from hla_match.kernels.schema.array import Table, arrays_of, declarations, of_arrays
from hla_match.kernels.schema.haplotypes import Imputation, PersonDigests
from registry_io.disk.aside_folder import FileSum, discard, remove_leftovers, writing_aside
from registry_io.disk.checked_files import changed, checked_files, damaged_files
from registry_io.disk.durable_files import flush, flush_folder, rename
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import writer_lock
from registry_io.store.imputation_soundness import is_followable, is_sound
from registry_io.store.registry_folder import LOCK, SNAPSHOTS, current_snapshot, snapshot_title, snapshot_titled
from registry_io.store.snapshot_arrays import array_of_file
from registry_io.store.snapshot_store import IMPUTED, MANIFEST

FORMAT = "hla-match imputation"
FORMAT_VERSION = 3
ALGORITHM_VERSION = 3
"""Rises with a change of `hla_match.frequencies` or its kernels after which a kept imputation would be another."""

KEPT_DONORS = 2_000_000
"""Donors up to whom an imputation is kept: about a gigabyte, by the 520 bytes a donor of a registry of all decades."""


def open_imputation(
    folder: str | Path,
    registry: Registry,
    frequencies: HaplotypeFrequencies,
    global_frequencies: HaplotypeFrequencies | None = None,
    *,
    workers: int = 1,
    verify: bool = False,
    on_build: Callable[[], None] | None = None,
) -> DonorImputation:
    """Return the donors of a registry under a set of frequencies, memory-mapped where they were imputed before.

    A registry of more than `KEPT_DONORS` is imputed on demand: only those donors of whom a search asks.

    Args:
        folder: the registry's folder; the imputation is kept in its current snapshot.
        registry: opened from the folder.
        frequencies: coded with the registry's nomenclature.
        global_frequencies: tried where the first set explains nothing.
        workers: threads; the result does not depend on them.
        verify: compare all files of a kept imputation with their checksums, even those compared before.
        on_build: called before donors are imputed, which takes a second for some 100,000 of them.

    Raises:
        RegistryError: there is no registry in the folder.
    """
    panels = build_panels(frequencies, registry_tables(registry), global_frequencies)
    if registry.n_donors > KEPT_DONORS:
        return imputed_on_demand(registry, panels)
    place = given_path("folder", folder)
    current = current_snapshot(place)
    # Of a registry that is no longer the valid one it is kept where it lies, if it still does.
    is_current = registry.snapshot == snapshot_title(current)
    snapshot = current if is_current else snapshot_titled(place, registry.snapshot or "none")
    parts = _key_parts(registry.snapshot, frequencies, global_frequencies)
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    kept = None if snapshot is None else snapshot / f"imputed-{key}"
    if kept is not None and (donors := _opened(kept, parts, registry.n_donors, panels, verify=verify)) is not None:
        return ImputedRegistry(panels, donors)
    if on_build is not None:
        on_build()
    donors, digests = _imputed(registry, panels, _known(place, kept, parts, panels), workers=workers)
    if kept is not None:
        # A registry that lies where nothing can be written is imputed at every start; so is one that another process
        # imputes now, which keeps the same.
        with suppress(OSError, FileError, LockedError):
            _write(donors, digests, kept, parts, panels)
    return ImputedRegistry(panels, donors)


def _imputed(
    registry: Registry, panels: Panels, known: KnownPersons | None, *, workers: int
) -> tuple[Imputation, PersonDigests]:
    found = impute_unknown(registry, panels, known, workers=workers)
    if known is None or is_sound(found[0], registry.n_donors, panels, thorough=True):
        return found
    return impute_unknown(registry, panels, workers=workers)


def _known(folder: Path, unread: Path | None, parts: dict[str, Any], panels: Panels) -> KnownPersons | None:
    """Return the persons of another kept imputation under the same frequencies, of the newest that can be read.

    Args:
        folder: the registry's.
        unread: the imputation that is wanted, which is missing or damaged.
        parts: its key.
        panels: its haplotypes.
    """
    for kept in sorted(folder.glob(f"{SNAPSHOTS}/{IMPUTED}"), key=_changed_at, reverse=True):
        manifest = None if kept == unread else _manifest(kept)
        if manifest is None or manifest["format_version"] != FORMAT_VERSION or manifest["loci"] != list(panels.loci):
            continue
        if manifest["key"] | {"snapshot": ""} != parts | {"snapshot": ""}:
            continue
        try:
            with checked_files(kept, _sums(manifest)):
                donors, digests = _mapped(kept, Imputation), _mapped(kept, PersonDigests)
                if not is_followable(donors, digests, panels):
                    raise changed(kept, "numbers that no imputation has", "those of the donors")
        except (OSError, ValueError, RegistryError):
            continue
        return KnownPersons(donors.classes, digests)
    return None


def _changed_at(path: Path) -> float:
    """Return when a folder was changed last, 0 where it was removed meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def verify_imputations(folder: str | Path) -> Iterator[tuple[str, bool]]:
    """Yield each file of the kept imputations of all snapshots and whether its SHA-256 is the manifest's."""
    for kept in sorted(given_path("folder", folder).glob(f"{SNAPSHOTS}/{IMPUTED}")):
        place = f"{kept.parent.name}/{kept.name}"
        manifest = _manifest(kept)
        if manifest is None:
            yield f"{place}/{MANIFEST}", False
            continue
        for name, sound in damaged_files(kept, _sums(manifest)):
            yield f"{place}/{name}", sound


_FILES = [f"{name}.npy" for table in (Imputation, PersonDigests) for name in declarations(table)]


def _key_parts(
    snapshot: str, frequencies: HaplotypeFrequencies, global_frequencies: HaplotypeFrequencies | None
) -> dict[str, Any]:
    """Return everything that decides an imputation; the name that a set goes by is none of it."""
    return {
        "snapshot": snapshot,
        "frequencies": _content(frequencies),
        "global_frequencies": None if global_frequencies is None else _content(global_frequencies),
        "algorithm_version": ALGORITHM_VERSION,
        "program_version": version("hla-match"),
    }


def _content(frequencies: HaplotypeFrequencies) -> str:
    """Return the SHA-256 of what a set holds, as it is coded."""
    content = hashlib.sha256(json.dumps([frequencies.loci, frequencies.populations]).encode())
    for array in (frequencies.allele, frequencies.frequency):
        content.update(str((array.dtype.str, array.shape)).encode())
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()


def _opened(
    kept: Path, parts: dict[str, Any], n_donors: int, panels: Panels, *, verify: bool = False
) -> Imputation | None:
    """Return a kept imputation, or None where there is none that can be read and is as it was written."""
    manifest = _manifest(kept)
    if manifest is None or (manifest["format_version"], manifest["key"]) != (FORMAT_VERSION, parts):
        return None
    try:
        with checked_files(kept, _sums(manifest), thorough=verify) as are_new:
            donors = _mapped(kept, Imputation)
            if not is_sound(donors, n_donors, panels, thorough=are_new):
                raise changed(kept, "numbers that no imputation has", "those of the donors")
    except (OSError, ValueError, RegistryError):
        return None
    return donors


def _mapped(kept: Path, table: type[Table]) -> Table:
    return of_arrays(table, {name: array_of_file(kept, name) for name in declarations(table)})


def _manifest(kept: Path) -> dict[str, Any] | None:
    """Return the manifest of an imputation, or None where it is missing or not as it was written."""
    try:
        text = (kept / MANIFEST).read_bytes()
        manifest: dict[str, Any] = json.loads(text)
        checksum = manifest.pop("checksum")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return manifest if checksum == _checksum(manifest) and text == _manifest_text(manifest) else None


def _manifest_text(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest | {"checksum": _checksum(manifest)}, indent=1, sort_keys=True).encode()


def _checksum(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _sums(manifest: dict[str, Any]) -> dict[str, FileSum]:
    return {name: FileSum(manifest["files"][name], manifest["xxh3"][name], manifest["bytes"][name]) for name in _FILES}


def _write(donors: Imputation, digests: PersonDigests, kept: Path, parts: dict[str, Any], panels: Panels) -> None:
    """Write an imputation aside and rename it when it is complete.

    Raises:
        OSError: the snapshot's folder cannot be written to, or is no longer there.
        FileError: it cannot be written, or a file reads back differently than written.
        LockedError: another process writes an imputation.
    """
    snapshot = kept.parent
    with writer_lock(snapshot / LOCK, str(snapshot)):
        remove_leftovers(snapshot)
        with writing_aside(snapshot) as aside:
            for name, array in (arrays_of(donors) | arrays_of(digests)).items():
                aside.write_array(name, array)
            sums = aside.sums()
            manifest = {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "key": parts,
                "loci": list(panels.loci),
                "files": {name: sums[name].sha256 for name in _FILES},
                "xxh3": {name: sums[name].xxh3 for name in _FILES},
                "bytes": {name: sums[name].n_bytes for name in _FILES},
            }
            aside.write(MANIFEST, _manifest_text(manifest))
            flush(aside.path / MANIFEST)
            flush_folder(aside.path)
            # Another run may have written the same meanwhile; what cannot be read makes way.
            if _opened(kept, parts, donors.person.size, panels) is None:
                if kept.exists():
                    discard(kept)
                rename(aside.path, kept)
