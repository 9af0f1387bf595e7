"""Runs cases at places: equality first, then time."""

from __future__ import annotations

import dataclasses
import fnmatch
import gc
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.case import Case
from benchmarks.findings import SHARED, Disagreement, NotRun
from benchmarks.machine import machine
from benchmarks.places import Place, Settings, SharedPlace, SyntheticPlace
from benchmarks.results import FORMAT, Document, place_name, shown

Say = Callable[[str], None]


def chosen_cases(cases: Sequence[Case], patterns: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases whose names match one of the patterns, all of them without a pattern.

    Raises:
        ValueError: a pattern matches nothing.
    """
    for pattern in patterns:
        if not fnmatch.filter([case.name for case in cases], pattern):
            raise ValueError(f"no case matches {pattern!r}; there are {', '.join(case.name for case in cases)}")
    return tuple(case for case in cases if not patterns or any(fnmatch.fnmatchcase(case.name, one) for one in patterns))


def run(cases: Sequence[Case], settings: Settings, say: Say) -> Document:
    """Run the cases at the shared registry and at every size, and return the results.

    Args:
        cases: of the table.
        settings: places and sizes.
        say: takes one line for each case.
    """
    # Before the first case: the checkout may change while they run.
    measured_on = machine()
    results: list[dict[str, Any]] = []
    for label in (SHARED, *map(str, settings.sizes)):
        here = [case for case in cases if case.is_for(label)]
        if here:
            say(f"\n{place_name(label)}")
            for result in _at(label, here, settings):
                say(line(result))
                results.append(result)
    return {
        "format": FORMAT,
        "machine": measured_on,
        "settings": {"quick": settings.quick, "workers": settings.workers, "sizes": list(settings.sizes)},
        "results": results,
    }


def _at(label: str, cases: Sequence[Case], settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield the results of the cases at one place, which is given up before the next one is made."""
    try:
        place = SharedPlace(settings) if label == SHARED else SyntheticPlace(int(label), settings)
    except NotRun as reason:
        for case in cases:
            yield {"case": case.name, "place": label, "skipped": str(reason)}
        return
    for case in cases:
        yield {"case": case.name, "place": label, **_result(case, place)}


def _result(case: Case, place: Place) -> dict[str, Any]:
    if case.predicts and place.n_donors > place.settings.most_predicted:
        return {"skipped": f"probabilities are computed up to {place.settings.most_predicted:,} donors only"}
    start = time.perf_counter()
    # What earlier cases left, such as a peer's answers, is not looked through again and again while this one is timed.
    gc.collect()
    gc.freeze()
    try:
        subject = case.setup(place)
        agreed = case.check(subject)
        measured = case.run(subject)
    except NotRun as reason:
        return {"skipped": str(reason)}
    except Disagreement as finding:
        return {"failed": str(finding)}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    return {
        "agreed": agreed,
        "figures": {name: dataclasses.asdict(figure) for name, figure in measured.figures.items()},
        "repetitions": measured.repetitions,
        "notes": list(measured.notes),
        "took": time.perf_counter() - start,
    }


def line(result: dict[str, Any]) -> str:
    """Return one result in one line."""
    if "skipped" in result:
        return f"  {result['case']}: skipped, {result['skipped']}"
    if "failed" in result:
        return f"  {result['case']}: FAILED, {result['failed']}"
    parts = [
        f"{'' if name == 'median' else name + ' '}{shown(one['value'], one['unit'])}"
        for name, one in result["figures"].items()
    ]
    return f"  {result['case']}: {'; '.join(parts)} ({result['agreed']})"


def failures(document: Document) -> list[dict[str, Any]]:
    """Return the results that disagree with what they are compared with, or could not be had."""
    return [result for result in document["results"] if "failed" in result]
