"""What the case book of a registry tells: the cases, their steps, and what each donor is now."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hla_match.cases.blind_codes import donor_code, patient_code, read_code
from hla_match.cases.steps import CaseState, CaseStep, DonorState, Step
from hla_match.errors import ErrorCode, RegistryError
from registry_io.disk.given_path import given_path
from registry_io.store.case_request import CaseRequest
from registry_io.store.journal.case_entry import CaseEntry
from registry_io.store.journal.case_erasure import unsalted
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import damaged, has_journal
from registry_io.store.registry_versions import require_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """A step of a case as it is recorded.

    Attributes:
        number: of the entry in the case book.
        at: when it was recorded: ISO 8601 in UTC with microseconds.
        day: on which it happened.
        actor: who made it.
        step: what happened.
        transaction: the latest transaction of the registry's record.
        donor_id: of whom; None of a step of the case, and of a donor who was erased.
        donor_code: the donor's code in this case; None of a step of the case.
        told: what else is known, by name: `until`, `passed`, `consent`, `reason`, of a typing its `values`; of a
            search its manifest.
    """

    number: int
    at: str
    day: datetime.date
    actor: str
    step: Step
    transaction: int
    donor_id: str | None
    donor_code: str | None
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDonor:
    """A donor who had a step in a case.

    Attributes:
        donor_id: the identifier; None of one who was erased.
        donor_code: the code in this case.
        state: what is known.
    """

    donor_id: str | None
    donor_code: str
    state: DonorState


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """A case as the case book has it.

    Attributes:
        number: from 1.
        patient_code: the code of the patient, for whoever must not know who it is.
        request: what was asked for.
        steps: first to last.
        donors: those who had a step, in the order of their first one.
        opened: the day that it was opened.
        closed: the day that it was closed; None of an open one.
    """

    number: int
    patient_code: str
    request: CaseRequest
    steps: tuple[RecordedStep, ...]
    donors: tuple[CaseDonor, ...]
    opened: datetime.date
    closed: datetime.date | None

    @property
    def is_open(self) -> bool:
        """Whether steps may follow."""
        return self.closed is None

    @property
    def last_search(self) -> RecordedStep | None:
        """The last search; None before the first."""
        return next((one for one in reversed(self.steps) if one.step is Step.SEARCH), None)


def list_cases(folder: str | Path) -> list[CaseRecord]:
    """Return all cases of a registry, first to last; none where there never was one.

    Raises:
        RegistryError: there is no registry, or its record is damaged.
    """
    place = given_path("folder", folder)
    require_registry(place)
    if not has_journal(place):
        return []
    with Journal.open(place) as journal:
        return read_cases(journal)


def show_case(folder: str | Path, case: int | str) -> CaseRecord:
    """Return a case of a registry.

    Args:
        folder: the registry's.
        case: its number, or the code of its patient.

    Raises:
        RegistryError: there is no registry, no such case, or the record is damaged.
    """
    place = given_path("folder", folder)
    require_registry(place)
    if not has_journal(place):
        raise unknown_case(place)
    with Journal.open(place) as journal:
        return read_case(place, journal, case)


def case_of_code(folder: str | Path, code: str) -> tuple[CaseRecord, str | None]:
    """Return the case that a double-blind code is of, and the identifier of the donor; None for the patient's.

    Raises:
        RegistryError: there is no registry, no such code, or the record is damaged.
    """
    place = given_path("folder", folder)
    require_registry(place)
    wanted = read_code(code)
    if wanted is not None and has_journal(place):
        with Journal.open(place) as journal:
            for case in read_cases(journal):
                if case.patient_code == wanted:
                    return case, None
                donor = _donor_of(journal, case.number, wanted)
                if donor is not None:
                    return case, journal.cases.identifiers([donor])[donor]
    raise unknown_case(place)


def read_cases(journal: Journal) -> list[CaseRecord]:
    """Return all cases of an open record but those that were erased."""
    entries: dict[int, list[CaseEntry]] = {}
    for entry in journal.cases.entries():
        entries.setdefault(entry.number, []).append(entry)
    kept = {number: of_case for number, of_case in entries.items() if not _is_erased(of_case)}
    names = _names_of(journal, [one for of_case in kept.values() for one in of_case])
    return [_case(journal, of_case, names) for _, of_case in sorted(kept.items())]


def read_case(folder: Path, journal: Journal, case: int | str) -> CaseRecord:
    """Return a case of an open record, by its number or the code of its patient.

    Raises:
        RegistryError: there is none, or none any more.
    """
    entries = journal.cases.entries(case_number(folder, journal, case))
    if _is_erased(entries):
        raise RegistryError(
            str(folder),
            found="a case that was erased",
            expected="a case of the registry",
            hint="hla-match case list names the cases",
            code=ErrorCode.CASE_UNKNOWN,
        )
    return _case(journal, entries, _names_of(journal, entries))


def erased_cases(folder: Path) -> frozenset[int]:
    """Return the numbers of the cases of a registry that were erased.

    Raises:
        RegistryError: the record is damaged.
    """
    if not has_journal(folder):
        return frozenset()
    with Journal.open(folder) as journal:
        return journal.cases.erased


def _is_erased(entries: Sequence[CaseEntry]) -> bool:
    return any(one.step == Step.ERASE for one in entries)


def _names_of(journal: Journal, entries: Sequence[CaseEntry]) -> Mapping[int, str]:
    """Return the identifiers of the donors of some entries by their keys; erased ones have none."""
    return journal.cases.identifiers(list({one.row.donor for one in entries if one.row is not None}))


def case_number(folder: Path, journal: Journal, case: int | str) -> int:
    """Return the number of a case that a number or the code of its patient names.

    Raises:
        RegistryError: it names none.
    """
    numbers = range(1, journal.cases.next_number) if journal.cases.is_begun else range(0)
    number = case if isinstance(case, int) else 0
    if isinstance(case, str):
        text = case.strip()
        wanted = read_code(text)
        if text.isdecimal() and text.isascii() and len(text) < _LONGEST:
            number = int(text)
        elif wanted is not None and numbers:
            secret = journal.cases.secret
            number = next((one for one in numbers if patient_code(secret, one) == wanted), 0)
    if number not in numbers:
        raise unknown_case(folder)
    return number


_LONGEST = 10
"""Digits of the number of a case at most."""


def donor_key(folder: Path, journal: Journal, case: int, donor: str) -> int:
    """Return the key of a donor that an identifier, or the code in a case, names.

    Raises:
        RegistryError: it names none.
    """
    known = journal.cases.keys([donor]).get(donor)
    code = read_code(donor)
    if known is None and code is not None:
        known = _donor_of(journal, case, code)
    if known is None:
        raise RegistryError(
            str(folder),
            found="no donor of this identifier or code",
            expected="a donor whom the registry knows",
            hint="look for a spelling mistake; a code holds in its case alone",
            code=ErrorCode.CASE_UNKNOWN,
        )
    return known


def step_of(step: RecordedStep | CaseEntry, told: Mapping[str, Any], donor: int | None) -> CaseStep:
    """Return a recorded step as the rules read it."""
    until = told.get("until")
    return CaseStep(
        step=Step(step.step),
        day=step.day if isinstance(step.day, datetime.date) else datetime.date.fromisoformat(step.day),
        donor=donor,
        until=None if until is None else datetime.date.fromisoformat(until),
        passed=told.get("passed"),
    )


def state_of(entries: Sequence[CaseEntry]) -> CaseState:
    """Return what is known after the entries of a case; those of erased donors tell nothing."""
    return CaseState.of(
        step_of(one, {} if one.row is None else json.loads(one.row.content), None if one.row is None else one.row.donor)
        for one in entries
        if one.row is not None or not Step(one.step).is_of_donor
    )


def unknown_case(folder: Path) -> RegistryError:
    """Return the error of a case that a case book does not have."""
    return RegistryError(
        str(folder),
        found="no case of this number or code",
        expected="a case of the registry",
        hint="hla-match case list names the cases; a code that was miswritten is none",
        code=ErrorCode.CASE_UNKNOWN,
    )


def _case(journal: Journal, entries: Sequence[CaseEntry], names: Mapping[int, str]) -> CaseRecord:
    try:
        state = state_of(entries)
        steps = tuple(_steps(journal, entries, names))
        request = CaseRequest.of(entries[0].content)
    except (ValueError, TypeError, KeyError):
        raise damaged(journal.path, _no_case(entries)) from None
    if state.opened is None:  # the first entry of a case opens it
        raise damaged(journal.path, _no_case(entries))
    number, secret = entries[0].number, journal.cases.secret
    donors = tuple(
        CaseDonor(donor_id=names.get(key), donor_code=donor_code(secret, number, key), state=donor)
        for key, donor in state.donors.items()
        if isinstance(key, int)
    )
    return CaseRecord(
        number=number,
        patient_code=patient_code(secret, number),
        request=request,
        steps=steps,
        donors=donors,
        opened=state.opened,
        closed=state.closed,
    )


def _no_case(entries: Sequence[CaseEntry]) -> str:
    return f"case {entries[0].number}, which is none"


def _steps(journal: Journal, entries: Sequence[CaseEntry], names: Mapping[int, str]) -> Iterator[RecordedStep]:
    secret = journal.cases.secret
    for one in entries:
        donor = None if one.row is None else one.row.donor
        told = unsalted(json.loads(one.content)) if one.step != Step.REQUEST else {}
        yield RecordedStep(
            number=one.id,
            at=one.at,
            day=datetime.date.fromisoformat(one.day),
            actor=one.actor,
            step=Step(one.step),
            transaction=one.txn,
            donor_id=None if donor is None else names.get(donor),
            donor_code=None if donor is None else donor_code(secret, one.number, donor),
            told=told if one.row is None else json.loads(one.row.content),
        )


def _donor_of(journal: Journal, case: int, code: str) -> int | None:
    """Return the key of the donor of a code in a case; an erased one has none any more."""
    secret = journal.cases.secret
    known = journal.cases.identifiers(journal.cases.donors(case))
    return next((donor for donor in known if donor_code(secret, case, donor) == code), None)
