"""A registry whose files hold nothing of erased persons: old snapshots removed, the record written anew, and proved.

The record keeps nothing by which the data of an erased person could be looked for. That none is left follows from the
order of things: every snapshot has the donors of a transaction, those of the last erasure and later have no erased
donor, since an erasure removes what names its transaction before it (`donor_erasure`), and the record that is written
anew holds what it gives back, which has none either.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hla_match.errors import ErrorCode, FileError, RegistryError
from hla_match.errors.arguments import InWords, check_type
from registry_io.disk.aside_folder import discard
from registry_io.disk.durable_files import flush_folder, write_error
from registry_io.disk.given_path import given_path
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import has_journal, in_use
from registry_io.store.record_state import snapshot_transaction
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import (
    SNAPSHOTS,
    current_snapshot,
    left_behind,
    unwritten,
    writing_registry,
)
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_versions import GRACE, Garbage, folder_size, require_registry, used_within
from registry_io.store.snapshot_store import snapshot_chain


@dataclass(frozen=True, slots=True)
class Compaction:
    """What was done.

    Attributes:
        removed: snapshots that had erased donors, with what was imputed of them.
        n_erased: records that were erased so far, and persons whom reports alone named, of whom nothing is left.
    """

    removed: tuple[Garbage, ...]
    n_erased: int


def compact_registry(folder: str | Path, *, grace: datetime.timedelta = GRACE) -> Compaction:
    """Remove the data of erased persons from all files of a registry, and prove that none is left.

    Snapshots from before an erasure are removed, the one for a rollback among them, and the record is written anew.

    Args:
        folder: the registry's.
        grace: how long a snapshot stays that is no longer valid: readers may be opening it.

    Raises:
        FileError: a snapshot that has to go was valid within the grace, or somebody reads the record; all else is done.
            Or the folder cannot be written to, and what was begun goes on when the registry is compacted again.
        RegistryError: there is no registry, or it is damaged.
        LockedError: another process writes.
    """
    place = given_path("folder", folder)
    check_type("grace", grace, datetime.timedelta, expected="a span of time")
    require_registry(place)
    with writing_registry(place), Journal.writing(place) as journal:
        begin(place, journal)
        journal.compact()
        with _begun(place):
            removed = tuple(_remove(place, journal, grace))
    with _begun(place):
        is_left = prove_registry(place) is not None or n_erased_in_files(place) > 0
    if is_left:
        raise RegistryError(
            str(place),
            found="data of erased persons in a file",
            expected="none after compaction",
            hint="compact the registry again",
            code=ErrorCode.REGISTRY_DAMAGED,
        )
    with Journal.open(place) as journal:
        return Compaction(removed, journal.n_erased(in_reports=True))


@contextmanager
def _begun(folder: Path) -> Iterator[None]:
    """Say of what fails that the record is compacted and files are removed, not all of them.

    Raises:
        FileError: a file cannot be removed or written.
    """
    try:
        yield
    except (FileError, OSError) as error:
        failed = write_error(folder, error) if isinstance(error, OSError) else error
        if failed.code not in (ErrorCode.FILE_NO_ROOM, ErrorCode.FILE_NOT_WRITTEN):
            raise
        raise _unfinished(folder, failed.found) from error


def _unfinished(folder: Path, found: str) -> FileError:
    return FileError(
        str(folder),
        found=found,
        expected="files that can be removed",
        hint="the registry is whole, and files may still hold data of erased persons; compact it again, to go on",
        code=ErrorCode.FILE_NOT_WRITTEN,
    )


def n_erased_in_files(folder: Path) -> int:
    """Return of how many erased records, persons whom reports alone named, and cases a file may still hold data.

    Raises:
        RegistryError: the record is damaged.
    """
    if not has_journal(folder):
        return 0
    with Journal.open(folder) as journal:
        n_cases = journal.cases.n_erased_in_file
        if not journal.n_erased(in_reports=True):
            return n_cases
        # Of one that says nothing the donors are not known, as if it had all.
        having = [snapshot_transaction(path, journal) for path in folder.glob(SNAPSHOTS)]
        # What cannot be removed may be of any donors.
        since = 0 if left_behind(folder) else min(journal.compacted, *having)
        return n_cases + journal.n_erased(since, in_reports=True)


def _remove(folder: Path, journal: Journal, grace: datetime.timedelta) -> Iterator[Garbage]:
    """Remove the snapshots that have erased donors, and yield them.

    Raises:
        FileError: one was valid within the grace, or one cannot be removed.
        OSError: one cannot be removed.
    """
    valid = {path for path, _ in snapshot_chain(current_snapshot(folder))}
    last, held = last_erasure(journal), list[datetime.datetime]()
    for snapshot in sorted(folder.glob(SNAPSHOTS)):
        if snapshot in valid or snapshot_transaction(snapshot, journal) >= last:
            continue
        if (used := used_within(grace, snapshot)) is not None:
            held.append(used)
            continue
        yield Garbage(snapshot.name, folder_size(snapshot))
        discard(snapshot)
    # A power cut does not bring back what is said to be gone.
    flush_folder(folder)
    if left := unwritten(folder):
        raise _unfinished(folder, InWords(f"{left[0].name}, which cannot be removed"))
    if held:
        raise _held(folder, max(held) + grace)


def last_erasure(journal: Journal) -> int:
    """Return the number of the last transaction that erased somebody, 0 before: earlier snapshots are to be removed."""
    return max((one.number for one in journal.erasures()), default=0)


def _held(folder: Path, until: datetime.datetime) -> FileError:
    return in_use(folder, f"a snapshot with erased persons, which searches may be opening until {until:%H:%M}Z")
