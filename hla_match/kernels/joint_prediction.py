"""The number of mismatches of an ambiguous patient with each donor, as a distribution over both persons' diplotypes.

A donor's alleles matter only as far as the patient may have them: the others are one allele, "another". Haplotypes of
equal names are then one, and many donors share the genotypes that they make up. Each distinct donor genotype is
compared once with the patient's distribution, and a donor is a weighted sum of its genotypes' outcomes. The comparison
goes locus by locus: donor genotypes that begin alike share the work up to where they part, and patient genotypes that
end alike are added up as soon as the loci in which they differ are behind. The result is that of all pairs.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel
from hla_match.kernels.donor_genotypes import index_words, list_part, merge_members
from hla_match.kernels.locus_matches import add_marginals, expect_matches, matched_alleles

BATCH = 1 << 19
"""Genotypes of donors that are gathered before their outcomes are computed; many times those of one donor."""


DIGIT = 11
"""Bits of a digit of the radix sort."""


@kernel
def order_words(word: NDArray[np.int64], n_bits: int, order: NDArray[np.int64]) -> None:
    """Write the positions of words of some bits in ascending order (radix sort: Knuth, TAOCP 3, section 5.2.5).

    It is as fast as `np.argsort`, which takes two seconds to compile.
    """
    mask = (1 << DIGIT) - 1
    before = np.arange(word.size)
    start = np.empty(mask + 2, np.int64)
    for k in range(word.size):
        order[k] = k
    for low in range(0, n_bits, DIGIT):
        for digit in range(start.size):
            start[digit] = 0
        for k in range(word.size):
            before[k] = order[k]
            start[((word[k] >> low) & mask) + 1] += 1
        for digit in range(1, start.size):
            start[digit] += start[digit - 1]
        for k in range(word.size):
            digit = (word[before[k]] >> low) & mask
            order[start[digit]] = before[k]
            start[digit] += 1


@kernel
def compare_genotypes(
    donor: NDArray[np.int64],
    patient: NDArray[np.int64],
    patient_probability: NDArray[np.float64],
    shift: NDArray[np.int64],
    width: NDArray[np.int64],
    outcome: NDArray[np.float64],
) -> None:
    """Write what comes out when each donor genotype is compared with the patient's distribution.

    Args:
        donor: (n,) distinct genotypes as words, in any order.
        patient: (m,) genotypes as words, ascending: those that agree in the upper loci stand together.
        patient_probability: (m,).
        shift: (loci,) lowest bit of each locus in the word of a haplotype, ascending from 0.
        width: (loci,) bits of a name.
        outcome: (n, 5 + loci) receives the probability of 0 to 4 mismatches, then of a single one at each locus.

    Notes:
        Cost: for each donor genotype and locus in which it differs from the one before, the patient genotypes that
        differ from that locus on.
    """
    n_loci = shift.size
    m = patient.size
    # At locus s the patient is a list of groups, genotypes that agree from s on; `pair_of` says what a group is at s,
    # and `group` where it goes once s is behind.
    group = np.zeros((n_loci, m), np.int64)
    pair_of = np.zeros((n_loci, m), np.int64)
    pair = np.zeros((n_loci, m), np.int64)
    n_pairs = np.zeros(n_loci, np.int64)
    size = np.zeros(n_loci + 1, np.int64)
    rest = patient.copy()
    size[0] = m
    for s in range(n_loci):
        mask = (np.int64(1) << (2 * width[s])) - 1
        found = 0
        before = np.int64(-1)
        for k in range(size[s]):
            own = rest[k] & mask
            after = rest[k] >> (2 * width[s])
            at = 0
            while at < n_pairs[s] and pair[s, at] != own:
                at += 1
            if at == n_pairs[s]:
                pair[s, at] = own
                n_pairs[s] += 1
            pair_of[s, k] = at
            if after != before:
                rest[found] = after
                before = after
                found += 1
            group[s, k] = found - 1
        size[s + 1] = found
    # Donor genotypes in the order of their lowest loci, so that those that begin alike follow each other.
    reversed_word = np.zeros(donor.size, np.int64)
    for g in range(donor.size):
        for s in range(n_loci):
            mask = (np.int64(1) << (2 * width[s])) - 1
            reversed_word[g] = (reversed_word[g] << (2 * width[s])) | ((donor[g] >> (2 * shift[s])) & mask)
    order = np.empty(donor.size, np.int64)
    order_words(reversed_word, 2 * (shift[n_loci - 1] + width[n_loci - 1]), order)
    n_outcomes = outcome.shape[1]
    state = np.zeros((n_loci + 1, m, n_outcomes))
    for k in range(m):
        state[0, k, 0] = patient_probability[k]
    mismatched = np.empty(m, np.int64)
    for place in range(donor.size):
        g = order[place]
        start = 0
        if place > 0:
            differs = donor[g] ^ donor[order[place - 1]]
            while (differs >> (2 * shift[start])) & ((np.int64(1) << (2 * width[start])) - 1) == 0:
                start += 1
        for s in range(start, n_loci):
            mask = (np.int64(1) << width[s]) - 1
            own = donor[g] >> (2 * shift[s])
            for at in range(n_pairs[s]):
                mismatched[at] = 2 - matched_alleles(
                    pair[s, at] >> width[s], pair[s, at] & mask, (own >> width[s]) & mask, own & mask
                )
            state[s + 1, : size[s + 1]] = 0.0
            for k in range(size[s]):
                to = group[s, k]
                n = mismatched[pair_of[s, k]]
                if n == 0:
                    for j in range(n_outcomes):
                        state[s + 1, to, j] += state[s, k, j]
                elif n == 1:
                    state[s + 1, to, 1] += state[s, k, 0]
                    state[s + 1, to, 2] += state[s, k, 1]
                    state[s + 1, to, 3] += state[s, k, 2]
                    state[s + 1, to, 4] += state[s, k, 3]
                    state[s + 1, to, 5 + s] += state[s, k, 0]
                else:
                    state[s + 1, to, 2] += state[s, k, 0]
                    state[s + 1, to, 3] += state[s, k, 1]
                    state[s + 1, to, 4] += state[s, k, 2]
        for j in range(n_outcomes):
            outcome[g, j] = state[n_loci, 0, j]


@kernel
def predict_ambiguous(
    limit: int,
    n_names: int,
    patient: NDArray[np.int64],
    patient_probability: NDArray[np.float64],
    shift: NDArray[np.int64],
    width: NDArray[np.int64],
    scope_locus: NDArray[np.int64],
    strict: int,
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
    mismatches: NDArray[np.float64],
    two: NDArray[np.float64],
    one: NDArray[np.float64],
    single: NDArray[np.float64],
    cut: NDArray[np.float64],
) -> None:
    """Predict the matches of one ambiguous patient with some donors.

    Args:
        limit: pairs of a donor's haplotypes that are looked at, the most probable ones; the rest is cut as mass.
        n_names: names of alleles at the locus that has the most.
        patient: (n,) genotypes as words, ascending.
        patient_probability: (n,); sums to 1 less what was cut of the patient.
        shift: (loci,) lowest bit of each locus in the word of a haplotype, in the order in which loci are compared.
        width: (loci,) bits of a name.
        scope_locus: (loci,) position in scope of each locus of that order.
        strict: loci of that order, as bits, at which null alleles never equal each other; the patient's are resolved.
        panel_scope: (panels,) the loci of that order that each panel covers, as bits.
        word_of_haplotype: the distinct words of haplotypes, as given by `name_haplotypes`.
        word_index: (haplotypes,) which of them each haplotype has.
        frequency: (haplotypes,).
        donor: (n,) persons.
        person_part: as in `hla_match.frequencies.imputation.Imputation`, likewise the next seven.
        part_panel: see there.
        part_mass: see there.
        part_class: see there.
        part_pair: see there.
        class_member: see there.
        pair: see there.
        member: see there.
        mismatches: (n, 5) zeros; receives the probability of 0 to 4 mismatches.
        two: (n, loci) zeros; receives the probability that both alleles match.
        one: (n, loci) zeros; receives the probability that exactly one matches.
        single: (n, loci) zeros; receives the probability of one mismatch in all, which is at the locus.
        cut: (n,) receives the probability of pairs of genotypes that were not compared.
    """
    n_loci = shift.size
    two_of = np.zeros((n_loci, n_names, n_names))
    one_of = np.zeros((n_loci, n_names, n_names))
    for s in range(n_loci):
        expect_matches(patient, patient_probability, shift[s], width[s], two_of[s], one_of[s])
    place = np.zeros(word_of_haplotype.size, np.int64)
    kept_patient = patient_probability.sum()
    word = np.empty(BATCH, np.int64)
    probability = np.empty(BATCH)
    index = np.empty(BATCH, np.int32)
    distinct = np.empty(BATCH, np.int64)
    starts = np.zeros(donor.size + 1, np.int64)
    mixed = np.empty(5 + n_loci)
    begin = 0
    while begin < donor.size:
        end = begin
        filled = 0
        while end < donor.size and filled + limit <= BATCH:
            starts[end] = filled
            listed = 0
            begun = False
            for part in range(person_part[donor[end]], person_part[donor[end] + 1]):
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
                    scope_locus, two[end], one[end],
                )  # fmt: skip
                if not begun:
                    begun = True
                    listed = list_part(
                        limit, scope, strict, part_mass[part], pairs, class_first, key, weight, shift, width,
                        word[filled:], probability[filled:],
                    )  # fmt: skip
                    continue
                before = word[filled : filled + listed].copy()
                before_probability = probability[filled : filled + listed].copy()
                own, own_probability = np.empty(limit, np.int64), np.empty(limit)
                n_own = list_part(
                    limit,
                    scope,
                    strict,
                    part_mass[part],
                    pairs,
                    class_first,
                    key,
                    weight,
                    shift,
                    width,
                    own,
                    own_probability,
                )
                # Of too many the first are kept, whatever their probability; the rest is cut.
                listed = 0
                for g in range(before.size):
                    for h in range(n_own):
                        if listed < limit:
                            word[filled + listed] = before[g] | own[h]
                            probability[filled + listed] = before_probability[g] * own_probability[h]
                            listed += 1
            cut[end] = max(0.0, 1.0 - kept_patient * probability[filled : filled + listed].sum())
            filled += listed
            end += 1
        starts[end] = filled
        n_distinct = index_words(word, filled, index, distinct)
        outcome = np.zeros((n_distinct, 5 + n_loci))
        compare_genotypes(distinct[:n_distinct], patient, patient_probability, shift, width, outcome)
        for i in range(begin, end):
            mixed[:] = 0.0
            for k in range(starts[i], starts[i + 1]):
                own, share = outcome[index[k]], probability[k]
                for j in range(mixed.size):
                    mixed[j] += share * own[j]
            for j in range(5):
                mismatches[i, j] = mixed[j]
            for s in range(n_loci):
                single[i, scope_locus[s]] = mixed[5 + s]
        begin = end
