"""Snapshots that were changed after they were written, sealed again: what is left to find them is what they hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry_io.disk.aside_folder import sum_of_file
from registry_io.store.derived_folder import manifest_text
from registry_io.store.registry_folder import CURRENT
from registry_io.store.snapshot_store import MANIFEST, manifest_hash


def changed(snapshot: Path, name: str, change: Callable[[NDArray[Any]], NDArray[Any] | None]) -> Path:
    """Change the array of a file, in place or by what `change` returns, and return the snapshot sealed again."""
    path = snapshot / f"{name}.npy"
    array = np.load(path)
    found = change(array)
    np.save(path, array if found is None else found)
    return sealed(snapshot, path.name)


def sealed(snapshot: Path, *names: str) -> Path:
    """Write the checksums of some files again, and name the snapshot by its manifest, as an import does."""
    manifest = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))
    for name in names:
        found = sum_of_file(snapshot / name)
        manifest["files"][name] = found.sha256
        manifest["xxh3"][name] = found.xxh3
        manifest["bytes"][name] = found.n_bytes
    text = json.dumps(manifest, indent=1, sort_keys=True).encode()
    (snapshot / MANIFEST).write_bytes(text)
    renamed = snapshot.with_name(f"snapshot-{manifest_hash(text)}")
    snapshot.rename(renamed)
    (renamed.parent / CURRENT).write_text(renamed.name + "\n", encoding="utf-8")
    return renamed


def sealed_imputation(kept: Path, *names: str) -> None:
    """Write the checksums of some files of a kept imputation anew."""
    manifest = json.loads((kept / MANIFEST).read_text(encoding="utf-8"))
    del manifest["checksum"]
    for name in names:
        found = sum_of_file(kept / name)
        manifest["files"][name] = found.sha256
        manifest["xxh3"][name] = found.xxh3
        manifest["bytes"][name] = found.n_bytes
    (kept / MANIFEST).write_bytes(manifest_text(manifest))
