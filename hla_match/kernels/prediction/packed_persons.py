"""The haplotype classes of a person, with haplotypes of equal words in a class as one.

    imputation      part 0: classes of haplotypes, pairs of classes that go together      part 1: ...
    packed part     the distinct words of each class, and the sums of their frequencies

The parts of a person are independent of each other; each covers some of the loci in scope.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, inner_kernel, kernel
from hla_match.kernels.prediction.packed_alleles import label_at
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import PackedHaplotypes, PackedPart, PatientClasses


@inner_kernel
def merge_classes(
    persons: HaplotypeClasses,
    part: int,
    haplotypes: PackedHaplotypes,
    place: NDArray[np.int64],
    word: NDArray[np.int64],
    weight: NDArray[np.float64],
    class_first: NDArray[np.int64],
) -> None:
    """Write the distinct words of each class of a part, and the sums of the frequencies of their haplotypes.

    Args:
        persons: the classes of all persons.
        part: the part.
        haplotypes: the haplotypes of all panels.
        place: working array of one call for the next, zeros at first, one longer than there are distinct words of all
            haplotypes: behind where a word was written last. The last number is above all others.
        word: (at least members,) receives the words.
        weight: (at least members,) receives the sums.
        class_first: (at least classes + 1,) receives where the words of each class begin.
    """
    word_index, words, frequency, member = haplotypes.word_index, haplotypes.word, haplotypes.frequency, persons.member
    first_class, last_class = persons.part_class[part], persons.part_class[part + 1]
    # What an earlier class, part or person left in `place` is below what this class writes.
    mark = place[place.size - 1] + 1
    found = 0
    for c in range(first_class, last_class):
        begin = found
        class_first[c - first_class] = begin
        for m in range(persons.class_member[c], persons.class_member[c + 1]):
            own = word_index[member[m]]
            at = place[own] - mark
            if at < begin:
                at = found
                place[own] = mark + at
                word[at] = words[own]
                weight[at] = 0.0
                found += 1
            weight[at] += frequency[member[m]]
    class_first[last_class - first_class] = found
    place[place.size - 1] = mark + found


@inner_kernel
def sort_falling(begin: int, end: int, word: NDArray[np.int64], weight: NDArray[np.float64]) -> None:
    """Order words by falling weight, those of equal weight ascending (Shell sort: Knuth, TAOCP 3, section 5.2.1).

    Most classes have a few words, and `np.argsort` takes a second to compile. Thousands cost some n^1.3 comparisons.
    """
    gap = 1
    while 3 * gap + 1 < end - begin:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(begin + gap, end):
            own, own_weight = word[k], weight[k]
            at = k
            while at - gap >= begin and (
                weight[at - gap] < own_weight or (weight[at - gap] == own_weight and word[at - gap] > own)
            ):
                word[at], weight[at] = word[at - gap], weight[at - gap]
                at -= gap
            word[at], weight[at] = own, own_weight
        gap //= 3


@kernel
def pack_part(
    persons: HaplotypeClasses, part: int, haplotypes: PackedHaplotypes, place: NDArray[np.int64]
) -> PackedPart:
    """Return a part of a person packed; `place` is a working array: zeros, one more than there are distinct words."""
    first_class, last_class = persons.part_class[part], persons.part_class[part + 1]
    n_members = persons.class_member[last_class] - persons.class_member[first_class]
    word, weight = np.empty(n_members, np.int64), np.empty(n_members)
    class_first = np.empty(last_class - first_class + 1, np.int64)
    merge_classes(persons, part, haplotypes, place, word, weight, class_first)
    for c in range(class_first.size - 1):
        sort_falling(class_first[c], class_first[c + 1], word, weight)
    pair = persons.pair[persons.part_pair[part] : persons.part_pair[part + 1]]
    scope = haplotypes.panel_scope[persons.part_panel[part]]
    return PackedPart(scope, persons.part_mass[part], pair, class_first, word, weight)


@array_kernel
def patient_part(patient: PatientClasses, part: int) -> PackedPart:
    """Return a part of a patient by itself."""
    bounds = patient.class_first[patient.part_class[part] : patient.part_class[part + 1] + 1]
    return PackedPart(
        patient.part_scope[part],
        patient.part_mass[part],
        patient.pair[patient.part_pair[part] : patient.part_pair[part + 1]],
        bounds - bounds[0],
        patient.word[bounds[0] : bounds[-1]],
        patient.weight[bounds[0] : bounds[-1]],
    )


@array_kernel
def locus_genotypes(patient: PatientClasses, probability: NDArray[np.float64]) -> None:
    """Add the genotypes of a patient at each locus by itself.

    Args:
        patient: the patient.
        probability: (loci, labels, labels) zeros; receives the probabilities, the lesser label first.
    """
    n_labels = patient.n_labels
    for number in range(patient.part_mass.size):
        part = patient_part(patient, number)
        of_class = np.empty((part.class_first.size - 1, n_labels))
        for s in range(patient.shift.size):
            if not (part.scope >> s) & 1:
                continue
            of_class[:] = 0.0
            for c in range(of_class.shape[0]):
                for k in range(part.class_first[c], part.class_first[c + 1]):
                    of_class[c, label_at(part.word[k], patient.shift[s], patient.width[s])] += part.weight[k]
            for p in range(part.pair.shape[0]):
                one, other = of_class[part.pair[p, 0]], of_class[part.pair[p, 1]]
                factor = (1.0 if part.pair[p, 0] == part.pair[p, 1] else 2.0) / part.mass
                for x in range(n_labels):
                    if one[x] == 0.0:
                        continue
                    for y in range(n_labels):
                        probability[s, min(x, y), max(x, y)] += factor * one[x] * other[y]
