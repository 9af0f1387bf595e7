"""The pass over all donors: add up each donor's mismatches from small tables and keep those within the limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel

BLOCK = 4096
"""Donors a block: the running sums of a block stay in the first-level cache."""

EXCLUDED = 23
"""Table value of a typing over its locus' own limit: more than any total, yet eleven of them fit in a byte."""


@kernel
def select_donors(
    donor_typing: NDArray[np.uint16],
    locus_row: NDArray[np.int64],
    table_start: NDArray[np.int64],
    table: NDArray[np.uint8],
    donor_eligible: NDArray[np.bool_],
    limit: int,
    donor: NDArray[np.uint32],
) -> int:
    """Write the rows of the eligible donors with at most `limit` mismatches, in row order, and return their number.

    Args:
        donor_typing: (loci, donors) uint16 or uint32 typing codes, row-contiguous.
        locus_row: (n,) int64, the rows of `donor_typing` in scope.
        table_start: (n,) int64, where the table of each of these loci starts in `table`.
        table: uint8 mismatches by typing code, all loci one after another; `EXCLUDED` where not allowed.
        donor_eligible: (donors,) bool.
        limit: greatest total.
        donor: (donors,) uint32, receives the rows.

    Notes:
        Cost: one table look-up for each donor and locus. Oracle: ``search`` in ``tests/oracle/matching.py``.
    """
    n_donors = donor_typing.shape[1]
    total = np.zeros(BLOCK, np.uint8)
    found = 0
    for start in range(0, n_donors, BLOCK):
        size = min(BLOCK, n_donors - start)
        total[:] = 0
        for k in range(locus_row.size):
            typing = donor_typing[locus_row[k], start : start + size]
            locus_table = table[table_start[k] :]
            for i in range(size):
                total[i] += locus_table[typing[i]]
        for i in range(size):
            if total[i] <= limit and donor_eligible[start + i]:
                donor[found] = start + i
                found += 1
    return found
