"""Position grades of one patient typing against every donor typing of a locus.

A is a certain allele match, P a potential one, L an allele mismatch with antigen match, M an antigen mismatch: the
grades of the fourth exercise of WMDA's matching validation. They stand in the order of the donor's two alleles.
Oracle: ``grades`` in ``tests/oracle/matching.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel
from hla_match.kernels.locus_count import FIRST_P_GROUP

M, L, P, A = 1, 2, 3, 4


@kernel
def grade_side(
    side: NDArray[np.int32],
    certain: bool,
    bits: int,
    antigen_bits: int,
    which: int,
    member: NDArray[np.int32],
    start: int,
    stop: int,
) -> int:
    """Grade one donor set against one patient side; `which` is the side's bit in `bits` and `antigen_bits`."""
    if bits & which:
        if certain and side.size == 1 and stop - start == 1 and member[start] >= FIRST_P_GROUP:
            return A
        return P
    return L if antigen_bits & which else M


@kernel
def grade_alternative(
    side1: NDArray[np.int32],
    side2: NDArray[np.int32],
    antigen1: NDArray[np.int32],
    antigen2: NDArray[np.int32],
    patient_certain: bool,
    mark: NDArray[np.uint8],
    antigen_mark: NDArray[np.uint8],
    set_start: NDArray[np.int32],
    set_member: NDArray[np.int32],
    antigen_start: NDArray[np.int32],
    antigen_member: NDArray[np.int32],
    alternative_start: NDArray[np.int32],
    alternative_set: NDArray[np.int32],
    matched: NDArray[np.uint8],
    grade: NDArray[np.uint8],
) -> None:
    """Fold one alternative of the patient's typing into the grades of every donor typing of the locus.

    Args:
        side1: (n,) int32 sorted codes of the patient's first side; `antigen1` its antigens. Likewise `side2`.
        antigen1: (n,) int32 antigen codes.
        antigen2: (n,) int32 antigen codes.
        patient_certain: the patient's typing has this alternative alone.
        mark: (codes,) uint8 zeros, scratch.
        antigen_mark: (antigens,) uint8 zeros, scratch.
        set_start: donor sets, as in `hla_match.kernels.locus_count.count_alternative`; likewise the alternatives.
        set_member: codes of the sets.
        antigen_start: (sets + 1,) int32 offsets into `antigen_member`.
        antigen_member: antigens of each set.
        alternative_start: alternatives of each typing.
        alternative_set: sets of each alternative.
        matched: (typings,) uint8, positions matched so far; the caller starts with 255 for "none seen".
        grade: (2, typings) uint8, grades at the donor's first and second allele.

    Notes:
        The first alternative with the most matched positions decides, and in it the pairing with the most matched
        positions, then the greater sum of grades, then the direct one.
    """
    for code in side1:
        if code >= FIRST_P_GROUP:
            mark[code] |= 1
    for code in side2:
        if code >= FIRST_P_GROUP:
            mark[code] |= 2
    for code in antigen1:
        antigen_mark[code] |= 1
    for code in antigen2:
        antigen_mark[code] |= 2
    n_sets = set_start.size - 1
    hit = np.zeros(n_sets, np.uint8)
    antigen_hit = np.zeros(n_sets, np.uint8)
    for s in range(n_sets):
        for k in range(set_start[s], set_start[s + 1]):
            hit[s] |= mark[set_member[k]]
        for k in range(antigen_start[s], antigen_start[s + 1]):
            antigen_hit[s] |= antigen_mark[antigen_member[k]]
    for t in range(1, alternative_start.size - 1):
        certain = patient_certain and alternative_start[t + 1] - alternative_start[t] == 1
        for alternative in range(alternative_start[t], alternative_start[t + 1]):
            first, second = alternative_set[alternative, 0], alternative_set[alternative, 1]
            a, b = set_start[first], set_start[first + 1]
            c, d = set_start[second], set_start[second + 1]
            direct1 = grade_side(side1, certain, hit[first], antigen_hit[first], 1, set_member, a, b)
            direct2 = grade_side(side2, certain, hit[second], antigen_hit[second], 2, set_member, c, d)
            cross1 = grade_side(side2, certain, hit[first], antigen_hit[first], 2, set_member, a, b)
            cross2 = grade_side(side1, certain, hit[second], antigen_hit[second], 1, set_member, c, d)
            direct = (1 if direct1 >= P else 0) + (1 if direct2 >= P else 0)
            cross = (1 if cross1 >= P else 0) + (1 if cross2 >= P else 0)
            use_cross = cross > direct or (cross == direct and cross1 + cross2 > direct1 + direct2)
            count = max(cross, direct)
            if matched[t] == 255 or count > matched[t]:
                matched[t] = count
                grade[0, t] = cross1 if use_cross else direct1
                grade[1, t] = cross2 if use_cross else direct2
    for code in side1:
        mark[code] = 0
    for code in side2:
        mark[code] = 0
    for code in antigen1:
        antigen_mark[code] = 0
    for code in antigen2:
        antigen_mark[code] = 0
