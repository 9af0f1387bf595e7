"""The folder of a registry: its snapshots, which of them is valid and which was before, and who may write.

`CURRENT` names the valid snapshot, `PREVIOUS` the one before. A writer holds the folder's lock from its first look at
the folder to the end; readers take no lock.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import xxhash

from hla_match.errors import ErrorCode, FileError, LockedError, RegistryError
from registry_io.disk.aside_folder import WRITING, remove_leftovers
from registry_io.disk.checked_files import AGAIN
from registry_io.disk.durable_files import make_folder, remove, stale_parts, write_error
from registry_io.disk.hidden_names import is_part
from registry_io.disk.permissions import OWNER_FOLDER
from registry_io.disk.writer_lock import writer_lock

CURRENT = "CURRENT"
PREVIOUS = "PREVIOUS"
QUARANTINE = "quarantine.csv"
FAILED_QUARANTINE = "quarantine-failed.csv"
WARNINGS = "warnings.csv"
LOCK = ".lock"
JOURNAL = "journal.sqlite"
"""The record of all changes; SQLite keeps two files beside it while it is open."""
CASE_HEAD = "case-head"
"""The last entry of the case book."""
SEARCH_LOG = "searches.jsonl"
"""Who searched, when and with what."""
SETTINGS = "settings.json"
"""What the registry has set for itself."""
SNAPSHOTS = "snapshot-*"
_SNAPSHOT = re.compile(r"snapshot-([0-9a-f]{16})(\.[1-9][0-9]{0,8})?")
_OWN_NAMES = (
    CURRENT,
    PREVIOUS,
    QUARANTINE,
    FAILED_QUARANTINE,
    WARNINGS,
    LOCK,
    SNAPSHOTS,
    f"{WRITING}*",
    f"{JOURNAL}*",
    CASE_HEAD,
    SEARCH_LOG,
    SETTINGS,
)
_LONGEST_NAME = 200
_PATIENCE = 0.5
"""Seconds: a reader that removes leftovers holds the lock for a moment."""


def content_of(snapshot: str) -> str:
    """Return the hash of what a snapshot holds, from its name.

    Two folders of one content bear a number behind it, where the first was found damaged.

    Raises:
        ValueError: it is no name of a snapshot.

    >>> content_of("snapshot-0123456789abcdef.2")
    '0123456789abcdef'
    """
    match = _SNAPSHOT.fullmatch(snapshot)
    if match is None:
        raise ValueError("no name of a snapshot")
    return match[1]


def snapshot_title(snapshot: Path) -> str:
    """Return the name of a snapshot by its content, in any folder."""
    return f"snapshot-{content_of(snapshot.name)}"


def snapshot_titled(folder: Path, title: str) -> Path | None:
    """Return the folder of the snapshot that has a title, or None where there is none.

    Of several of one content, the one with the highest number was written because the others were found damaged.
    """
    numbers = {int(path.suffix[1:] or 1): path for path in folder.glob(f"{title}*") if _is_titled(path.name, title)}
    return numbers[max(numbers)] if numbers else None


def _is_titled(name: str, title: str) -> bool:
    return _SNAPSHOT.fullmatch(name) is not None and f"snapshot-{content_of(name)}" == title


def record_state(folder: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """Return what tells whether somebody has written to the record since: of its file and of its log, None of none."""
    return tuple(_file_state(folder / name) for name in (JOURNAL, f"{JOURNAL}-wal"))


def _file_state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def current_snapshot(folder: Path) -> Path:
    """Return the folder of the valid snapshot.

    Raises:
        RegistryError: there is no registry, or `CURRENT` names no snapshot.
    """
    found = _pointed(folder, CURRENT)
    if found is None:
        raise RegistryError(
            str(folder),
            found="no registry",
            expected="a folder made by registry import",
            hint="import donors into it",
            code=ErrorCode.REGISTRY_MISSING,
        )
    return found


def previous_snapshots(folder: Path) -> dict[str, str]:
    """Return the snapshot that was valid before each of the last two that are, or were to become, valid.

    Both stand in one file that is written before the switch, so that a kill between the two changes nothing.
    """
    try:
        with (folder / PREVIOUS).open("rb") as file:
            lines = [line.split() for line in file.read(_LONGEST_NAME).decode("ascii", "replace").splitlines()]
    except OSError:
        return {}
    return {line[0]: line[1] for line in lines if len(line) == 2 and all(map(_SNAPSHOT.fullmatch, line))}


def previous_text(pairs: Mapping[str, str]) -> bytes:
    """Return the file of the snapshots that were valid before each of two: a line for each, and their checksum."""
    lines = "".join(f"{one} {other}\n" for one, other in pairs.items()).encode()
    return lines + f"xxh3 {xxhash.xxh3_64_hexdigest(lines)}\n".encode()


def previous_snapshot(folder: Path) -> Path | None:
    """Return the folder of the snapshot that was valid before, or None where there is none."""
    known = previous_snapshots(folder)
    latest = latest_snapshot(folder)
    name = next(iter(known.values()), None) if latest is None else known.get(latest.name)
    return folder / name if name is not None and (folder / name).is_dir() else None


def valid_snapshot(folder: Path) -> Path | None:
    """Return the folder that `CURRENT` names, or None where it names none that is there."""
    try:
        found = current_snapshot(folder)
    except RegistryError:
        return None
    return found if found.is_dir() else None


def latest_snapshot(folder: Path) -> Path | None:
    """Return the valid snapshot, or of a damaged `CURRENT` the one that last became valid, or was to; None without."""
    if (valid := valid_snapshot(folder)) is not None:
        return valid
    latest = next(iter(previous_snapshots(folder)), None)
    return folder / latest if latest is not None and (folder / latest).is_dir() else None


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than a registry or what an interrupted import left.

    Raises:
        RegistryError: the folder holds something that is not a registry, or is no folder.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RegistryError(
            str(folder), found="a file", expected="a folder", hint="name a new folder", code=ErrorCode.REGISTRY_FOLDER
        )
    if _holds_others(folder):
        raise RegistryError(
            str(folder),
            found="a folder with other files",
            expected="a registry, an empty folder or none",
            hint="name a new folder",
            code=ErrorCode.REGISTRY_FOLDER,
        )


def refuse_any(folder: Path) -> None:
    """Refuse to replace a registry.

    Raises:
        RegistryError: there is one.
    """
    if (folder / CURRENT).exists():
        raise RegistryError(
            str(folder),
            found="a registry",
            expected="none",
            hint="give replace=True to replace it; the one before is kept for registry rollback",
            code=ErrorCode.REGISTRY_EXISTS,
        )


@contextmanager
def writing_registry(folder: Path) -> Iterator[None]:
    """Hold the lock of a registry's folder, which is made where it is missing and removed where it stays empty.

    What killed writers left is removed first.

    Raises:
        LockedError: another process writes.
        RegistryError: the folder holds something that is not a registry.
        FileError: it cannot be made, or written to.
    """
    check_folder(folder)
    is_new = not folder.exists()
    try:
        try:
            make_folder(folder)
            _make_private(folder)
        except OSError as error:
            raise write_error(folder, error) from error
        with writer_lock(folder / LOCK, str(folder), patience=_PATIENCE):
            _remove_leftovers(folder)
            try:
                yield
            except OSError as error:
                raise write_error(folder, error) from error
    finally:
        if is_new:
            with suppress(OSError):  # where it holds a registry now
                folder.rmdir()


def _make_private(folder: Path) -> None:
    """Shut others out of a folder that was made with other permissions; what is in it may have them, too."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & ~OWNER_FOLDER:
        with suppress(PermissionError):  # where it is another user's, who lets this one write
            folder.chmod(mode & OWNER_FOLDER)


def clear_leftovers(folder: Path) -> None:
    """Remove what killed writers left in a registry's folder, unless somebody writes now or this user may not.

    A folder that is none of a registry, as where a name was misspelt, is left alone.
    """
    if leftovers(folder) and not _holds_others(folder):
        _clear(folder)


def clear_snapshot(snapshot: Path) -> None:
    """Remove what killed writers of imputations left in a snapshot, as `clear_leftovers` does."""
    if leftovers(snapshot):
        _clear(snapshot)


def leftovers(folder: Path) -> list[Path]:
    """Return what is being written in a folder, or what was when its writer was killed, and the lock of either."""
    try:
        return [
            path for path in folder.iterdir() if path.name.startswith(WRITING) or is_part(path) or path.name == LOCK
        ]
    except OSError:
        return []


def left_behind(folder: Path) -> list[Path]:
    """Return what killed writers left in a folder and could not be removed; nothing while somebody writes."""
    if not leftovers(folder):
        return []
    try:
        with writer_lock(folder / LOCK, str(folder)):
            return unwritten(folder)
    except LockedError:
        return []
    except FileError:  # the folder cannot be written to
        return unwritten(folder)


def unwritten(folder: Path) -> list[Path]:
    """Return what was being written in a registry's folder, where nobody writes: the caller holds the lock."""
    return [*folder.glob(f"{WRITING}*"), *stale_parts(folder)]


def _clear(folder: Path) -> None:
    with suppress(LockedError, FileError, OSError), writer_lock(folder / LOCK, str(folder)):
        _remove_leftovers(folder)


def _holds_others(folder: Path) -> bool:
    """Say whether a folder holds what is no part of a registry, and no registry: then nothing in it may be touched.

    Raises:
        OSError: it cannot be looked into.
    """
    if (folder / CURRENT).exists() and any(folder.glob(SNAPSHOTS)):
        return False
    return any(not is_part(path) and not any(path.match(own) for own in _OWN_NAMES) for path in folder.iterdir())


def _remove_leftovers(folder: Path) -> None:
    remove_leftovers(folder)
    for path in stale_parts(folder):
        remove(path)


def _pointed(folder: Path, pointer: str) -> Path | None:
    """Return the snapshot that a pointer names, or None where there is no pointer."""
    try:
        with (folder / pointer).open("rb") as file:
            name = file.read(_LONGEST_NAME).decode("ascii", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RegistryError(
            str(folder / pointer), found=error.strerror or str(error), expected="a file that can be read"
        ) from error
    if _SNAPSHOT.fullmatch(name) is None:
        raise RegistryError(
            str(folder / pointer),
            found="a damaged file",
            expected="the name of a snapshot",
            hint=AGAIN,
        )
    return folder / name
