"""The search in ordered donors, and what it costs, against adding up one donor after another."""

from __future__ import annotations

import numpy as np
import pytest

from hla_match.donors.typing_index import COVERED_LOCI, CYCLE, cycle_of, typing_orders
from hla_match.kernels.codes import EXCLUDED, UNCERTAIN
from hla_match.kernels.schema.search import FoundRows, LocusTables, OrderTables
from hla_match.kernels.search.donor_runs import cost_of_runs, find_in_runs

LOCI = (*CYCLE, *COVERED_LOCI, "DPB1")
N_DONORS, N_TYPINGS = 60, 4
_RANDOM = np.random.default_rng(12)
TYPING = {locus: _RANDOM.integers(0, N_TYPINGS, N_DONORS).astype(np.uint16) for locus in LOCI}
DONORS = [{locus: int(TYPING[locus][row]) for locus in LOCI} for row in range(N_DONORS)]
ORDERS = tuple(typing_orders({locus: TYPING[locus] for locus in LOCI[:5]}, dict.fromkeys(LOCI, N_TYPINGS)))
# What the typings of a locus count for; at every locus another, so that none can stand for another.
COUNTED = {
    "B": (0, 1, 2, EXCLUDED),
    "DRB1": (0, 2, 1, 0),
    "A": (1, 0, 2, 0),
    "C": (0, 0, 1, 2),
    "DQB1": (2, 0, 0, 1),
    "DPB1": (0, 1, 0, EXCLUDED),
}
OPEN = {"B": 1, "DRB1": 2, "A": 1, "C": 2, "DQB1": 3, "DPB1": 1}
"""The typing of each locus whose count is not certain."""
TABLE = {
    locus: np.array(
        [count + UNCERTAIN * (typing == OPEN[locus]) for typing, count in enumerate(COUNTED[locus])], np.uint16
    )
    for locus in LOCI
}
ELIGIBLE = [row % 7 != 3 for row in range(N_DONORS)]


@pytest.mark.parametrize("limit", range(7))
def test_the_orders_together_find_every_donor_within_the_limit_once(limit: int) -> None:
    rows = FoundRows(np.empty(N_DONORS, np.uint32), np.empty(N_DONORS, np.uint8), np.empty(N_DONORS, np.bool_))
    others = LocusTables(np.zeros(1, np.int64), np.zeros(1, np.int64), TABLE["DPB1"])
    bits = np.packbits(ELIGIBLE, bitorder="little")
    n = 0
    for position, order in enumerate(ORDERS):
        tables = OrderTables(*(TABLE[locus] for locus in (*cycle_of(position), *COVERED_LOCI)))
        n = find_in_runs(
            position, limit, 2 * limit // 3, n, order, tables, others, TYPING["DPB1"][None].copy(), bits, rows
        )
    found = zip(rows.donor[:n].tolist(), rows.mismatches[:n].tolist(), rows.uncertain[:n].tolist(), strict=True)
    wanted = []
    for row, donor in enumerate(DONORS):
        total = sum(COUNTED[locus][donor[locus]] for locus in LOCI)
        if ELIGIBLE[row] and total <= limit:
            wanted.append((row, total, any(donor[locus] == OPEN[locus] for locus in LOCI)))
    assert sorted(found) == wanted
    assert wanted or limit == 0


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("pair_limit", range(5))
def test_the_cost_is_the_donors_that_are_read_and_half_the_runs(position: int, pair_limit: int) -> None:
    one, other, _ = cycle_of(position)
    counts = [(COUNTED[one][donor[one]], COUNTED[other][donor[other]]) for donor in DONORS]
    n_read = sum(first <= second and first + second <= pair_limit for first, second in counts)
    runs = {(donor[one], donor[other]) for donor in DONORS}
    cost = n_read + sum(2 * COUNTED[one][typing] <= pair_limit for typing, _ in runs) // 2
    assert cost > 0
    for budget in range(N_DONORS + 20):
        found = cost_of_runs(pair_limit, budget, ORDERS[position], TABLE[one], TABLE[other])
        assert found == cost if cost <= budget else budget < found <= cost
