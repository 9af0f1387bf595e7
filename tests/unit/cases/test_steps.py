"""The steps of a case on the way from the request to the collection, and the words for what is refused."""

from __future__ import annotations

import datetime

from hla_match.cases.steps import REFUSAL_WORDS, STAGE_WORDS, STEP_WORDS, CaseState, CaseStep, Refusal, Stage, Step

DAY = datetime.date(2026, 1, 31)


def later(days: int) -> datetime.date:
    return DAY + datetime.timedelta(days=days)


def test_a_donor_goes_from_the_request_to_the_collection() -> None:
    state = CaseState()
    way = [
        (CaseStep(step=Step.REQUEST, day=DAY), None),
        (CaseStep(step=Step.SEARCH, day=DAY), None),
        (CaseStep(step=Step.ASK, day=DAY, donor=1), Stage.ASKED),
        (CaseStep(step=Step.TYPING, day=later(1), donor=1), Stage.TYPED),
        (CaseStep(step=Step.CHECK, day=later(2), donor=1, passed=True), Stage.PASSED),
        (CaseStep(step=Step.RESERVE, day=later(2), donor=1, until=later(9)), Stage.RESERVED),
        (CaseStep(step=Step.COLLECT, day=later(9), donor=1), Stage.COLLECTED),
        (CaseStep(step=Step.CLOSE, day=later(9)), Stage.COLLECTED),
    ]
    for step, stage in way:
        assert state.refusal(step) is None
        state = state.after(step)
        assert stage is None or state.donors[1].stage(step.day) is stage
    assert state.refusal(CaseStep(step=Step.SEARCH, day=later(10))) is Refusal.CLOSED


def test_a_reservation_ends_by_itself_after_its_last_day() -> None:
    steps = [
        CaseStep(step=Step.REQUEST, day=DAY),
        CaseStep(step=Step.ASK, day=DAY, donor=1),
        CaseStep(step=Step.TYPING, day=DAY, donor=1),
        CaseStep(step=Step.CHECK, day=DAY, donor=1, passed=True),
        CaseStep(step=Step.RESERVE, day=DAY, donor=1, until=later(3)),
    ]
    state = CaseState.of(steps)
    assert [state.is_reserved(1, later(n)) for n in (0, 3, 4)] == [True, True, False]
    assert state.donors[1].stage(later(4)) is Stage.PASSED
    assert state.refusal(CaseStep(step=Step.COLLECT, day=later(4), donor=1)) is Refusal.NOT_RESERVED
    closed = state.after(CaseStep(step=Step.CLOSE, day=later(1)))
    assert not closed.is_reserved(1, later(1))


def test_who_is_reserved_elsewhere_is_neither_reserved_nor_collected() -> None:
    state = CaseState.of([CaseStep(step=Step.REQUEST, day=DAY), CaseStep(step=Step.ASK, day=DAY, donor=1)])
    step = CaseStep(step=Step.RESERVE, day=DAY, donor=1, until=DAY)
    assert state.refusal(step) is None
    assert state.refusal(step, reserved_elsewhere=True) is Refusal.RESERVED_ELSEWHERE


def test_every_step_stage_and_refusal_has_its_words() -> None:
    assert (set(STEP_WORDS), set(STAGE_WORDS), set(REFUSAL_WORDS)) == (set(Step), set(Stage), set(Refusal))
