"""Sets of alleles as rows of booleans, so that all pairs of sets are compared at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import NEW
from hla_match.kernels.schema.typings import TypingTable


def set_alleles(
    table: TypingTable, n_codes: int, chosen: NDArray[np.integer[Any]] | None = None, *, with_new: bool = False
) -> NDArray[np.bool_]:
    """Return (sets, codes) whether each set has each of the first codes.

    Args:
        table: the typings that have the sets.
        n_codes: how many codes.
        chosen: the sets; None for all.
        with_new: whether an allele reported as NEW is one like any other; without it NEW is in no set.
    """
    start, member = table.counted.set_start, table.counted.set_member
    rows = np.arange(start.size - 1) if chosen is None else chosen
    n_members = start[rows + 1] - start[rows]
    of_set = np.repeat(np.arange(rows.size), n_members)
    code = member[np.repeat(start[rows] - np.cumsum(n_members) + n_members, n_members) + np.arange(of_set.size)]
    known = (code < n_codes) & (with_new | (code != NEW))
    has = np.zeros((rows.size, n_codes), np.bool_)
    has[of_set[known], code[known]] = True
    return has


def meeting(sets: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (sets, others) whether each row of one matrix has a true column in common with each row of another."""
    # Products of numbers are worked out by the processor's own library, those of booleans are not.
    return np.ascontiguousarray(sets.astype(np.float32) @ others.T.astype(np.float32) > 0)
