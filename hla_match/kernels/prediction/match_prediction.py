"""The number of mismatches of one patient genotype with each donor, as a distribution over the donor's diplotypes.

A haplotype enters as three bits a locus: it carries the patient's first allele, the second, or a null allele. What a
pair of haplotypes matches is then a few operations on words, and within a class all haplotypes of equal bits are one.
Of a patient with a null allele it is the first, so that the first bits stand for null alleles there.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel

SHIFT = 16
"""Bits of a word for each of: first allele, second allele, null allele. Loci in scope are fewer."""

BITS_SET = np.array([bin(word).count("1") for word in range(1 << 11)], np.int64)
"""Number of bits set in a word of eleven loci."""


@kernel
def mark_haplotypes(
    allele_bits: NDArray[np.uint64],
    allele_start: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    panel_start: NDArray[np.int64],
    panel_locus_start: NDArray[np.int64],
    panel_locus: NDArray[np.int64],
    bits: NDArray[np.uint64],
) -> None:
    """Write the bits of each haplotype: those of its alleles at the loci of its panel.

    Args:
        allele_bits: bits of each allele, all loci one after another; 0 at loci that are not in scope.
        allele_start: alleles of each locus.
        haplotype_allele: as in `hla_match.imputation.panels.Panels`, likewise the next three.
        panel_start: see there.
        panel_locus_start: see there.
        panel_locus: see there.
        bits: (haplotypes,) uint64, receives them.
    """
    for panel in range(panel_start.size - 1):
        first, last = panel_start[panel], panel_start[panel + 1]
        bits[first:last] = 0
        for k in range(panel_locus_start[panel], panel_locus_start[panel + 1]):
            row = panel_locus[k]
            of_allele = allele_bits[allele_start[row] : allele_start[row + 1]]
            alleles = haplotype_allele[row]
            for haplotype in range(first, last):
                bits[haplotype] |= of_allele[alleles[haplotype]]


@inner_kernel
def matched_loci(one: np.uint64, other: np.uint64, null_loci: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the loci at which two haplotypes together match both alleles of a patient, and at which some.

    Where both persons have a null allele, it is an allele like any other; where one has, that person is homozygous for
    the other allele. Source: Bochtler et al., Hum Immunol 2016;77:371, table of locus mismatches.

    Args:
        one: bits of a haplotype.
        other: bits of the other.
        null_loci: loci at which the patient's first allele is null.
    """
    low = np.uint64((1 << SHIFT) - 1)
    a1, b1, null1 = one & low, (one >> np.uint64(SHIFT)) & low, one >> np.uint64(2 * SHIFT)
    a2, b2, null2 = other & low, (other >> np.uint64(SHIFT)) & low, other >> np.uint64(2 * SHIFT)
    if null1 | null2 | null_loci:
        alone1, alone2 = null1 & ~null_loci, null2 & ~null_loci
        twice = null_loci & ~(null1 | null2)
        a1, b1, a2, b2 = (
            a1 | (a2 & alone1) | (b1 & twice),
            b1 | (b2 & alone1),
            a2 | (a1 & alone2) | (b2 & twice),
            b2 | (b1 & alone2),
        )
    return (a1 & b2) | (b1 & a2), a1 | b1 | a2 | b2


@kernel
def predict_matches(
    probability: float,
    null_loci: np.uint64,
    word: NDArray[np.uint64],
    word_of: NDArray[np.int32],
    frequency: NDArray[np.float64],
    panel_scope: NDArray[np.int64],
    donor: NDArray[np.int64],
    person_part: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
    mismatches: NDArray[np.float64],
    two: NDArray[np.float64],
    one: NDArray[np.float64],
    single: NDArray[np.float64],
) -> None:
    """Add the matches of one genotype of the patient with some donors.

    Args:
        probability: of the genotype.
        null_loci: loci in scope, as bits, at which the genotype has a null allele that another may equal.
        word: (n,) the distinct bits of haplotypes, as given by `mark_haplotypes` for the genotype.
        word_of: (haplotypes,) which of them each haplotype has.
        frequency: (haplotypes,).
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        donor: (n,) persons.
        person_part: classes of each person, as given by `kernels.imputation.panel_chain`; likewise the next seven.
        part_panel: see there.
        part_mass: see there.
        part_class: see there.
        part_pair: see there.
        class_member: see there.
        pair: see there.
        member: see there.
        mismatches: (n, 5) added to: probability of 0 to 4 mismatches.
        two: (n, loci) added to: probability that both alleles match.
        one: (n, loci) added to: probability that exactly one matches.
        single: (n, loci) added to: probability of one mismatch in all, which is at the locus.

    Notes:
        Cost: a visit of each candidate haplotype, then of each pair of distinct bits in compatible classes, then of
        each outcome: which loci match in both alleles, and which in some.
    """
    n_loci = two.shape[1]
    place = np.zeros(word.size, np.int64)
    seen = np.full(word.size, -1, np.int64)
    n_classes_seen = 0
    largest = 64
    distinct = np.empty(largest, np.uint64)
    weight = np.empty(largest)
    class_first = np.empty(largest, np.int64)
    outcome = np.zeros(1 << (2 * n_loci))
    touched = np.empty(outcome.size, np.int64)
    dist = np.zeros(2 * n_loci + 1)
    mixed = np.zeros(2 * n_loci + 1)
    part_dist = np.zeros(2 * n_loci + 1)
    part_single = np.zeros(n_loci)
    single_of = np.zeros(n_loci)
    for i in range(donor.size):
        dist[:] = 0.0
        dist[0] = 1.0
        single_of[:] = 0.0
        for part in range(person_part[donor[i]], person_part[donor[i] + 1]):
            scope = panel_scope[part_panel[part]]
            if scope == 0:
                continue
            alleles = 2 * int(BITS_SET[scope])
            first_class, last_class = part_class[part], part_class[part + 1]
            room = class_member[last_class] - class_member[first_class] + last_class - first_class + 1
            if room > largest:
                largest = 2 * room
                distinct = np.empty(largest, np.uint64)
                weight = np.empty(largest)
                class_first = np.empty(largest, np.int64)
            found = 0
            for c in range(first_class, last_class):
                class_first[c - first_class] = found
                n_classes_seen += 1
                for k in range(class_member[c], class_member[c + 1]):
                    haplotype = member[k]
                    own = word_of[haplotype]
                    if seen[own] != n_classes_seen:
                        seen[own] = n_classes_seen
                        place[own] = found
                        distinct[found] = word[own]
                        weight[found] = 0.0
                        found += 1
                    weight[place[own]] += frequency[haplotype]
            class_first[last_class - first_class] = found
            n_touched = 0
            for p in range(part_pair[part], part_pair[part + 1]):
                c, d = int(pair[p, 0]), int(pair[p, 1])
                factor = 1.0 if c == d else 2.0
                for u in range(class_first[c], class_first[c + 1]):
                    w = weight[u] * factor
                    for v in range(class_first[d], class_first[d + 1]):
                        both, some = matched_loci(distinct[u], distinct[v], null_loci)
                        at = np.int64(both | (some << np.uint64(n_loci)))
                        if outcome[at] == 0.0:
                            touched[n_touched] = at
                            n_touched += 1
                        outcome[at] += w * weight[v]
            part_dist[:] = 0.0
            part_single[:] = 0.0
            for k in range(n_touched):
                both_bits = touched[k] & ((1 << n_loci) - 1)
                some_bits = touched[k] >> n_loci
                share = outcome[touched[k]] / part_mass[part]
                outcome[touched[k]] = 0.0
                count = alleles - int(BITS_SET[both_bits]) - int(BITS_SET[some_bits])
                part_dist[count] += share
                for s in range(n_loci):
                    if (both_bits >> s) & 1:
                        two[i, s] += probability * share
                    elif (some_bits >> s) & 1:
                        one[i, s] += probability * share
                        if count == 1:
                            part_single[s] += share
            mixed[:] = 0.0
            for k in range(alleles + 1):
                if part_dist[k] > 0.0:
                    for before in range(dist.size - k):
                        mixed[before + k] += dist[before] * part_dist[k]
            for s in range(n_loci):
                single_of[s] = single_of[s] * part_dist[0] + part_single[s] * dist[0]
            for k in range(dist.size):
                dist[k] = mixed[k]
        for k in range(min(dist.size, mismatches.shape[1])):
            mismatches[i, k] += probability * dist[k]
        for s in range(n_loci):
            single[i, s] += probability * single_of[s]
