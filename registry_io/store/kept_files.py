"""What a registry's folder keeps beside the valid snapshot: those before it, and which of them was valid when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hla_match.errors import ErrorCode, RegistryError
from registry_io.store.registry_folder import (
    CURRENT,
    PREVIOUS,
    SNAPSHOTS,
    current_snapshot,
    previous_snapshots,
    previous_text,
    snapshot_title,
    snapshot_titled,
)
from registry_io.store.snapshot_store import MANIFEST, earlier_files, snapshot_chain, verify_snapshot


def verify_kept(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield what is kept, by name, and whether it is as it was written.

    That is `CURRENT`, `PREVIOUS`, and each file of the snapshots that the valid one does not stand on. One in whose
    place another of the same content was written, because it was damaged, is passed over, and so is one that goes
    meanwhile. What an earlier version of the program wrote is compared as well, though it is not read any more.

    Raises:
        RegistryError: there is no registry, or its valid snapshot is damaged.
    """
    valid = current_snapshot(folder)
    yield CURRENT, (folder / CURRENT).read_bytes() == f"{valid.name}\n".encode()
    if (folder / PREVIOUS).exists():
        yield PREVIOUS, (folder / PREVIOUS).read_bytes() in _previous_texts(folder)
    opened = {path for path, _ in snapshot_chain(valid)}
    for snapshot in sorted(folder.glob(SNAPSHOTS)):
        if snapshot not in opened and snapshot_titled(folder, snapshot_title(snapshot)) == snapshot:
            found = _verified(snapshot)
            yield from found if snapshot.exists() else ()


def _previous_texts(folder: Path) -> tuple[bytes, bytes]:
    """Return what `PREVIOUS` holds, and what it held when it had no checksum behind its lines."""
    text = previous_text(previous_snapshots(folder))
    return text, text[: text.rfind(b"xxh3 ")]


def _verified(snapshot: Path) -> list[tuple[str, bool]]:
    try:
        return [(f"{snapshot.name}/{name}", sound) for name, sound in verify_snapshot(snapshot)]
    except RegistryError as error:
        found = earlier_files(snapshot) if error.code == ErrorCode.REGISTRY_FORMAT else None
        if found is None:
            return [(f"{snapshot.name}/{MANIFEST}", False)]
        return [(f"{snapshot.name}/{name}", sound) for name, sound in found]
    except FileNotFoundError:
        return [(f"{snapshot.name}/{MANIFEST}", False)]
