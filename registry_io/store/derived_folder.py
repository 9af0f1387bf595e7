"""A folder in a snapshot of what follows from its donors and can be computed again: arrays and a manifest of them.

The manifest holds the checksum of every array and its own, so that nothing is taken for what it is not. Such a folder
is no part of its snapshot: it may be missing, and goes with the snapshot.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hla_match.kernels.schema.array import Table, declarations, of_arrays
from registry_io.disk.aside_folder import FileSum, discard, remove_leftovers, writing_aside
from registry_io.disk.checked_files import damaged_files
from registry_io.disk.durable_files import flush, flush_folder, rename
from registry_io.store.snapshot_arrays import array_of_file
from registry_io.store.snapshot_store import MANIFEST


def file_names(*tables: type) -> list[str]:
    """Return the names of the files of the arrays that some named tuples of the schema declare."""
    return [f"{name}.npy" for table in tables for name in declarations(table)]


def derived_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder, or None where it is missing or not as it was written."""
    try:
        text = (folder / MANIFEST).read_bytes()
        manifest: dict[str, Any] = json.loads(text)
        checksum = manifest.pop("checksum")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return manifest if checksum == _checksum(manifest) and text == manifest_text(manifest) else None


def derived_sums(manifest: Mapping[str, Any], names: Sequence[str]) -> dict[str, FileSum]:
    """Return what a manifest says of some files.

    Raises:
        KeyError: it does not name them all.
    """
    return {name: FileSum(manifest["files"][name], manifest["xxh3"][name], manifest["bytes"][name]) for name in names}


def derived_arrays(folder: Path, table: type[Table]) -> Table:
    """Return the arrays that a named tuple declares, mapped into memory.

    Raises:
        OSError: a file is missing.
        ValueError: a file holds no array.
    """
    return of_arrays(table, {name: array_of_file(folder, name) for name in declarations(table)})


def verify_derived(folders: Iterator[Path]) -> Iterator[tuple[str, bool]]:
    """Yield each file that the manifests of some folders name, and whether its SHA-256 is that.

    What another version of the program wrote has other files; it is compared, though it is not read any more.
    """
    for folder in folders:
        place = f"{folder.parent.name}/{folder.name}"
        manifest = derived_manifest(folder)
        try:
            sums = derived_sums(manifest, list(manifest["files"])) if manifest is not None else None
        except (KeyError, TypeError):
            sums = None
        if sums is None:
            yield f"{place}/{MANIFEST}", False
            continue
        for name, sound in damaged_files(folder, sums):
            yield f"{place}/{name}", sound


def write_derived(
    folder: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], is_there: Callable[[], bool]
) -> None:
    """Write a folder aside and rename it when it is complete; the caller holds the lock of the snapshot.

    Args:
        folder: its place in the snapshot; what lies there and cannot be read makes way.
        arrays: its arrays, by name.
        about: the entries of the manifest beside checksums and sizes.
        is_there: says whether another process has written the same meanwhile.

    Raises:
        OSError: the snapshot's folder cannot be written to, or is no longer there.
        FileError: a file reads back differently than written.
    """
    snapshot = folder.parent
    remove_leftovers(snapshot)
    with writing_aside(snapshot) as aside:
        for name, array in arrays.items():
            aside.write_array(name, array)
        sums = aside.sums()
        manifest = {
            **about,
            "files": {name: one.sha256 for name, one in sums.items()},
            "xxh3": {name: one.xxh3 for name, one in sums.items()},
            "bytes": {name: one.n_bytes for name, one in sums.items()},
        }
        aside.write(MANIFEST, manifest_text(manifest))
        flush(aside.path / MANIFEST)
        flush_folder(aside.path)
        if not is_there():
            if folder.exists():
                discard(folder)
            rename(aside.path, folder)


def manifest_text(manifest: Mapping[str, Any]) -> bytes:
    """Return the text of a manifest, with its own checksum."""
    return json.dumps({**manifest, "checksum": _checksum(manifest)}, indent=1, sort_keys=True).encode()


def _checksum(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
