"""Which cells of a table of counts are withheld, so that nobody can be singled out.

*Primary* suppression: a count from 1 to below a threshold is withheld. *Secondary* suppression: what is left and the
total must not give it away. Of withheld cells of sum S, each of which is known to be at least l, the greatest that one
can be is S less the l of the others; further cells are withheld, the smallest first, until this is at least the
threshold. As zeros are published, l is 1; that of a city that is named since it has so many donors is the threshold.
Where that cannot be, every cell is withheld, zeros too.

A count that is part of another one (who donated in the year, of all who donated) leaves a *rest*, which a reader
subtracts. A small rest is guarded as a small count is: the part is withheld, and wherever the whole is; the rests of
the cells in which one of the two is withheld must sum to the threshold.

Sources: Hundepool et al., Statistical Disclosure Control (Wiley 2012), chapter 4, "Frequency tables", "Feasibility
interval" and "Linked tables"; the threshold of 10 is that of many health statistics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 10
"""The least count that is published."""

Counts = NDArray[np.integer]


def withheld_cells(
    counts: Counts,
    threshold: int = THRESHOLD,
    *,
    least: Counts | None = None,
    whole: Counts | None = None,
    whole_withheld: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Return (cells,) which cells of a table are withheld whose total is published.

    A total below the threshold, or with a rest below it, is not published, and none of its cells is: `total_withheld`
    tells.

    Args:
        counts: (cells,) counts that make up the total.
        threshold: the least count that is published.
        least: (cells,) what a reader knows each count to be at least; 1 where it is not given and the count is no zero.
        whole: (cells,) the counts of which these are a part; None where they are of none.
        whole_withheld: (cells,) which of those are withheld; None for none.

    >>> withheld_cells(np.array([3, 40, 500, 0])).tolist()
    [True, True, False, False]
    >>> withheld_cells(np.array([12, 20, 30]), whole=np.array([15, 90, 80])).tolist()
    [True, True, False]
    """
    rest = None if whole is None else np.maximum(whole - counts, 0)
    beside = np.zeros(counts.size, np.bool_) if whole_withheld is None else whole_withheld
    if total_withheld(int(counts.sum()), threshold, None if whole is None else int(whole.sum())):
        return np.ones(counts.size, np.bool_)
    if not counts.any():
        return np.zeros(counts.size, np.bool_)
    hidden = is_withheld(counts, threshold) | (beside & (counts > 0))
    if rest is not None:
        hidden |= is_withheld(rest, threshold) & (counts > 0)
    known = np.minimum(counts, 1) if least is None else least
    # From the smallest on: so few and so small ones as can be.
    for cell in (None, *np.argsort(counts, kind="stable").tolist()):
        if cell is not None:
            hidden[cell] |= counts[cell] > 0
        if _are_safe(counts[hidden], known[hidden], threshold) and _are_safe_rests(rest, hidden, beside, threshold):
            return hidden
    return np.ones(counts.size, np.bool_)


def total_withheld(total: int, threshold: int = THRESHOLD, whole: int | None = None) -> bool:
    """Say whether a total is too small to be published, or what it leaves of the whole that it is a part of.

    >>> total_withheld(9), total_withheld(95, whole=100), total_withheld(100, whole=100)
    (True, True, False)
    """
    rest = 0 if whole is None or not total else whole - total
    return 0 < total < threshold or 0 < rest < threshold


def is_withheld(counts: Counts, threshold: int = THRESHOLD) -> NDArray[np.bool_]:
    """Return which counts are too small to be published, each by itself."""
    small: NDArray[np.bool_] = (counts > 0) & (counts < threshold)
    return small


def gives_away(counts: Counts, hidden: NDArray[np.bool_], least: Counts, threshold: int = THRESHOLD) -> bool:
    """Say whether a reader knows of a withheld cell that it is below the threshold, by what each is at least.

    >>> gives_away(np.array([15, 3]), np.array([True, True]), np.array([10, 0]))
    True
    """
    return not _are_safe(counts[hidden], least[hidden], threshold)


def _are_safe(hidden: Counts, least: Counts, threshold: int) -> bool:
    """Say whether each of some withheld cells can be as many as the threshold; one alone is known by the total."""
    if hidden.size < 2:
        return not hidden.size
    return int(hidden.sum() - least.sum() + least.min()) >= threshold


def _are_safe_rests(rest: Counts | None, hidden: NDArray[np.bool_], beside: NDArray[np.bool_], threshold: int) -> bool:
    """Say whether no rest is known to be small, of cells in which the part or the whole is withheld.

    The part of a withheld whole is withheld, or none, so that its rest is the whole, which is not none.
    """
    unknown = hidden | beside
    if rest is None or not is_withheld(rest[unknown], threshold).any():
        return True
    least = np.where(beside & ~hidden, np.minimum(rest, 1), 0)[unknown]
    return int(rest[unknown].sum() - least.sum() + least.min()) >= threshold
