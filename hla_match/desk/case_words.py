"""The cases of patients in the words of the pages: how far each is, what happened, and which step may come next."""

from __future__ import annotations

import datetime
from collections.abc import Container, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hla_match.cases.list_changes import ListChange, settled
from hla_match.cases.steps import STAGE_WORDS, STEP_WORDS, CaseState, CaseStep, DonorState, Step
from hla_match.language import translatable, translated
from hla_match.reporting.donor_words import STATUSES
from hla_match.reporting.match_summary import percent
from registry_io.store.case_records import CaseDonor, CaseRecord, RecordedStep

DONOR_STEPS = tuple(step for step in Step if step.is_of_donor and step is not Step.ASK)
"""The steps of a donor who was asked."""

CHANGE_WORDS: Mapping[ListChange, str] = {
    ListChange.NEW: translatable("new"),
    ListChange.CHANGED: translatable("changed"),
    ListChange.GONE: translatable("gone"),
}
"""What became of a donor of a list."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step as a page shows it.

    Attributes:
        day: on which it happened.
        at: when it was recorded, in UTC.
        what: it is called.
        donor_id: of whom; None of a step of the case, and of a donor who was erased.
        donor_code: the donor's code; None of a step of the case.
        details: what else is known, each in a phrase.
        actor: who made it.
        reason: why; "" where nobody said.
    """

    day: datetime.date
    at: str
    what: str
    donor_id: str | None
    donor_code: str | None
    details: tuple[str, ...]
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class DonorLine:
    """A donor of a case as a page shows it.

    Attributes:
        donor_id: the identifier; None of one who was erased.
        code: the code in this case.
        stage: what the donor is today, in words.
        steps: that may come next.
        may_be_asked: whether the donor may be asked, again.
        has_left: whether the registry has the donor no longer, who withdrew or is merged into another record.
    """

    donor_id: str | None
    code: str
    stage: str
    steps: frozenset[str]
    may_be_asked: bool
    has_left: bool


def case_state(case: CaseRecord) -> str:
    """Return how far a case is."""
    if case.closed is not None:
        return translated("opened {day}, closed {closed}", day=case.opened, closed=case.closed)
    last = case.last_search
    if last is None:
        return translated("open since {day}, not searched yet", day=case.opened)
    return translated("open since {day}, last searched {searched}", day=case.opened, searched=last.day)


def step_lines(case: CaseRecord) -> list[StepLine]:
    """Return the steps of a case, the newest first."""
    return [
        StepLine(
            day=one.day,
            at=one.at[:16].replace("T", " "),
            what=translated(STEP_WORDS[one.step]),
            donor_id=one.donor_id,
            donor_code=one.donor_code,
            details=tuple(_details(one)),
            actor=one.actor,
            reason=str(one.told.get("reason", "")),
        )
        for one in reversed(case.steps)
    ]


def _details(step: RecordedStep) -> Iterator[str]:
    told = step.told
    if step.step.is_of_donor and step.donor_code is None:
        yield translated("a donor whose record was erased")
    if "consent" in told:
        yield translated("consent {version}", version=told["consent"])
    if "until" in told:
        yield translated("until {day}", day=told["until"])
    if "passed" in told:
        yield translated("passed") if told["passed"] else translated("failed")
    if "values" in told:
        yield ", ".join(f"{name}={value}" for name, value in told["values"].items())
    if "status" in told:
        yield translated("status set to {status}", status=status_word(told["status"]))
    if step.step is Step.SEARCH:
        yield translated("transaction {n}", n=told["transaction"])
        yield translated("all donors") if told["full"] else translated("changed donors alone")


def status_word(status: str) -> str:
    """Return a status in words."""
    return translated(STATUSES[status]) if status in STATUSES else status


def donor_lines(case: CaseRecord, day: datetime.date, left: Container[str] = ()) -> list[DonorLine]:
    """Return the donors of a case, and which steps may come next on a day; `left` are who left the registry."""
    states: dict[Hashable, DonorState] = {one.donor_code: one.state for one in case.donors}
    last = max((one.day for one in case.steps), default=case.opened)
    state = CaseState(opened=case.opened, last=last, closed=case.closed, donors=states)

    def may(step: Step, code: str) -> bool:
        # A step that is said to be of today, and in its mildest form.
        asked = CaseStep(step=step, day=max(day, last), donor=code, until=max(day, last), passed=True)
        return state.refusal(asked) is None

    return [
        DonorLine(
            donor_id=one.donor_id,
            code=one.donor_code,
            stage=_stage(case, one, day),
            steps=frozenset(step.value for step in DONOR_STEPS if one.donor_id and may(step, one.donor_code)),
            may_be_asked=one.donor_id is not None and may(Step.ASK, one.donor_code),
            has_left=one.donor_id is not None and one.donor_id in left,
        )
        for one in case.donors
    ]


def _stage(case: CaseRecord, donor: CaseDonor, day: datetime.date) -> str:
    state = donor.state
    stage = translated(STAGE_WORDS[state.stage(day)])
    until = state.reserved_until
    if until is None or state.collected or state.declined:
        return stage
    if case.is_open and state.is_reserved(day):
        return translated("{stage} until {day}", stage=stage, day=until)
    return translated("{stage}; the reservation ended {day}", stage=stage, day=min(until, case.closed or until))


def settled_words(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what a confirmatory typing settled for the patient, a phrase each."""
    if before is None or after is None:
        return
    found = settled(before, after)
    if found.matches is not None:
        was, now = found.matches
        yield translated("matches: {before} → {after}", before=was, after=now)
    for locus, (was, now) in found.grades.items():
        yield f"{locus}: {was} → {now}"
    for number, chances in found.chances.items():
        told = {"n": number, **dict(zip(("before", "after"), map(percent, chances), strict=True))}
        yield translated("probability of {n} mismatches: {before} → {after}", **told)
    if not any(found):
        yield translated("It settled nothing for the patient: matches and probabilities are as before.")


def no_mismatch(told: Mapping[str, Any] | None) -> str:
    """Return the probability of no mismatch; "" where there is none."""
    return percent(told["p"][0]) if told is not None and told["p"] else ""
