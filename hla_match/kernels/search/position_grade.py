"""Position grades of one patient typing against every donor typing of a locus.

A is a certain allele match, P a potential one, L an allele mismatch with antigen match, M an antigen mismatch: the
grades of the fourth exercise of WMDA's matching validation. Antigens are those that both sides were typed as, not those
of every allele that they may be; sides that were typed as different antigens by serology alone are never P. A mismatch
with an allele reported as NEW is unknown.
Grades stand in the order of the donor's two alleles. Oracle: ``grades`` in ``tests/oracle/matching.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel
from hla_match.kernels.search.locus_count import FIRST, NEW, SECOND, mark_side

UNKNOWN, M, L, P, A = range(5)
HAS_NEW = 4
"""A bit of a donor set beside `FIRST` and `SECOND`: it holds an allele reported as NEW."""


@kernel
def grade_side(
    side: NDArray[np.int32],
    which: int,
    bits: int,
    antigen_bits: int,
    member: NDArray[np.int32],
    start: int,
    stop: int,
) -> int:
    """Grade one donor set against one patient side; `which` is the side's bit in `bits` and `antigen_bits`."""
    if bits & which:
        return A if side.size == 1 and stop - start == 1 else P
    # Codes are sorted, and only the null allele stands before NEW.
    if bits & HAS_NEW or side[0] == NEW or (side.size > 1 and side[1] == NEW):
        return UNKNOWN
    return L if antigen_bits & which else M


@kernel
def grade_alternative(
    side1: NDArray[np.int32],
    side2: NDArray[np.int32],
    antigen1: NDArray[np.int32],
    antigen2: NDArray[np.int32],
    mark: NDArray[np.uint8],
    antigen_mark: NDArray[np.uint8],
    set_start: NDArray[np.int32],
    set_member: NDArray[np.int32],
    antigen_start: NDArray[np.int32],
    antigen_member: NDArray[np.int32],
    alternative_start: NDArray[np.int32],
    alternative_set: NDArray[np.int32],
    alternative_kind: NDArray[np.uint8],
    kinds: int,
    apart: NDArray[np.uint8],
    typing: NDArray[np.int32],
    value: NDArray[np.uint8],
    grade: NDArray[np.uint8],
    certain: NDArray[np.bool_],
) -> None:
    """Fold one alternative of the patient's typing into the grades of some donor typings of the locus.

    Args:
        side1: (n,) int32 sorted codes of the patient's first side; `antigen1` its antigens. Likewise `side2`.
        side2: the second side.
        antigen1: (n,) int32 antigen codes.
        antigen2: (n,) int32 antigen codes.
        mark: (codes,) uint8 zeros, scratch.
        antigen_mark: (antigens,) uint8 zeros, scratch.
        set_start: donor sets, as in `kernels.search.locus_count.count_alternative`; likewise the alternatives.
        set_member: codes of the sets.
        antigen_start: (sets + 1,) int32 offsets into `antigen_member`.
        antigen_member: antigens of each set.
        alternative_start: alternatives of each typing.
        alternative_set: sets of each alternative.
        alternative_kind: kind of each alternative.
        kinds: the kinds that the patient's alternative is compared with.
        apart: as there.
        typing: (n,) int32, the typings to grade; one may stand there several times.
        value: (n,) uint8, 0 at the start: one more than 16 times the positions matched plus the sum of grades,
            of the best alternative so far.
        grade: (2, n) uint8, grades at the donor's first and second allele in that alternative.
        certain: (2, n) bool, True at the start: the position was graded A in every alternative so far.

    Notes:
        The first alternative with the most matched positions, then the greatest sum of grades, decides; and in it the
        pairing chosen the same way, the direct one first. A holds only where `certain` does.
    """
    mark_side(side1, FIRST, kinds, mark)
    mark_side(side2, SECOND, kinds, mark)
    for code in antigen1:
        antigen_mark[code] |= FIRST
    for code in antigen2:
        antigen_mark[code] |= SECOND
    n_sets = set_start.size - 1
    hit = np.zeros(n_sets, np.uint8)
    antigen_hit = np.zeros(n_sets, np.uint8)
    read = np.zeros(n_sets, np.uint8)
    for t in range(typing.size):
        for alternative in range(alternative_start[typing[t]], alternative_start[typing[t] + 1]):
            if not alternative_kind[alternative] & kinds:
                continue
            first, second = alternative_set[alternative, 0], alternative_set[alternative, 1]
            for s in (first, second):
                if read[s]:
                    continue
                read[s] = 1
                for k in range(set_start[s], set_start[s + 1]):
                    hit[s] |= HAS_NEW if set_member[k] == NEW else mark[set_member[k]]
                hit[s] &= ~apart[s]
                for k in range(antigen_start[s], antigen_start[s + 1]):
                    antigen_hit[s] |= antigen_mark[antigen_member[k]]
            a, b = set_start[first], set_start[first + 1]
            c, d = set_start[second], set_start[second + 1]
            direct1 = grade_side(side1, FIRST, hit[first], antigen_hit[first], set_member, a, b)
            direct2 = grade_side(side2, SECOND, hit[second], antigen_hit[second], set_member, c, d)
            cross1 = grade_side(side2, SECOND, hit[first], antigen_hit[first], set_member, a, b)
            cross2 = grade_side(side1, FIRST, hit[second], antigen_hit[second], set_member, c, d)
            direct = 1 + direct1 + direct2 + (16 if direct1 >= P else 0) + (16 if direct2 >= P else 0)
            cross = 1 + cross1 + cross2 + (16 if cross1 >= P else 0) + (16 if cross2 >= P else 0)
            grade1, grade2 = (cross1, cross2) if cross > direct else (direct1, direct2)
            if grade1 != A:
                certain[0, t] = False
            if grade2 != A:
                certain[1, t] = False
            if max(cross, direct) > value[t]:
                value[t] = max(cross, direct)
                grade[0, t] = grade1
                grade[1, t] = grade2
    for code in side1:
        mark[code] = 0
    for code in side2:
        mark[code] = 0
    for code in antigen1:
        antigen_mark[code] = 0
    for code in antigen2:
        antigen_mark[code] = 0
