"""Which step may follow on which, against the oracle, for histories of every kind."""

from __future__ import annotations

import datetime
import json

from hypothesis import given
from hypothesis import strategies as st

from hla_match.cases.list_changes import list_changes
from hla_match.cases.steps import CaseState, CaseStep, Step
from tests.oracle import cases as oracle

FIRST = datetime.date(2026, 1, 1)
DAYS = st.integers(0, 5).map(lambda n: FIRST + datetime.timedelta(days=n))
DONORS = ("D1", "D2")


@st.composite
def events(draw: st.DrawFn) -> oracle.Event:
    step = draw(st.sampled_from([*Step]))
    return oracle.Event(
        step=str(step),
        day=draw(DAYS),
        donor=draw(st.sampled_from(DONORS)) if step.is_of_donor else None,
        until=draw(DAYS) if step is Step.RESERVE else None,
        passed=draw(st.booleans()) if step is Step.CHECK else None,
    )


def step_of(event: oracle.Event) -> CaseStep:
    return CaseStep(step=Step(event.step), day=event.day, donor=event.donor, until=event.until, passed=event.passed)


# A donor in the order of things, so that late steps are reached.
USUAL = st.sampled_from(["ask", "typing", "check", "reserve", "collect", "decline"])


@st.composite
def likely(draw: st.DrawFn) -> list[oracle.Event]:
    found, day = [oracle.Event("open", FIRST)], FIRST
    for step in draw(st.lists(USUAL, max_size=9)):
        day += datetime.timedelta(days=draw(st.integers(0, 1)))
        until = day + datetime.timedelta(days=draw(st.integers(0, 2))) if step == "reserve" else None
        found.append(oracle.Event(step, day, "D1", until, draw(st.booleans()) if step == "check" else None))
    return found


@given(st.one_of(st.lists(events(), max_size=12), likely()), st.booleans(), DAYS)
def test_steps_may_follow_as_the_oracle_says(wanted: list[oracle.Event], elsewhere: bool, day: datetime.date) -> None:
    state, history = CaseState(), []
    for event in wanted:
        allowed = oracle.may_follow(history, event, elsewhere)
        assert (state.refusal(step_of(event), reserved_elsewhere=elsewhere) is None) == allowed
        if allowed:
            state = state.after(step_of(event))
            history.append(event)
    assert state == CaseState.of(map(step_of, history))
    for donor, known in state.donors.items():
        later = max(day, known.last)
        assert known.stage(later) == oracle.stage(history, str(donor), later)
        is_closed = any(one.step in ("close", "erase") for one in history)
        reserved = oracle.stage(history, str(donor), later) == "reserved" and not is_closed
        assert state.is_reserved(donor, later) == reserved


ROWS = st.dictionaries(
    st.sampled_from([f"D{n}" for n in range(6)]),
    st.builds(lambda best, age: json.dumps({"best": best, "age": age}), st.integers(8, 10), st.integers(30, 31)),
)


@given(ROWS, ROWS, st.sets(st.sampled_from([f"D{n}" for n in range(6)])))
def test_changes_of_a_list_are_those_of_the_oracle(
    before: dict[str, str], after: dict[str, str], touched: set[str]
) -> None:
    found = list(list_changes(before, after, touched))
    assert {one.donor_id: str(one.change) for one in found} == oracle.changes(before, after, touched)
    assert [one.donor_id for one in found] == sorted(one.donor_id for one in found)
    for one in found:
        assert (one.before is None) == (one.donor_id not in before)
        assert (one.after is None) == (one.donor_id not in after)
