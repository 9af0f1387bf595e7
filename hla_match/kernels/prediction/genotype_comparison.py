"""The genotypes of donors compared with those of an ambiguous patient, as distributions of the number of mismatches.

The comparison goes locus by locus. Donor genotypes that begin alike share the work up to where they part. Patient
genotypes that end alike are added up as soon as the loci in which they differ are behind, and those with more
mismatches than are counted are followed no further. The result is that of all pairs.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.prediction.donor_genotypes import Genotypes, index_genotypes
from hla_match.kernels.prediction.locus_matches import matched_alleles

DIGIT = 11
"""Bits of a digit of the radix sort."""


MANY_GROUPS = 100
"""Groups of a level from which on they are added up beforehand, so that only those are looked at that match."""


class ComparedPatient(NamedTuple):
    """The genotypes of a patient, prepared for comparison locus by locus.

    At the locus of a level they are groups: genotypes that agree from there on.

    Attributes:
        locus: (levels,) int64 locus in scope of each level; the last one is compared last.
        shift: (levels,) int64 lowest bit of the locus in a word.
        width: (levels,) int64 bits of a name.
        size: (levels + 1,) int64 groups of each level, and the one that is left at the end.
        state_start: (levels + 2,) int64 offsets of the groups of all levels, one level after another.
        group: (groups of all levels,) int32 group of the next level that each one goes to.
        pair: (groups of all levels,) int32 which of the genotypes of the level's locus each one has, ascending.
        run: (genotypes of all loci + levels,) int64 where the groups of each genotype begin, and those of the last end.
        pair_start: (levels + 1,) int64 offsets into the next two, and less the level into `run`.
        lesser: int64 lesser names of the genotypes of each locus.
        greater: int64 greater names.
        probability: (groups of the first level,) float64.
    """

    locus: NDArray[np.int64]
    shift: NDArray[np.int64]
    width: NDArray[np.int64]
    size: NDArray[np.int64]
    state_start: NDArray[np.int64]
    group: NDArray[np.int32]
    pair: NDArray[np.int32]
    run: NDArray[np.int64]
    pair_start: NDArray[np.int64]
    lesser: NDArray[np.int64]
    greater: NDArray[np.int64]
    probability: NDArray[np.float64]


class _Live(NamedTuple):
    """What is left of a patient at each level, for the donor genotype in hand; scratch.

    Attributes:
        state: (groups of all levels, outcomes) probability of each number of mismatches so far, then of a single one
            at each locus.
        least: (groups of all levels,) int64 least number of mismatches of a group.
        place: (groups of all levels,) int64 groups that are left, level by level.
        n: (levels + 1,) how many.
        stamp: (groups of all levels,) int64 when the state of a group was begun.
        begun: (levels + 1,) int64 when the states of a level were begun.
        total: as `state`, of all groups that go to each one, whatever matches at the locus in between.
        total_least: as `least`, of these.
        total_place: as `place`, of these.
        total_n: as `n`, of these; -1 where they are not added up.
        total_stamp: as `stamp`, of these.
        row: (levels,) int64 where the mismatches with the donor genotype stand in `DonorLoci.mismatched`.
    """

    state: NDArray[np.float64]
    least: NDArray[np.int64]
    place: NDArray[np.int64]
    n: NDArray[np.int64]
    stamp: NDArray[np.int64]
    begun: NDArray[np.int64]
    total: NDArray[np.float64]
    total_least: NDArray[np.int64]
    total_place: NDArray[np.int64]
    total_n: NDArray[np.int64]
    total_stamp: NDArray[np.int64]
    row: NDArray[np.int64]


class _DonorLoci(NamedTuple):
    """The genotypes that donors have at each locus by itself, compared with those of the patient.

    Attributes:
        number: (levels, donor genotypes) int32 which genotype of a level each one has.
        start: (levels,) int64 where the mismatches of the first one stand.
        mismatched: uint8 mismatches of each genotype of a level with each one that the patient may have there.
    """

    number: NDArray[np.int32]
    start: NDArray[np.int64]
    mismatched: NDArray[np.uint8]


@kernel
def prepare_patient(
    genotypes: Genotypes, locus: NDArray[np.int64], shift: NDArray[np.int64], width: NDArray[np.int64]
) -> ComparedPatient:
    """Group the distinct genotypes of a patient; loci stand in the order of comparison, as in `ComparedPatient`."""
    n_levels, m = shift.size, genotypes.probability.size
    group, pair = np.empty(n_levels * m + 1, np.int32), np.empty(n_levels * m + 1, np.int32)
    lesser, greater = np.empty(n_levels * m, np.int64), np.empty(n_levels * m, np.int64)
    run = np.zeros(n_levels * (m + 1), np.int64)
    size, state_start = np.zeros(n_levels + 1, np.int64), np.zeros(n_levels + 2, np.int64)
    pair_start = np.zeros(n_levels + 1, np.int64)
    rest_lesser, rest_greater = genotypes.lesser.copy(), genotypes.greater.copy()
    own_lesser, own_greater = np.empty(m, np.int64), np.empty(m, np.int64)
    probability = np.empty(m)
    size[0] = m
    for s in range(n_levels):
        n, start, first = size[s], state_start[s], pair_start[s]
        mask = (np.int64(1) << width[s]) - 1
        for k in range(n):
            own_lesser[k] = (rest_lesser[k] >> shift[s]) & mask
            own_greater[k] = (rest_greater[k] >> shift[s]) & mask
        found = index_genotypes(own_lesser, own_greater, n, pair[start:], lesser[first:], greater[first:])
        pair_start[s + 1] = first + found
        # Groups of one genotype stand together.
        rank = order_groups(pair[start : start + n], run[first + s : first + s + found + 1])
        for k in range(n):
            own_lesser[rank[k]] = rest_lesser[k] & ~(mask << shift[s])
            own_greater[rank[k]] = rest_greater[k] & ~(mask << shift[s])
            if s == 0:
                probability[rank[k]] = genotypes.probability[k]
        if s > 0:
            for k in range(state_start[s - 1], start):
                group[k] = rank[group[k]]
        size[s + 1] = index_genotypes(own_lesser, own_greater, n, group[start:], rest_lesser, rest_greater)
        state_start[s + 1] = start + n
    state_start[n_levels + 1] = state_start[n_levels] + size[n_levels]
    end, n_pairs = state_start[n_levels], pair_start[n_levels]
    return ComparedPatient(
        locus, shift, width, size, state_start, group[:end].copy(), pair[:end].copy(),
        run[: n_pairs + n_levels].copy(), pair_start, lesser[:n_pairs].copy(), greater[:n_pairs].copy(), probability,
    )  # fmt: skip


@kernel
def count_distinct(genotypes: Genotypes, mask: int) -> int:
    """Return how many genotypes are distinct at the loci whose bits in a word are those of a mask."""
    n = genotypes.probability.size
    lesser, greater, index = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int32)
    for k in range(n):
        lesser[k], greater[k] = genotypes.lesser[k] & mask, genotypes.greater[k] & mask
    return int(index_genotypes(lesser, greater, n, index, np.empty(n, np.int64), np.empty(n, np.int64)))


@kernel
def order_groups(pair: NDArray[np.int32], run: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order groups by what they have at a locus, in place, and return where each one has gone.

    Args:
        pair: (n,) genotype of each group; ascending afterwards.
        run: (genotypes + 1,) zeros; receives where the groups of each genotype begin.
    """
    rank = np.empty(pair.size, np.int64)
    for k in range(pair.size):
        run[pair[k] + 1] += 1
    for at in range(1, run.size):
        run[at] += run[at - 1]
    place = run.copy()
    for k in range(pair.size):
        rank[k] = place[pair[k]]
        place[pair[k]] += 1
    for at in range(run.size - 1):
        for k in range(run[at], run[at + 1]):
            pair[k] = at
    return rank


@kernel
def refine_order(key: NDArray[np.int64], n_bits: int, order: NDArray[np.int64]) -> None:
    """Order positions by keys of some bits, equal ones as before (radix sort: Knuth, TAOCP 3, section 5.2.5).

    It is as fast as `np.argsort`, which takes two seconds to compile.
    """
    mask = (1 << DIGIT) - 1
    before = np.empty(order.size, np.int64)
    start = np.empty(mask + 2, np.int64)
    for low in range(0, n_bits, DIGIT):
        for digit in range(start.size):
            start[digit] = 0
        for k in range(order.size):
            before[k] = order[k]
            start[((key[k] >> low) & mask) + 1] += 1
        for digit in range(1, start.size):
            start[digit] += start[digit - 1]
        for k in range(order.size):
            digit = (key[before[k]] >> low) & mask
            order[start[digit]] = before[k]
            start[digit] += 1


@kernel
def comparison_order(number: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the order of genotypes in which those that begin alike are neighbours; `number` is (levels, n)."""
    order = np.arange(number.shape[1])
    key = np.empty(order.size, np.int64)
    for s in range(number.shape[0] - 1, -1, -1):
        n_bits, most = 1, np.int64(0)
        for g in range(order.size):
            key[g] = number[s, g]
            most = max(most, key[g])
        while most >> n_bits:
            n_bits += 1
        refine_order(key, n_bits, order)
    return order


@inner_kernel
def _take(
    k: int, to: int, n: int, most: int, locus: int, state: NDArray[np.float64], least: int, after: NDArray[np.float64]
) -> None:
    """Add what is left of a group to where it goes, with so many mismatches at a locus."""
    for j in range(most + 1 - n):
        after[to, j + n] += state[k, j]
    if n == 0 and least <= 1:
        for j in range(most + 1, state.shape[1]):
            after[to, j] += state[k, j]
    elif n == 1 and least == 0 and state.shape[1] > most + 1:
        after[to, most + 1 + locus] += state[k, 0]


@inner_kernel
def _begin(
    to: int,
    least: int,
    stamp: int,
    start: int,
    found: int,
    state: NDArray[np.float64],
    leasts: NDArray[np.int64],
    places: NDArray[np.int64],
    stamps: NDArray[np.int64],
) -> int:
    """Begin the state of a group of a level, which begins at `start`, if it is not; return how many are begun."""
    if stamps[to] == stamp:
        leasts[to] = min(leasts[to], least)
        return found
    stamps[to] = stamp
    places[start + found] = to - start
    leasts[to] = least
    for j in range(state.shape[1]):
        state[to, j] = 0.0
    return found + 1


@inner_kernel
def _advance(
    s: int, most: int, stamp: int, mismatched: NDArray[np.uint8], patient: ComparedPatient, live: _Live
) -> None:
    """Bring the locus of a level into what is left of the patient, which is what is left at the next level."""
    start, after = patient.state_start[s], patient.state_start[s + 1]
    found = 0
    for i in range(live.n[s]):
        k = start + live.place[start + i]
        n = np.int64(mismatched[live.row[s] + patient.pair[k]])
        least = live.least[k] + n
        if least <= most:
            to = after + patient.group[k]
            found = _begin(to, least, stamp, after, found, live.state, live.least, live.place, live.stamp)
            _take(k, to, n, most, patient.locus[s], live.state, live.least[k], live.state)
    live.n[s + 1] = found


@inner_kernel
def _add_up(s: int, most: int, stamp: int, patient: ComparedPatient, live: _Live) -> None:
    """Add up what is left at a level, as if no allele of its locus matched, for donor genotypes of which few do."""
    start, after = patient.state_start[s], patient.state_start[s + 1]
    found = 0
    for i in range(live.n[s]):
        k = start + live.place[start + i]
        if live.least[k] + 2 <= most:
            to = after + patient.group[k]
            least = live.least[k] + 2
            found = _begin(
                to, least, stamp, after, found, live.total, live.total_least, live.total_place, live.total_stamp
            )
            _take(k, to, 2, most, 0, live.state, live.least[k], live.total)
    live.total_n[s] = found


@inner_kernel
def _advance_by_genotypes(
    s: int, most: int, stamp: int, mismatched: NDArray[np.uint8], patient: ComparedPatient, live: _Live
) -> None:
    """Do what `_advance` does, from what was added up: only groups of which an allele matches are looked at."""
    start, after = patient.state_start[s], patient.state_start[s + 1]
    found = 0
    for i in range(live.total_n[s]):
        to = after + live.total_place[after + i]
        found = _begin(to, live.total_least[to], stamp, after, found, live.state, live.least, live.place, live.stamp)
        for j in range(live.total_least[to], most + 1):
            live.state[to, j] = live.total[to, j]
    run = patient.pair_start[s] + s
    for at in range(patient.pair_start[s + 1] - patient.pair_start[s]):
        n = np.int64(mismatched[live.row[s] + at])
        if n == 2:
            continue
        for k in range(start + patient.run[run + at], start + patient.run[run + at + 1]):
            least = live.least[k] + n
            if live.stamp[k] != live.begun[s] or least > most:
                continue
            to = after + patient.group[k]
            found = _begin(to, least, stamp, after, found, live.state, live.least, live.place, live.stamp)
            _take(k, to, n, most, patient.locus[s], live.state, live.least[k], live.state)
            for j in range(live.least[k], most - 1):
                live.state[to, j + 2] -= live.state[k, j]
    live.n[s + 1] = found


@kernel
def match_loci(donor: Genotypes, n: int, patient: ComparedPatient) -> _DonorLoci:
    """Compare the first `n` donor genotypes with those that the patient may have, locus by locus, equal ones once."""
    n_levels = patient.shift.size
    number = np.empty((n_levels, n), np.int32)
    lesser, greater = np.empty((n_levels, n), np.int64), np.empty((n_levels, n), np.int64)
    own_lesser, own_greater = np.empty(n, np.int64), np.empty(n, np.int64)
    found, start = np.zeros(n_levels, np.int64), np.zeros(n_levels + 1, np.int64)
    for s in range(n_levels):
        mask = (np.int64(1) << patient.width[s]) - 1
        for g in range(n):
            own_lesser[g] = (donor.lesser[g] >> patient.shift[s]) & mask
            own_greater[g] = (donor.greater[g] >> patient.shift[s]) & mask
        found[s] = index_genotypes(own_lesser, own_greater, n, number[s], lesser[s], greater[s])
        start[s + 1] = start[s] + found[s] * (patient.pair_start[s + 1] - patient.pair_start[s])
    mismatched = np.empty(start[n_levels], np.uint8)
    for s in range(n_levels):
        place = start[s]
        for d in range(found[s]):
            for at in range(patient.pair_start[s], patient.pair_start[s + 1]):
                mismatched[place] = 2 - matched_alleles(
                    patient.lesser[at], patient.greater[at], lesser[s, d], greater[s, d]
                )
                place += 1
    return _DonorLoci(number, start, mismatched)


@kernel
def compare_genotypes(
    most: int, donor: Genotypes, n: int, patient: ComparedPatient, outcome: NDArray[np.float64]
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
    n_groups = patient.state_start[n_levels + 1]
    live = _Live(
        np.empty((n_groups, n_outcomes)), np.zeros(n_groups, np.int64), np.empty(n_groups, np.int64),
        np.zeros(n_levels + 1, np.int64), np.zeros(n_groups, np.int64), np.zeros(n_levels + 1, np.int64),
        np.empty((n_groups, n_outcomes)), np.zeros(n_groups, np.int64), np.empty(n_groups, np.int64),
        np.zeros(n_levels + 1, np.int64), np.zeros(n_groups, np.int64), np.zeros(n_levels, np.int64),
    )  # fmt: skip
    live.n[0] = patient.size[0]
    live.total_n[0] = -1
    for k in range(patient.size[0]):
        live.place[k] = k
        for j in range(n_outcomes):
            live.state[k, j] = 0.0
        live.state[k, 0] = patient.probability[k]
    loci = match_loci(donor, n, patient)
    order = comparison_order(loci.number)
    last = patient.state_start[n_levels]
    stamp = 0
    for place in range(n):
        g = order[place]
        start = 0
        if place > 0:
            while loci.number[start, g] == loci.number[start, order[place - 1]]:
                start += 1
        for s in range(start, n_levels):
            stamp += 1
            live.row[s] = loci.start[s] + loci.number[s, g] * (patient.pair_start[s + 1] - patient.pair_start[s])
            if live.n[s] < MANY_GROUPS:
                _advance(s, most, stamp, loci.mismatched, patient, live)
            else:
                if live.total_n[s] < 0:
                    _add_up(s, most, stamp, patient, live)
                _advance_by_genotypes(s, most, stamp, loci.mismatched, patient, live)
            live.begun[s + 1] = stamp
            live.total_n[s + 1] = -1
        for j in range(n_outcomes):
            # Where what does not match was taken away again, rounding may leave less than nothing.
            outcome[g, j] = max(0.0, live.state[last, j]) if live.n[n_levels] else 0.0
