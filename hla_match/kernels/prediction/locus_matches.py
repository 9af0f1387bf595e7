"""Matches of an ambiguous patient with a donor at each locus, independent of the other loci.

It is reported, and it bounds what can match at all loci together; so does how many of the donor's alleles the patient
may have at all. Alleles are labels, as in `packed_alleles`. Oracle: ``match_distribution`` in
``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, kernel
from hla_match.kernels.prediction.packed_alleles import FIRST_LABEL, NULL, OTHER, label_at, resolve_null
from hla_match.kernels.prediction.packed_persons import locus_genotypes, pack_part
from hla_match.kernels.prediction.probable_pairs import count_pairs
from hla_match.kernels.schema.array import Array, Float64
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import LocusMatches, PackedHaplotypes, PackedPart, PatientClasses


class MatchTables(NamedTuple):
    """How probably two alleles of a donor match the patient at a locus.

    Attributes:
        p_both: (loci, labels, labels) float64 probability that both match.
        p_one: (loci, labels, labels) float64 probability that exactly one matches.
    """

    p_both: NDArray[np.float64]
    p_one: NDArray[np.float64]


@array_kernel
def expect_matches(
    genotype: NDArray[np.float64], is_strict: bool, p_both: NDArray[np.float64], p_one: NDArray[np.float64]
) -> None:
    """Write, for each two labels that a donor may have at a locus, how probably two and one match the patient.

    A donor without a null allele sees those of the patient resolved. A donor with one does, where the patient has none,
    have the other allele twice, and compares with the others label by label; so that this function is that of
    `matched_alleles` summed over the patient's genotypes.

    Args:
        genotype: (labels, labels) probability of the patient's genotypes, the lesser label first.
        is_strict: whether null alleles never equal each other.
        p_both: (labels, labels) receives the probability that both match.
        p_one: (labels, labels) receives the probability that exactly one matches.
    """
    n_labels = genotype.shape[0]
    # Probability of an allele in genotypes with a null allele, in those without, and in both with nulls resolved.
    with_null, without, resolved = np.zeros(n_labels), np.zeros(n_labels), np.zeros(n_labels)
    all_with_null = genotype[NULL].sum()
    for x in range(FIRST_LABEL, n_labels):
        with_null[x] = genotype[NULL, x]
        for y in range(OTHER, n_labels):
            without[x] += genotype[min(x, y), max(x, y)]
        resolved[x] = without[x] + with_null[x]
    p_both[:] = 0.0
    p_one[:] = 0.0
    for u in range(FIRST_LABEL, n_labels):
        p_both[u, u] = genotype[u, u] + with_null[u]
        p_one[u, u] = resolved[u] - p_both[u, u]
        p_one[u, OTHER] = p_one[OTHER, u] = resolved[u]
        for v in range(u + 1, n_labels):
            p_both[u, v] = p_both[v, u] = genotype[u, v]
            p_one[u, v] = p_one[v, u] = resolved[u] + resolved[v] - 2.0 * genotype[u, v]
    if is_strict:
        return
    p_both[NULL, NULL] = genotype[NULL, NULL]
    p_one[NULL, NULL] = all_with_null - p_both[NULL, NULL]
    p_one[NULL, OTHER] = p_one[OTHER, NULL] = all_with_null
    for v in range(FIRST_LABEL, n_labels):
        p_both[NULL, v] = p_both[v, NULL] = genotype[v, v] + with_null[v]
        p_one[NULL, v] = p_one[v, NULL] = without[v] - genotype[v, v] + all_with_null - with_null[v]


@array_kernel
def expect_at_loci(patient: PatientClasses) -> MatchTables:
    """Return what `expect_matches` writes, for every locus in scope."""
    n_loci, n_labels = patient.shift.size, patient.n_labels
    tables = MatchTables(np.empty((n_loci, n_labels, n_labels)), np.empty((n_loci, n_labels, n_labels)))
    genotype = np.zeros((n_loci, n_labels, n_labels))
    locus_genotypes(patient, genotype)
    for s in range(n_loci):
        expect_matches(genotype[s], bool((patient.strict >> s) & 1), tables.p_both[s], tables.p_one[s])
    return tables


@array_kernel
def add_marginals(
    patient: PatientClasses,
    tables: MatchTables,
    part: PackedPart,
    p_both: NDArray[np.float64],
    p_one: NDArray[np.float64],
) -> None:
    """Add, for the loci of one part of a donor, the probabilities that two alleles and that one allele match.

    `p_both` and `p_one` are (loci,), of the donor.
    """
    pair, class_first, key, weight = part.pair, part.class_first, part.word, part.weight
    both_of, one_of = tables.p_both, tables.p_one
    n_classes = class_first.size - 1
    label = np.empty(class_first[n_classes], np.int64)
    total = np.empty(label.size)
    first = np.empty(n_classes + 1, np.int64)
    place = np.zeros(both_of.shape[1], np.int64)
    for s in range(patient.shift.size):
        if not (part.scope >> s) & 1:
            continue
        shift, width = patient.shift[s], patient.width[s]
        found = 0
        for c in range(n_classes):
            begin = found
            first[c] = begin
            for k in range(class_first[c], class_first[c + 1]):
                own = label_at(key[k], shift, width)
                at = place[own]
                if at < begin or at >= found or label[at] != own:
                    at = found
                    place[own] = at
                    label[at] = own
                    total[at] = 0.0
                    found += 1
                total[at] += weight[k]
        first[n_classes] = found
        is_strict = bool((patient.strict >> s) & 1)
        both = 0.0
        one = 0.0
        for p in range(pair.shape[0]):
            c, d = int(pair[p, 0]), int(pair[p, 1])
            factor = 1.0 if c == d else 2.0
            for u in range(first[c], first[c + 1]):
                for v in range(first[d], first[d + 1]):
                    x, y = label[u], label[v]
                    if is_strict:
                        x, y = resolve_null(x, y)
                    share = total[u] * total[v] * factor
                    both += share * both_of[s, x, y]
                    one += share * one_of[s, x, y]
        p_both[s] += both / part.mass
        p_one[s] += one / part.mass


@array_kernel
def add_unshared(patient: PatientClasses, part: PackedPart, unshared: NDArray[np.float64]) -> None:
    """Bring the loci of one part of a donor into the probabilities of 0 and 1 alleles that the patient cannot have.

    `unshared` is (2,): 1 and 0 before the first part.
    """
    pair, class_first, word, weight = part.pair, part.class_first, part.word, part.weight
    n_classes = class_first.size - 1
    # Of each class, the frequency of haplotypes without such an allele and with one.
    of_class = np.zeros((n_classes, 2))
    for c in range(n_classes):
        for k in range(class_first[c], class_first[c + 1]):
            n = 0
            for s in range(patient.shift.size):
                n += (part.scope >> s) & 1 and label_at(word[k], patient.shift[s], patient.width[s]) == OTHER
            if n < 2:
                of_class[c, n] += weight[k]
    none, single = 0.0, 0.0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        factor = 1.0 if c == d else 2.0
        none += factor * of_class[c, 0] * of_class[d, 0]
        single += factor * (of_class[c, 0] * of_class[d, 1] + of_class[c, 1] * of_class[d, 0])
    unshared[1] = (unshared[0] * single + unshared[1] * none) / part.mass
    unshared[0] *= none / part.mass


@kernel
def match_at_loci(
    limit: int,
    patient: PatientClasses,
    haplotypes: PackedHaplotypes,
    persons: HaplotypeClasses,
    donor: NDArray[np.int64],
    matches: LocusMatches,
    unshared: Annotated[Float64, Array("donors, 2", "probabilities of 0 and 1 alleles that the patient cannot have")],
    is_whole: NDArray[np.bool_],
) -> None:
    """Add, locus by locus, the probabilities that two alleles and that one allele match.

    Args:
        limit: pairs of a donor's haplotypes that a prediction looks at.
        patient: the patient.
        haplotypes: the haplotypes of all panels, in the patient's labels.
        persons: the donors' classes.
        donor: (n,) persons.
        matches: of the n donors, added to.
        unshared: (n, 2) receives the probabilities of 0 and 1 alleles that the patient cannot have; zeros before.
        is_whole: (n,) receives whether a donor has no more pairs of haplotypes than `limit`, so that nothing of it
            would be cut.

    Notes:
        Cost: the pairs of labels at each locus, not those of whole haplotypes.
    """
    tables = expect_at_loci(patient)
    place = np.zeros(haplotypes.word.size + 1, np.int64)
    for i in range(donor.size):
        unshared[i, 0] = 1.0
        n_pairs = 1.0
        for number in range(persons.person_part[donor[i]], persons.person_part[donor[i] + 1]):
            if haplotypes.panel_scope[persons.part_panel[number]] == 0:
                continue
            part = pack_part(persons, number, haplotypes, place)
            add_marginals(patient, tables, part, matches.p_both[i], matches.p_one[i])
            add_unshared(patient, part, unshared[i])
            n_pairs *= count_pairs(0.0, part)
        is_whole[i] = n_pairs <= limit
