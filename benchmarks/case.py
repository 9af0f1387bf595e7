"""What a case is, and what it gives: figures, and every repetition that they were taken from."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from benchmarks.findings import SHARED
from benchmarks.places import Place

LONG = 10.0
"""Seconds after which a pass is not repeated any more."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and its unit: s, bytes, or "" for a ratio or a count."""

    value: float
    unit: str = "s"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a case gives.

    Attributes:
        figures: by name; "median" is the one that a case is known by.
        repetitions: every measurement, by name: a row a repetition, a number a patient or other subject.
        notes: what is to be known of them.
    """

    figures: dict[str, Figure]
    repetitions: dict[str, list[list[float]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a figure of its case.

    Attributes:
        figure: name of the figure.
        at_most: the greatest value that holds, or None.
        at_least: the least value that holds, or None.
        place: label of the place at which it is asked for.
        beside: case and figure that divide it, measured at the same place in the same run.
        grown_from: label of the place whose figure divides it.
        unit: of the figure and its bounds, where nothing divides it.
    """

    figure: str
    at_most: float | None = None
    at_least: float | None = None
    place: str = SHARED
    beside: tuple[str, str] | None = None
    grown_from: str | None = None
    unit: str = "s"

    def holds(self, value: float) -> bool:
        """Say whether a value is within the bounds."""
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        name: unique.
        proves: one sentence.
        setup: makes ready what `check` and `run` take; it is not timed.
        check: compares the result with another way to it, and says in words what agreed.
        run: measures.
        places: "shared", "sizes" (synthetic registries) or "all".
        predicts: needs match probabilities, which are computed up to a number of donors only.
        beside: the case, a floor, that it stands beside in the report.
        targets: bounds.
    """

    name: str
    proves: str
    setup: Callable[[Place], Any]
    check: Callable[[Any], str]
    run: Callable[[Any], Measured]
    places: str = "all"
    predicts: bool = False
    beside: str | None = None
    targets: tuple[Target, ...] = ()

    def is_for(self, label: str) -> bool:
        """Say whether the case is run at the place of a label."""
        return self.places == "all" or (self.places == SHARED) == (label == SHARED)


def seconds_of(action: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def repeated(action: Callable[[], object], repeats: int) -> list[list[float]]:
    """Return the seconds of each repetition of an action as rows of one number; a long one is not repeated."""
    gc.collect()
    rows: list[list[float]] = []
    while len(rows) < max(repeats, 1):
        rows.append([seconds_of(action)])
        if sum(map(sum, rows)) > LONG:
            break
    return rows


def passes(action: Callable[[Any], object], subjects: Sequence[Any], repeats: int) -> list[list[float]]:
    """Return the seconds of an action for each subject, pass by pass; the first pass of all warms up and is not kept.

    It compiles, and reads every page of a registry. Long passes are not repeated.
    """
    for subject in subjects:
        action(subject)
    gc.collect()
    rows: list[list[float]] = []
    while len(rows) < max(repeats, 1):
        rows.append([_seconds_for(action, subject) for subject in subjects])
        if sum(map(sum, rows)) > LONG:
            break
    return rows


def of_passes(rows: list[list[float]], notes: tuple[str, ...] = ()) -> Measured:
    """Return median and 99th percentile over the subjects of their medians over the passes."""
    each = np.median(np.array(rows), axis=0)
    figures = {"median": Figure(float(np.median(each)))}
    if each.size > 1:
        figures["p99"] = Figure(float(np.percentile(each, 99)))
    return Measured(figures, {"seconds": rows}, notes)


def once(rows: list[list[float]], notes: tuple[str, ...] = ()) -> Measured:
    """Return the median of the repetitions of one action."""
    return Measured({"median": Figure(median(row[0] for row in rows))}, {"seconds": rows}, notes)


def _seconds_for(action: Callable[[Any], object], subject: Any) -> float:
    start = time.perf_counter()
    action(subject)
    return time.perf_counter() - start
