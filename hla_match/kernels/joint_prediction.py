"""The number of mismatches of an ambiguous patient with each donor, as a distribution over both persons' diplotypes.

A donor's alleles matter only as far as the patient may have them: the others are one allele, "another". Haplotypes of
equal names are then one, and a donor has a short list of genotypes. Patient and donor genotypes are not compared pair
by pair but locus by locus. Patient genotypes that begin alike share the work up to where they part; donor genotypes that
end alike are added up as soon as the loci in which they differ are behind. The result is that of all pairs, exactly.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel

ANOTHER, ABSENT, FIRST_NAME = 0, 1, 2
"""Names of alleles of a locus: one that the patient cannot have, a null allele, then those the patient may have."""

MAX_PAIRS = 1 << 17
"""Pairs of a donor's haplotypes that are looked at, the most probable ones; the rest is cut as mass."""


@kernel
def name_haplotypes(
    name: NDArray[np.int64],
    shift: NDArray[np.int64],
    allele_start: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    panel_start: NDArray[np.int64],
    panel_locus_start: NDArray[np.int64],
    panel_locus: NDArray[np.int64],
    named: NDArray[np.int64],
) -> None:
    """Write each haplotype as one word, the names of its alleles side by side.

    Args:
        name: name of each allele, all loci one after another.
        shift: (loci,) lowest bit of a locus in the word, or -1 where it is not in scope.
        allele_start: as in `hla_match.frequencies.panels.Panels`, likewise the next four.
        haplotype_allele: see there.
        panel_start: see there.
        panel_locus_start: see there.
        panel_locus: see there.
        named: (haplotypes,) receives the words.
    """
    for panel in range(panel_start.size - 1):
        first, last = panel_start[panel], panel_start[panel + 1]
        named[first:last] = 0
        for k in range(panel_locus_start[panel], panel_locus_start[panel + 1]):
            row = panel_locus[k]
            if shift[row] < 0:
                continue
            of_allele = name[allele_start[row] : allele_start[row + 1]]
            alleles = haplotype_allele[row]
            for haplotype in range(first, last):
                named[haplotype] |= of_allele[alleles[haplotype]] << shift[row]


@kernel
def merge_equal(key: NDArray[np.int64], weight: NDArray[np.float64], size: int) -> int:
    """Sort the first entries of two arrays by key, add up the weights of equal keys, and return how many are left."""
    if size < 2:
        return size
    order = np.argsort(key[:size], kind="mergesort")
    sorted_key, sorted_weight = key[:size][order], weight[:size][order]
    last = 0
    key[0], weight[0] = sorted_key[0], sorted_weight[0]
    for k in range(1, size):
        if sorted_key[k] == key[last]:
            weight[last] += sorted_weight[k]
        else:
            last += 1
            key[last], weight[last] = sorted_key[k], sorted_weight[k]
    return last + 1


@kernel
def count_pairs(
    threshold: float, pair: NDArray[np.uint16], class_first: NDArray[np.int64], weight: NDArray[np.float64]
) -> int:
    """Count the unordered pairs of haplotypes in compatible classes whose weights multiply to at least a threshold."""
    found = 0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        if threshold == 0.0:
            n = class_first[c + 1] - class_first[c]
            found += n * (n + 1) // 2 if c == d else n * (class_first[d + 1] - class_first[d])
            continue
        for u in range(class_first[c], class_first[c + 1]):
            for v in range(u if c == d else class_first[d], class_first[d + 1]):
                found += weight[u] * weight[v] >= threshold
    return found


@kernel
def list_genotypes(
    person: int,
    scope_shift: NDArray[np.int64],
    scope_width: NDArray[np.int64],
    panel_scope: NDArray[np.int64],
    named: NDArray[np.int64],
    frequency: NDArray[np.float64],
    person_part: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """List a person's genotypes by the names of their alleles, null alleles resolved, in ascending order.

    Args:
        person: the person.
        scope_shift: (n,) lowest bit of each locus in scope in the word of a haplotype.
        scope_width: (n,) bits of a name at each locus in scope.
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        named: (haplotypes,) as given by `name_haplotypes`.
        frequency: (haplotypes,).
        person_part: as in `hla_match.frequencies.imputation.Imputation`, likewise the next seven.
        part_panel: see there.
        part_mass: see there.
        part_class: see there.
        part_pair: see there.
        class_member: see there.
        pair: see there.
        member: see there.

    Returns:
        (n,) the genotypes as words: at twice the bits of a haplotype, the lesser name above the greater; (n,) their
        probabilities, which sum to 1 less what was cut.
    """
    genotype = np.zeros(1, np.int64)
    probability = np.ones(1)
    for part in range(person_part[person], person_part[person + 1]):
        scope = panel_scope[part_panel[part]]
        if scope == 0:
            continue
        first_class, last_class = part_class[part], part_class[part + 1]
        n_members = class_member[last_class] - class_member[first_class]
        key = np.empty(n_members, np.int64)
        weight = np.empty(n_members)
        class_first = np.zeros(last_class - first_class + 1, np.int64)
        found = 0
        for c in range(first_class, last_class):
            size = 0
            for m in range(class_member[c], class_member[c + 1]):
                key[found + size] = named[member[m]]
                weight[found + size] = frequency[member[m]]
                size += 1
            found += merge_equal(key[found:], weight[found:], size)
            class_first[c - first_class + 1] = found
        pairs = pair[part_pair[part] : part_pair[part + 1]]
        threshold = 0.0
        n_pairs = count_pairs(threshold, pairs, class_first, weight)
        if n_pairs > MAX_PAIRS:
            # The least product of weights, on a scale of logarithms, above which no more pairs stand.
            low, high = -1500.0, 0.0
            for _ in range(30):
                middle = (low + high) / 2
                if count_pairs(np.exp(middle), pairs, class_first, weight) > MAX_PAIRS:
                    low = middle
                else:
                    high = middle
            threshold = np.exp(high)
            n_pairs = count_pairs(threshold, pairs, class_first, weight)
        of_part = np.empty(n_pairs, np.int64)
        share = np.empty(n_pairs)
        n_genotypes = 0
        for p in range(pairs.shape[0]):
            c, d = int(pairs[p, 0]), int(pairs[p, 1])
            for u in range(class_first[c], class_first[c + 1]):
                for v in range(u if c == d else class_first[d], class_first[d + 1]):
                    w = weight[u] * weight[v]
                    if w < threshold:
                        continue
                    word = np.int64(0)
                    for s in range(scope_shift.size):
                        mask = (np.int64(1) << scope_width[s]) - 1
                        one, two = (key[u] >> scope_shift[s]) & mask, (key[v] >> scope_shift[s]) & mask
                        # A null allele is absent: the person is homozygous for the other one.
                        if one == ABSENT:
                            one = two
                        elif two == ABSENT:
                            two = one
                        if one > two:
                            one, two = two, one
                        word |= ((one << scope_width[s]) | two) << (2 * scope_shift[s])
                    of_part[n_genotypes] = word
                    share[n_genotypes] = w * (1.0 if c == d and u == v else 2.0) / part_mass[part]
                    n_genotypes += 1
        n_genotypes = merge_equal(of_part, share, n_genotypes)
        joined = np.empty(genotype.size * n_genotypes, np.int64)
        joint = np.empty(joined.size)
        for g in range(genotype.size):
            for h in range(n_genotypes):
                joined[g * n_genotypes + h] = genotype[g] | of_part[h]
                joint[g * n_genotypes + h] = probability[g] * share[h]
        n_joined = merge_equal(joined, joint, joined.size)
        genotype, probability = joined[:n_joined], joint[:n_joined]
    return genotype, probability


@kernel
def matched_alleles(x: int, y: int, u: int, v: int) -> int:
    """Count the matching alleles of two genotypes of a locus, by names; "another" and absent alleles match nothing."""
    direct = (1 if x == u and x >= FIRST_NAME else 0) + (1 if y == v and y >= FIRST_NAME else 0)
    cross = (1 if x == v and x >= FIRST_NAME else 0) + (1 if y == u and y >= FIRST_NAME else 0)
    return max(direct, cross)


@kernel
def compare_genotypes(
    patient: NDArray[np.int64],
    patient_probability: NDArray[np.float64],
    patient_common: NDArray[np.int64],
    donor: NDArray[np.int64],
    donor_probability: NDArray[np.float64],
    scope_shift: NDArray[np.int64],
    scope_width: NDArray[np.int64],
    outcome: NDArray[np.float64],
) -> None:
    """Compare all patient with all donor genotypes and add up what comes out.

    Args:
        patient: (n,) genotypes as words, sorted by the loci from the lowest bits on.
        patient_probability: (n,).
        patient_common: (n,) loci, from the lowest bits on, in which a genotype equals the one before it.
        donor: (m,) genotypes as words, ascending: those that agree in the upper loci stand together.
        donor_probability: (m,).
        scope_shift: as in `list_genotypes`, ascending from 0.
        scope_width: see there.
        outcome: (5 + loci,) added to: probability of 0 to 4 mismatches, then of a single one at each locus.

    Notes:
        Cost: for each patient genotype and locus in which it differs from the one before, the donor's genotypes that
        differ from that locus on.
    """
    n_loci = scope_shift.size
    m = donor.size
    # At locus s a donor is a list of groups, genotypes that agree from s on; `pair_of` says what a group is at s, and
    # `group` where it goes once s is behind.
    group = np.zeros((n_loci, m), np.int64)
    pair_of = np.zeros((n_loci, m), np.int64)
    pair = np.zeros((n_loci, m), np.int64)
    n_pairs = np.zeros(n_loci, np.int64)
    size = np.zeros(n_loci + 1, np.int64)
    rest = donor.copy()
    size[0] = m
    for s in range(n_loci):
        mask = (np.int64(1) << (2 * scope_width[s])) - 1
        found = 0
        before = np.int64(-1)
        for k in range(size[s]):
            own = rest[k] & mask
            after = rest[k] >> (2 * scope_width[s])
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
    n_outcomes = outcome.size
    state = np.zeros((n_loci + 1, m, n_outcomes))
    for k in range(m):
        state[0, k, 0] = donor_probability[k]
    mismatched = np.empty(m, np.int64)
    for g in range(patient.size):
        for s in range(patient_common[g], n_loci):
            width = scope_width[s]
            mask = (np.int64(1) << width) - 1
            own = patient[g] >> (2 * scope_shift[s])
            for at in range(n_pairs[s]):
                mismatched[at] = 2 - matched_alleles(
                    (own >> width) & mask, own & mask, pair[s, at] >> width, pair[s, at] & mask
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
            outcome[j] += patient_probability[g] * state[n_loci, 0, j]


@kernel
def locus_marginal(
    genotype: NDArray[np.int64],
    probability: NDArray[np.float64],
    shift: int,
    width: int,
    pair: NDArray[np.int64],
    sum_of: NDArray[np.float64],
) -> int:
    """Write the distinct genotypes of one locus and their probabilities; return how many there are."""
    found = 0
    for g in range(genotype.size):
        own = (genotype[g] >> (2 * shift)) & ((np.int64(1) << (2 * width)) - 1)
        at = 0
        while at < found and pair[at] != own:
            at += 1
        if at == found:
            pair[at] = own
            sum_of[at] = 0.0
            found += 1
        sum_of[at] += probability[g]
    return found


@kernel
def predict_ambiguous(
    patient: NDArray[np.int64],
    patient_probability: NDArray[np.float64],
    patient_common: NDArray[np.int64],
    scope_shift: NDArray[np.int64],
    scope_width: NDArray[np.int64],
    scope_locus: NDArray[np.int64],
    panel_scope: NDArray[np.int64],
    named: NDArray[np.int64],
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
        patient: (n,) genotypes as words; likewise the next two as in `compare_genotypes`.
        patient_probability: (n,); sums to 1 less what was cut of the patient.
        patient_common: (n,).
        scope_shift: (loci,) lowest bit of each locus, in the order in which loci are compared.
        scope_width: (loci,) bits of a name.
        scope_locus: (loci,) position in scope of each locus of that order.
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        named: (haplotypes,) as given by `name_haplotypes`.
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
        mismatches: (n, 5) receives the probability of 0 to 4 mismatches.
        two: (n, loci) zeros; receives the probability that both alleles match.
        one: (n, loci) zeros; receives the probability that exactly one matches.
        single: (n, loci) receives the probability of one mismatch in all, which is at the locus.
        cut: (n,) receives the probability of pairs of genotypes that were not compared.
    """
    n_loci = scope_shift.size
    patient_pair = np.empty((n_loci, patient.size), np.int64)
    patient_sum = np.empty((n_loci, patient.size))
    n_patient = np.empty(n_loci, np.int64)
    for s in range(n_loci):
        n_patient[s] = locus_marginal(
            patient, patient_probability, scope_shift[s], scope_width[s], patient_pair[s], patient_sum[s]
        )
    kept_patient = patient_probability.sum()
    outcome = np.empty(5 + n_loci)
    for i in range(donor.size):
        genotype, probability = list_genotypes(
            donor[i], scope_shift, scope_width, panel_scope, named, frequency, person_part, part_panel, part_mass,
            part_class, part_pair, class_member, pair, member,
        )  # fmt: skip
        outcome[:] = 0.0
        compare_genotypes(
            patient, patient_probability, patient_common, genotype, probability, scope_shift, scope_width, outcome
        )
        mismatches[i] = outcome[:5]
        own = np.empty(genotype.size, np.int64)
        sums = np.empty(genotype.size)
        for s in range(n_loci):
            single[i, scope_locus[s]] = outcome[5 + s]
            width = scope_width[s]
            mask = (np.int64(1) << width) - 1
            for h in range(locus_marginal(genotype, probability, scope_shift[s], width, own, sums)):
                for g in range(n_patient[s]):
                    matched = matched_alleles(
                        patient_pair[s, g] >> width, patient_pair[s, g] & mask, own[h] >> width, own[h] & mask
                    )
                    if matched == 2:
                        two[i, scope_locus[s]] += patient_sum[s, g] * sums[h]
                    elif matched == 1:
                        one[i, scope_locus[s]] += patient_sum[s, g] * sums[h]
        cut[i] = max(0.0, 1.0 - kept_patient * probability.sum())
