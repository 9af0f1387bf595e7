"""The number of mismatches of an ambiguous patient with each donor, as a distribution over both persons' diplotypes.

A donor's alleles matter only as far as the patient may have them: the others are one allele, "another". Haplotypes of
equal names are then one, and many donors share the genotypes that they make up. Each distinct donor genotype is
compared once with the patient's genotypes (`kernels.prediction.genotype_comparison`), and a donor is a weighted sum of
its genotypes' outcomes.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel
from hla_match.kernels.prediction.donor_genotypes import (
    Genotypes,
    count_pairs,
    index_genotypes,
    list_part,
    merge_members,
    room_for,
    strange_alleles,
)
from hla_match.kernels.prediction.genotype_comparison import ComparedPatient, compare_genotypes
from hla_match.kernels.prediction.locus_matches import add_marginals, expect_at_loci
from hla_match.kernels.prediction.patient_classes import PatientClasses

BATCH = 1 << 22
"""Genotypes of donors that are gathered before their outcomes are computed; many times those of one donor."""


LISTED_APART = 1 << 13
"""Genotypes of a donor from which on equal ones are made one before those of all donors are, which looks up fewer."""


@kernel
def merge_genotypes(listed: Genotypes, n: int) -> Genotypes:
    """Return the distinct ones of the first `n` genotypes with the sums of their probabilities."""
    merged = room_for(n)
    index = np.empty(n, np.int32)
    found = index_genotypes(listed.lesser, listed.greater, n, index, merged.lesser, merged.greater)
    merged.probability[:found] = 0.0
    for k in range(n):
        merged.probability[index[k]] += listed.probability[k]
    return Genotypes(merged.lesser[:found], merged.greater[:found], merged.probability[:found])


@kernel
def join_parts(
    limit: int, most: int, shift: NDArray[np.int64], width: NDArray[np.int64], one: Genotypes, other: Genotypes
) -> tuple[Genotypes, float]:
    """Return the genotypes that two parts of a person make up, and the probability of those beyond `limit`.

    Those with more than `most` alleles that the patient cannot have are left out.
    """
    strange = np.empty(other.probability.size, np.int64)
    for h in range(strange.size):
        strange[h] = strange_alleles(other.lesser[h], shift, width) + strange_alleles(other.greater[h], shift, width)
    whole = room_for(min(limit, one.probability.size * other.probability.size))
    found, cut = 0, 0.0
    for g in range(one.probability.size):
        own = strange_alleles(one.lesser[g], shift, width) + strange_alleles(one.greater[g], shift, width)
        for h in range(strange.size):
            if own + strange[h] > most:
                continue
            share = one.probability[g] * other.probability[h]
            if found == limit:
                cut += share
                continue
            whole.lesser[found] = one.lesser[g] | other.lesser[h]
            whole.greater[found] = one.greater[g] | other.greater[h]
            whole.probability[found] = share
            found += 1
    return Genotypes(whole.lesser[:found], whole.greater[:found], whole.probability[:found]), cut


@kernel
def list_patient(limit: int, patient: PatientClasses) -> tuple[Genotypes, float]:
    """Return the distinct genotypes of a patient, and the probability of those beyond `limit` pairs of haplotypes."""
    shift, width = patient.shift, patient.width
    everything = 2 * shift.size
    whole = room_for(1)
    whole.lesser[0], whole.greater[0], whole.probability[0] = 0, 0, 1.0
    kept = 1.0
    for part in range(patient.part_mass.size):
        bounds = patient.class_first[patient.part_class[part] : patient.part_class[part + 1] + 1]
        class_first = bounds - bounds[0]
        word, weight = patient.word[bounds[0] : bounds[-1]], patient.weight[bounds[0] : bounds[-1]]
        pairs = patient.pair[patient.part_pair[part] : patient.part_pair[part + 1]]
        listed = room_for(min(limit, count_pairs(0.0, pairs, class_first, weight)))
        found, cut = list_part(
            limit, everything, patient.part_scope[part], patient.strict, patient.part_mass[part], pairs, class_first,
            word, weight, shift, width, listed.lesser, listed.greater, listed.probability,
        )  # fmt: skip
        whole, beyond = join_parts(limit, everything, shift, width, whole, merge_genotypes(listed, found))
        kept = kept * (1.0 - cut) - beyond
    return whole, 1.0 - kept


@kernel
def list_donor(
    limit: int,
    most: int,
    patient: PatientClasses,
    panel_scope: NDArray[np.int64],
    word_of_haplotype: NDArray[np.int64],
    word_index: NDArray[np.int32],
    frequency: NDArray[np.float64],
    place: NDArray[np.int64],
    two_of: NDArray[np.float64],
    one_of: NDArray[np.float64],
    donor: int,
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
) -> tuple[Genotypes, float]:
    """Return the genotypes of a donor that may have few mismatches, and the probability of what was not looked at.

    Arguments as in `predict_ambiguous`, of one donor; `place` is scratch as long as `word_of_haplotype`, `two_of` and
    `one_of` are as given by `expect_at_loci`.
    """
    shift, width, strict = patient.shift, patient.width, patient.strict
    whole = room_for(1)
    whole.lesser[0], whole.greater[0], whole.probability[0] = 0, 0, 1.0
    kept = 1.0
    begun = False
    for part in range(person_part[donor], person_part[donor + 1]):
        scope = panel_scope[part_panel[part]]
        if scope == 0:
            continue
        first_class, last_class = part_class[part], part_class[part + 1]
        n_members = class_member[last_class] - class_member[first_class]
        key = np.empty(n_members, np.int64)
        weight = np.empty(n_members)
        class_first = np.empty(last_class - first_class + 1, np.int64)
        merge_members(
            first_class, last_class, class_member, member, word_of_haplotype, word_index, frequency, place, key, weight,
            class_first,
        )  # fmt: skip
        pairs = pair[part_pair[part] : part_pair[part + 1]]
        add_marginals(
            scope, strict, part_mass[part], pairs, class_first, key, weight, shift, width, two_of, one_of, two, one
        )
        listed = room_for(min(limit, count_pairs(0.0, pairs, class_first, weight)))
        found, cut = list_part(
            limit, most, scope, strict, part_mass[part], pairs, class_first, key, weight, shift, width, listed.lesser,
            listed.greater, listed.probability,
        )  # fmt: skip
        own = Genotypes(listed.lesser[:found], listed.greater[:found], listed.probability[:found])
        if found > LISTED_APART:
            own = merge_genotypes(listed, found)
        beyond = 0.0
        if begun:
            own, beyond = join_parts(limit, most, shift, width, whole, own)
        whole, begun = own, True
        kept = kept * (1.0 - cut) - beyond
    return whole, 1.0 - kept


@kernel
def predict_ambiguous(
    limit: int,
    most: int,
    patient: PatientClasses,
    compared: ComparedPatient,
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
        most: greatest number of mismatches that is counted.
        patient: the patient, for each locus by itself.
        compared: the patient's genotypes, as given by `list_patient` and `prepare_patient`.
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        word_of_haplotype: the distinct words of haplotypes, as given by `name_haplotypes`.
        word_index: (haplotypes,) which of them each haplotype has.
        frequency: (haplotypes,).
        donor: (n,) persons.
        person_part: as in `hla_match.imputation.imputed_registry.Imputation`, likewise the next seven.
        part_panel: see there.
        part_mass: see there.
        part_class: see there.
        part_pair: see there.
        class_member: see there.
        pair: see there.
        member: see there.
        mismatches: (n, at least most + 1) zeros; receives the probability of each number of mismatches.
        two: (n, loci) zeros; receives the probability that both alleles match.
        one: (n, loci) zeros; receives the probability that exactly one matches.
        single: (n, loci) zeros; receives the probability of one mismatch in all, which is at the locus; (n, 0) where
            that is not asked for.
        cut: (n,) receives the probability of the donor's genotypes that were not compared.
    """
    n_loci = patient.shift.size
    two_of = np.empty((n_loci, patient.n_names, patient.n_names))
    one_of = np.empty(two_of.shape)
    expect_at_loci(patient, two_of, one_of)
    place = np.zeros(word_of_haplotype.size, np.int64)
    gathered = room_for(BATCH)
    starts = np.zeros(donor.size + 1, np.int64)
    begin = 0
    filled = 0
    for end in range(donor.size):
        own, cut[end] = list_donor(
            limit, most, patient, panel_scope, word_of_haplotype, word_index, frequency, place, two_of, one_of,
            donor[end], person_part, part_panel, part_mass, part_class, part_pair, class_member, pair, member,
            two[end], one[end],
        )  # fmt: skip
        n = own.probability.size
        if filled + n > gathered.probability.size:
            add_outcomes(most, compared, gathered, begin, end, starts, mismatches, single)
            begin, filled = end, 0
            if n > gathered.probability.size:
                gathered = room_for(n)
        starts[end] = filled
        for k in range(n):
            gathered.lesser[filled + k] = own.lesser[k]
            gathered.greater[filled + k] = own.greater[k]
            gathered.probability[filled + k] = own.probability[k]
        filled += n
        starts[end + 1] = filled
    add_outcomes(most, compared, gathered, begin, donor.size, starts, mismatches, single)


@kernel
def add_outcomes(
    most: int,
    patient: ComparedPatient,
    gathered: Genotypes,
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    mismatches: NDArray[np.float64],
    single: NDArray[np.float64],
) -> None:
    """Compare the genotypes of the donors from `begin` to before `end`, equal ones once, and write the sums.

    `starts` is where the genotypes of each donor begin, and those of the last one end.
    """
    if begin == end:
        return
    n = starts[end]
    index = np.empty(n, np.int32)
    distinct = room_for(n)
    n_distinct = index_genotypes(gathered.lesser, gathered.greater, n, index, distinct.lesser, distinct.greater)
    n_loci = single.shape[1]
    outcome = np.empty((n_distinct, most + 1 + n_loci))
    compare_genotypes(most, distinct, n_distinct, patient, outcome)
    for i in range(begin, end):
        for k in range(starts[i], starts[i + 1]):
            own, share = outcome[index[k]], gathered.probability[k]
            for j in range(most + 1):
                mismatches[i, j] += share * own[j]
            for s in range(n_loci):
                single[i, s] += share * own[most + 1 + s]
