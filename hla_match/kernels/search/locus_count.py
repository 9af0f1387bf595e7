"""Best and worst match count and direction of one patient typing against every donor typing of a locus.

Definitions: WMDA framework, Bochtler et al., Bone Marrow Transplant 2011;46:338, level AI3 (alleles match when they are
of one P group); the better of direct and cross pairing counts. GvH is the number of patient positions whose allele the
donor lacks, HvG the number of donor positions whose allele the patient lacks.

A null allele is absent, and an allele reported as NEW equals nothing (`kernels.codes`).
A typing is one or more alternatives; an alternative is a pair of sets of codes, drawn from independently. Null alleles
are resolved in some alternatives and count as alleles in others, and the kind of an alternative says with which of the
other person's it is compared. A null allele equals one where both persons' count as alleles. Two sets that were typed
by serology alone as different antigens are *apart*: no allele of one equals any of the other.
Oracle: ``tests/oracle/matching.py``.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.codes import (
    ABSENT,
    BEST,
    BOTH,
    FIRST,
    FIRST_P_GROUP,
    GVH_BEST,
    GVH_WORST,
    HVG_BEST,
    HVG_WORST,
    NEW,
    NULL,
    SECOND,
    WITH_NULL,
    WORST,
)
from hla_match.kernels.schema.array import Array, Int32, Uint8
from hla_match.kernels.schema.typings import CountedTypings


@inner_kernel
def covered(member: Int32, start: int, stop: int, first: int, second: int) -> bool:
    """Say whether every member of a set equals one of two alleles, so that the set cannot avoid both."""
    if stop - start > 2:
        return False
    for k in range(start, stop):
        code = member[k]
        if code == NEW or (code != first and code != second):
            return False
    return True


@inner_kernel
def unless_apart(code: int, apart: int, which: int) -> int:
    """Return an allele of the patient side `which` as a donor set sees it: as one equal to none if they are apart."""
    return NEW if apart & which else code


@inner_kernel
def worst_count(
    side1: Int32,
    side2: Int32,
    member: Int32,
    a: int,
    b: int,
    c: int,
    d: int,
    apart1: int,
    apart2: int,
) -> int:
    """Least match count over all choices from patient sides and the donor sets ``member[a:b]``, ``member[c:d]``.

    `apart1` and `apart2` are the patient sides, as bits, that the two donor sets are apart from.

    Two is certain only between four single alleles. Zero is possible when some patient pair leaves both donor sets a
    way out. Three members of a patient side always suffice to see that: at most two of them can be blocked.
    """
    if side1.size == 1 and side2.size == 1 and b - a == 1 and d - c == 1:
        p, q, x, y = side1[0], side2[0], member[a], member[c]
        direct = (1 if p == x and p != NEW and not apart1 & FIRST else 0) + (
            1 if q == y and q != NEW and not apart2 & SECOND else 0
        )
        cross = (1 if p == y and p != NEW and not apart2 & FIRST else 0) + (
            1 if q == x and q != NEW and not apart1 & SECOND else 0
        )
        return max(direct, cross)
    for i in range(min(3, side1.size)):
        for j in range(min(3, side2.size)):
            p, q = unless_apart(side1[i], apart1, FIRST), unless_apart(side2[j], apart1, SECOND)
            if covered(member, a, b, p, q):
                continue
            p, q = unless_apart(side1[i], apart2, FIRST), unless_apart(side2[j], apart2, SECOND)
            if not covered(member, c, d, p, q):
                return 0
    return 1


@inner_kernel
def mark_side(side: Int32, bit: int, kinds: int, mark: Uint8) -> None:
    """Mark the codes of a patient side that can equal one of alternatives of these kinds."""
    for k in range(side.size):
        if side[k] >= FIRST_P_GROUP or (side[k] == NULL and kinds == WITH_NULL):
            mark[side[k]] |= bit


@inner_kernel
def patient_may_exceed(
    side: Int32,
    which: int,
    member: Int32,
    a: int,
    b: int,
    c: int,
    d: int,
    apart1: int,
    apart2: int,
) -> bool:
    """Say whether some allele of the patient side of bit `which` can be one that the donor lacks."""
    for i in range(min(3, side.size)):
        p, q = unless_apart(side[i], apart1, which), unless_apart(side[i], apart2, which)
        if not covered(member, a, b, p, p) and not covered(member, c, d, q, q):
            return True
    return False


@inner_kernel
def donor_may_exceed(side1: Int32, side2: Int32, member: Int32, start: int, stop: int, apart: int) -> bool:
    """Say whether some allele of a donor set can be one that the patient lacks."""
    for k in range(start, min(start + 3, stop)):
        p, q = unless_apart(member[k], apart, FIRST), unless_apart(member[k], apart, SECOND)
        if not covered(side1, 0, side1.size, p, p) and not covered(side2, 0, side2.size, q, q):
            return True
    return False


@inner_kernel
def common_hit(mark: Uint8, bits: int, member: Int32, a: int, b: int, c: int, d: int) -> bool:
    """Say whether two sorted donor sets share an allele of the patient sides `bits`: a homozygous donor inside it."""
    i, j = a, c
    while i < b and j < d:
        if member[i] == member[j]:
            if mark[member[i]] & bits:
                return True
            i += 1
            j += 1
        elif member[i] < member[j]:
            i += 1
        else:
            j += 1
    return False


@inner_kernel
def hit_bits(mark: Uint8, member: Int32, start: int, stop: int, apart: int) -> int:
    """Return what a donor set can be of the patient's alleles, and whether it is a null allele, as bits."""
    bits = ABSENT if member[start] == NULL else 0
    for k in range(start, stop):
        m = mark[member[k]] & ~apart
        bits |= m
        if m == FIRST | SECOND:
            bits |= BOTH
    return bits


@inner_kernel
def fold(
    counts: Uint8,
    t: int,
    best: int,
    worst: int,
    gvh_best: int,
    gvh_worst: int,
    hvg_best: int,
    hvg_worst: int,
) -> None:
    """Fold the numbers of one pair of alternatives into those of a typing."""
    counts[BEST, t] = max(counts[BEST, t], best)
    counts[WORST, t] = min(counts[WORST, t], worst)
    counts[GVH_BEST, t] = min(counts[GVH_BEST, t], gvh_best)
    counts[GVH_WORST, t] = max(counts[GVH_WORST, t], gvh_worst)
    counts[HVG_BEST, t] = min(counts[HVG_BEST, t], hvg_best)
    counts[HVG_WORST, t] = max(counts[HVG_WORST, t], hvg_worst)


@inner_kernel
def count_hits(
    side1: Int32,
    side2: Int32,
    mark: Uint8,
    hits: tuple[int, int],
    sets: tuple[int, int, int, int],
    apart: tuple[int, int],
    member: Int32,
) -> tuple[int, int, int, int, int, int]:
    """Return the six counts of one pair of alternatives, some of whose alleles can match, in the order of their rows.

    Args:
        side1: ascending codes of the patient's first side.
        side2: those of the second side.
        mark: patient sides, as bits, that hold each code.
        hits: what the two donor sets can be of the patient's alleles, as `hit_bits` gives it.
        sets: the two donor sets, ``member[a:b]`` and ``member[c:d]``, as (a, b, c, d).
        apart: the patient sides, as bits, that the two donor sets are apart from.
        member: codes of the donor sets.
    """
    x, y = hits
    a, b, c, d = sets
    e, f = apart
    best = 2 if ((x & FIRST) and (y & SECOND)) or ((x & SECOND) and (y & FIRST)) else 1
    worst = worst_count(side1, side2, member, a, b, c, d, e, f)
    gvh_best = gvh_worst = hvg_best = hvg_worst = 0
    if not (side1[0] == NULL and side2[0] == NULL):
        if best == 1 and not ((x | y) & BOTH):
            gvh_best = 1
        if worst == 0:
            gvh_worst = 2
        elif patient_may_exceed(side1, FIRST, member, a, b, c, d, e, f) or patient_may_exceed(
            side2, SECOND, member, a, b, c, d, e, f
        ):
            gvh_worst = 1
    if not x & y & ABSENT:
        z = x & y & (FIRST | SECOND)
        if best == 1 and not (z and common_hit(mark, z, member, a, b, c, d)):
            hvg_best = 1
        if worst == 0:
            hvg_worst = 2
        elif donor_may_exceed(side1, side2, member, a, b, e) or donor_may_exceed(side1, side2, member, c, d, f):
            hvg_worst = 1
    return best, worst, gvh_best, gvh_worst, hvg_best, hvg_worst


@kernel
def count_alternative(
    side1: Int32,
    side2: Int32,
    kinds: int,
    apart: Uint8,
    typings: CountedTypings,
    mark: Uint8,
    counts: Annotated[Uint8, Array("6, typings", "the counts of each typing")],
) -> None:
    """Fold one alternative of the patient's typing into the counts of every donor typing of the locus.

    Args:
        side1: ascending codes of the patient's first side.
        side2: those of the second side.
        kinds: the kinds of alternatives that the patient's is compared with, as bits.
        apart: (sets,) the patient sides, as bits, that each donor set is apart from.
        typings: the distinct donor typings.
        mark: (codes,) zeros, a working array; all zeros again on return.
        counts: rows as in `kernels.codes`; the caller starts with `COUNTS_OF_NONE`.

    Notes:
        Cost: one visit of each set member, then a constant for each alternative.
    """
    set_start, member = typings.set_start, typings.set_member
    alternative_start, alternative_set = typings.alternative_start, typings.alternative_set
    alternative_kind = typings.alternative_kind
    mark_side(side1, FIRST, kinds, mark)
    mark_side(side2, SECOND, kinds, mark)
    hit = np.zeros(set_start.size - 1, np.uint8)
    for s in range(hit.size):
        hit[s] = hit_bits(mark, member, set_start[s], set_start[s + 1], apart[s])
    gvh = 0 if side1[0] == NULL and side2[0] == NULL else 2
    for t in range(1, alternative_start.size - 1):
        for alternative in range(alternative_start[t], alternative_start[t + 1]):
            if not alternative_kind[alternative] & kinds:
                continue
            first, second = alternative_set[alternative, 0], alternative_set[alternative, 1]
            x, y = hit[first], hit[second]
            if not (x | y) & (FIRST | SECOND):
                hvg = 0 if x & y & ABSENT else 2
                fold(counts, t, 0, 0, gvh, gvh, hvg, hvg)
                continue
            sets = (set_start[first], set_start[first + 1], set_start[second], set_start[second + 1])
            best, worst, gvh_best, gvh_worst, hvg_best, hvg_worst = count_hits(
                side1, side2, mark, (x, y), sets, (apart[first], apart[second]), member
            )
            fold(counts, t, best, worst, gvh_best, gvh_worst, hvg_best, hvg_worst)
    for k in range(side1.size):
        mark[side1[k]] = 0
    for k in range(side2.size):
        mark[side2[k]] = 0
