"""The results of a run: a document of plain values, written as JSON, and what its targets say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.case import Case, Figure, Target
from benchmarks.findings import SHARED

FORMAT = "hla-match benchmark results"
Document = dict[str, Any]
"""`format`, `machine`, `settings`, and `results`: one entry for each case and place, with its figures or why not."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target and what was measured of it; `value` is None where it was not."""

    case: str
    target: Target
    value: float | None

    @property
    def unit(self) -> str:
        """Return the unit of value and bounds."""
        return "" if self.target.beside is not None or self.target.grown_from is not None else self.target.unit

    @property
    def word(self) -> str:
        """Return whether it holds, in a word or two."""
        if self.value is None:
            return "not measured"
        return "holds" if self.target.holds(self.value) else "MISSED"


def read(path: Path, expected: str = FORMAT) -> Document:
    """Read results, those of the suite or of another format.

    Raises:
        ValueError: the file holds something else.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("format") != expected:
        raise ValueError(f"{path}: found no {expected}")
    return content


def write(document: Document, path: Path) -> None:
    """Write results."""
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def figures(document: Document) -> dict[tuple[str, str, str], Figure]:
    """Return every figure by case, place and name."""
    return {
        (entry["case"], entry["place"], name): Figure(one["value"], one["unit"])
        for entry in document["results"]
        for name, one in entry.get("figures", {}).items()
    }


def growth(document: Document, case: str, figure: str) -> list[tuple[float, float]]:
    """Return the donors and the value of a figure at each synthetic registry, ascending by donors."""
    return sorted(
        (float(place), one.value)
        for (name, place, which), one in figures(document).items()
        if name == case and which == figure and place != SHARED
    )


def verdicts(document: Document, cases: Sequence[Case]) -> Iterator[Verdict]:
    """Yield each target of the cases with its value."""
    known = figures(document)
    for case in cases:
        for target in case.targets:
            found = known.get((case.name, target.place, target.figure))
            other = None
            if target.beside is not None:
                other = known.get((target.beside[0], target.place, target.beside[1]))
            elif target.grown_from is not None:
                other = known.get((case.name, target.grown_from, target.figure))
            relative = target.beside is not None or target.grown_from is not None
            if found is None or (relative and other is None):
                yield Verdict(case.name, target, None)
            elif other is not None:
                yield Verdict(case.name, target, found.value / other.value)
            else:
                yield Verdict(case.name, target, found.value)


def place_name(label: str) -> str:
    """Return how a place is called in words.

    >>> place_name("10000000")
    '10,000,000 donors'
    """
    return "shared registry" if label == SHARED else f"{int(label):,} donors"


def shown(value: float, unit: str) -> str:
    """Return a value with its unit, to four digits at most.

    >>> shown(0.00123, "s"), shown(12.3456, "s"), shown(2.5e9, "bytes"), shown(1234567.0, ""), shown(0.271, "")
    ('1.23 ms', '12.35 s', '2.5 GB', '1,234,567', '0.271')
    """
    if unit == "s":
        for factor, name in ((1.0, "s"), (1e3, "ms")):
            if value * factor >= 1.0:
                return f"{_digits(value * factor)} {name}"
        return f"{_digits(value * 1e6)} µs"
    if unit == "bytes":
        for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if value >= size:
                return f"{_digits(value / size)} {name}"
        return f"{_digits(value)} B"
    return f"{_digits(value)}{'/s' if unit == '1/s' else ''}"


def _digits(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) < 1 else f"{value:.2f}".rstrip("0").rstrip(".")


def bound(verdict: Verdict) -> str:
    """Return what a target asks for, in words."""
    target = verdict.target
    unit = verdict.unit
    limits = [("at most", target.at_most), ("at least", target.at_least)]
    text = " and ".join(f"{word} {shown(limit, unit)}" for word, limit in limits if limit is not None)
    if target.beside is not None:
        return f"{text} times {target.beside[0]}"
    if target.grown_from is not None:
        return f"{text} times that of {place_name(target.grown_from)}"
    return text
