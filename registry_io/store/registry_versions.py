"""Which snapshot of a registry is valid: a new one made valid, older ones removed.

Publishing removes nothing. Garbage is collected when somebody asks for it: what neither the valid snapshot, nor the one
before it, nor one that was valid within `GRACE` stands on.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry
from hla_match.errors import RegistryError
from registry_io.disk.aside_folder import AsideFolder, discard
from registry_io.disk.durable_files import remove
from registry_io.disk.joint_files import write_together
from registry_io.store.registry_folder import (
    CURRENT,
    FAILED_QUARANTINE,
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
    previous_text,
    valid_snapshot,
    writing_registry,
)
from registry_io.store.snapshot_part import SnapshotPart, open_part, united
from registry_io.store.snapshot_store import open_parts, open_snapshot, read_manifest, snapshot_chain
from registry_io.store.snapshot_writer import SnapshotDescription, commit_snapshot

GRACE = datetime.timedelta(hours=1)
"""How long a snapshot stays after another one became valid."""

REPORTS = (QUARANTINE, WARNINGS)
"""Files of a snapshot that are copied beside it when it becomes valid."""


@dataclass(frozen=True)
class Published:
    """A snapshot that was made valid.

    Attributes:
        path: its folder.
        parts: it and those that it stands on, the whole one first, opened and compared with their checksums.
    """

    path: Path
    parts: tuple[SnapshotPart, ...]

    @cached_property
    def registry(self) -> Registry:
        """The registry that they make up; whoever only publishes does not wait for it."""
        return united(self.parts)


def publish(
    aside: AsideFolder,
    description: SnapshotDescription,
    provenance: Provenance,
    below: Sequence[SnapshotPart] = (),
    *,
    taken_in: Sequence[SnapshotPart] = (),
    is_merged: bool = False,
    acknowledge: Callable[[], None] | None = None,
) -> Published:
    """Give a snapshot its name, and make it the one that readers see.

    The caller holds the folder's lock. A new snapshot that cannot be made valid is removed again, unless what it holds
    is acknowledged: the next writer then finds it, and the reports in it.

    Args:
        aside: the files of the snapshot.
        description: what its manifest says of them.
        provenance: what the registry was made from.
        below: what the snapshot stands on, the whole one first; empty where it is whole. They are not read again.
        taken_in: further snapshots that were opened, whose changes it has.
        is_merged: as in `make_current`.
        acknowledge: as in `make_current`.

    Raises:
        FileError: it cannot be written, or reads back otherwise; nothing was changed.
        RegistryError: it cannot be opened; nothing was changed.
        OSError: the disk fails, or is full; nothing was changed.
    """
    folder = aside.path.parent
    known = set(folder.glob(SNAPSHOTS))
    is_acknowledged = False

    def acknowledged() -> None:
        nonlocal is_acknowledged
        if acknowledge is not None:
            acknowledge()
            is_acknowledged = True

    try:
        snapshot = commit_snapshot(aside, description, provenance)
        base = below[0].registry if below else None
        parts = (*below, open_part(snapshot, read_manifest(snapshot), base, verify=True))
        opened, gone = ([part.path for part in some] for some in (parts, taken_in))
        # That of a failed import lies in the snapshot of an erasure that took rows from it.
        further = [name for name in (FAILED_QUARANTINE,) if (snapshot / name).exists()]
        make_current(snapshot, opened, taken_in=gone, further=further, is_merged=is_merged, acknowledge=acknowledged)
        return Published(snapshot, parts)
    except BaseException:
        # By a signal, or a flush that failed, it may have its name before that is known here.
        for new in set(folder.glob(SNAPSHOTS)) - known:
            if is_acknowledged or valid_snapshot(folder) == new:
                break
            try:
                discard(new)
            except OSError:  # where even a name finds no room; a half of it is no loss, as every byte is compared
                remove(new)
        raise


def make_current(
    snapshot: Path,
    opened: Sequence[Path],
    *,
    taken_in: Sequence[Path] = (),
    further: Sequence[str] = (),
    is_merged: bool = False,
    acknowledge: Callable[[], None] | None = None,
) -> None:
    """Make a snapshot the one that readers of its folder see.

    The caller holds the folder's lock. The snapshot that was valid before becomes the previous one, unless it is
    damaged.

    Args:
        snapshot: opened as readers will open it, and compared with its checksums.
        opened: the snapshots that it consists of, the whole one first.
        taken_in: further snapshots that were opened, whose changes it has.
        further: names of files of the snapshot that are copied beside it, as its reports are.
        is_merged: whether it has the donors of the one that is valid: the previous one then stays.
        acknowledge: called when all is written, before the switch, which from then on is only a matter of names.

    Raises:
        FileError: the folder cannot be written to.
    """
    folder = snapshot.parent
    # Those of the last import, which changes in between do not have.
    reports = {name: path / name for path in opened for name in REPORTS if (path / name).exists()}
    reports |= {name: snapshot / name for name in further}
    contents = {name: path.read_bytes() for name, path in reports.items()}
    known = previous_snapshots(folder)
    before = _same_pairs(folder, snapshot) if is_merged else _pairs(folder, snapshot, {*opened, *taken_in})
    # Their order tells which became valid last.
    if list(before.items()) != list(known.items()):
        contents[PREVIOUS] = previous_text(before)
    # The switch comes last: whoever sees the new registry sees what it lacks.
    contents[CURRENT] = f"{snapshot.name}\n".encode()
    if (replaced := valid_snapshot(folder)) is not None:
        with suppress(OSError):
            os.utime(replaced)  # when its grace begins
    with write_together(*(folder / name for name in contents), commit=acknowledge) as files:
        for file, content in zip(files, contents.values(), strict=True):
            file.write(content)
    for name in REPORTS:
        if name not in contents:
            remove(folder / name)


def require_registry(folder: Path) -> None:
    """Refuse a folder that is no registry before its lock file is made there."""
    check_folder(folder)
    if not folder.is_dir() or not any(folder.glob(SNAPSHOTS)):
        current_snapshot(folder)


@dataclass(frozen=True, slots=True)
class Garbage:
    """What was removed.

    Attributes:
        name: of the folder or file.
        n_bytes: its size.
    """

    name: str
    n_bytes: int


def collect_garbage(folder: Path, *, grace: datetime.timedelta = GRACE) -> list[Garbage]:
    """Remove snapshots that are needed no more, and what killed runs left; return what was removed.

    The valid and the previous one are needed, those that were valid a moment ago, those that say they are later than
    the valid one, and all that these stand on.

    Args:
        folder: the registry's.
        grace: how long a snapshot stays that is no longer valid: readers may be opening it.

    Raises:
        RegistryError: there is no registry, or the valid snapshot is damaged; no snapshot was removed.
        LockedError: another process writes.
    """
    left = _left_in(folder)
    # A first import that was killed leaves no registry.
    is_all = bool(left) and not (folder / CURRENT).exists() and not any(folder.glob(SNAPSHOTS))
    if not is_all:
        require_registry(folder)
    with writing_registry(folder):  # which removes what is left
        return left if is_all else [*left, *_remove_old(folder, grace)]


def _remove_old(folder: Path, grace: datetime.timedelta) -> Iterator[Garbage]:
    """Remove what is needed no more, and what is left inside of what stays; yield what was removed."""
    current = current_snapshot(folder)
    kept = {part.path for part in open_parts(current, verify=True)}
    recent = [snapshot for snapshot in folder.glob(SNAPSHOTS) if used_within(grace, snapshot) is not None]
    # The next command that writes may need the one that a killed writer could not make valid.
    published = transaction_in(current)
    coming = [snapshot for snapshot in folder.glob(SNAPSHOTS) if transaction_in(snapshot) > published]
    for snapshot in filter(None, (previous_snapshot(folder), *recent, *coming)):
        kept |= {snapshot, *_stands_on(snapshot)}
    for snapshot in sorted(folder.glob(SNAPSHOTS)):
        if snapshot not in kept:
            yield Garbage(snapshot.name, folder_size(snapshot))
            discard(snapshot)
            continue
        left = _left_in(snapshot)
        clear_snapshot(snapshot)
        # Donors may be imputed at this moment.
        gone = [one for one in left if not (snapshot / one.name).exists()]
        yield from (Garbage(f"{snapshot.name}/{one.name}", one.n_bytes) for one in gone)


def used_within(grace: datetime.timedelta, snapshot: Path) -> datetime.datetime | None:
    """Return when a snapshot was written or last valid, where that is within the grace, else None.

    Of one from a clock that was ahead nothing is known: its grace begins now.

    Raises:
        OSError: it cannot be looked at.
    """
    then, now = snapshot.stat().st_mtime, time.time()
    if then > now:
        with suppress(OSError):
            os.utime(snapshot)
    used = min(then, now)
    return datetime.datetime.fromtimestamp(used, datetime.UTC) if used > now - grace.total_seconds() else None


def provenance_in(snapshot: Path) -> Provenance | None:
    """Return what a snapshot says that it was made from; None where it cannot be read, or its name is another one's."""
    try:
        return Provenance.of(read_manifest(snapshot).provenance)
    except (RegistryError, ValueError):
        return None


def transaction_in(snapshot: Path) -> int:
    """Return the transaction that a snapshot says it has; 0 where it says none."""
    provenance = provenance_in(snapshot)
    return (provenance.transaction or 0) if provenance is not None else 0


def _stands_on(snapshot: Path) -> list[Path]:
    """Return the snapshots that one consists of; none where it cannot be opened."""
    try:
        return [path for path, _ in snapshot_chain(snapshot)]
    except RegistryError:
        return []


def _left_in(folder: Path) -> list[Garbage]:
    return [Garbage(path.name, folder_size(path)) for path in leftovers(folder) if path.name != LOCK]


def _pairs(folder: Path, new: Path, opened: Collection[Path]) -> dict[str, str]:
    """Return which snapshot is the one before, for when `new` is valid and for as long as it is not.

    Those that were `opened` are sound.
    """
    before = latest_snapshot(folder)
    known = previous_snapshots(folder)
    if before == new:
        return known
    kept = previous_snapshot(folder)
    # A damaged snapshot does not take the place of the sound one before it.
    if before is not None and (before in opened or _opens(before)):
        kept = before
    pairs = {new.name: kept.name} if kept is not None and kept != new else {}
    if before is not None and before.name in known:
        pairs[before.name] = known[before.name]
    return pairs


def _same_pairs(folder: Path, new: Path) -> dict[str, str]:
    """Return which snapshot is the one before, where `new` has the donors of the valid one."""
    latest, kept = latest_snapshot(folder), previous_snapshot(folder)
    return {} if latest is None or kept is None else {new.name: kept.name, latest.name: kept.name}


def _opens(snapshot: Path) -> bool:
    try:
        open_snapshot(snapshot, verify=True)
    except (OSError, RegistryError):
        return False
    return True


def folder_size(path: Path) -> int:
    """Return the size of a file, or of all files of a folder, in bytes."""
    try:
        if path.is_dir():
            return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
        return path.stat().st_size
    except FileNotFoundError:  # a living writer has just renamed it
        return 0
