"""Snapshots that were changed after they were written, sealed again: what is left to find them is what they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry_io.store import CURRENT, MANIFEST


def changed(snapshot: Path, name: str, change: Callable[[NDArray[Any]], NDArray[Any] | None]) -> Path:
    """Change the array of a file, in place or by what `change` returns, and return the snapshot sealed again."""
    path = snapshot / f"{name}.npy"
    array = np.load(path)
    found = change(array)
    np.save(path, array if found is None else found)
    return sealed(snapshot, path.name)


def sealed(snapshot: Path, *names: str) -> Path:
    """Write the checksums of some files anew, and name the snapshot by its manifest, as an import does."""
    manifest = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))
    for name in names:
        manifest["files"][name] = _sums(snapshot / name, manifest["files"][name])
    text = json.dumps(manifest, indent=1, sort_keys=True)
    (snapshot / MANIFEST).write_text(text, encoding="utf-8")
    found = snapshot.with_name(f"snapshot-{hashlib.sha256(text.encode()).hexdigest()[:16]}")
    snapshot.rename(found)
    (found.parent / CURRENT).write_text(found.name + "\n", encoding="utf-8")
    return found


def _sums(path: Path, known: Any) -> Any:
    """Return the checksums of a file in the form that the manifest has them in."""
    content = path.read_bytes()
    sums: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    if not isinstance(known, dict):
        return sums["sha256"]
    if "xxh3" in known:
        import xxhash

        sums["xxh3"] = xxhash.xxh3_128_hexdigest(content)
    return {key: sums[key] for key in known}
