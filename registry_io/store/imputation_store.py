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

from hla_match.donors.registry import Registry
from hla_match.errors import FileError, LockedError, RegistryError
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.donor_identity import DonorIdentity
from hla_match.imputation.imputed_registry import (
    DonorImputation,
    ImputedRegistry,
    imputed_on_demand,
)
from hla_match.imputation.known_persons import KnownPersons, impute_unknown
from hla_match.imputation.panels import Panels, registry_panels
from hla_match.kernels.schema.array import arrays_of
from hla_match.kernels.schema.haplotypes import Imputation, PersonDigests
from registry_io.disk.checked_files import changed, checked_files
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import writer_lock
from registry_io.store.derived_folder import (
    derived_arrays,
    derived_manifest,
    derived_sums,
    file_names,
    verify_derived,
    write_derived,
)
from registry_io.store.imputation_soundness import is_followable, is_sound
from registry_io.store.registry_folder import LOCK, SNAPSHOTS, current_snapshot, snapshot_title, snapshot_titled
from registry_io.store.snapshot_store import IMPUTED

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
        CriteriaError: frequencies are coded by another nomenclature than the registry's.
    """
    panels = registry_panels(registry, frequencies, global_frequencies)
    identity = DonorIdentity(registry, panels)
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
        return ImputedRegistry(panels, donors, identity)
    if on_build is not None:
        on_build()
    donors, digests = _imputed(registry, panels, _known(place, kept, parts, panels), workers=workers)
    if kept is not None:
        # A registry that lies where nothing can be written is imputed at every start; so is one that another process
        # imputes now, which keeps the same.
        with suppress(OSError, FileError, LockedError):
            _write(donors, digests, kept, parts, panels)
    return ImputedRegistry(panels, donors, identity)


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
        manifest = None if kept == unread else derived_manifest(kept)
        if manifest is None or manifest["format_version"] != FORMAT_VERSION or manifest["loci"] != list(panels.loci):
            continue
        if manifest["key"] | {"snapshot": ""} != parts | {"snapshot": ""}:
            continue
        try:
            with checked_files(kept, derived_sums(manifest, _FILES)):
                donors, digests = derived_arrays(kept, Imputation), derived_arrays(kept, PersonDigests)
                if not is_followable(donors, digests, panels):
                    raise changed(kept, "numbers that no imputation has", "those of the donors")
        except (OSError, ValueError, KeyError, RegistryError):
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
    place = given_path("folder", folder)
    return verify_derived(iter(sorted(place.glob(f"{SNAPSHOTS}/{IMPUTED}"))))


_FILES = file_names(Imputation, PersonDigests)


def _key_parts(
    snapshot: str, frequencies: HaplotypeFrequencies, global_frequencies: HaplotypeFrequencies | None
) -> dict[str, Any]:
    """Return everything that decides an imputation; the name that a set goes by is none of it."""
    return {
        "snapshot": snapshot,
        "frequencies": frequencies.content,
        "global_frequencies": None if global_frequencies is None else global_frequencies.content,
        "algorithm_version": ALGORITHM_VERSION,
        "program_version": version("hla-match"),
    }


def _opened(
    kept: Path, parts: dict[str, Any], n_donors: int, panels: Panels, *, verify: bool = False
) -> Imputation | None:
    """Return a kept imputation, or None where there is none that can be read and is as it was written."""
    manifest = derived_manifest(kept)
    if manifest is None or (manifest["format_version"], manifest["key"]) != (FORMAT_VERSION, parts):
        return None
    try:
        with checked_files(kept, derived_sums(manifest, _FILES), thorough=verify) as are_new:
            donors = derived_arrays(kept, Imputation)
            if not is_sound(donors, n_donors, panels, thorough=are_new):
                raise changed(kept, "numbers that no imputation has", "those of the donors")
    except (OSError, ValueError, KeyError, RegistryError):
        return None
    return donors


def _write(donors: Imputation, digests: PersonDigests, kept: Path, parts: dict[str, Any], panels: Panels) -> None:
    """Write an imputation aside and rename it when it is complete.

    Raises:
        OSError: the snapshot's folder cannot be written to, or is no longer there.
        FileError: it cannot be written, or a file reads back differently than written.
        LockedError: another process writes an imputation.
    """
    about = {"format": FORMAT, "format_version": FORMAT_VERSION, "key": parts, "loci": list(panels.loci)}
    with writer_lock(kept.parent / LOCK, str(kept.parent)):
        write_derived(
            kept,
            arrays_of(donors) | arrays_of(digests),
            about,
            lambda: _opened(kept, parts, donors.person.size, panels) is not None,
        )
