"""The donors that meet a search's limits: found in ordered donors where these rule out most, else by a full pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.donors.typing_index import COVERED_LOCI, CYCLE, cycle_of
from hla_match.kernels.schema.search import FoundRows, LocusTables, OrderTables
from hla_match.kernels.search.donor_pass import select_donors
from hla_match.kernels.search.donor_runs import cost_of_runs, find_in_runs

SCAN_COST_RATIO = 4
"""The cost of a donor that is read in an order, as a multiple of the cost in a full pass.

Measured on ten million donors with one thread, patients typed by two fields and by first field: 5.3 to 9 ns for a donor
read in an order (18 ns for one patient of whom few were read), 2.7 to 3.1 ns for one of a pass. More than the greatest
ratio of these, since the time to count the runs is lost where a pass is made after all.
"""


@dataclass(frozen=True, slots=True)
class LocusMismatches:
    """What each expanded typing of a locus counts for in one search.

    Attributes:
        locus: the locus.
        mismatches: (typings,) uint16 least mismatches in the direction asked for, `EXCLUDED` where not allowed;
            `UNCERTAIN` added where the count is not certain.
    """

    locus: str
    mismatches: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class FoundDonors:
    """Donors within the limits, in no particular order.

    Attributes:
        donor: (n,) uint32 rows.
        mismatches: (n,) uint8 least mismatches in scope.
        certain: (n,) bool, every count in scope is certain.
    """

    donor: NDArray[np.uint32]
    mismatches: NDArray[np.uint8]
    certain: NDArray[np.bool_]


def find_donors(
    registry: Registry,
    scope: Sequence[LocusMismatches],
    eligible: NDArray[np.uint8],
    limit: int,
) -> FoundDonors:
    """Find every eligible donor with at most `limit` mismatches.

    Args:
        registry: the donors.
        scope: the loci in scope that the registry has.
        eligible: a bit for each donor, lowest bit first.
        limit: greatest total.
    """
    by_locus = {one.locus: one for one in scope}
    n_donors = registry.n_donors
    rows = FoundRows(np.empty(n_donors, np.uint32), np.empty(n_donors, np.uint8), np.empty(n_donors, np.bool_))
    ordered = bool(registry.typing_index) and all(locus in by_locus for locus in CYCLE)
    found = _in_orders(registry, by_locus, eligible, limit, rows) if ordered else None
    if found is None:
        tables = _tables(registry, scope)
        found = int(select_donors(registry.donor_typing, tables, eligible, limit, rows))
    return FoundDonors(rows.donor[:found].copy(), rows.mismatches[:found].copy(), ~rows.uncertain[:found])


def _in_orders(
    registry: Registry, by_locus: dict[str, LocusMismatches], eligible: NDArray[np.uint8], limit: int, rows: FoundRows
) -> int | None:
    """Write the donors into `rows` and return how many, or None where the orders would have to read too many."""
    pair_limit = 2 * limit // 3
    orders = registry.typing_index
    cycles = [[by_locus[locus].mismatches for locus in cycle_of(position)] for position in range(len(orders))]
    budget = int(registry.n_donors / SCAN_COST_RATIO)
    for order, (first, second, _) in zip(orders, cycles, strict=True):
        budget -= cost_of_runs(pair_limit, budget, order, first, second)
        if budget < 0:
            return None
    beside = [_by_typing(registry, locus, by_locus.get(locus)) for locus in COVERED_LOCI]
    others = _tables(registry, [one for locus, one in by_locus.items() if locus not in (*CYCLE, *COVERED_LOCI)])
    found = 0
    for position, (order, cycle) in enumerate(zip(orders, cycles, strict=True)):
        tables = OrderTables(*cycle, *beside)
        found = find_in_runs(
            position, limit, pair_limit, found, order, tables, others, registry.donor_typing, eligible, rows
        )
    return found


def _by_typing(registry: Registry, locus: str, one: LocusMismatches | None) -> NDArray[np.uint16]:
    """Return the mismatches by expanded typing; 0 where the locus is not in scope."""
    if one is not None:
        return one.mismatches
    return np.zeros(registry.columns[locus].table.n_typings if locus in registry.loci else 1, np.uint16)


def _tables(registry: Registry, scope: Sequence[LocusMismatches]) -> LocusTables:
    """Return the mismatches of some loci by typing code, one table after another."""
    if not scope:
        return _NO_TABLES
    tables = [one.mismatches.take(registry.columns[one.locus].expanded_typing) for one in scope]
    start = np.zeros(len(tables), np.int64)
    np.cumsum([table.size for table in tables[:-1]], out=start[1:])
    rows = np.array([registry.loci.index(one.locus) for one in scope], np.int64)
    return LocusTables(rows, start, np.concatenate(tables))


_NO_TABLES = LocusTables(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint16))
