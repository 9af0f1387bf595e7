"""The search in donors ordered by typing: whole runs are ruled out, the donors of the others read one after another.

Oracle: ``search`` in ``tests/oracle/matching.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel
from hla_match.kernels.search.donor_pass import COUNTED, OPEN


@kernel
def holds_pair(first: int, second: int, pair_limit: int) -> bool:
    """Say whether an order has to look at donors with so many mismatches at its first and its second locus.

    Of three numbers from 0 to 2 in a cycle that add up to at most k, some number and its next are such a pair for a
    `pair_limit` of 2k/3, rounded down; `hla_match.donors.typing_index` says why.
    """
    return first <= second and first + second <= pair_limit


@kernel
def cost_of_runs(
    pair_limit: int,
    budget: int,
    first_run: NDArray[np.uint32],
    run_second: NDArray[np.uint16],
    run_donor: NDArray[np.uint32],
    first_table: NDArray[np.uint16],
    second_table: NDArray[np.uint16],
) -> int:
    """Return how many donors of an order `find_in_runs` would read, and half the runs that it would look at.

    Other arguments are as there. The count ends where the `budget` is passed.
    """
    donors, looks = np.int64(0), np.int64(0)
    for meaning in range(first_run.size - 1):
        first = first_table[meaning] & COUNTED
        if 2 * first > pair_limit:
            continue
        looks += np.int64(first_run[meaning + 1]) - np.int64(first_run[meaning])
        if donors + looks // 2 > budget:
            break
        for run in range(first_run[meaning], first_run[meaning + 1]):
            if holds_pair(first, second_table[run_second[run]] & COUNTED, pair_limit):
                donors += np.int64(run_donor[run + 1]) - np.int64(run_donor[run])
    return int(donors + looks // 2)


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
    first_table: NDArray[np.uint16],
    second_table: NDArray[np.uint16],
    third_table: NDArray[np.uint16],
    fourth_table: NDArray[np.uint16],
    fifth_table: NDArray[np.uint16],
    other_row: NDArray[np.int64],
    table_start: NDArray[np.int64],
    table: NDArray[np.uint16],
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
        first_run: as in `hla_match.donors.typing_index.TypingOrder`, likewise the next four.
        run_second: see there.
        run_donor: see there.
        order_donor: see there.
        order_typing: see there.
        donor_typing: (loci, donors) typing codes of the registry.
        first_table: mismatches by meaning at the first locus of the order, entries as in `table`; likewise at the
            second locus and at the three of `order_typing`, nought where a locus is not in scope.
        second_table: see there.
        third_table: see there.
        fourth_table: see there.
        fifth_table: see there.
        other_row: rows of `donor_typing` in scope that are not in the order.
        table_start: where the tables of these loci start in `table`.
        table: mismatches by typing code, as in `hla_match.kernels.search.donor_pass.select_donors`.
        eligible: a bit for each row of the registry, lowest bit first.
        found: how many were found before.
        donor: receives rows of the registry.
        mismatches: receives their totals.
        uncertain: receives whether a count is not certain.

    Notes:
        Cost: a look at each run of the few meanings that are left at the first locus, then, for the donors of the runs
        that are left, one look-up in a sequence. For ten million donors and a resolved patient six hundred thousand
        are read, and a hundred and eighty thousand found.
    """
    third_typing, fourth_typing, fifth_typing = order_typing[0], order_typing[1], order_typing[2]
    for meaning in range(first_run.size - 1):
        first = np.int64(first_table[meaning]) & COUNTED
        if 2 * first > pair_limit:
            continue
        for run in range(first_run[meaning], first_run[meaning + 1]):
            second = np.int64(second_table[run_second[run]]) & COUNTED
            if not holds_pair(first, second, pair_limit):
                continue
            of_run = np.int64(first_table[meaning]) + np.int64(second_table[run_second[run]])
            for i in range(run_donor[run], run_donor[run + 1]):
                of_third = np.int64(third_table[third_typing[i]])
                third = of_third & COUNTED
                total = of_run + of_third
                if (
                    (total & COUNTED) > limit
                    or (position >= 1 and holds_pair(third, first, pair_limit))
                    or (position == 2 and holds_pair(second, third, pair_limit))
                ):
                    continue
                total += fourth_table[fourth_typing[i]] + fifth_table[fifth_typing[i]]
                if (total & COUNTED) > limit:
                    continue
                row = order_donor[i]
                if not (eligible[row >> 3] >> (row & 7)) & 1:
                    continue
                for k in range(other_row.size):
                    total += table[table_start[k] + donor_typing[other_row[k], row]]
                if (total & COUNTED) > limit:
                    continue
                donor[found] = row
                mismatches[found] = total & COUNTED
                uncertain[found] = total >= OPEN
                found += 1
    return found
