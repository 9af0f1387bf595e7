"""The steps of a case, what a donor is after them, and which step may come next.

Oracle: ``tests/oracle/cases.py``.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from hla_match.language import translatable


class Step(StrEnum):
    """What happens in a case; those from `ASK` to `COLLECT` are of one donor."""

    REQUEST = "open"
    SEARCH = "search"
    CLOSE = "close"
    ASK = "ask"
    DECLINE = "decline"
    TYPING = "typing"
    CHECK = "check"
    RESERVE = "reserve"
    COLLECT = "collect"
    ERASE = "erase"

    @property
    def is_of_donor(self) -> bool:
        """Whether it is of one donor."""
        return self not in (Step.REQUEST, Step.SEARCH, Step.CLOSE, Step.ERASE)


class Stage(StrEnum):
    """What a donor of a case is on a day."""

    ASKED = "asked"
    TYPED = "typed"
    PASSED = "passed"
    FAILED = "failed"
    RESERVED = "reserved"
    COLLECTED = "collected"
    DECLINED = "declined"


class Refusal(StrEnum):
    """Why a step may not come next."""

    NOT_OPEN = "not open"
    OPEN_ALREADY = "open already"
    CLOSED = "closed"
    ERASED = "erased"
    EARLIER = "earlier"
    ASKED_ALREADY = "asked already"
    NOT_ASKED = "not asked"
    DECLINED = "declined"
    COLLECTED = "collected"
    NOT_TYPED = "not typed"
    NOT_CHECKED = "not checked"
    FAILED = "failed"
    NOT_RESERVED = "not reserved"
    ENDS_BEFORE = "ends before"
    RESERVED_ELSEWHERE = "reserved elsewhere"


STEP_WORDS: Mapping[Step, str] = {
    Step.REQUEST: translatable("opened"),
    Step.SEARCH: translatable("searched"),
    Step.CLOSE: translatable("closed"),
    Step.ASK: translatable("asked"),
    Step.DECLINE: translatable("declined"),
    Step.TYPING: translatable("confirmatory typing"),
    Step.CHECK: translatable("medical check"),
    Step.RESERVE: translatable("reserved"),
    Step.COLLECT: translatable("collected"),
    Step.ERASE: translatable("erased"),
}
"""What a step is called."""

STAGE_WORDS: Mapping[Stage, str] = {
    Stage.ASKED: translatable("asked"),
    Stage.TYPED: translatable("typing confirmed"),
    Stage.PASSED: translatable("medical check passed"),
    Stage.FAILED: translatable("medical check failed"),
    Stage.RESERVED: translatable("reserved"),
    Stage.COLLECTED: translatable("collected"),
    Stage.DECLINED: translatable("declined"),
}
"""What a stage is called."""

REFUSAL_WORDS: Mapping[Refusal, tuple[str, str]] = {
    Refusal.NOT_OPEN: (translatable("a case that was not opened"), translatable("a case that is open")),
    Refusal.OPEN_ALREADY: (translatable("a case that is open"), translatable("a new case")),
    Refusal.CLOSED: (translatable("a case that is closed"), translatable("a case that is open")),
    Refusal.ERASED: (translatable("a case that was erased"), translatable("a case that is kept")),
    Refusal.EARLIER: (
        translatable("a day before the step before it"),
        translatable("a day from that of the step before it on"),
    ),
    Refusal.ASKED_ALREADY: (
        translatable("a donor who is asked already"),
        translatable("a donor who is not asked in this case, or who declined"),
    ),
    Refusal.NOT_ASKED: (
        translatable("a donor who was not asked in this case"),
        translatable("a donor who was asked and has consented"),
    ),
    Refusal.DECLINED: (translatable("a donor who declined"), translatable("a donor who is asked again first")),
    Refusal.COLLECTED: (
        translatable("a donor whose cells are collected"),
        translatable("a donor before the collection"),
    ),
    Refusal.NOT_TYPED: (
        translatable("a donor without a confirmatory typing"),
        translatable("a confirmatory typing before the medical check"),
    ),
    Refusal.NOT_CHECKED: (
        translatable("a donor without a medical check"),
        translatable("a medical check that was passed before the collection"),
    ),
    Refusal.FAILED: (
        translatable("a donor who failed the medical check"),
        translatable("a donor who did not, or who passed a later one"),
    ),
    Refusal.NOT_RESERVED: (
        translatable("a donor who is not reserved on that day"),
        translatable("a reservation that holds on the day of the collection"),
    ),
    Refusal.ENDS_BEFORE: (
        translatable("a reservation that ends before it begins"),
        translatable("a last day from that of the step on"),
    ),
    Refusal.RESERVED_ELSEWHERE: (
        translatable("a donor who is reserved in another case"),
        translatable("a donor whom no other open case has reserved"),
    ),
}
"""What is found and what is expected where a step may not come next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStep:
    """A step of a case.

    Attributes:
        step: what happens.
        day: on which.
        donor: of whom; None of a step of the case.
        until: the last day of a reservation.
        passed: whether the medical check was passed.
    """

    step: Step
    day: datetime.date
    donor: Hashable = None
    until: datetime.date | None = None
    passed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DonorState:
    """What is known of a donor in a case.

    Attributes:
        last: the day of the donor's last step.
        declined: whether the donor declined and was not asked since.
        typed: whether there is a confirmatory typing, in this case.
        passed: the result of the last medical check since the donor was asked; None before.
        reserved_until: the last day of the last reservation since then, or None.
        collected: whether the cells were collected.
    """

    last: datetime.date
    declined: bool = False
    typed: bool = False
    passed: bool | None = None
    reserved_until: datetime.date | None = None
    collected: bool = False

    def is_reserved(self, day: datetime.date) -> bool:
        """Say whether a reservation holds on a day; it ends by itself after its last one."""
        return (
            not self.declined
            and not self.collected
            and self.passed is not False
            and self.reserved_until is not None
            and day <= self.reserved_until
        )

    def stage(self, day: datetime.date) -> Stage:
        """Return what the donor is on a day, which is not before the last step."""
        if self.collected:
            return Stage.COLLECTED
        if self.declined:
            return Stage.DECLINED
        if self.passed is False:
            return Stage.FAILED
        if self.is_reserved(day):
            return Stage.RESERVED
        if self.passed:
            return Stage.PASSED
        return Stage.TYPED if self.typed else Stage.ASKED

    def after(self, step: CaseStep) -> DonorState:
        """Return what the donor is after a step that may come next."""
        now = replace(self, last=step.day)
        match step.step:
            case Step.ASK:
                return DonorState(last=step.day, typed=self.typed)
            case Step.DECLINE:
                return replace(now, declined=True)
            case Step.TYPING:
                return replace(now, typed=True)
            case Step.CHECK:
                return replace(now, passed=step.passed)
            case Step.RESERVE:
                return replace(now, reserved_until=step.until)
            case Step.COLLECT:
                return replace(now, collected=True)
        return now


@dataclass(frozen=True, slots=True)
class CaseState:
    """What is known of a case.

    Attributes:
        opened: the day that it was opened; None before.
        last: the latest day of a step.
        closed: the day that it was closed, or erased while it was open; None of an open one.
        erased: whether it was erased.
        donors: what each donor is who had a step.

    >>> day = datetime.date(2026, 1, 31)
    >>> state = CaseState().after(CaseStep(step=Step.REQUEST, day=day))
    >>> state.refusal(CaseStep(step=Step.CHECK, day=day, donor="D1", passed=True))
    <Refusal.NOT_ASKED: 'not asked'>
    >>> state.after(CaseStep(step=Step.ASK, day=day, donor="D1")).donors["D1"].stage(day)
    <Stage.ASKED: 'asked'>
    """

    opened: datetime.date | None = None
    last: datetime.date | None = None
    closed: datetime.date | None = None
    erased: bool = False
    donors: Mapping[Hashable, DonorState] = field(default_factory=dict)

    @classmethod
    def of(cls, steps: Iterable[CaseStep]) -> CaseState:
        """Return what is known after some steps, first to last."""
        state = cls()
        for step in steps:
            state = state.after(step)
        return state

    @property
    def is_open(self) -> bool:
        """Whether steps may follow."""
        return self.opened is not None and self.closed is None

    def is_reserved(self, donor: Hashable, day: datetime.date) -> bool:
        """Say whether a donor is reserved in this case on a day; the reservations of a closed case have ended."""
        return self.is_open and donor in self.donors and self.donors[donor].is_reserved(day)

    def after(self, step: CaseStep) -> CaseState:
        """Return what is known after a step that may come next."""
        last = step.day if self.last is None else max(self.last, step.day)
        if step.step is Step.REQUEST:
            return replace(self, opened=step.day, last=last)
        if step.step is Step.CLOSE:
            return replace(self, closed=step.day, last=last)
        if step.step is Step.ERASE:
            return replace(self, closed=self.closed or step.day, last=last, erased=True)
        if not step.step.is_of_donor:
            return replace(self, last=last)
        before = self.donors.get(step.donor, DonorState(last=step.day))
        return replace(self, last=last, donors={**self.donors, step.donor: before.after(step)})

    def refusal(self, step: CaseStep, *, reserved_elsewhere: bool = False) -> Refusal | None:
        """Return why a step may not come next; None where it may.

        Args:
            step: the step.
            reserved_elsewhere: whether another open case has the donor reserved on the day of the step.
        """
        if step.step is Step.REQUEST:
            return None if self.opened is None else Refusal.OPEN_ALREADY
        if self.opened is None or self.last is None:
            return Refusal.NOT_OPEN
        if self.erased:
            return Refusal.ERASED
        if self.closed is not None and step.step is not Step.ERASE:
            return Refusal.CLOSED
        if step.day < (self.last if step.step in (Step.CLOSE, Step.ERASE) else self.opened):
            return Refusal.EARLIER
        if not step.step.is_of_donor:
            return None
        found = _refused_donor(self.donors.get(step.donor), step)
        takes_donor = step.step in (Step.RESERVE, Step.COLLECT)
        return Refusal.RESERVED_ELSEWHERE if found is None and takes_donor and reserved_elsewhere else found


def _refused_donor(donor: DonorState | None, step: CaseStep) -> Refusal | None:
    """Return why a step of a donor may not come next in an open case."""
    if donor is None:
        return None if step.step is Step.ASK else Refusal.NOT_ASKED
    if step.day < donor.last:
        return Refusal.EARLIER
    if donor.collected:
        return Refusal.COLLECTED
    if step.step is Step.ASK:
        return None if donor.declined else Refusal.ASKED_ALREADY
    if donor.declined:
        return Refusal.DECLINED
    return _unmet(donor, step)


def _unmet(donor: DonorState, step: CaseStep) -> Refusal | None:
    """Return what a donor who is asked lacks for a step."""
    if step.step is Step.CHECK and not donor.typed:
        return Refusal.NOT_TYPED
    if step.step in (Step.RESERVE, Step.COLLECT) and donor.passed is False:
        return Refusal.FAILED
    if step.step is Step.RESERVE and (step.until is None or step.until < step.day):
        return Refusal.ENDS_BEFORE
    if step.step is Step.COLLECT and donor.passed is None:
        return Refusal.NOT_CHECKED
    if step.step is Step.COLLECT and not donor.is_reserved(step.day):
        return Refusal.NOT_RESERVED
    return None
