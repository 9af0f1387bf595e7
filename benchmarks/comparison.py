"""Two results side by side: ratios, and whether they are more than noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.case import Figure
from benchmarks.results import Document, figures

MARGIN = 0.1
"""The least margin: what the same program differs by between two runs on a quiet machine."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both results.

    Attributes:
        case: its name.
        place: its label.
        figure: its name.
        old: before.
        new: after.
        margin: the ratio within which a change is noise, as a part of 1.
    """

    case: str
    place: str
    figure: str
    old: Figure
    new: Figure
    margin: float

    @property
    def ratio(self) -> float:
        """New to old."""
        return self.new.value / self.old.value if self.old.value else float("nan")

    @property
    def word(self) -> str:
        """Return what the change is; a count or a ratio is only more or less."""
        if not abs(np.log(self.ratio)) > np.log1p(self.margin):
            return "same"
        more = self.ratio > 1
        if self.new.unit in ("s", "bytes"):
            return "worse" if more else "better"
        return "more" if more else "less"


def changes(old: Document, new: Document) -> Iterator[Change]:
    """Yield every figure that both results have."""
    before, after = figures(old), figures(new)
    spread = {key: max(_spread(old, *key), _spread(new, *key)) for key in {(case, place) for case, place, _ in after}}
    for (case, place, name), figure in after.items():
        other = before.get((case, place, name))
        if other is not None:
            margin = max(MARGIN, spread[case, place])
            yield Change(case, place, name, other, figure, margin)


def _spread(document: Document, case: str, place: str) -> float:
    """Return how far the repetitions of a case lie apart, as a part of their median: of passes, of their sums."""
    greatest = 0.0
    for entry in document["results"]:
        if (entry["case"], entry["place"]) == (case, place):
            for rows in entry.get("repetitions", {}).values():
                sums = np.array([sum(row) for row in rows])
                if sums.size > 1 and np.median(sums) > 0:
                    # The middle half, so that one interruption is not taken for noise of all.
                    low, high = np.percentile(sums, [25, 75])
                    greatest = max(greatest, float((high - low) / np.median(sums)))
    return greatest
