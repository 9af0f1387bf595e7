"""Which cells of a table of counts are withheld, so that nobody can be singled out.

*Primary* suppression: a count from 1 to below a threshold is withheld. *Secondary* suppression: what is left and the
total must not give it away. As zeros are published, each of k withheld cells of sum S can be anything from 1 to
S - (k - 1); further cells are withheld, the smallest first, until this is at least the threshold. Where that cannot be,
every cell is withheld, zeros too. Sources: Hundepool et al., Statistical Disclosure Control (Wiley 2012), chapter 4,
"Frequency tables" and "Feasibility interval"; the threshold of 10 is that of many health statistics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 10
"""The least count that is published."""


def withheld_cells(counts: NDArray[np.integer], threshold: int = THRESHOLD) -> NDArray[np.bool_]:
    """Return (cells,) which cells of a table are withheld whose total is published.

    A total below the threshold is not published, and none of its cells is: `is_withheld` tells.

    Args:
        counts: (cells,) counts that make up the total.
        threshold: the least count that is published.

    >>> withheld_cells(np.array([3, 40, 500, 0])).tolist()
    [True, True, False, False]
    """
    hidden = is_withheld(counts, threshold)
    if is_withheld(counts.sum(keepdims=True), threshold)[0]:
        return np.ones(counts.size, np.bool_)
    if not hidden.any():
        return hidden
    # From the smallest on: so few and so small ones as can be.
    for cell in np.argsort(counts, kind="stable"):
        if _greatest(counts[hidden]) >= threshold:
            return hidden
        hidden[cell] |= counts[cell] > 0
    return hidden if _greatest(counts[hidden]) >= threshold else np.ones(counts.size, np.bool_)


def is_withheld(counts: NDArray[np.integer], threshold: int = THRESHOLD) -> NDArray[np.bool_]:
    """Return which counts are too small to be published, each by itself."""
    small: NDArray[np.bool_] = (counts > 0) & (counts < threshold)
    return small


def _greatest(hidden: NDArray[np.integer]) -> int:
    """Return what the greatest of some withheld cells can be, for all that is published; 0 of one alone."""
    return int(hidden.sum()) - (hidden.size - 1) if hidden.size > 1 else 0
