"""The pass over all donors: add up each donor's mismatches from small tables and keep those within the limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel

BLOCK = 4096
"""Donors a block: the running sums of a block stay in the first-level cache."""

EXCLUDED = 23
"""Mismatches of a typing over its locus' own limit: more than any total, yet eleven of them fit in a byte."""

OPEN = 256
"""Added to the mismatches of a typing whose count is not certain, so that one look-up tells both."""

COUNTED = OPEN - 1
"""The bits of a sum of table values that hold its mismatches."""


@kernel
def select_donors(
    donor_typing: NDArray[np.uint16],
    locus_row: NDArray[np.int64],
    table_start: NDArray[np.int64],
    table: NDArray[np.uint16],
    eligible: NDArray[np.uint8],
    limit: int,
    donor: NDArray[np.uint32],
    mismatches: NDArray[np.uint8],
    uncertain: NDArray[np.bool_],
) -> int:
    """Write the eligible donors with at most `limit` mismatches, in row order, and return their number.

    Args:
        donor_typing: (loci, donors) uint16 or uint32 typing codes, row-contiguous.
        locus_row: (n,) int64, the rows of `donor_typing` in scope.
        table_start: (n,) int64, where the table of each of these loci starts in `table`.
        table: uint16 mismatches by typing code, all loci one after another; `EXCLUDED` where not allowed, `OPEN` added
            where the count is not certain.
        eligible: a bit for each donor, lowest bit first.
        limit: greatest total.
        donor: (donors,) uint32, receives the rows.
        mismatches: (donors,) uint8, receives their totals.
        uncertain: (donors,) receives whether a count is not certain.

    Notes:
        Cost: one table look-up for each donor and locus. Oracle: ``search`` in ``tests/oracle/matching.py``.
    """
    n_donors = donor_typing.shape[1]
    total = np.zeros(BLOCK, np.uint16)
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
            row = start + i
            if (total[i] & COUNTED) <= limit and (eligible[row >> 3] >> (row & 7)) & 1:
                donor[found] = row
                mismatches[found] = total[i] & COUNTED
                uncertain[found] = total[i] >= OPEN
                found += 1
    return found
