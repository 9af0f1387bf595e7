"""Steps of a case, recorded: it is opened and closed, donors are asked, typed, checked, reserved, collected.

A step is refused where it may not come next (`hla_match.cases.steps`). A confirmatory typing, and a status that a step
sets where that is asked for, change the donor's record in one transaction with the step.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

from hla_match.cases.blind_codes import patient_code
from hla_match.cases.steps import Step
from hla_match.errors import CriteriaError
from hla_match.errors.arguments import InWords, check_day, check_type
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import user_name
from registry_io.store.case_recording import AskedStep, CaseChange, checked_day, record_step
from registry_io.store.case_request import CaseRequest
from registry_io.store.journal.case_erasure import salted
from registry_io.store.journal.journal import Journal
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import writing_registry
from registry_io.store.registry_versions import require_registry

RESERVED, UNAVAILABLE = "RS", "TU"
"""The statuses that a reservation and a collection set, where that is asked for."""


def open_cases(
    folder: str | Path,
    requests: Sequence[CaseRequest],
    *,
    day: datetime.date | None = None,
    actor: str = "",
) -> list[CaseChange]:
    """Open a case for each request, all of them or none.

    Args:
        folder: the registry's.
        requests: what is asked for.
        day: on which; by default today.
        actor: who opens them; by default the user's name.

    Raises:
        RegistryError: there is no registry, or it is damaged.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    place = given_path("folder", folder)
    require_registry(place)
    given = checked_day(day)
    with writing_registry(place), Journal.writing(place) as journal:
        begin(place, journal)
        if requests:
            journal.cases.begin()
        latest = journal.latest_transaction()
        assert latest is not None, "a record that has begun has a transaction"
        found = []
        for request in requests:
            number = journal.cases.next_number
            journal.cases.put(
                number=number,
                step=Step.REQUEST,
                day=given,
                actor=actor or user_name(),
                txn=latest.number,
                content=salted(request.text),
            )
            found.append(CaseChange(case=number, patient_code=patient_code(journal.cases.secret, number)))
    return found


def close_case(
    folder: str | Path, case: int | str, *, day: datetime.date | None = None, actor: str = "", reason: str = ""
) -> CaseChange:
    """Close a case; its reservations end with it.

    Args:
        folder: the registry's.
        case: its number, or the code of its patient.
        day: on which; by default today.
        actor: who closes it; by default the user's name.
        reason: why; the record keeps it, so that it must name nobody.

    Raises:
        RegistryError: there is no registry, it is damaged, there is no such case, or it is closed.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    return record_step(folder, case, AskedStep(step=Step.CLOSE, reason=reason), day, actor)


def ask_donor(
    folder: str | Path,
    case: int | str,
    donor: str,
    *,
    consent: str,
    day: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> CaseChange:
    """Record that a donor is asked.

    Args:
        folder: the registry's.
        case: its number, or the code of its patient.
        donor: the identifier, or the code in this case.
        consent: version of the consent form that the donor is given.
        day: on which; by default today.
        actor: who asks; by default the user's name.
        reason: why.

    Raises:
        RegistryError: there is no registry, it is damaged, there is no such case or donor, or the step may not come
            next.
        CriteriaError: the consent has no version.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    if not consent.strip():
        raise CriteriaError("consent", found=InWords("nothing"), expected="the version of the consent form")
    return record_step(
        folder, case, AskedStep(step=Step.ASK, donor=donor, consent=consent.strip(), reason=reason), day, actor
    )


def decline_donor(
    folder: str | Path,
    case: int | str,
    donor: str,
    *,
    reason: str,
    day: datetime.date | None = None,
    actor: str = "",
) -> CaseChange:
    """Record that a donor declined, with the reason; arguments and errors are those of `ask_donor`.

    Raises:
        CriteriaError: there is no reason.
    """
    if not reason.strip():
        raise CriteriaError("reason", found=InWords("nothing"), expected="why the donor declined")
    return record_step(folder, case, AskedStep(step=Step.DECLINE, donor=donor, reason=reason), day, actor)


def register_typing(
    folder: str | Path,
    case: int | str,
    donor: str,
    values: Mapping[str, str],
    *,
    day: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> CaseChange:
    """Record a confirmatory typing, which updates the donor's record in the same transaction.

    Args:
        folder: the registry's.
        case: its number, or the code of its patient.
        donor: the identifier, or the code in this case.
        values: texts by the names of the columns of donor files, such as ``{"A_1": "02:01:01"}``.
        day: on which; by default today.
        actor: who registers it; by default the user's name.
        reason: why, such as the laboratory's report.

    Raises:
        RegistryError: as `ask_donor`; or the donor has left the registry.
        CriteriaError: a value cannot be read, or there is none.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    check_type("values", values, Mapping, expected="a mapping of names of columns to texts")
    if not values:
        raise CriteriaError("values", found=InWords("nothing"), expected="the typings that were confirmed")
    asked = AskedStep(step=Step.TYPING, donor=donor, values=dict(values), reason=reason)
    return record_step(folder, case, asked, day, actor)


def register_check(
    folder: str | Path,
    case: int | str,
    donor: str,
    *,
    passed: bool,
    day: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> CaseChange:
    """Record a medical check, passed or failed; the other arguments and the errors are those of `ask_donor`."""
    check_type("passed", passed, bool, expected="whether the check was passed")
    return record_step(folder, case, AskedStep(step=Step.CHECK, donor=donor, passed=passed, reason=reason), day, actor)


def reserve_donor(
    folder: str | Path,
    case: int | str,
    donor: str,
    *,
    until: datetime.date,
    set_status: bool = False,
    day: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> CaseChange:
    """Reserve a donor for the patient; the reservation ends by itself after its last day.

    Args:
        folder: the registry's.
        case: its number, or the code of its patient.
        donor: the identifier, or the code in this case.
        until: the last day.
        set_status: whether the donor's record gets status RS and the last day; both stay after the reservation.
        day: on which; by default today.
        actor: who reserves; by default the user's name.
        reason: why.

    Raises:
        RegistryError: as `ask_donor`; or another open case has the donor reserved.
        CriteriaError: `until` is no date.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    check_day("until", until)
    status = RESERVED if set_status else None
    asked = AskedStep(step=Step.RESERVE, donor=donor, until=until.isoformat(), status=status, reason=reason)
    return record_step(folder, case, asked, day, actor)


def collect_donor(
    folder: str | Path,
    case: int | str,
    donor: str,
    *,
    set_status: bool = False,
    day: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> CaseChange:
    """Record that the cells of a donor were collected.

    `set_status` says whether the donor's status becomes TU; the other arguments and the errors are those of
    `reserve_donor`.
    """
    status = UNAVAILABLE if set_status else None
    return record_step(
        folder, case, AskedStep(step=Step.COLLECT, donor=donor, status=status, reason=reason), day, actor
    )
