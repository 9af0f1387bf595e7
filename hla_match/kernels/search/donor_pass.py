"""The pass over all donors: add up each donor's mismatches from small tables and keep those within the limit."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from hla_match.kernels._jit import kernel
from hla_match.kernels.codes import COUNTED, UNCERTAIN
from hla_match.kernels.schema.array import Array, Uint8, Uint16, Uint32
from hla_match.kernels.schema.search import FoundRows, LocusTables

BLOCK = 4096
"""Donors a block: the running sums of a block stay in the first-level cache."""


@kernel
def select_donors(
    donor_typing: Annotated[Uint16 | Uint32, Array("loci, donors", "typing codes", missing=0)],
    tables: LocusTables,
    eligible: Uint8,
    limit: int,
    found: FoundRows,
) -> int:
    """Write the eligible donors with at most `limit` mismatches, in row order, and return their number.

    Args:
        donor_typing: typing codes of the registry, a row a locus.
        tables: what each typing counts for at the loci in scope.
        eligible: a bit for each donor, lowest bit first.
        limit: greatest total.
        found: receives the donors.

    Notes:
        Cost: one table look-up for each donor and locus. Oracle: ``search`` in ``tests/oracle/matching.py``.
    """
    locus_row, table_start, table = tables.locus_row, tables.table_start, tables.table
    n_donors = donor_typing.shape[1]
    total = np.zeros(BLOCK, np.uint16)
    n_found = 0
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
                found.donor[n_found] = row
                found.mismatches[n_found] = total[i] & COUNTED
                found.uncertain[n_found] = total[i] >= UNCERTAIN
                n_found += 1
    return n_found
