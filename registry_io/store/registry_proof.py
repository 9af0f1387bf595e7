"""The proof that a registry is as it was written: snapshots, imputations, the record, the log of searches.

Checksums find a changed byte; the record is proved by its chain of hashes; and the donors of the snapshot that searches
read are compared, one by one, with those that the record has at its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from hla_match.errors import ErrorCode, RegistryError
from registry_io.disk.checked_files import AGAIN
from registry_io.store.imputation_store import verify_imputations
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import damaged, has_journal
from registry_io.store.journal.person_texts import person_texts
from registry_io.store.kept_files import verify_kept
from registry_io.store.own_frequency_store import verify_own_frequencies
from registry_io.store.record_state import ends_early, is_gone, transaction_of
from registry_io.store.recorded_registry import person_slices
from registry_io.store.registry_folder import JOURNAL, SEARCH_LOG
from registry_io.store.registry_store import open_registry, verify_registry
from registry_io.store.search_log import search_log_faults


def prove_registry(folder: Path) -> int | None:
    """Compare all of a registry with what was written.

    Returns:
        The latest transaction of the record where the snapshot that searches read has an earlier one, since a writer
        was killed between the two: the next change publishes it. Else None.

    Raises:
        RegistryError: there is no registry, or something is not as it was written.
    """
    changed = [name for name, sound in verify_registry(folder) if not sound]
    _refuse(folder, "changed files", changed, AGAIN)
    hint = "searches are right; what stays for registry rollback and for what still reads it is not"
    _refuse(folder, "changed files", [name for name, sound in verify_kept(folder) if not sound], hint)
    changed = [name for name, sound in verify_imputations(folder) if not sound]
    hint = "delete the folders imputed-*; the donors are imputed again when they are needed"
    _refuse(folder, "changed files of imputed donors", changed, hint)
    changed = [name for name, sound in verify_own_frequencies(folder) if not sound]
    hint = "delete the folders own-frequencies; they are estimated again when they are needed"
    _refuse(folder, "changed files of haplotype frequencies", changed, hint)
    hint = "somebody changed it; donors and snapshots are as they were written"
    _refuse(folder / SEARCH_LOG, "changed searches", list(search_log_faults(folder)), hint)
    if not has_journal(folder):
        if (made := open_registry(folder).provenance.transaction) is not None:
            raise is_gone(folder, made)
        return None
    with Journal.open(folder) as journal:
        if faults := journal.verify():
            raise damaged(folder / JOURNAL, _listed("a changed record", faults))
        return _unpublished(folder, journal)


def _unpublished(folder: Path, journal: Journal) -> int | None:
    """Compare the donors of the snapshot with those of its transaction; return the latest one where it is another.

    Raises:
        RegistryError: they are not the same.
    """
    registry, latest = open_registry(folder), journal.latest_transaction()
    number = transaction_of(registry.provenance, journal)
    if latest is None or number is None:
        return None
    if number > latest.number:
        raise ends_early(folder, latest.number, number)
    # The record has no data of theirs to compare: they were erased, or it took the place of one that is gone.
    if journal.n_erased(number) or not journal.has_transaction(number):
        return latest.number
    held = _digests(person_slices(registry))
    n_others = held.join(_digests(journal.persons_at(number)), on=held.columns, how="anti").height
    n_recorded = sum(frame.height for frame in journal.persons_at(number))
    if n_others or n_recorded != held.height:
        raise RegistryError(
            str(folder),
            found=f"{held.height:,} donors in the snapshot, {n_recorded:,} in the record at its transaction {number}, "
            f"and {n_others:,} who are others there",
            expected="the donors of the record",
            hint="the record holds them as they were reported; restore the folder from a copy",
            code=ErrorCode.REGISTRY_RECORD,
        )
    return latest.number if number not in (latest.number, latest.same_as) else None


def _digests(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return `donor` and `person`, (donors,) UInt64 digests of the identifiers and of the records."""
    parts = [pl.DataFrame(schema={"donor": pl.UInt64, "person": pl.UInt64})]
    parts += [pl.DataFrame({"donor": one["person_id"].hash(), "person": person_texts(one).hash()}) for one in frames]
    return pl.concat(parts)


def _refuse(place: Path, what: str, found: list[str], hint: str) -> None:
    if found:
        raise RegistryError(str(place), found=_listed(what, found), expected="what was written", hint=hint)


def _listed(what: str, found: list[str]) -> str:
    more = [f"and {len(found) - _NAMED:,} more"] if len(found) > _NAMED else []
    return f"{what}: {', '.join([*found[:_NAMED], *more])}"


_NAMED = 20
"""Files or faults that an error names."""
