"""The number of mismatches of an ambiguous patient with each donor, as a distribution over both persons' diplotypes.

A donor's alleles matter only as far as the patient may have them (`packed_alleles`). Haplotypes of equal words are then
one, and many donors share the genotypes that they make up. Each distinct donor genotype is compared once with the
patient's genotypes (`genotype_comparison`), and a donor is a weighted sum of its genotypes' outcomes.
Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, kernel
from hla_match.kernels.prediction.distinct_genotypes import index_genotypes, room_for
from hla_match.kernels.prediction.donor_genotypes import list_donor
from hla_match.kernels.prediction.genotype_comparison import compare_genotypes
from hla_match.kernels.prediction.locus_matches import expect_at_loci
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import (
    GenotypeGroups,
    Genotypes,
    LocusMatches,
    MismatchCounts,
    PackedHaplotypes,
    PatientClasses,
)

BATCH = 1 << 22
"""Genotypes of donors that are gathered before their outcomes are computed; many times those of one donor."""


@kernel
def predict_ambiguous(
    limit: int,
    most: int,
    patient: PatientClasses,
    groups: GenotypeGroups,
    haplotypes: PackedHaplotypes,
    persons: HaplotypeClasses,
    donor: NDArray[np.int64],
    counts: MismatchCounts,
    matches: LocusMatches,
    cut: NDArray[np.float64],
) -> None:
    """Predict the matches of one ambiguous patient with some donors.

    Args:
        limit: pairs of a donor's haplotypes that are looked at, the most probable ones; the rest is cut as mass.
        most: greatest number of mismatches that is counted.
        patient: the patient, for each locus by itself.
        groups: the patient's genotypes, as given by `list_patient` and `group_genotypes`.
        haplotypes: the haplotypes of all panels, in the patient's labels.
        persons: the donors' classes.
        donor: (n,) persons.
        counts: of the n donors, zeros; at least most + 1 numbers.
        matches: of the n donors, zeros.
        cut: (n,) receives the probability of the donor's genotypes that were not compared.
    """
    tables = expect_at_loci(patient)
    place = np.zeros(haplotypes.word.size + 1, np.int64)
    gathered = room_for(BATCH)
    starts = np.zeros(donor.size + 1, np.int64)
    begin = 0
    filled = 0
    for end in range(donor.size):
        own, cut[end] = list_donor(
            limit, most, patient, tables, haplotypes, persons, donor[end], place, end, matches
        )  # fmt: skip
        n = own.probability.size
        if filled + n > gathered.probability.size:
            add_outcomes(most, groups, gathered, begin, end, starts, counts)
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
    add_outcomes(most, groups, gathered, begin, donor.size, starts, counts)


@array_kernel
def add_outcomes(
    most: int,
    patient: GenotypeGroups,
    gathered: Genotypes,
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    counts: MismatchCounts,
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
    mismatches, p_only_mismatch, probability = counts.mismatches, counts.p_only_mismatch, gathered.probability
    n_loci = p_only_mismatch.shape[1]
    outcome = np.empty((n_distinct, most + 1 + n_loci))
    compare_genotypes(most, distinct, n_distinct, patient, outcome)
    for i in range(begin, end):
        for k in range(starts[i], starts[i + 1]):
            own, share = outcome[index[k]], probability[k]
            for j in range(most + 1):
                mismatches[i, j] += share * own[j]
            for s in range(n_loci):
                p_only_mismatch[i, s] += share * own[most + 1 + s]
