"""A registry's own haplotype frequencies, kept in its snapshot and taken over by later ones.

They are estimated once: a process holds the snapshot's lock while it estimates, and others wait for what it finds.
Where the folder cannot be written to they are estimated in memory, and are the same. A later snapshot takes over a copy
as long as few donors came, changed or left since, the nomenclature is the same, and nobody was erased: what rests on a
person goes with the person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from hla_match.donors.registry import Registry
from hla_match.errors import ErrorCode, FileError, HlaMatchError, LockedError
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import writer_lock
from registry_io.store.derived_folder import derived_manifest, verify_derived
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import has_journal
from registry_io.store.kept_frequencies import KeptSet, told_of, write_set
from registry_io.store.registry_folder import LOCK, SNAPSHOTS, snapshot_titled
from registry_io.store.snapshot_store import FREQUENCIES

GROWTH = 0.05
"""Share of the donors of a set who may have come, changed or left before another set is estimated."""

PATIENCE_SECONDS, _MOMENT_SECONDS = 600.0, 0.5
"""How long a process waits for another one that estimates, and after how long it says so."""


def kept_own_frequencies(
    folder: Path, registry: Registry, algorithm: int, *, exactly: bool = False, verify: bool = False
) -> HaplotypeFrequencies | None:
    """Return the own frequencies of an opened registry that are kept, of its snapshot or an earlier one; None without.

    Args:
        folder: the registry's.
        registry: opened from it, as it is or was.
        algorithm: version of the estimation.
        exactly: take none but those that were estimated from the donors of the registry's own transaction.
        verify: compare all files with their checksums, even those compared before.
    """
    number = registry.provenance.transaction
    if exactly:
        same = (one for one in _of_few_changes(folder, registry, algorithm) if one.transaction == number)
        return next((found for one in same if (found := one.open(registry.nomenclature, verify=verify))), None)
    snapshot = _snapshot_of(folder, registry)
    for one in _holding(folder, registry, algorithm):
        if (found := one.open(registry.nomenclature, verify=verify)) is not None:
            if snapshot is not None and one.folder != snapshot / FREQUENCIES:
                # Where it cannot be kept, it is looked for again next time.
                with suppress(OSError, FileError, LockedError), writer_lock(snapshot / LOCK, str(snapshot)):
                    write_set(snapshot / FREQUENCIES, found, one.told)
            return found
    return None


def own_frequency_set(folder: str | Path, registry: Registry, algorithm: int) -> KeptSet | None:
    """Return what the kept set says of itself that a search would try first; None where none is kept.

    Args:
        folder: the registry's.
        registry: opened from it, as it is or was.
        algorithm: version of the estimation.
    """
    return next(_holding(given_path("folder", folder), registry, algorithm), None)


def estimated_once(
    folder: Path,
    registry: Registry,
    algorithm: int,
    estimate: Callable[[], HaplotypeFrequencies],
    *,
    covering: Collection[str] = (),
    on_unkept: Callable[[str], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> HaplotypeFrequencies:
    """Return the own frequencies of an opened registry, estimated unless another process does so meanwhile.

    Args:
        folder: the registry's.
        registry: opened from it, as it is or was.
        algorithm: version of the estimation.
        estimate: does it; what it raises is raised.
        covering: loci that a set has to have in order to be taken in place of an estimation.
        on_unkept: is called with the reason where they cannot be kept.
        on_wait: is called where another process is waited for.
    """
    snapshot = _snapshot_of(folder, registry)
    if snapshot is None:
        return estimate()
    found = None
    try:
        with _lock_of(snapshot, on_wait):
            kept = _of_snapshot(snapshot, registry, algorithm)
            found = None if kept is None else kept.open(registry.nomenclature)
            if found is not None and not set(covering) <= {*found.covered_loci}:
                found = None
            if found is None:
                found = estimate()
                write_set(snapshot / FREQUENCIES, found, told_of(found, registry, algorithm))
    except (OSError, FileError, LockedError) as error:
        if found is None:
            found = estimate()
        if on_unkept is not None:
            on_unkept(error.found if isinstance(error, FileError) else str(error))
    return found


def own_frequencies_place(folder: Path, checksum: str) -> Path | None:
    """Return where a set is kept, by its checksum; None where it is not."""
    for place in _places(folder):
        manifest = derived_manifest(place)
        if manifest is not None and manifest.get("content") == checksum:
            return place
    return None


def opened_at(place: Path, checksum: str, nomenclature: Nomenclature) -> HaplotypeFrequencies:
    """Return the own frequencies that lie in a folder.

    Raises:
        FileError: they are damaged, or others than those of the checksum.
    """
    manifest = derived_manifest(place)
    found = None if manifest is None else KeptSet(place, manifest).open(nomenclature)
    if found is None or found.checksum != checksum:
        raise FileError(
            str(place),
            found="no frequencies, or others",
            expected=f"those with SHA-256 {checksum[:12]}..., as when the batch began",
            hint="start the batch again",
            code=ErrorCode.FILE_CHANGED,
        )
    return found


def verify_own_frequencies(folder: str | Path) -> Iterator[tuple[str, bool]]:
    """Yield each file of the kept own frequencies of all snapshots and whether its SHA-256 is the manifest's."""
    return verify_derived(_places(given_path("folder", folder)))


def _places(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob(f"{SNAPSHOTS}/{FREQUENCIES}")))


def _snapshot_of(folder: Path, registry: Registry) -> Path | None:
    """Return the snapshot that holds a registry; None of one that was built from the record."""
    return snapshot_titled(folder, registry.snapshot) if registry.snapshot else None


def _holding(folder: Path, registry: Registry, algorithm: int) -> Iterator[KeptSet]:
    """Yield the sets that hold for a registry: that of its snapshot, then those of others."""
    snapshot = _snapshot_of(folder, registry)
    own = None if snapshot is None else _of_snapshot(snapshot, registry, algorithm)
    if own is not None:
        yield own
    yield from _of_few_changes(folder, registry, algorithm)


def _of_snapshot(snapshot: Path, registry: Registry, algorithm: int) -> KeptSet | None:
    """Return the set that a registry's snapshot keeps; None without one, and of one from donors who came later."""
    found, number = KeptSet.of(snapshot / FREQUENCIES, registry, algorithm), registry.provenance.transaction
    is_later = found is not None and found.transaction is not None and number is not None and found.transaction > number
    return None if is_later else found


def _of_few_changes(folder: Path, registry: Registry, algorithm: int) -> list[KeptSet]:
    """Return the sets of other snapshots that hold for a registry: the newest first, none of donors who came later."""
    number = registry.provenance.transaction
    found = [one for place in _places(folder) if (one := KeptSet.of(place, registry, algorithm)) is not None]
    # Later snapshots have copies, of which one may be damaged.
    dated = [(one.transaction, one) for one in found if one.transaction is not None]
    if number is None or not dated or not has_journal(folder):
        return []
    try:
        with Journal.open(folder) as journal:
            holding = [
                (transaction, one)
                for transaction, one in dated
                if transaction <= number
                and journal.has_transaction(transaction)
                and not journal.n_erased(transaction)
                and journal.n_changes(transaction, number) < GROWTH * one.n_donors
            ]
    except HlaMatchError:  # there is no such transaction, or the record cannot be read
        return []
    return [one for _, one in sorted(holding, key=lambda pair: -pair[0])]


@contextmanager
def _lock_of(snapshot: Path, on_wait: Callable[[], None] | None) -> Iterator[None]:
    """Hold the lock of a snapshot; who imputes donors holds it for a moment, who estimates for longer.

    Raises:
        LockedError: another process holds it too long.
        FileError: the folder cannot be written to.
    """
    with ExitStack() as held:
        try:
            held.enter_context(writer_lock(snapshot / LOCK, str(snapshot), patience=_MOMENT_SECONDS))
        except LockedError:
            if on_wait is not None:
                on_wait()
            held.enter_context(writer_lock(snapshot / LOCK, str(snapshot), patience=PATIENCE_SECONDS))
        yield
