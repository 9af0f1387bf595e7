"""Which snapshot of a registry is valid: a new one made valid, the previous one taken back, older ones removed.

Nothing is removed before `CURRENT` names a snapshot that was opened and compared with its checksums after it was
written. The previous snapshot stays until the next one replaces it and the garbage is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry
from hla_match.errors import ErrorCode, RegistryError
from registry_io.disk.aside_folder import AsideFolder, discard
from registry_io.disk.durable_files import remove
from registry_io.disk.joint_files import write_together
from registry_io.store.registry_folder import (
    CURRENT,
    LOCK,
    PREVIOUS,
    QUARANTINE,
    SNAPSHOTS,
    WARNINGS,
    check_folder,
    clear_snapshot,
    current_snapshot,
    latest_snapshot,
    leftovers,
    previous_snapshot,
    previous_snapshots,
    valid_snapshot,
    writing_registry,
)
from registry_io.store.registry_store import open_snapshot
from registry_io.store.snapshot_writer import SnapshotDescription, commit_snapshot

REPORTS = (QUARANTINE, WARNINGS)
"""Files of a snapshot that are copied beside it when it becomes valid."""


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot that was made valid.

    Attributes:
        path: its folder.
        registry: opened from it, and compared with its checksums.
    """

    path: Path
    registry: Registry


def publish(aside: AsideFolder, description: SnapshotDescription, provenance: Provenance) -> Published:
    """Give a snapshot its name, and make it the one that readers see.

    The caller holds the folder's lock. A new snapshot that cannot be made valid is removed again.

    Args:
        aside: the files of the snapshot.
        description: what its manifest says of them.
        provenance: what the registry was made from.

    Raises:
        FileError: it cannot be written, or reads back otherwise; nothing was changed.
        RegistryError: it cannot be opened; nothing was changed.
        OSError: the disk fails, or is full; nothing was changed.
    """
    folder = aside.path.parent
    known = set(folder.glob(SNAPSHOTS))
    snapshot = commit_snapshot(aside, description, provenance)
    try:
        return Published(snapshot, make_current(snapshot))
    except BaseException:
        if snapshot not in known and valid_snapshot(folder) != snapshot:
            try:
                discard(snapshot)
            except OSError:  # where even a name finds no room; a half of it is no loss, as every byte is compared
                remove(snapshot)
        raise


def make_current(snapshot: Path) -> Registry:
    """Make a snapshot the one that readers of its folder see, once it was opened as they will open it; return it open.

    The caller holds the folder's lock. The snapshot that was valid before becomes the previous one, unless it is
    damaged.

    Raises:
        RegistryError: the snapshot cannot be opened; nothing was changed.
        FileError: the folder cannot be written to.
    """
    registry = open_snapshot(snapshot, verify=True)
    folder = snapshot.parent
    contents = {name: (snapshot / name).read_bytes() for name in REPORTS if (snapshot / name).exists()}
    before, known = _pairs(folder, snapshot), previous_snapshots(folder)
    # Their order tells which became valid last.
    if list(before.items()) != list(known.items()):
        contents[PREVIOUS] = "".join(f"{one} {other}\n" for one, other in before.items()).encode()
    # The switch comes last: whoever sees the new registry sees what it lacks.
    contents[CURRENT] = f"{snapshot.name}\n".encode()
    with write_together(*(folder / name for name in contents)) as files:
        for file, content in zip(files, contents.values(), strict=True):
            file.write(content)
    for name in REPORTS:
        if name not in contents:
            remove(folder / name)
    return registry


def roll_back(folder: Path) -> tuple[Path, Path | None]:
    """Make the previous snapshot valid again; return its folder, and that of the one which now is the previous one.

    Raises:
        RegistryError: there is no registry or no previous snapshot, or it is damaged; nothing was changed.
        LockedError: another process writes.
    """
    _require_registry(folder)
    with writing_registry(folder):
        previous = previous_snapshot(folder)
        if previous is None:
            raise RegistryError(
                str(folder),
                found="no earlier snapshot",
                expected="the one before the last import",
                hint="import an earlier donor file in its place",
                code=ErrorCode.REGISTRY_NO_EARLIER,
            )
        make_current(previous)
        return previous, previous_snapshot(folder)


@dataclass(frozen=True, slots=True)
class Garbage:
    """What was removed.

    Attributes:
        name: of the folder or file.
        n_bytes: its size.
    """

    name: str
    n_bytes: int


def collect_garbage(folder: Path) -> list[Garbage]:
    """Remove every snapshot but the valid and the previous one, and what killed runs left; return what was removed.

    Raises:
        RegistryError: there is no registry, or the valid snapshot is damaged; no snapshot was removed.
        LockedError: another process writes.
    """
    left = _left_in(folder)
    # A first import that was killed leaves no registry.
    is_all = bool(left) and not (folder / CURRENT).exists() and not any(folder.glob(SNAPSHOTS))
    if not is_all:
        _require_registry(folder)
    with writing_registry(folder):  # which removes what is left
        return left if is_all else [*left, *_remove_old(folder)]


def _remove_old(folder: Path) -> Iterator[Garbage]:
    """Remove what is neither valid nor the one before, and what is left inside of these; yield what was removed."""
    current = current_snapshot(folder)
    open_snapshot(current, verify=True)
    kept = {current, previous_snapshot(folder)}
    for snapshot in sorted(folder.glob(SNAPSHOTS)):
        if snapshot not in kept:
            yield Garbage(snapshot.name, _size(snapshot))
            discard(snapshot)
            continue
        left = _left_in(snapshot)
        clear_snapshot(snapshot)
        # Donors may be imputed at this moment.
        gone = [one for one in left if not (snapshot / one.name).exists()]
        yield from (Garbage(f"{snapshot.name}/{one.name}", one.n_bytes) for one in gone)


def _left_in(folder: Path) -> list[Garbage]:
    return [Garbage(path.name, _size(path)) for path in leftovers(folder) if path.name != LOCK]


def _require_registry(folder: Path) -> None:
    """Refuse a folder that is no registry before its lock file is made there."""
    check_folder(folder)
    if not folder.is_dir() or not any(folder.glob(SNAPSHOTS)):
        current_snapshot(folder)


def _pairs(folder: Path, new: Path) -> dict[str, str]:
    """Return which snapshot is the one before, for when `new` is valid and for as long as it is not."""
    before = latest_snapshot(folder)
    known = previous_snapshots(folder)
    if before == new:
        return known
    kept = previous_snapshot(folder)
    # A damaged snapshot does not take the place of the sound one before it.
    if before is not None and _opens(before):
        kept = before
    pairs = {new.name: kept.name} if kept is not None and kept != new else {}
    if before is not None and before.name in known:
        pairs[before.name] = known[before.name]
    return pairs


def _opens(snapshot: Path) -> bool:
    try:
        open_snapshot(snapshot, verify=True)
    except (OSError, RegistryError):
        return False
    return True


def _size(path: Path) -> int:
    try:
        if path.is_dir():
            return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
        return path.stat().st_size
    except FileNotFoundError:  # a living writer has just renamed it
        return 0
