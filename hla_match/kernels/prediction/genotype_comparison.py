"""The genotypes of donors compared with those of an ambiguous patient, as distributions of the number of mismatches.

The comparison goes locus by locus. Donor genotypes that begin alike share the work up to where they part. Patient
genotypes that end alike are added up as soon as the loci in which they differ are behind (`genotype_groups`), and those
with more mismatches than are counted are followed no further. The result is that of all pairs.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, inner_kernel
from hla_match.kernels.prediction.donor_loci import comparison_order, match_loci
from hla_match.kernels.schema.prediction import GenotypeGroups, Genotypes

MANY_GROUPS = 100
"""Groups of a level from which on sums are made in advance, so that only groups that match are read."""


class _States(NamedTuple):
    """What is left of a patient's groups, for the donor genotype in hand; scratch.

    Attributes:
        outcome: (groups of all levels, outcomes) float64 probability of each number of mismatches so far, then of a
            single one at each locus.
        least: (groups of all levels,) int64 least number of mismatches of a group.
        place: (groups of all levels,) int64 groups that are left, level by level.
        n_left: (levels + 1,) int64 how many; -1 where the groups of a level are not added up.
        stamp: (groups of all levels,) int64 when the outcomes of a group were begun.
    """

    outcome: NDArray[np.float64]
    least: NDArray[np.int64]
    place: NDArray[np.int64]
    n_left: NDArray[np.int64]
    stamp: NDArray[np.int64]


@array_kernel
def _room_for_states(n_groups: int, n_outcomes: int, n_levels: int) -> _States:
    return _States(
        np.empty((n_groups, n_outcomes)), np.zeros(n_groups, np.int64), np.empty(n_groups, np.int64),
        np.zeros(n_levels + 1, np.int64), np.zeros(n_groups, np.int64),
    )  # fmt: skip


@inner_kernel
def _move_on(
    k: int, to: int, n: int, most: int, locus: int, least: int, before: NDArray[np.float64], after: NDArray[np.float64]
) -> None:
    """Add what is left of a group to where it goes, with `n` mismatches at a locus."""
    for j in range(most + 1 - n):
        after[to, j + n] += before[k, j]
    if n == 0 and least <= 1:
        for j in range(most + 1, before.shape[1]):
            after[to, j] += before[k, j]
    elif n == 1 and least == 0 and before.shape[1] > most + 1:
        after[to, most + 1 + locus] += before[k, 0]


@inner_kernel
def _begin(to: int, least: int, stamp: int, start: int, found: int, states: _States) -> int:
    """Begin the outcomes of a group of a level, which begins at `start`, if they are not; return how many are begun."""
    if states.stamp[to] == stamp:
        states.least[to] = min(states.least[to], least)
        return found
    states.stamp[to] = stamp
    states.place[start + found] = to - start
    states.least[to] = least
    for j in range(states.outcome.shape[1]):
        states.outcome[to, j] = 0.0
    return found + 1


@inner_kernel
def _advance(
    s: int, most: int, stamp: int, mismatched: NDArray[np.uint8], row: int, patient: GenotypeGroups, live: _States
) -> None:
    """Bring the locus of a level into what is left of the patient, which is what is left at the next level.

    `row` is where the mismatches of the donor genotype at the locus begin in `mismatched`.
    """
    start, after = patient.group_start[s], patient.group_start[s + 1]
    found = 0
    for i in range(live.n_left[s]):
        k = start + live.place[start + i]
        n = np.int64(mismatched[row + patient.genotype[k]])
        least = live.least[k] + n
        if least <= most:
            to = after + patient.next_group[k]
            found = _begin(to, least, stamp, after, found, live)
            _move_on(k, to, n, most, patient.locus[s], live.least[k], live.outcome, live.outcome)
    live.n_left[s + 1] = found


@inner_kernel
def _add_up(s: int, most: int, stamp: int, patient: GenotypeGroups, live: _States, total: _States) -> None:
    """Add up what is left at a level, as if no allele of its locus matched, for donor genotypes of which few do."""
    start, after = patient.group_start[s], patient.group_start[s + 1]
    found = 0
    for i in range(live.n_left[s]):
        k = start + live.place[start + i]
        if live.least[k] + 2 <= most:
            to = after + patient.next_group[k]
            found = _begin(to, live.least[k] + 2, stamp, after, found, total)
            _move_on(k, to, 2, most, 0, live.least[k], live.outcome, total.outcome)
    total.n_left[s] = found


@inner_kernel
def _advance_by_genotypes(
    s: int, most: int, stamp: int, begun: int, mismatched: NDArray[np.uint8], row: int, patient: GenotypeGroups,
    live: _States, total: _States,
) -> None:  # fmt: skip
    """Do what `_advance` does, from what was added up: only groups of which an allele matches are looked at.

    `begun` is the stamp of what is left at the level.
    """
    start, after = patient.group_start[s], patient.group_start[s + 1]
    found = 0
    for i in range(total.n_left[s]):
        to = after + total.place[after + i]
        found = _begin(to, total.least[to], stamp, after, found, live)
        for j in range(total.least[to], most + 1):
            live.outcome[to, j] = total.outcome[to, j]
    run = patient.genotype_start[s] + s
    for at in range(patient.genotype_start[s + 1] - patient.genotype_start[s]):
        n = np.int64(mismatched[row + at])
        if n == 2:
            continue
        for k in range(start + patient.run[run + at], start + patient.run[run + at + 1]):
            least = live.least[k] + n
            if live.stamp[k] != begun or least > most:
                continue
            to = after + patient.next_group[k]
            found = _begin(to, least, stamp, after, found, live)
            _move_on(k, to, n, most, patient.locus[s], live.least[k], live.outcome, live.outcome)
            for j in range(live.least[k], most - 1):
                live.outcome[to, j + 2] -= live.outcome[k, j]
    live.n_left[s + 1] = found


@array_kernel
def compare_genotypes(
    most: int, donor: Genotypes, n: int, patient: GenotypeGroups, outcome: NDArray[np.float64]
) -> None:
    """Write what comes out when each donor genotype is compared with the patient's distribution.

    Args:
        most: greatest number of mismatches that is counted.
        donor: distinct genotypes, in any order.
        n: how many.
        patient: the patient.
        outcome: (n, most + 1) receives the probability of each number of mismatches, or (n, most + 1 + loci), then of a
            single one at each locus in scope.

    Notes:
        Cost: for each donor genotype and locus in which it differs from the one before, the patient genotypes that
        differ from that locus on and have few mismatches so far.
    """
    n_levels, n_outcomes = patient.shift.size, outcome.shape[1]
    n_groups = patient.group_start[n_levels + 1]
    live = _room_for_states(n_groups, n_outcomes, n_levels)
    total = _room_for_states(n_groups, n_outcomes, n_levels)
    # When the outcomes of a level were begun.
    begun = np.zeros(n_levels + 1, np.int64)
    live.n_left[0] = patient.n_groups[0]
    total.n_left[0] = -1
    for k in range(patient.n_groups[0]):
        live.place[k] = k
        for j in range(n_outcomes):
            live.outcome[k, j] = 0.0
        live.outcome[k, 0] = patient.probability[k]
    loci = match_loci(donor, n, patient)
    order = comparison_order(loci.number)
    last = patient.group_start[n_levels]
    stamp = 0
    for place in range(n):
        g = order[place]
        start = 0
        if place > 0:
            while loci.number[start, g] == loci.number[start, order[place - 1]]:
                start += 1
        for s in range(start, n_levels):
            stamp += 1
            row = loci.start[s] + loci.number[s, g] * (patient.genotype_start[s + 1] - patient.genotype_start[s])
            if live.n_left[s] < MANY_GROUPS:
                _advance(s, most, stamp, loci.mismatched, row, patient, live)
            else:
                if total.n_left[s] < 0:
                    _add_up(s, most, stamp, patient, live, total)
                _advance_by_genotypes(s, most, stamp, begun[s], loci.mismatched, row, patient, live, total)
            begun[s + 1] = stamp
            total.n_left[s + 1] = -1
        for j in range(n_outcomes):
            # Where what does not match was taken away again, rounding may leave less than nothing.
            outcome[g, j] = max(0.0, live.outcome[last, j]) if live.n_left[n_levels] else 0.0
