"""The search in donors ordered by typing: whole runs are ruled out, the donors of the others read one after another.

Oracle: ``search`` in ``tests/oracle/matching.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel


@kernel
def holds_pair(first: int, second: int, pair_limit: int) -> bool:
    """Say whether an order has to look at donors with so many mismatches at its first and its second locus.

    Of any three numbers in a cycle that add up to at most k, some number and its next are such a pair for a
    `pair_limit` of 2k/3, rounded down.
    """
    return first <= second and first + second <= pair_limit


@kernel
def count_in_runs(
    pair_limit: int,
    first_run: NDArray[np.uint32],
    run_second: NDArray[np.uint16],
    run_donor: NDArray[np.uint32],
    first_table: NDArray[np.uint8],
    second_table: NDArray[np.uint8],
) -> int:
    """Return how many donors of an order `find_in_runs` would read; arguments as there."""
    donors = 0
    for meaning in range(first_run.size - 1):
        first = first_table[meaning]
        if 2 * first > pair_limit:
            continue
        for run in range(first_run[meaning], first_run[meaning + 1]):
            if holds_pair(first, second_table[run_second[run]], pair_limit):
                donors += run_donor[run + 1] - run_donor[run]
    return donors


@kernel
def find_in_runs(
    position: int,
    limit: int,
    pair_limit: int,
    first_run: NDArray[np.uint32],
    run_second: NDArray[np.uint16],
    run_donor: NDArray[np.uint32],
    order_donor: NDArray[np.uint32],
    order_typing: NDArray[np.uint16],
    donor_typing: NDArray[np.uint16],
    first_table: NDArray[np.uint8],
    second_table: NDArray[np.uint8],
    third_table: NDArray[np.uint8],
    first_open: NDArray[np.bool_],
    second_open: NDArray[np.bool_],
    third_open: NDArray[np.bool_],
    carried_row: NDArray[np.int64],
    other_row: NDArray[np.int64],
    table_start: NDArray[np.int64],
    table: NDArray[np.uint8],
    is_open: NDArray[np.bool_],
    eligible: NDArray[np.uint8],
    found: int,
    donor: NDArray[np.uint32],
    mismatches: NDArray[np.uint8],
    uncertain: NDArray[np.bool_],
) -> int:
    """Append the eligible donors of one order with at most `limit` mismatches; return how many there are now.

    Args:
        position: of the order in the cycle; a donor whom an earlier order finds too is left to it.
        limit: greatest total.
        pair_limit: greatest total of the first two loci, see `holds_pair`.
        first_run: as in `hla_match.donor_orders.DonorOrder`, likewise the next four.
        run_second: see there.
        run_donor: see there.
        order_donor: see there.
        order_typing: see there.
        donor_typing: (loci, donors) typing codes of the registry.
        first_table: mismatches by meaning at the first locus, likewise for the second and the third.
        second_table: see there.
        third_table: see there.
        first_open: whether a meaning's count at the first locus is not certain, likewise for the others.
        second_open: see there.
        third_open: see there.
        carried_row: rows of `order_typing` in scope beyond the third locus.
        other_row: rows of `donor_typing` in scope that are not in the order.
        table_start: where the tables of these loci, in this order, start in `table` and `is_open`.
        table: mismatches by meaning for `carried_row`, by typing code for `other_row`.
        is_open: whether the count is not certain, entries as in `table`.
        eligible: a bit for each row of the registry, lowest bit first.
        found: how many were found before.
        donor: receives rows of the registry.
        mismatches: receives their totals.
        uncertain: receives whether a count is not certain.

    Notes:
        Cost: a look at each run of the few meanings that are left at the first locus, then, for the donors of the runs
        that are left, one look-up in a sequence. For ten million donors and a resolved patient half a million are
        read, and a hundred and seventy thousand found.
    """
    third_typing = order_typing[0]
    for meaning in range(first_run.size - 1):
        first = np.int64(first_table[meaning])
        if 2 * first > pair_limit:
            continue
        for run in range(first_run[meaning], first_run[meaning + 1]):
            second_meaning = run_second[run]
            second = np.int64(second_table[second_meaning])
            if not holds_pair(first, second, pair_limit):
                continue
            open_before = first_open[meaning] or second_open[second_meaning]
            for i in range(run_donor[run], run_donor[run + 1]):
                third = np.int64(third_table[third_typing[i]])
                total = first + second + third
                if (
                    total > limit
                    or (position >= 1 and holds_pair(third, first, pair_limit))
                    or (position == 2 and holds_pair(second, third, pair_limit))
                ):
                    continue
                for k in range(carried_row.size):
                    total += table[table_start[k] + order_typing[carried_row[k], i]]
                if total > limit:
                    continue
                row = order_donor[i]
                if not (eligible[row >> 3] >> (row & 7)) & 1:
                    continue
                for k in range(other_row.size):
                    total += table[table_start[carried_row.size + k] + donor_typing[other_row[k], row]]
                if total > limit:
                    continue
                unsure = open_before or third_open[third_typing[i]]
                for k in range(carried_row.size):
                    unsure = unsure or is_open[table_start[k] + order_typing[carried_row[k], i]]
                for k in range(other_row.size):
                    unsure = unsure or is_open[table_start[carried_row.size + k] + donor_typing[other_row[k], row]]
                donor[found] = row
                mismatches[found] = total
                uncertain[found] = unsure
                found += 1
    return found
