"""The number of mismatches of one patient genotype with each donor, as a distribution over the donor's diplotypes.

A haplotype enters as three bits a locus: it carries the patient's first allele, the second, or a null allele. What a
pair of haplotypes matches is then a few operations on words, and within a class all haplotypes of equal bits are one.
Of a patient with a null allele it is the first, so that the first bits stand for null alleles there.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.prediction.packed_persons import merge_classes
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import LocusMatches, MismatchCounts, PackedHaplotypes

SHIFT = 16
"""Bits of a word for each of: first allele, second allele, null allele. Loci in scope are fewer."""

BITS_SET = np.array([bin(word).count("1") for word in range(1 << 11)], np.int64)
"""Number of bits set in a word of eleven loci."""


class _Outcomes(NamedTuple):
    """What the pairs of haplotypes of a part match; working arrays.

    Attributes:
        weight: (4 ** loci,) float64 weight of the pairs that match at the same loci in both alleles and in some: the
            loci of both are the lower bits; zeros between parts.
        touched: (4 ** loci,) int64 the outcomes that the part has.
    """

    weight: NDArray[np.float64]
    touched: NDArray[np.int64]


class _Numbers(NamedTuple):
    """Numbers of mismatches of some parts of a donor; working arrays.

    Attributes:
        mismatches: (alleles + 1,) float64 probability of each number of mismatches.
        only: (loci,) float64 probability of one mismatch in all, which is at the locus.
    """

    mismatches: NDArray[np.float64]
    only: NDArray[np.float64]


@inner_kernel
def matched_loci(one: int, other: int, null_loci: int) -> tuple[int, int]:
    """Return the loci at which two haplotypes together match both alleles of a patient, and at which some.

    Where both persons have a null allele, it is an allele like any other; where one has, that person is homozygous for
    the other allele. Source: Bochtler et al., Hum Immunol 2016;77:371, table of locus mismatches.

    Args:
        one: bits of a haplotype.
        other: bits of the other.
        null_loci: loci at which the patient's first allele is null.
    """
    low = (1 << SHIFT) - 1
    a1, b1, null1 = one & low, (one >> SHIFT) & low, one >> (2 * SHIFT)
    a2, b2, null2 = other & low, (other >> SHIFT) & low, other >> (2 * SHIFT)
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


@inner_kernel
def _weigh_outcomes(
    null_loci: int,
    pair: NDArray[np.uint16],
    class_first: NDArray[np.int64],
    word: NDArray[np.int64],
    weight: NDArray[np.float64],
    n_loci: int,
    outcomes: _Outcomes,
) -> int:
    """Add up the weights of a part's pairs of haplotypes by what they match; return how many outcomes there are."""
    outcome, touched = outcomes.weight, outcomes.touched
    n_touched = 0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        factor = 1.0 if c == d else 2.0
        for u in range(class_first[c], class_first[c + 1]):
            w = weight[u] * factor
            for v in range(class_first[d], class_first[d + 1]):
                both, some = matched_loci(word[u], word[v], null_loci)
                at = both | (some << n_loci)
                if outcome[at] == 0.0:
                    touched[n_touched] = at
                    n_touched += 1
                outcome[at] += w * weight[v]
    return n_touched


@inner_kernel
def _read_outcomes(
    n_touched: int,
    probability: float,
    mass: float,
    n_alleles: int,
    outcomes: _Outcomes,
    of_part: _Numbers,
    p_both: NDArray[np.float64],
    p_one: NDArray[np.float64],
) -> None:
    """Turn the outcomes of a part into numbers of mismatches, add what matches at each locus, and clear them."""
    outcome, mismatches, only, n_loci = outcomes.weight, of_part.mismatches, of_part.only, p_both.size
    for k in range(mismatches.size):
        mismatches[k] = 0.0
    for s in range(n_loci):
        only[s] = 0.0
    for k in range(n_touched):
        at = outcomes.touched[k]
        both, some = at & ((1 << n_loci) - 1), at >> n_loci
        share = outcome[at] / mass
        outcome[at] = 0.0
        count = n_alleles - BITS_SET[both] - BITS_SET[some]
        mismatches[count] += share
        for s in range(n_loci):
            if (both >> s) & 1:
                p_both[s] += probability * share
            elif (some >> s) & 1:
                p_one[s] += probability * share
                if count == 1:
                    only[s] += share


@inner_kernel
def _join_part(n_alleles: int, of_part: _Numbers, whole: _Numbers, joined: NDArray[np.float64]) -> None:
    """Bring the mismatches of one part, which has so many alleles in scope, into those of the parts before it."""
    mismatches, added = whole.mismatches, of_part.mismatches
    for k in range(joined.size):
        joined[k] = 0.0
    for k in range(n_alleles + 1):
        if added[k] > 0.0:
            for before in range(joined.size - k):
                joined[before + k] += mismatches[before] * added[k]
    for s in range(whole.only.size):
        whole.only[s] = whole.only[s] * added[0] + of_part.only[s] * mismatches[0]
    for k in range(joined.size):
        mismatches[k] = joined[k]


@kernel
def predict_matches(
    probability: float,
    null_loci: int,
    haplotypes: PackedHaplotypes,
    persons: HaplotypeClasses,
    donor: NDArray[np.int64],
    counts: MismatchCounts,
    matches: LocusMatches,
) -> None:
    """Add the matches of one genotype of the patient with some donors.

    Args:
        probability: of the genotype.
        null_loci: loci in scope, as bits, at which the genotype has a null allele that another may equal.
        haplotypes: the haplotypes of all panels; a word is what a haplotype has of the genotype.
        persons: the donors' classes.
        donor: (n,) persons.
        counts: of the n donors, added to: five numbers of mismatches.
        matches: of the n donors, added to.

    Notes:
        Cost: a visit of each candidate haplotype, then of each pair of distinct words in compatible classes, then of
        each outcome: which loci match in both alleles, and which in some.
    """
    n_loci = matches.p_both.shape[1]
    place = np.zeros(haplotypes.word.size + 1, np.int64)
    room = 64
    word, weight, class_first = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    n_numbers = 2 * n_loci + 1
    outcomes = _Outcomes(np.zeros(1 << (2 * n_loci)), np.empty(1 << (2 * n_loci), np.int64))
    of_part, whole = _Numbers(np.zeros(n_numbers), np.zeros(n_loci)), _Numbers(np.zeros(n_numbers), np.zeros(n_loci))
    joined = np.zeros(n_numbers)
    for i in range(donor.size):
        whole.mismatches[:] = 0.0
        whole.mismatches[0] = 1.0
        whole.only[:] = 0.0
        for part in range(persons.person_part[donor[i]], persons.person_part[donor[i] + 1]):
            scope = haplotypes.panel_scope[persons.part_panel[part]]
            if scope == 0:
                continue
            n_alleles = 2 * BITS_SET[scope]
            first_class, last_class = persons.part_class[part], persons.part_class[part + 1]
            needed = persons.class_member[last_class] - persons.class_member[first_class] + last_class - first_class + 1
            if needed > room:
                room = 2 * needed
                word, weight, class_first = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
            merge_classes(persons, part, haplotypes, place, word, weight, class_first)
            pair = persons.pair[persons.part_pair[part] : persons.part_pair[part + 1]]
            n_touched = _weigh_outcomes(null_loci, pair, class_first, word, weight, n_loci, outcomes)
            _read_outcomes(
                n_touched, probability, persons.part_mass[part], n_alleles, outcomes, of_part, matches.p_both[i],
                matches.p_one[i],
            )  # fmt: skip
            _join_part(n_alleles, of_part, whole, joined)
        for k in range(min(n_numbers, counts.mismatches.shape[1])):
            counts.mismatches[i, k] += probability * whole.mismatches[k]
        for s in range(n_loci):
            counts.p_only_mismatch[i, s] += probability * whole.only[s]
