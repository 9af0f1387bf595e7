"""The search in donors ordered by typing: whole runs are ruled out, the donors of the others read one after another.

Cost: one look at each run of the typings that are left at the first locus; then, for the donors of the runs that are
left, one look-up in a sequence. Of ten million donors and a patient typed by two fields, six hundred thousand are read
and a hundred and eighty thousand found.
Oracle: ``search`` in ``tests/oracle/matching.py``.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.codes import COUNTED, UNCERTAIN
from hla_match.kernels.schema.array import Array, Uint8, Uint16, Uint32
from hla_match.kernels.schema.donors import TypingOrder
from hla_match.kernels.schema.search import FoundRows, LocusTables, OrderTables


@inner_kernel
def holds_pair(first: int, second: int, pair_limit: int) -> bool:
    """Say whether an order has to look at donors with so many mismatches at its first and its second locus.

    Of three numbers from 0 to 2 in a cycle that add up to at most k, some number and its next are such a pair for a
    `pair_limit` of 2k/3, rounded down; `hla_match.donors.typing_index` says why.
    """
    return first <= second and first + second <= pair_limit


@inner_kernel
def is_in_earlier_order(position: int, first: int, second: int, third: int, pair_limit: int) -> bool:
    """Say whether an order before the one at `position` holds a donor of these mismatches, too."""
    return (position >= 1 and holds_pair(third, first, pair_limit)) or (
        position == 2 and holds_pair(second, third, pair_limit)
    )


@inner_kernel
def at_other_loci(row: int, donor_typing: Uint16 | Uint32, tables: LocusTables) -> int:
    """Return what the typings of a donor count for at the loci that no order holds."""
    total = 0
    for k in range(tables.locus_row.size):
        total += tables.table[tables.table_start[k] + donor_typing[tables.locus_row[k], row]]
    return total


@kernel
def cost_of_runs(pair_limit: int, budget: int, order: TypingOrder, first_table: Uint16, second_table: Uint16) -> int:
    """Return how many donors of an order `find_in_runs` would read, and half the runs that it would look at.

    The count ends where the `budget` is passed.
    """
    donors, looks = np.int64(0), np.int64(0)
    for typing in range(order.first_run.size - 1):
        first = first_table[typing] & COUNTED
        if 2 * first > pair_limit:
            continue
        looks += np.int64(order.first_run[typing + 1]) - np.int64(order.first_run[typing])
        if donors + looks // 2 > budget:
            break
        for run in range(order.first_run[typing], order.first_run[typing + 1]):
            if holds_pair(first, second_table[order.run_second[run]] & COUNTED, pair_limit):
                donors += np.int64(order.run_donor[run + 1]) - np.int64(order.run_donor[run])
    return int(donors + looks // 2)


@kernel
def find_in_runs(
    position: int,
    limit: int,
    pair_limit: int,
    n_found: int,
    order: TypingOrder,
    tables: OrderTables,
    other_tables: LocusTables,
    donor_typing: Annotated[Uint16 | Uint32, Array("loci, donors", "typing codes", missing=0)],
    eligible: Uint8,
    found: FoundRows,
) -> int:
    """Append the eligible donors of one order with at most `limit` mismatches; return how many there are now.

    Args:
        position: of the order in the cycle; a donor whom an earlier order finds too is left to it.
        limit: greatest total.
        pair_limit: greatest total of the first two loci, as in `holds_pair`.
        n_found: how many were found before.
        order: the order.
        tables: what each typing counts for at its loci.
        other_tables: the same at the loci in scope that are not in the order, by the codes of `donor_typing`.
        donor_typing: typing codes of the registry, a row a locus.
        eligible: a bit for each row of the registry, lowest bit first.
        found: receives the donors.
    """
    first_run, run_second = order.first_run, order.run_second
    run_donor, order_donor = order.run_donor, order.donor
    third_typing, fourth_typing, fifth_typing = order.typing[0], order.typing[1], order.typing[2]
    first_table, second_table, third_table = tables.first_table, tables.second_table, tables.third_table
    fourth_table, fifth_table = tables.fourth_table, tables.fifth_table
    for typing in range(first_run.size - 1):
        first = np.int64(first_table[typing]) & COUNTED
        if 2 * first > pair_limit:
            continue
        for run in range(first_run[typing], first_run[typing + 1]):
            second = np.int64(second_table[run_second[run]]) & COUNTED
            if not holds_pair(first, second, pair_limit):
                continue
            of_run = np.int64(first_table[typing]) + np.int64(second_table[run_second[run]])
            for i in range(run_donor[run], run_donor[run + 1]):
                of_third = np.int64(third_table[third_typing[i]])
                third = of_third & COUNTED
                total = of_run + of_third
                if (total & COUNTED) > limit or is_in_earlier_order(position, first, second, third, pair_limit):
                    continue
                total += fourth_table[fourth_typing[i]] + fifth_table[fifth_typing[i]]
                if (total & COUNTED) > limit:
                    continue
                row = order_donor[i]
                if not (eligible[row >> 3] >> (row & 7)) & 1:
                    continue
                total += at_other_loci(row, donor_typing, other_tables)
                if (total & COUNTED) > limit:
                    continue
                found.donor[n_found] = row
                found.mismatches[n_found] = total & COUNTED
                found.uncertain[n_found] = total >= UNCERTAIN
                n_found += 1
    return n_found
