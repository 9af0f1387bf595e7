"""Files compared with the checksums that their manifest holds, before anything is computed with them.

Up to `EACH_TIME` bytes are read through at every opening, which takes some milliseconds. More than that are read
through once, and again when size, time, or inode of a file changed. So is what files of any size hold looked at, by
whoever opens them. What was found is remembered in the user's cache folder, in a file that this user alone can write.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import platformdirs

from hla_match.errors import FileError, RegistryError
from registry_io.disk.aside_folder import FileSum, sum_of_file, xxh3_of_file
from registry_io.disk.durable_files import atomic_write, make_folder

EACH_TIME = 100_000_000
"""Bytes up to which files are compared at every opening. Measured: 24 MB of 103,000 donors take 4 ms, so that these
take some 17 ms."""

AGAIN = "import the donors again in its place, or roll back to the registry before"
"""What to do about a damaged registry."""

SETTLED_SECONDS = 2
"""Age of files of which it can be remembered that they are sound."""

_THREADS = 4


@contextmanager
def checked_files(folder: Path, sums: Mapping[str, FileSum], *, thorough: bool = False) -> Iterator[bool]:
    """Compare the files of a folder with their checksums, unless they are many bytes and were found sound before.

    What the files hold is looked at inside, once: only where that raises nothing is it remembered that they are sound.

    Args:
        folder: where they lie.
        sums: what each must be.
        thorough: read all of them, even those that were compared before.

    Yields:
        Whether what they hold is to be looked at: nothing is remembered of them.

    Raises:
        RegistryError: a file is missing, no file, cannot be read, or holds other bytes.
    """
    before = _states(folder, sums)
    for name, expected in sums.items():
        if expected.n_bytes is not None and before[name].st_size != expected.n_bytes:
            raise changed(
                folder / name, f"{before[name].st_size:,} bytes", f"{expected.n_bytes:,} bytes, as it was written"
            )
    is_large = sum(state.st_size for state in before.values()) > EACH_TIME
    memory, found = _memory(folder), _fingerprint(before, sums)
    is_known = not thorough and _remembered(memory) == found
    if is_large and is_known:
        yield False
        return
    with ThreadPoolExecutor(_THREADS if is_large else 1) as pool:
        for name, sound in pool.map(lambda item: (item[0], _is_sound(folder / item[0], item[1])), sums.items()):
            if not sound:
                raise changed(folder / name, "other bytes than were written", "the file as it was written")
    yield not is_known
    if is_known:
        return
    has_rested = max((state.st_ctime for state in before.values()), default=0) < time.time() - SETTLED_SECONDS
    # A change within the clock's grain would go unnoticed: what has just been written is compared again next time.
    if has_rested and _fingerprint(_states(folder, sums), sums) == found:
        _remember(memory, found)


def damaged_files(folder: Path, sums: Mapping[str, FileSum]) -> Iterator[tuple[str, bool]]:
    """Yield each name and whether there is a file of that name with the size and both checksums that it must have."""
    for name, expected in sums.items():
        try:
            found = sum_of_file(folder / name)
        except OSError:
            yield name, False
            continue
        yield (
            name,
            found.sha256 == expected.sha256
            and expected.xxh3 in (None, found.xxh3)
            and expected.n_bytes in (None, found.n_bytes),
        )


def changed(path: Path, found: str, expected: str) -> RegistryError:
    """Return the error of a file that is not as it was written."""
    return RegistryError(str(path), found=found, expected=expected, hint=AGAIN)


def _is_sound(path: Path, expected: FileSum) -> bool:
    try:
        if expected.xxh3 is not None:
            return xxh3_of_file(path) == expected.xxh3
        return sum_of_file(path).sha256 == expected.sha256
    except FileNotFoundError:
        raise
    except OSError as error:
        raise changed(path, error.strerror or str(error), "a file that can be read") from error


def _states(folder: Path, names: Mapping[str, FileSum]) -> dict[str, os.stat_result]:
    found = {}
    for name in names:
        found[name] = (folder / name).stat()
        if not stat.S_ISREG(found[name].st_mode):
            raise changed(folder / name, "no file", "a file of the registry")
    return found


def _fingerprint(states: Mapping[str, os.stat_result], sums: Mapping[str, FileSum]) -> str:
    """Return a text that differs when any file was written, replaced or renamed, or another is expected.

    So it does for another version of the program, which may look for more.
    """
    told: list[object] = [
        (name, one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino, one.st_dev, sums[name].sha256)
        for name, one in sorted(states.items())
    ]
    told.append(version("hla-match"))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def memory_folder() -> Path | None:
    """Return where it is remembered what was found to be sound; None for a user without a home."""
    folder = platformdirs.user_cache_path("hla-match", appauthor=False) / "checked"
    return folder if folder.is_absolute() else None


def _memory(folder: Path) -> Path | None:
    place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return None if (memories := memory_folder()) is None else memories / place


def _remembered(memory: Path | None) -> str:
    """Return what is remembered, or "" where nothing is, or somebody else could have written it."""
    if memory is None:
        return ""
    try:
        descriptor = os.open(memory, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o022):
            return ""
        return file.read(100).decode("ascii", "replace")


def _remember(memory: Path | None, found: str) -> None:
    if memory is None:
        return
    # Where it cannot be remembered, the files are compared again next time.
    with suppress(OSError, FileError):
        make_folder(memory.parent)
        with atomic_write(memory) as file:
            file.write(found.encode())
