"""The donors that meet a search's limits: found in ordered donors where these rule out most, else by a full pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.donor_orders import CARRIED, CYCLE, DonorOrder, cycle_of
from hla_match.kernels.donor_pass import select_donors
from hla_match.kernels.donor_runs import count_in_runs, find_in_runs
from hla_match.registry import Registry

_READ_AT_MOST = 4
"""Donors read in orders cost some four times as much each as in a full pass: beyond this part of all, one pass is made.

Measured on ten million donors, one thread: 7.5 ns for each donor read in an order, 2.1 ns for each one of a pass.
"""


@dataclass(frozen=True, slots=True)
class LocusMismatches:
    """What each distinct meaning of a locus counts for in one search.

    Attributes:
        locus: the locus.
        mismatches: (meanings,) uint8 least mismatches in the direction asked for, `EXCLUDED` where not allowed.
        is_open: (meanings,) bool, the count is not certain.
    """

    locus: str
    mismatches: NDArray[np.uint8]
    is_open: NDArray[np.bool_]


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
    orders: Sequence[DonorOrder],
    scope: Sequence[LocusMismatches],
    eligible: NDArray[np.uint8],
    limit: int,
) -> FoundDonors:
    """Find every eligible donor with at most `limit` mismatches.

    Args:
        registry: the donors.
        orders: those of the registry, or none.
        scope: the loci in scope that the registry has.
        eligible: a bit for each donor, lowest bit first.
        limit: greatest total.
    """
    by_locus = {one.locus: one for one in scope}
    donor = np.empty(registry.n_donors, np.uint32)
    mismatches = np.empty(registry.n_donors, np.uint8)
    uncertain = np.empty(registry.n_donors, np.bool_)
    outputs = (donor, mismatches, uncertain)
    ordered = bool(orders) and all(locus in by_locus for locus in CYCLE)
    found = _in_orders(registry, orders, by_locus, eligible, limit, outputs) if ordered else None
    if found is None:
        found = _in_pass(registry, scope, eligible, limit, outputs)
    return FoundDonors(donor[:found].copy(), mismatches[:found].copy(), ~uncertain[:found])


_Outputs = tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.bool_]]


def _in_pass(
    registry: Registry, scope: Sequence[LocusMismatches], eligible: NDArray[np.uint8], limit: int, outputs: _Outputs
) -> int:
    start, table, is_open = _tables([_by_code(registry, one) for one in scope])
    rows = np.array([registry.loci.index(one.locus) for one in scope], np.int64)
    found: int = select_donors(registry.donor_typing, rows, start, table, is_open, eligible, limit, *outputs)
    return found


def _in_orders(
    registry: Registry,
    orders: Sequence[DonorOrder],
    by_locus: dict[str, LocusMismatches],
    eligible: NDArray[np.uint8],
    limit: int,
    outputs: _Outputs,
) -> int | None:
    """Return how many were found, or None where the orders would have to read too many donors."""
    pair_limit = 2 * limit // 3
    cycles = [[by_locus[locus] for locus in cycle_of(position)] for position in range(len(orders))]
    read = sum(
        count_in_runs(
            pair_limit, order.first_run, order.run_second, order.run_donor, first.mismatches, second.mismatches
        )
        for order, (first, second, _) in zip(orders, cycles, strict=True)
    )
    if read * _READ_AT_MOST > registry.n_donors:
        return None
    present = [locus for locus in CARRIED if locus in registry.loci]
    carried = [locus for locus in present if locus in by_locus]
    others = [one for locus, one in by_locus.items() if locus not in (*CYCLE, *carried)]
    carried_row = np.array([1 + present.index(locus) for locus in carried], np.int64)
    other_row = np.array([registry.loci.index(one.locus) for one in others], np.int64)
    tables = [(by_locus[locus].mismatches, by_locus[locus].is_open) for locus in carried]
    start, table, is_open = _tables(tables + [_by_code(registry, one) for one in others])
    found = 0
    for position, (order, (first, second, third)) in enumerate(zip(orders, cycles, strict=True)):
        found = find_in_runs(
            position,
            limit,
            pair_limit,
            order.first_run,
            order.run_second,
            order.run_donor,
            order.donor,
            order.typing,
            registry.donor_typing,
            first.mismatches,
            second.mismatches,
            third.mismatches,
            first.is_open,
            second.is_open,
            third.is_open,
            carried_row,
            other_row,
            start,
            table,
            is_open,
            eligible,
            found,
            *outputs,
        )
    return found


_Table = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def _by_code(registry: Registry, one: LocusMismatches) -> _Table:
    """Return the mismatches by typing code instead of by meaning, and whether they are open."""
    meaning = registry.columns[one.locus].meaning
    return one.mismatches[meaning], one.is_open[meaning]


def _tables(tables: Sequence[_Table]) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_]]:
    """Return tables one after another, and where each starts."""
    start = np.zeros(len(tables), np.int64)
    np.cumsum([mismatches.size for mismatches, _ in tables[:-1]], out=start[1:])
    nothing = (np.zeros(0, np.uint8), np.zeros(0, np.bool_))
    mismatches, is_open = zip(*tables, nothing, strict=True)
    return start, np.concatenate(mismatches), np.concatenate(is_open)
