"""Position grades of one patient typing against every donor typing of a locus.

A is a certain allele match, P a potential one, L an allele mismatch with antigen match, M an antigen mismatch: the
grades of the fourth exercise of WMDA's matching validation. Antigens are those that both sides were typed as, not those
of every allele that they may be; sides that were typed as different antigens by serology alone are never P. A mismatch
with an allele reported as NEW is unknown.
Grades stand in the order of the donor's two alleles. Oracle: ``grades`` in ``tests/oracle/matching.py``.
"""

from __future__ import annotations

import numpy as np

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.codes import (
    FIRST,
    GRADE_A,
    GRADE_L,
    GRADE_M,
    GRADE_P,
    GRADE_UNKNOWN,
    HAS_NEW,
    NEW,
    SECOND,
)
from hla_match.kernels.schema.array import Int32, Uint8
from hla_match.kernels.schema.search import PatientMarks, PatientSides, PositionGrades
from hla_match.kernels.schema.typings import AntigenSets, CountedTypings
from hla_match.kernels.search.locus_count import mark_side


@inner_kernel
def grade_side(side: Int32, which: int, bits: int, antigen_bits: int, member: Int32, start: int, stop: int) -> int:
    """Grade one donor set against one patient side; `which` is the side's bit in `bits` and `antigen_bits`."""
    if bits & which:
        return GRADE_A if side.size == 1 and stop - start == 1 else GRADE_P
    # Codes are sorted, and only the null allele stands before NEW.
    if bits & HAS_NEW or side[0] == NEW or (side.size > 1 and side[1] == NEW):
        return GRADE_UNKNOWN
    return GRADE_L if antigen_bits & which else GRADE_M


@inner_kernel
def pairing_value(grade1: int, grade2: int) -> int:
    """Return what a pairing is worth: first the positions matched, then the sum of grades; more than nothing."""
    return 1 + grade1 + grade2 + (16 if grade1 >= GRADE_P else 0) + (16 if grade2 >= GRADE_P else 0)


@inner_kernel
def read_set(
    s: int, typings: CountedTypings, antigens: AntigenSets, marks: PatientMarks, apart: Uint8
) -> tuple[int, int]:
    """Return what a donor set can be of the patient's alleles, and of the patient's antigens, as bits."""
    bits = 0
    for k in range(typings.set_start[s], typings.set_start[s + 1]):
        code = typings.set_member[k]
        bits |= HAS_NEW if code == NEW else marks.mark[code]
    bits &= ~apart[s]
    antigen_bits = 0
    for k in range(antigens.antigen_start[s], antigens.antigen_start[s + 1]):
        antigen_bits |= marks.antigen_mark[antigens.antigen_member[k]]
    return bits, antigen_bits


@inner_kernel
def mark_patient(patient: PatientSides, kinds: int, marks: PatientMarks) -> None:
    """Mark the codes and antigens of the patient's sides."""
    mark_side(patient.side1, FIRST, kinds, marks.mark)
    mark_side(patient.side2, SECOND, kinds, marks.mark)
    for k in range(patient.antigen1.size):
        marks.antigen_mark[patient.antigen1[k]] |= FIRST
    for k in range(patient.antigen2.size):
        marks.antigen_mark[patient.antigen2[k]] |= SECOND


@inner_kernel
def clear_marks(patient: PatientSides, marks: PatientMarks) -> None:
    """Make the marks zeros again."""
    for k in range(patient.side1.size):
        marks.mark[patient.side1[k]] = 0
    for k in range(patient.side2.size):
        marks.mark[patient.side2[k]] = 0
    for k in range(patient.antigen1.size):
        marks.antigen_mark[patient.antigen1[k]] = 0
    for k in range(patient.antigen2.size):
        marks.antigen_mark[patient.antigen2[k]] = 0


@kernel
def grade_alternative(
    patient: PatientSides,
    kinds: int,
    apart: Uint8,
    typings: CountedTypings,
    antigens: AntigenSets,
    marks: PatientMarks,
    typing: Int32,
    grades: PositionGrades,
) -> None:
    """Fold one alternative of the patient's typing into the grades of some donor typings of the locus.

    Args:
        patient: the alternative.
        kinds: the kinds of alternatives that it is compared with, as bits.
        apart: (sets,) the patient sides, as bits, that each donor set is apart from.
        typings: the distinct donor typings.
        antigens: the antigens of their sets.
        marks: zeros, working arrays.
        typing: (n,) the typings to grade; one may stand there several times.
        grades: what is found, 0 and True at the start.

    Notes:
        The first alternative with the most matched positions, then the greatest sum of grades, decides; and in it the
        pairing chosen the same way, the direct one first. An allele match is kept only where `certain` is.
    """
    side1, side2, member = patient.side1, patient.side2, typings.set_member
    value, grade, certain = grades.value, grades.grade, grades.certain
    mark_patient(patient, kinds, marks)
    n_sets = typings.set_start.size - 1
    hit = np.zeros(n_sets, np.uint8)
    antigen_hit = np.zeros(n_sets, np.uint8)
    read = np.zeros(n_sets, np.uint8)
    for t in range(typing.size):
        for alternative in range(typings.alternative_start[typing[t]], typings.alternative_start[typing[t] + 1]):
            if not typings.alternative_kind[alternative] & kinds:
                continue
            first, second = typings.alternative_set[alternative, 0], typings.alternative_set[alternative, 1]
            for s in (first, second):
                if not read[s]:
                    read[s] = 1
                    hit[s], antigen_hit[s] = read_set(s, typings, antigens, marks, apart)
            a, b = typings.set_start[first], typings.set_start[first + 1]
            c, d = typings.set_start[second], typings.set_start[second + 1]
            grade1 = grade_side(side1, FIRST, hit[first], antigen_hit[first], member, a, b)
            grade2 = grade_side(side2, SECOND, hit[second], antigen_hit[second], member, c, d)
            cross1 = grade_side(side2, SECOND, hit[first], antigen_hit[first], member, a, b)
            cross2 = grade_side(side1, FIRST, hit[second], antigen_hit[second], member, c, d)
            if pairing_value(cross1, cross2) > pairing_value(grade1, grade2):
                grade1, grade2 = cross1, cross2
            if grade1 != GRADE_A:
                certain[0, t] = False
            if grade2 != GRADE_A:
                certain[1, t] = False
            if pairing_value(grade1, grade2) > value[t]:
                value[t] = pairing_value(grade1, grade2)
                grade[0, t] = grade1
                grade[1, t] = grade2
    clear_marks(patient, marks)
