"""Sets of alleles as rows of booleans, so that all pairs of sets are compared at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import NEW
from hla_match.kernels.schema.typings import TypingTable


def set_alleles(table: TypingTable, n_codes: int) -> NDArray[np.bool_]:
    """Return (sets, codes) whether each set has each of the first codes; NEW is in none."""
    start, member = table.counted.set_start, table.counted.set_member
    of_set = np.repeat(np.arange(start.size - 1), np.diff(start))
    known = (member < n_codes) & (member != NEW)
    has = np.zeros((start.size - 1, n_codes), np.bool_)
    has[of_set[known], member[known]] = True
    return has


def meeting(sets: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (sets, others) whether each row of one matrix has a true column in common with each row of another."""
    # Products of numbers are worked out by the processor's own library, those of booleans are not.
    return np.ascontiguousarray(sets.astype(np.float32) @ others.T.astype(np.float32) > 0)
