"""What became of a list: donors who are new in it, whose record or match is another one, and who are gone.

Oracle: ``tests/oracle/cases.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from enum import StrEnum
from itertools import zip_longest
from typing import Any, NamedTuple


class ListChange(StrEnum):
    """What became of a donor of a list."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


class ChangedDonor(NamedTuple):
    """A donor of whom the list says something else.

    Attributes:
        donor_id: the identifier.
        change: what became of the donor.
        before: what the list said; None of a new one.
        after: what it says; None of one who is gone.
    """

    donor_id: str
    change: ListChange
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Settled(NamedTuple):
    """What a typing of a donor settled: each value that is another one now, with the one before.

    Attributes:
        matches: how many alleles match, as `matches` tells; None where it is as before.
        grades: by locus the position grades.
        chances: by number of mismatches the probability, None where it is not known.
    """

    matches: tuple[str, str] | None
    grades: Mapping[str, tuple[str, str]]
    chances: Mapping[int, tuple[float | None, float | None]]


def list_changes(before: Mapping[str, str], after: Mapping[str, str], touched: Set[str]) -> Iterator[ChangedDonor]:
    """Yield the donors of whom a list says something else, by identifier; a birthday alone is no change.

    Args:
        before: by identifier JSON of what the list said.
        after: of what it says now.
        touched: donors whose records changed between the two.

    >>> found = list_changes({"D1": '{"best": 9}'}, {"D2": '{"best": 10}'}, set())
    >>> [(one.donor_id, str(one.change)) for one in found]
    [('D1', 'gone'), ('D2', 'new')]
    """
    for donor_id in sorted(before.keys() | after.keys()):
        was, now = before.get(donor_id), after.get(donor_id)
        if was == now and donor_id not in touched:
            continue
        told = (None if was is None else json.loads(was), None if now is None else json.loads(now))
        if was is None:
            yield ChangedDonor(donor_id, ListChange.NEW, *told)
        elif now is None:
            yield ChangedDonor(donor_id, ListChange.GONE, *told)
        elif donor_id in touched or _but_age(told[0]) != _but_age(told[1]):
            yield ChangedDonor(donor_id, ListChange.CHANGED, *told)


def matches(told: Mapping[str, Any] | None) -> str:
    """Return how many alleles of a donor of a list match, from those that are certain to those that may be.

    >>> matches({"best": 10, "worst": 9}), matches({"best": 10, "worst": 10}), matches(None)
    ('9-10', '10', '')
    """
    if told is None:
        return ""
    best, worst = told["best"], told["worst"]
    return f"{best}" if best == worst else f"{worst}-{best}"


def settled(before: Mapping[str, Any], after: Mapping[str, Any]) -> Settled:
    """Return what a typing settled, by what a list says of the donor before and afterwards.

    >>> was, now = ({"best": 2, "worst": one, "grades": {"A": "PA"}, "p": None} for one in (1, 2))
    >>> settled(was, now)
    Settled(matches=('1-2', '2'), grades={}, chances={})
    """
    both = matches(before), matches(after)
    grades = {locus: (before["grades"].get(locus, "-"), now) for locus, now in after["grades"].items()}
    # Of a donor whom no frequencies explain, nothing is known: a typing may change that, either way.
    chances = dict(enumerate(zip_longest(before["p"] or (), after["p"] or ())))
    return Settled(
        matches=both if both[0] != both[1] else None,
        grades={locus: (was, now) for locus, (was, now) in grades.items() if was != now},
        chances={number: (was, now) for number, (was, now) in chances.items() if was != now},
    )


def _but_age(told: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (told or {}).items() if name != "age"}
