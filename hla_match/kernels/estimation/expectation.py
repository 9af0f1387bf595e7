"""The E step: how often every haplotype is expected in persons of ambiguous typing, and how likely the typings are.

A person is the classes of haplotypes that the typing does not tell apart, and the compatible pairs of classes
(`kernels.imputation.haplotype_classes`). A pass costs time in proportion to the haplotypes of all classes, not to the
diplotypes, of which there are up to the square. Oracle: ``expected_counts`` and ``likelihood`` in
``tests/oracle/estimation.py``.
"""

from __future__ import annotations

import math

import numpy as np

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.schema.array import Float64, Uint16
from hla_match.kernels.schema.haplotypes import HaplotypeClasses


@inner_kernel
def sum_classes(first: int, last: int, classes: HaplotypeClasses, frequency: Float64, total: Float64) -> None:
    """Add up the frequencies of the haplotypes of each class from `first` up to `last`."""
    class_member, member = classes.class_member, classes.member
    for c in range(first, last):
        mass = 0.0
        for k in range(class_member[c], class_member[c + 1]):
            mass += frequency[member[k]]
        total[c - first] = mass


@inner_kernel
def weigh_pairs(first: int, last: int, pair: Uint16, total: Float64, partner: Float64) -> float:
    """Return the weight of the pairs from `first` up to `last`; `partner` receives what each class can stand beside.

    Both haplotypes of a pair within one class are drawn from it, so that a class that is compatible with itself is
    one of its own partners.
    """
    weight = 0.0
    for k in range(first, last):
        i, j = pair[k, 0], pair[k, 1]
        partner[i] += total[j]
        if i == j:
            weight += total[i] * total[i]
        else:
            partner[j] += total[i]
            weight += 2.0 * total[i] * total[j]
    return weight


@kernel
def expect_haplotypes(
    start: int, stop: int, part_weight: Float64, classes: HaplotypeClasses, frequency: Float64, share: Float64
) -> float:
    """Return the log-likelihood of some persons; `share` grows by what they expect of each haplotype.

    Args:
        start: first person.
        stop: one behind the last.
        part_weight: (parts,) how many persons have this typing.
        classes: the classes of the persons, each of one part.
        frequency: of each haplotype.
        share: (haplotypes,) grows; times the frequency it is the expected count, two copies a person.

    Notes:
        With F the sum of the frequencies of a class and W the sum over compatible pairs of 2 Fi Fj, or Fi Fi within a
        class, a haplotype of class i is expected f 2 sum(Fj) / W times, j over the classes compatible with i
        (Excoffier & Slatkin, Mol Biol Evol 1995;12:921, equations 3 to 5, with equal terms gathered). A person whom
        nothing explains adds nothing.
    """
    part_class, part_pair = classes.part_class, classes.part_pair
    class_member, member, pair = classes.class_member, classes.member, classes.pair
    most = 0
    for part in range(start, stop):
        most = max(most, part_class[part + 1] - part_class[part])
    total = np.empty(most)
    partner = np.empty(most)
    log_likelihood = 0.0
    for part in range(start, stop):
        first, last = part_class[part], part_class[part + 1]
        if part_weight[part] == 0.0:
            continue
        sum_classes(first, last, classes, frequency, total)
        partner[: last - first] = 0.0
        weight = weigh_pairs(part_pair[part], part_pair[part + 1], pair, total, partner)
        if weight <= 0.0:
            continue
        log_likelihood += part_weight[part] * math.log(weight)
        scale = 2.0 * part_weight[part] / weight
        for c in range(first, last):
            of_class = scale * partner[c - first]
            for k in range(class_member[c], class_member[c + 1]):
                share[member[k]] += of_class
    return log_likelihood


@kernel
def weigh_persons(classes: HaplotypeClasses, frequency: Float64, weight: Float64, entropy: Float64) -> None:
    """Write the weight of all diplotypes of each person, and the entropy of their distribution.

    Args:
        classes: the classes of the persons, each of one part.
        frequency: of each haplotype.
        weight: (persons,) receives the sum over diplotypes of f1 f2, doubled unless both are the same; 0 where nothing
            explains the person.
        entropy: (persons,) receives - sum p log p over diplotypes, in nats.

    Notes:
        A diplotype of two haplotypes has log p = log 2 + log f1 + log f2 - log W, so the sum falls apart into one over
        haplotypes; those of one haplotype twice lack the log 2.
    """
    part_class, part_pair = classes.part_class, classes.part_pair
    class_member, member, pair = classes.class_member, classes.member, classes.pair
    for part in range(part_class.size - 1):
        first, last = part_class[part], part_class[part + 1]
        total = np.empty(last - first)
        partner = np.zeros(last - first)
        sum_classes(first, last, classes, frequency, total)
        mass = weigh_pairs(part_pair[part], part_pair[part + 1], pair, total, partner)
        weight[part] = mass
        entropy[part] = 0.0
        if mass <= 0.0:
            continue
        logs = 0.0
        for c in range(first, last):
            for k in range(class_member[c], class_member[c + 1]):
                f = frequency[member[k]]
                if f > 0.0:
                    logs += 2.0 * f * partner[c - first] * math.log(f)
        same = 0.0
        for k in range(part_pair[part], part_pair[part + 1]):
            if pair[k, 0] == pair[k, 1]:
                c = first + pair[k, 0]
                for m in range(class_member[c], class_member[c + 1]):
                    same += frequency[member[m]] ** 2
        entropy[part] = math.log(mass) - logs / mass - math.log(2.0) * (1.0 - same / mass)
