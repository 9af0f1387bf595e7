"""The genotypes of one person, as far as they may have few mismatches, from the packed parts of the person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, inner_kernel, kernel
from hla_match.kernels.prediction.distinct_genotypes import certain_of_nothing, first_of, merge_genotypes, room_for
from hla_match.kernels.prediction.locus_matches import MatchTables, add_marginals
from hla_match.kernels.prediction.packed_alleles import pack_genotype, unshared_alleles
from hla_match.kernels.prediction.packed_persons import pack_part, patient_part
from hla_match.kernels.prediction.probable_pairs import count_pairs, pair_threshold
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import Genotypes, LocusMatches, PackedHaplotypes, PackedPart, PatientClasses

LISTED_APART = 1 << 13
"""Genotypes of a donor from which on equal ones are made one before those of all donors are, which looks up fewer."""


@array_kernel
def list_part(limit: int, most: int, patient: PatientClasses, part: PackedPart) -> tuple[Genotypes, int, float]:
    """Return the genotypes of one part of a person that may have few mismatches, how many, and what is cut.

    A genotype stands once for each pair of words that makes it up. Of many pairs the least probable ones are cut
    (`pair_threshold`). Those with more than `most` alleles that the patient cannot have are left out, since it is known
    what becomes of them.
    """
    pair, class_first, word, weight = part.pair, part.class_first, part.word, part.weight
    threshold, cut = pair_threshold(limit, part)
    listed = room_for(min(limit, count_pairs(0.0, part)))
    n_classes = class_first.size - 1
    # Words of few such alleles, class after class.
    near, unshared = np.empty(class_first[n_classes], np.int64), np.empty(class_first[n_classes], np.int64)
    near_first = np.zeros(n_classes + 1, np.int64)
    for c in range(n_classes):
        end = near_first[c]
        for k in range(class_first[c], class_first[c + 1]):
            unshared[end] = unshared_alleles(word[k], patient.shift, patient.width)
            if unshared[end] <= most:
                near[end] = k
                end += 1
        near_first[c + 1] = end
    lesser, greater, probability = listed.lesser, listed.greater, listed.probability
    scope, strict, shift, width, mass = part.scope, patient.strict, patient.shift, patient.width, part.mass
    found = 0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        for i in range(near_first[c], near_first[c + 1]):
            u = near[i]
            for j in range(i if c == d else near_first[d], near_first[d + 1]):
                v = near[j]
                product = weight[u] * weight[v]
                if product < threshold:
                    break
                if unshared[i] + unshared[j] <= most:
                    lesser[found], greater[found] = pack_genotype(word[u], word[v], scope, strict, shift, width)
                    probability[found] = product * (1.0 if u == v else 2.0) / mass
                    found += 1
    return listed, found, cut


@inner_kernel
def unshared_of(genotypes: Genotypes, k: int, patient: PatientClasses) -> int:
    """Count the alleles of a genotype that the patient cannot have."""
    lesser: int = unshared_alleles(genotypes.lesser[k], patient.shift, patient.width)
    greater: int = unshared_alleles(genotypes.greater[k], patient.shift, patient.width)
    return lesser + greater


@array_kernel
def join_parts(
    limit: int, most: int, patient: PatientClasses, one: Genotypes, other: Genotypes
) -> tuple[Genotypes, float]:
    """Return the genotypes that two parts of a person make up, and the probability of those beyond `limit`.

    Those with more than `most` alleles that the patient cannot have are left out.
    """
    unshared = np.empty(other.probability.size, np.int64)
    for h in range(unshared.size):
        unshared[h] = unshared_of(other, h, patient)
    whole = room_for(min(limit, one.probability.size * other.probability.size))
    found, cut = 0, 0.0
    for g in range(one.probability.size):
        own = unshared_of(one, g, patient)
        for h in range(unshared.size):
            if own + unshared[h] > most:
                continue
            share = one.probability[g] * other.probability[h]
            if found == limit:
                cut += share
                continue
            whole.lesser[found] = one.lesser[g] | other.lesser[h]
            whole.greater[found] = one.greater[g] | other.greater[h]
            whole.probability[found] = share
            found += 1
    return first_of(whole, found), cut


@kernel
def list_patient(limit: int, patient: PatientClasses) -> tuple[Genotypes, float]:
    """Return the distinct genotypes of a patient, and the probability of those beyond `limit` pairs of haplotypes."""
    every_allele = 2 * patient.shift.size
    whole = certain_of_nothing()
    kept = 1.0
    for part in range(patient.part_mass.size):
        listed, found, cut = list_part(limit, every_allele, patient, patient_part(patient, part))
        whole, beyond = join_parts(limit, every_allele, patient, whole, merge_genotypes(listed, found))
        kept = kept * (1.0 - cut) - beyond
    return whole, 1.0 - kept


@array_kernel
def list_donor(
    limit: int,
    most: int,
    patient: PatientClasses,
    tables: MatchTables,
    haplotypes: PackedHaplotypes,
    persons: HaplotypeClasses,
    donor: int,
    place: NDArray[np.int64],
    row: int,
    matches: LocusMatches,
) -> tuple[Genotypes, float]:
    """Return the genotypes of a donor that may have few mismatches, and the probability of what was not looked at.

    Args:
        limit: as in `joint_prediction.predict_ambiguous`, likewise `most`, `patient`, `haplotypes` and `persons`.
        most: greatest number of mismatches that is counted.
        patient: the patient.
        tables: as given by `locus_matches.expect_at_loci`.
        haplotypes: the haplotypes of all panels.
        persons: the donors' classes.
        donor: the person.
        place: working array, zeros at first, one more than there are distinct words.
        row: of `matches`, to which what matches at each locus is added.
        matches: of all donors.
    """
    whole = certain_of_nothing()
    kept = 1.0
    begun = False
    for number in range(persons.person_part[donor], persons.person_part[donor + 1]):
        if haplotypes.panel_scope[persons.part_panel[number]] == 0:
            continue
        part = pack_part(persons, number, haplotypes, place)
        add_marginals(patient, tables, part, matches.p_both[row], matches.p_one[row])
        listed, found, cut = list_part(limit, most, patient, part)
        own = merge_genotypes(listed, found) if found > LISTED_APART else first_of(listed, found)
        beyond = 0.0
        if begun:
            own, beyond = join_parts(limit, most, patient, whole, own)
        whole, begun = own, True
        kept = kept * (1.0 - cut) - beyond
    return whole, 1.0 - kept
