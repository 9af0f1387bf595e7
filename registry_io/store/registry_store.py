"""The registry on disk: opened as it is now, or as it was at a transaction; and compared with what was written."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from hla_match.donors.registry import Registry
from hla_match.errors import RegistryError
from registry_io.disk.given_path import given_path
from registry_io.store.registry_folder import clear_leftovers, clear_snapshot, current_snapshot, snapshot_title
from registry_io.store.registry_settings import registry_settings
from registry_io.store.snapshot_store import open_snapshot, snapshot_chain, verify_snapshot

_ATTEMPTS = 10


def open_registry(folder: str | Path, *, verify: bool = False, at: int | datetime.date | None = None) -> Registry:
    """Open a registry; its arrays are memory-mapped, so that this takes milliseconds at any size.

    Every file is compared with its checksum first; of a registry of millions of donors only where a file changed since
    it was last compared.

    Args:
        folder: the registry's folder.
        verify: compare all files, even those compared before.
        at: number of a transaction of the record, or a day: the registry as it was at its end, in UTC. Where no
            snapshot holds it any more, it is built in memory.

    Raises:
        RegistryError: there is no registry, it is of another format version, a file is missing or damaged, or there is
            no such transaction.
        CriteriaError: `at` is neither a number nor a day.
    """
    place = given_path("folder", folder)
    if at is not None:
        from registry_io.store.past_registry import open_past_registry

        return replace(open_past_registry(place, at, verify=verify), settings=registry_settings(place))
    clear_leftovers(place)
    settings = registry_settings(place)
    for attempt in range(_ATTEMPTS):
        snapshot = current_snapshot(place)
        clear_snapshot(snapshot)
        try:
            return open_snapshot(snapshot, settings, verify=verify)
        except RegistryError:
            # A writer may have made another one valid, and removed this one, while it was opened.
            if attempt == _ATTEMPTS - 1 or current_snapshot(place) == snapshot:
                raise
    raise AssertionError


def is_current(folder: str | Path, registry: Registry) -> bool:
    r"""Say whether an opened registry is the one that its folder has now; else a program that goes on opens it again.

    Args:
        folder: the registry's folder.
        registry: opened from it; one of the past, or that is in memory alone, is none that a folder has.

    Raises:
        RegistryError: there is no registry.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,11:01,24:02\n")
    >>> registry = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin").registry
    >>> is_current(folder / "registry", registry)
    True
    >>> _ = registry_io.add_donor(folder / "registry", "D2", {"A": "02:01,24:02"})
    >>> is_current(folder / "registry", registry), registry.n_donors
    (False, 1)
    """
    return registry.snapshot == snapshot_title(current_snapshot(given_path("folder", folder)))


def verify_registry(folder: str | Path) -> Iterator[tuple[str, bool]]:
    """Yield each file of the current snapshot and whether its SHA-256 is the manifest's; files too many are not sound.

    So are the files of the snapshots that it stands on, with the names of their folders before theirs.

    Raises:
        RegistryError: there is no registry, or a manifest is missing or damaged.
    """
    place = given_path("folder", folder)
    clear_leftovers(place)
    clear_snapshot(snapshot := current_snapshot(place))
    *below, _ = snapshot_chain(snapshot)
    return chain(
        verify_snapshot(snapshot),
        ((f"{path.name}/{name}", sound) for path, _ in below for name, sound in verify_snapshot(path)),
    )
