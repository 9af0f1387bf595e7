"""The rules of a case told once more, slowly: from the whole history each time, one sentence a rule."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Event(NamedTuple):
    """A step as the oracle reads it."""

    step: str
    day: datetime.date
    donor: str | None = None
    until: datetime.date | None = None
    passed: bool | None = None


def may_follow(history: Sequence[Event], event: Event, elsewhere: bool = False) -> bool:
    """Whether a step may come after a history that is allowed."""
    names = [one.step for one in history]
    if event.step == "open":
        return not names
    if "open" not in names or "erase" in names:
        return False
    if event.step == "erase":
        return all(event.day >= one.day for one in history)
    if "close" in names:
        return False
    if event.step == "search":
        return event.day >= history[0].day
    if event.step == "close":
        return all(event.day >= one.day for one in history)
    of_donor = [one for one in history if one.donor == event.donor]
    if event.day < max([history[0].day, *(one.day for one in of_donor)]):
        return False
    done = [one.step for one in of_donor]
    if "collect" in done:
        return False
    asked = is_asked(of_donor)
    if event.step == "ask":
        return not asked
    if not asked:
        return False
    since = since_asked(of_donor)
    checks = [one.passed for one in since if one.step == "check"]
    failed = bool(checks) and not checks[-1]
    if event.step in ("decline", "typing"):
        return True
    if event.step == "check":
        return "typing" in done
    if failed or elsewhere:
        return False
    if event.step == "reserve":
        return event.until is not None and event.until >= event.day
    ends = [one.until for one in since if one.step == "reserve"]
    return bool(checks) and bool(ends) and ends[-1] is not None and ends[-1] >= event.day


def is_asked(of_donor: Sequence[Event]) -> bool:
    """Whether the last answer is neither missing nor a refusal."""
    words = [one.step for one in of_donor if one.step in ("ask", "decline")]
    return bool(words) and words[-1] == "ask"


def since_asked(of_donor: Sequence[Event]) -> list[Event]:
    """The steps of a donor from the last time that the donor was asked."""
    last = max(at for at, one in enumerate(of_donor) if one.step == "ask")
    return list(of_donor[last:])


def stage(history: Sequence[Event], donor: str, day: datetime.date) -> str:
    """What a donor who had a step is on a day."""
    of_donor = [one for one in history if one.donor == donor]
    done = [one.step for one in of_donor]
    if "collect" in done:
        return "collected"
    if not is_asked(of_donor):
        return "declined"
    since = since_asked(of_donor)
    checks = [one.passed for one in since if one.step == "check"]
    if checks and not checks[-1]:
        return "failed"
    ends = [one.until for one in since if one.step == "reserve"]
    if ends and ends[-1] is not None and day <= ends[-1]:
        return "reserved"
    if checks:
        return "passed"
    return "typed" if "typing" in done else "asked"


def changes(before: Mapping[str, str], after: Mapping[str, str], touched: set[str]) -> dict[str, str]:
    """What became of each donor of two lists."""
    found = {}
    for donor in {*before, *after}:
        if donor not in before:
            found[donor] = "new"
        elif donor not in after:
            found[donor] = "gone"
        elif donor in touched or without_age(before[donor]) != without_age(after[donor]):
            found[donor] = "changed"
    return found


def without_age(text: str) -> dict[str, Any]:
    """What a list says of a donor but for the age."""
    told: dict[str, Any] = json.loads(text)
    told.pop("age", None)
    return told
