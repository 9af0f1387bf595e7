"""The recording of a step of a case: whether it may come next, and what it changes of the donor's record with it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hla_match.cases.blind_codes import donor_code, patient_code
from hla_match.cases.steps import REFUSAL_WORDS, CaseStep, Refusal, Step
from hla_match.errors import CriteriaError, ErrorCode, RegistryError
from hla_match.errors.arguments import check_day
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import user_name
from registry_io.store.case_records import case_number, donor_key, state_of
from registry_io.store.donor_changes import RecordedDonor, cause_now, present_record, record_change
from registry_io.store.journal.case_entry import CaseRow
from registry_io.store.journal.case_erasure import salted
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import writing_registry
from registry_io.store.registry_versions import require_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """What was recorded.

    Attributes:
        case: number of the case.
        patient_code: the code of its patient.
        donor_code: the code of the donor in this case; None of a step of the case.
        transaction: of the change of the donor's record; None where that was not changed.
        status_before: of the donor's record that a step set to another status; None where it did not.
    """

    case: int
    patient_code: str
    donor_code: str | None = None
    transaction: int | None = None
    status_before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedStep:
    """A step that is asked for; None and "" where something was not said."""

    step: Step
    donor: str | None = None
    consent: str | None = None
    until: str | None = None
    passed: bool | None = None
    values: Mapping[str, str] | None = None
    status: str | None = None
    reason: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """What is recorded of it."""
        named = {name: getattr(self, name) for name in ("consent", "until", "passed", "values", "status", "reason")}
        return {name: value for name, value in named.items() if value not in (None, "")}

    @property
    def changes(self) -> Mapping[str, str] | None:
        """Values that the donor's record takes; None where it is not touched."""
        if self.values is not None:
            return self.values
        if self.status is None:
            return None
        until = {} if self.until is None else {"reserved_until": self.until}
        return {"status": self.status, **until}


def record_step(
    folder: str | Path, case: int | str, asked: AskedStep, day: datetime.date | None, actor: str
) -> CaseChange:
    """Record a step, and with it what it changes of the donor's record."""
    place = given_path("folder", folder)
    require_registry(place)
    given, who = checked_day(day), actor or user_name()
    if asked.changes is None:
        with writing_registry(place), Journal.writing(place) as journal:
            begin(place, journal)
            latest = journal.latest_transaction()
            assert latest is not None, "a record that has begun has a transaction"
            return _written(place, journal, case, asked, given, who, latest.number)
    done: list[CaseChange] = []

    def change(journal: Journal, entry: Entry) -> None:
        done.append(_with_record(place, journal, entry, case, asked, given, who))

    # A transaction keeps its reason for good; that of a step leaves with the donor, and stands in the case book alone.
    found = record_change(place, change, cause_now("update", given, who, ""))
    before = done[0].status_before if found.transaction is not None else None
    return replace(done[0], transaction=found.transaction, status_before=before)


def _with_record(
    place: Path, journal: Journal, entry: Entry, case: int | str, asked: AskedStep, day: datetime.date, actor: str
) -> CaseChange:
    """Record a step that changes the donor's record, in a transaction that has begun."""
    assert asked.donor is not None, "a step that changes a record is of a donor"
    number = case_number(place, journal, case)
    key = donor_key(place, journal, number, asked.donor)
    donor_id = journal.cases.identifiers([key])[key]
    _check(place, journal, number, asked, day, key)
    donor = RecordedDonor(place, journal, entry, donor_id)
    present = donor.present()
    changes = dict(asked.changes or {})
    if asked.step is Step.COLLECT and "reserved_until" in present:
        # The reservation has done its service.
        changes["reserved_until"] = ""
    donor.put(changes, present)
    # A change that changes nothing makes no transaction.
    txn = entry.number if entry.changes_something else entry.number - 1
    found = _written(place, journal, number, asked, day, actor, txn)
    before = present.get("status", "AV") if asked.status is not None else None
    return replace(found, status_before=before)


def _written(
    place: Path, journal: Journal, case: int | str, asked: AskedStep, day: datetime.date, actor: str, txn: int
) -> CaseChange:
    """Write a step that may come next."""
    number = case_number(place, journal, case)
    key = None if asked.donor is None else donor_key(place, journal, number, asked.donor)
    _check(place, journal, number, asked, day, key)
    told = json.dumps(asked.told, ensure_ascii=False, sort_keys=True)
    journal.cases.put(
        number=number,
        step=asked.step,
        day=day,
        actor=actor,
        txn=txn,
        # What is said of a donor leaves with the donor.
        content="{}" if key is not None or not asked.told else salted(told),
        row=None if key is None else CaseRow(key, told),
    )
    secret = journal.cases.secret
    return CaseChange(
        case=number,
        patient_code=patient_code(secret, number),
        donor_code=None if key is None else donor_code(secret, number, key),
    )


def _check(place: Path, journal: Journal, number: int, asked: AskedStep, day: datetime.date, key: int | None) -> None:
    """Refuse a step that may not come next.

    Raises:
        RegistryError: it may not, or the donor who is to be asked has left.
    """
    until = None if asked.until is None else datetime.date.fromisoformat(asked.until)
    step = CaseStep(step=asked.step, day=day, donor=key, until=until, passed=asked.passed)
    elsewhere = any(
        state_of(journal.cases.entries(other)).is_reserved(one, day)
        for one in _records_of(journal, key)
        for other in journal.cases.numbers_of(one)
        if other != number
    )
    refusal = state_of(journal.cases.entries(number)).refusal(step, reserved_elsewhere=elsewhere)
    if refusal is not None:
        raise refused(place, refusal)
    if asked.step in (Step.ASK, Step.RESERVE, Step.COLLECT) and key is not None:
        # Who has left is asked no more.
        present_record(place, journal.versions(journal.cases.identifiers([key])[key]))


def _records_of(journal: Journal, key: int | None) -> list[int]:
    """Return the keys of all records of a person: of a donor, and of those that were merged into that record."""
    if key is None:
        return []
    latest, donor_id = journal.latest_transaction(), journal.cases.identifiers([key])[key]
    assert latest is not None, "a record that has begun has a transaction"
    merged = [leaves for leaves, stays in journal.merges(latest.number).items() if stays == donor_id]
    return [key, *journal.cases.keys(merged).values()]


def refused(place: Path, refusal: Refusal) -> RegistryError:
    """Return the error of a step that may not come next."""
    found, expected = REFUSAL_WORDS[refusal]
    return RegistryError(str(place), found=found, expected=expected, code=ErrorCode.CASE_STEP)


def checked_day(day: datetime.date | None) -> datetime.date:
    """Return the day of a step, today where none is given.

    Raises:
        CriteriaError: it is no date, or later than today.
    """
    today = datetime.date.today()
    if day is None:
        return today
    check_day("day", day)
    if day > today:
        raise CriteriaError("day", found=day.isoformat(), expected="a day up to today")
    return day
