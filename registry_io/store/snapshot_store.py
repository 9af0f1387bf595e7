"""A snapshot on disk, opened: checked first, then mapped, with those that it stands on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from hla_match.donors.registry import Registry
from hla_match.donors.registry_settings import NO_SETTINGS, RegistrySettings
from registry_io.disk.array_bounds import refuse_unless
from registry_io.disk.aside_folder import FileSum
from registry_io.disk.checked_files import changed, damaged_files
from registry_io.store.registry_folder import content_of, snapshot_titled
from registry_io.store.snapshot_manifest import SnapshotManifest, parse_manifest
from registry_io.store.snapshot_part import SnapshotPart, open_part, united

MANIFEST = "manifest.json"
IMPUTED = "imputed-*"
"""Folders in a snapshot of what its donors may carry; they are no part of it."""
FREQUENCIES = "own-frequencies"
"""The folder in a snapshot of the haplotype frequencies of its donors; it is no part of it either."""


def open_snapshot(snapshot: Path, settings: RegistrySettings = NO_SETTINGS, *, verify: bool = False) -> Registry:
    """Open a snapshot, and those that it stands on, whether or not it is the valid one.

    Args:
        snapshot: its folder.
        settings: what the registry has set for itself.
        verify: compare all files, whatever is remembered.

    Raises:
        RegistryError: as `open_registry`.
    """
    return united(open_parts(snapshot, verify=verify), settings)


def open_parts(snapshot: Path, *, verify: bool = False) -> tuple[SnapshotPart, ...]:
    """Open a snapshot and those that it stands on, the whole one first.

    Raises:
        RegistryError: as `open_registry`.
    """
    parts: tuple[SnapshotPart, ...] = ()
    for path, manifest in snapshot_chain(snapshot):
        parts += (open_part(path, manifest, parts[0].registry if parts else None, verify=verify),)
    return parts


def snapshot_chain(snapshot: Path) -> list[tuple[Path, SnapshotManifest]]:
    """Return a snapshot and those that it stands on with their manifests, the whole one first.

    Raises:
        RegistryError: a manifest is missing, damaged, or of another format version.
    """
    found = [(snapshot, read_manifest(snapshot))]
    # A name is a hash of what it stands on, so that this ends.
    while (onto := found[-1][1].onto) is not None:
        below = snapshot_titled(snapshot.parent, onto)
        if below is None:
            raise changed(
                snapshot.parent / onto, "no snapshot", f"the one that {found[-1][0].name} holds the changes of"
            )
        found.append((below, read_manifest(below)))
    _check_kinds(found)
    return found[::-1]


def _check_kinds(found: Sequence[tuple[Path, SnapshotManifest]]) -> None:
    """Refuse snapshots that were not read alike, or whose attributes are not of the same types."""
    whole = found[-1][1]
    types: dict[str, str] = {}
    for path, manifest in found:
        nulls = [one.provenance.get("ambiguous_nulls", "drop") for one in (whole, manifest)]
        is_alike = manifest.nomenclature == whole.nomenclature and nulls[0] == nulls[1]
        is_alike &= all(types.setdefault(name, dtype) == dtype for name, dtype in manifest.attributes)
        refuse_unless(is_alike, path / MANIFEST, "other settings or types", "those of the snapshots it stands on")


def verify_snapshot(snapshot: Path) -> Iterator[tuple[str, bool]]:
    """Yield each file of a snapshot and whether its SHA-256 is the manifest's; files too many are not sound.

    Raises:
        RegistryError: the manifest is missing or damaged.
    """
    sums = read_manifest(snapshot).sums
    yield from damaged_files(snapshot, sums)
    for path in sorted(snapshot.iterdir()):
        is_known = path.name in sums or path.name in (MANIFEST, FREQUENCIES)
        is_known |= path.name.startswith(".") or path.match(IMPUTED)
        if not is_known:
            yield path.name, False


def earlier_files(snapshot: Path) -> list[tuple[str, bool]] | None:
    """Return each file of a snapshot of another format version, and whether its SHA-256 is the manifest's.

    The snapshots of all versions are named after their manifest, which holds the SHA-256 of all other files.

    Returns:
        None where that is not so.
    """
    try:
        text = (snapshot / MANIFEST).read_bytes()
        sums = {str(name): FileSum(str(sha256)) for name, sha256 in json.loads(text)["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return list(damaged_files(snapshot, sums)) if manifest_hash(text) == content_of(snapshot.name) else None


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
