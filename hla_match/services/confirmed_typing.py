"""A confirmatory typing of a case's donor, and what it settled for the patient."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hla_match.errors import HlaMatchError
from hla_match.language import translated
from hla_match.matching.obstacles import without_filters
from hla_match.searches.listed_donors import listed_donors
from hla_match.services.case_lists import CaseLists, search_request
from hla_match.services.notices import NoticeKind, Notices, OnNotice
from hla_match.services.registry_changes import RegistryChanges
from hla_match.services.searched_registry import SearchedRegistry, check_folder
from registry_io.store.case_recording import CaseChange
from registry_io.store.case_records import CaseRecord, donor_key, show_case
from registry_io.store.case_steps import register_typing
from registry_io.store.donor_changes import present_record
from registry_io.store.journal.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedTyping:
    """A confirmatory typing, and what it settled for the patient of the case.

    Attributes:
        change: what was recorded.
        before: what the donor was for the patient: `best`, `worst`, `grades`, `p`; None where no locus is compared.
        after: what the donor is.
    """

    change: CaseChange
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def confirm_typing(
    registry: str | Path,
    case: int | str,
    donor: str,
    values: Mapping[str, str],
    *,
    day: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
    on_notice: OnNotice | None = None,
) -> ConfirmedTyping:
    """Record a confirmatory typing as `registry_io.register_typing` does, and say what it settled for the patient.

    The donor's record is updated in one transaction with the step. Arguments and errors are those of
    `registry_io.register_typing`; `on_notice` is called with each notice, such as why it is not known what was settled.
    """
    check_folder(registry)
    found = show_case(registry, case)
    today = datetime.date.today() if day is None else day
    notices = Notices(on_notice)
    before = after = None
    why: HlaMatchError | None = None
    try:
        before = _match_of(Path(registry), found, donor, today, notices)
    except HlaMatchError as error:
        why = error
    change = register_typing(registry, case, donor, values, day=day, actor=actor, reason=reason)
    if why is None:
        try:
            after = _match_of(Path(registry), found, donor, today, Notices())
        except HlaMatchError as error:
            why = error
    if why is not None:
        # It is recorded: what keeps the comparison from being made is no error of that.
        notices.add(NoticeKind.NOTE, translated("what the typing settled is not known: {why}", why=why))
    return ConfirmedTyping(change=change, before=before, after=after)


def _match_of(
    folder: Path, case: CaseRecord, donor: str, day: datetime.date, notices: Notices
) -> Mapping[str, Any] | None:
    """Return what a donor is for the patient of a case, whatever the criteria; None where nobody is found."""
    searched = SearchedRegistry.open(folder, search_request(case.request, day), notices).ready()
    donor_id = _donor_named(folder, case, donor)
    registry = searched.registry
    rows = np.flatnonzero((registry.attributes["donor_id"] == donor_id).to_numpy()).astype(np.uint32)
    lists = CaseLists(folder, searched, day)
    number = lists.transaction
    matcher = RegistryChanges(folder, registry, number, number, (day, day)).matcher(rows, lists.panels)
    if matcher is None:
        return None
    criteria = without_filters(searched.request.criteria)
    matches = matcher.search(case.request.patient, criteria, policy=replace(searched.ranking, filters=()))
    return next((json.loads(one.content) for one in listed_donors(matches).values()), None)


def _donor_named(folder: Path, case: CaseRecord, donor: str) -> str:
    """Return the identifier of a donor whom an identifier, or the code in a case, names.

    Raises:
        RegistryError: it names none, or one who has left the registry.
    """
    with Journal.open(folder) as journal:
        key = donor_key(folder, journal, case.number, donor)
        donor_id = journal.cases.identifiers([key])[key]
        present_record(folder, journal.versions(donor_id))
    return donor_id
