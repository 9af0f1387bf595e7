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
from hla_match.kernels.prediction.packed_persons import merge_class
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import LocusMatches, MismatchCounts, PackedHaplotypes

SHIFT = 16
"""Bits of a word for each of: first allele, second allele, null allele. Loci in scope are fewer."""

BITS_SET = np.array([bin(word).count("1") for word in range(1 << 11)], np.int64)
"""Number of bits set in a word of eleven loci."""


class _Scratch(NamedTuple):
    """Room for what one part of a donor comes to.

    Attributes:
        outcome: (4 ** loci,) float64 weight of the pairs of haplotypes that match at the same loci in both alleles and
            in some: the loci of both are the lower bits; zeros between parts.
        touched: (4 ** loci,) int64 the outcomes that a part has.
        mismatches: (alleles + 1,) float64 probability of each number of mismatches of the parts so far.
        of_part: (alleles + 1,) float64 likewise of one part.
        joined: (alleles + 1,) float64 likewise of both together.
        only: (loci,) float64 probability of one mismatch in all parts so far, which is at the locus.
        only_of_part: (loci,) float64 likewise of one part.
    """

    outcome: NDArray[np.float64]
    touched: NDArray[np.int64]
    mismatches: NDArray[np.float64]
    of_part: NDArray[np.float64]
    joined: NDArray[np.float64]
    only: NDArray[np.float64]
    only_of_part: NDArray[np.float64]


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
    scratch: _Scratch,
) -> int:
    """Add up the weights of a part's pairs of haplotypes by what they match; return how many outcomes there are."""
    outcome, touched = scratch.outcome, scratch.touched
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
    scratch: _Scratch,
    p_both: NDArray[np.float64],
    p_one: NDArray[np.float64],
) -> None:
    """Turn the outcomes of a part into numbers of mismatches, add what matches at each locus, and clear them."""
    n_loci = p_both.size
    for k in range(scratch.of_part.size):
        scratch.of_part[k] = 0.0
    for s in range(n_loci):
        scratch.only_of_part[s] = 0.0
    for k in range(n_touched):
        at = scratch.touched[k]
        both, some = at & ((1 << n_loci) - 1), at >> n_loci
        share = scratch.outcome[at] / mass
        scratch.outcome[at] = 0.0
        count = n_alleles - BITS_SET[both] - BITS_SET[some]
        scratch.of_part[count] += share
        for s in range(n_loci):
            if (both >> s) & 1:
                p_both[s] += probability * share
            elif (some >> s) & 1:
                p_one[s] += probability * share
                if count == 1:
                    scratch.only_of_part[s] += share


@inner_kernel
def _join_part(n_alleles: int, scratch: _Scratch) -> None:
    """Bring the mismatches of one part, which has so many alleles in scope, into those of the parts before it."""
    mismatches, of_part, joined = scratch.mismatches, scratch.of_part, scratch.joined
    for k in range(joined.size):
        joined[k] = 0.0
    for k in range(n_alleles + 1):
        if of_part[k] > 0.0:
            for before in range(joined.size - k):
                joined[before + k] += mismatches[before] * of_part[k]
    for s in range(scratch.only.size):
        scratch.only[s] = scratch.only[s] * of_part[0] + scratch.only_of_part[s] * mismatches[0]
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
    place = np.zeros(haplotypes.word.size, np.int64)
    room = 64
    word, weight, class_first = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    n_numbers = 2 * n_loci + 1
    scratch = _Scratch(
        np.zeros(1 << (2 * n_loci)), np.empty(1 << (2 * n_loci), np.int64), np.zeros(n_numbers), np.zeros(n_numbers),
        np.zeros(n_numbers), np.zeros(n_loci), np.zeros(n_loci),
    )  # fmt: skip
    for i in range(donor.size):
        scratch.mismatches[:] = 0.0
        scratch.mismatches[0] = 1.0
        scratch.only[:] = 0.0
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
            found = 0
            for c in range(first_class, last_class):
                class_first[c - first_class] = found
                member = persons.member[persons.class_member[c] : persons.class_member[c + 1]]
                found = merge_class(member, haplotypes, found, place, word, weight)
            class_first[last_class - first_class] = found
            pair = persons.pair[persons.part_pair[part] : persons.part_pair[part + 1]]
            n_touched = _weigh_outcomes(null_loci, pair, class_first, word, weight, n_loci, scratch)
            _read_outcomes(
                n_touched, probability, persons.part_mass[part], n_alleles, scratch, matches.p_both[i], matches.p_one[i]
            )
            _join_part(n_alleles, scratch)
        for k in range(min(n_numbers, counts.mismatches.shape[1])):
            counts.mismatches[i, k] += probability * scratch.mismatches[k]
        for s in range(n_loci):
            counts.p_only_mismatch[i, s] += probability * scratch.only[s]
