"""A case erased: that there was one stays, and nothing of the patient's request, lists and steps."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from hla_match.cases.steps import CaseStep, Step
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import user_name
from registry_io.store.case_recording import checked_day, refused
from registry_io.store.case_records import case_number, state_of
from registry_io.store.journal.journal import Journal
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import writing_registry
from registry_io.store.registry_versions import require_registry


@dataclass(frozen=True, slots=True)
class CaseErasure:
    """What was erased.

    Attributes:
        case: number of the case.
        n_entries: its entries, which stay without what they held.
    """

    case: int
    n_entries: int


def erase_case(
    folder: str | Path,
    case: int | str,
    *,
    day: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> CaseErasure:
    """Erase what a registry knows of the request of a case, open or closed; it cannot be undone.

    The record is written anew at once, so that no byte of its file holds the request. What steps did to the records of
    donors stays there. Files that were written of the case, such as its sheet, are where they were put.

    Args:
        folder: the registry's.
        case: its number, or the code of its patient.
        day: on which; by default today.
        actor: who erases it; by default the user's name.
        reason: why; the record keeps it, so that it must name nobody.

    Raises:
        RegistryError: there is no registry, it is damaged, there is no such case, it is erased already, or the day is
            before its last step.
        FileError: the folder cannot be written to; or somebody reads the record, so that the case is erased, and
            `registry_io.compact_registry` is still to be called.
        LockedError: another process writes.
    """
    place = given_path("folder", folder)
    require_registry(place)
    given = checked_day(day)
    with writing_registry(place), Journal.writing(place) as journal:
        begin(place, journal)
        latest = journal.latest_transaction()
        assert latest is not None, "a record that has begun has a transaction"
        number = case_number(place, journal, case)
        entries = journal.cases.entries(number)
        refusal = state_of(entries).refusal(CaseStep(step=Step.ERASE, day=given))
        if refusal is not None:
            raise refused(place, refusal)
        journal.cases.erase(number, day=given, actor=actor or user_name(), txn=latest.number, reason=reason)
        journal.commit()
        journal.compact()
    return CaseErasure(number, len(entries))
