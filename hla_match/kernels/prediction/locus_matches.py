"""What of an ambiguous patient matches a donor at each locus by itself, whatever the other loci do.

It is reported, and it bounds what can match at all loci together; so does how many of the donor's alleles the patient
may have at all. Alleles are names, as in
`hla_match.kernels.prediction.donor_genotypes`. Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel
from hla_match.kernels.prediction.donor_genotypes import (
    ABSENT,
    ANOTHER,
    FIRST_NAME,
    count_pairs,
    homozygous_for_the_other,
    merge_members,
)
from hla_match.kernels.prediction.patient_classes import PatientClasses, locus_genotypes


@kernel
def matched_alleles(x: int, y: int, u: int, v: int) -> int:
    """Count the matching alleles of two genotypes of a locus, by names as they are carried.

    Where both persons have a null allele, it is an allele like any other; where one has, that person is homozygous for
    the other allele. Source: Bochtler et al., Hum Immunol 2016;77:371, table of locus mismatches.
    """
    if (x == ABSENT or y == ABSENT) != (u == ABSENT or v == ABSENT):
        x, y = homozygous_for_the_other(x, y)
        u, v = homozygous_for_the_other(u, v)
    direct = (1 if x == u and x != ANOTHER else 0) + (1 if y == v and y != ANOTHER else 0)
    cross = (1 if x == v and x != ANOTHER else 0) + (1 if y == u and y != ANOTHER else 0)
    return max(direct, cross)


@kernel
def expect_matches(
    genotype: NDArray[np.float64], is_strict: bool, two: NDArray[np.float64], one: NDArray[np.float64]
) -> None:
    """Write, for each two names that a donor may have at a locus, how probably two and one match the patient.

    A donor without a null allele sees those of the patient resolved. A donor with one does, where the patient has none,
    have the other allele twice, and compares with the others name by name; so that this function is that of
    `matched_alleles` summed over the patient's genotypes.

    Args:
        genotype: (names, names) probability of the patient's genotypes, the lesser name first.
        is_strict: whether null alleles never equal each other.
        two: (names, names) receives the probability that both match.
        one: (names, names) receives the probability that exactly one matches.
    """
    n_names = genotype.shape[0]
    # Probability of an allele in genotypes with a null allele, in those without, and in both with nulls resolved.
    with_null, without, resolved = np.zeros(n_names), np.zeros(n_names), np.zeros(n_names)
    all_with_null = genotype[ABSENT].sum()
    for x in range(FIRST_NAME, n_names):
        with_null[x] = genotype[ABSENT, x]
        for y in range(FIRST_NAME - 1, n_names):
            without[x] += genotype[min(x, y), max(x, y)]
        resolved[x] = without[x] + with_null[x]
    two[:] = 0.0
    one[:] = 0.0
    for u in range(FIRST_NAME, n_names):
        two[u, u] = genotype[u, u] + with_null[u]
        one[u, u] = resolved[u] - two[u, u]
        one[u, ANOTHER] = one[ANOTHER, u] = resolved[u]
        for v in range(u + 1, n_names):
            two[u, v] = two[v, u] = genotype[u, v]
            one[u, v] = one[v, u] = resolved[u] + resolved[v] - 2.0 * genotype[u, v]
    if is_strict:
        return
    two[ABSENT, ABSENT] = genotype[ABSENT, ABSENT]
    one[ABSENT, ABSENT] = all_with_null - two[ABSENT, ABSENT]
    one[ABSENT, ANOTHER] = one[ANOTHER, ABSENT] = all_with_null
    for v in range(FIRST_NAME, n_names):
        two[ABSENT, v] = two[v, ABSENT] = genotype[v, v] + with_null[v]
        one[ABSENT, v] = one[v, ABSENT] = without[v] - genotype[v, v] + all_with_null - with_null[v]


@kernel
def add_marginals(
    scope: int,
    strict: int,
    mass: float,
    pair: NDArray[np.uint16],
    class_first: NDArray[np.int64],
    key: NDArray[np.int64],
    weight: NDArray[np.float64],
    shift: NDArray[np.int64],
    width: NDArray[np.int64],
    two_of: NDArray[np.float64],
    one_of: NDArray[np.float64],
    two: NDArray[np.float64],
    one: NDArray[np.float64],
) -> None:
    """Add, for the loci of one part of a donor, the probabilities that two alleles and that one allele match.

    `two_of` and `one_of` are (loci, names, names), as given by `expect_matches`.
    """
    n_classes = class_first.size - 1
    n_names = two_of.shape[1]
    name = np.empty(class_first[n_classes], np.int64)
    total = np.empty(name.size)
    first = np.empty(n_classes + 1, np.int64)
    place = np.zeros(n_names, np.int64)
    for s in range(shift.size):
        if not (scope >> s) & 1:
            continue
        mask = (np.int64(1) << width[s]) - 1
        found = 0
        for c in range(n_classes):
            begin = found
            first[c] = begin
            for k in range(class_first[c], class_first[c + 1]):
                own = (key[k] >> shift[s]) & mask
                at = place[own]
                if at < begin or at >= found or name[at] != own:
                    at = found
                    place[own] = at
                    name[at] = own
                    total[at] = 0.0
                    found += 1
                total[at] += weight[k]
        first[n_classes] = found
        both = 0.0
        some = 0.0
        for p in range(pair.shape[0]):
            c, d = int(pair[p, 0]), int(pair[p, 1])
            factor = 1.0 if c == d else 2.0
            for u in range(first[c], first[c + 1]):
                for v in range(first[d], first[d + 1]):
                    x, y = name[u], name[v]
                    if (strict >> s) & 1:
                        x, y = homozygous_for_the_other(x, y)
                    share = total[u] * total[v] * factor
                    both += share * two_of[s, x, y]
                    some += share * one_of[s, x, y]
        two[s] += both / mass
        one[s] += some / mass


@kernel
def add_strange(
    scope: int,
    mass: float,
    pair: NDArray[np.uint16],
    class_first: NDArray[np.int64],
    key: NDArray[np.int64],
    weight: NDArray[np.float64],
    shift: NDArray[np.int64],
    width: NDArray[np.int64],
    strange: NDArray[np.float64],
) -> None:
    """Bring the loci of one part of a donor into the probabilities of 0 and 1 alleles that the patient cannot have.

    `strange` is (2,): 1 and 0 before the first part.
    """
    n_classes = class_first.size - 1
    # Of each class, the frequency of haplotypes without such an allele and with one.
    of_class = np.zeros((n_classes, 2))
    for c in range(n_classes):
        for k in range(class_first[c], class_first[c + 1]):
            n = 0
            for s in range(shift.size):
                n += (scope >> s) & 1 and (key[k] >> shift[s]) & ((np.int64(1) << width[s]) - 1) == ANOTHER
            if n < 2:
                of_class[c, n] += weight[k]
    none, single = 0.0, 0.0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        factor = 1.0 if c == d else 2.0
        none += factor * of_class[c, 0] * of_class[d, 0]
        single += factor * (of_class[c, 0] * of_class[d, 1] + of_class[c, 1] * of_class[d, 0])
    strange[1] = (strange[0] * single + strange[1] * none) / mass
    strange[0] *= none / mass


@kernel
def expect_at_loci(patient: PatientClasses, two: NDArray[np.float64], one: NDArray[np.float64]) -> None:
    """Write what `expect_matches` does for every locus; `two` and `one` are (loci, names, names)."""
    genotype = np.zeros(two.shape)
    locus_genotypes(patient, genotype)
    for s in range(two.shape[0]):
        expect_matches(genotype[s], bool((patient.strict >> s) & 1), two[s], one[s])


@kernel
def match_at_loci(
    limit: int,
    patient: PatientClasses,
    panel_scope: NDArray[np.int64],
    word_of_haplotype: NDArray[np.int64],
    word_index: NDArray[np.int32],
    frequency: NDArray[np.float64],
    donor: NDArray[np.int64],
    person_part: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
    two: NDArray[np.float64],
    one: NDArray[np.float64],
    strange: NDArray[np.float64],
    is_whole: NDArray[np.bool_],
) -> None:
    """Add, locus by locus, the probabilities that two alleles and that one allele match.

    Arguments as in `kernels.prediction.joint_prediction.predict_ambiguous`; `strange` is (n, 2) and receives the
    probabilities of 0 and 1 alleles that the patient cannot have, and `is_whole` (n,) whether a donor has no more pairs
    of haplotypes than `limit`, so that nothing of it would be cut.

    Notes:
        Cost: the pairs of names at each locus, not those of whole haplotypes.
    """
    shift, width, strict = patient.shift, patient.width, patient.strict
    two_of = np.empty((shift.size, patient.n_names, patient.n_names))
    one_of = np.empty(two_of.shape)
    expect_at_loci(patient, two_of, one_of)
    place = np.zeros(word_of_haplotype.size, np.int64)
    for i in range(donor.size):
        strange[i, 0] = 1.0
        n_pairs = 1.0
        for part in range(person_part[donor[i]], person_part[donor[i] + 1]):
            scope = panel_scope[part_panel[part]]
            if scope == 0:
                continue
            first_class, last_class = part_class[part], part_class[part + 1]
            n_members = class_member[last_class] - class_member[first_class]
            key = np.empty(n_members, np.int64)
            weight = np.empty(n_members)
            class_first = np.empty(last_class - first_class + 1, np.int64)
            merge_members(
                first_class, last_class, class_member, member, word_of_haplotype, word_index, frequency, place,
                key, weight, class_first,
            )  # fmt: skip
            pairs = pair[part_pair[part] : part_pair[part + 1]]
            add_marginals(
                scope, strict, part_mass[part], pairs, class_first, key, weight, shift, width, two_of, one_of,
                two[i], one[i],
            )  # fmt: skip
            add_strange(scope, part_mass[part], pairs, class_first, key, weight, shift, width, strange[i])
            n_pairs *= count_pairs(0.0, pairs, class_first, weight)
        is_whole[i] = n_pairs <= limit
