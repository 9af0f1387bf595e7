"""One patient and one donor, genotype by genotype: how many alleles mismatch, and what a typing would tell apart.

A typing of a locus comes out as one of the donor's genotypes there. Genotypes that mismatch alike are not one outcome:
the haplotypes behind them differ, so that they say different things of the other loci.

    patient A*02:01,24:02  B*46:01,40:01        donor          A             B        mismatches
                                                  0.5     02:01,24:02   46:01,40:01       0
                                                  0.3     02:06,24:02   46:01,40:01       1
                                                  0.2     02:07,24:02   46:02,40:01       2

Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.genotypes import GenotypeDistribution, genotype_distribution
from hla_match.kernels.prediction.genotype_pairs import write_mismatches
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.prediction.few_genotypes import without_nulls
from hla_match.prediction.patient_imputation import ImputedPatient
from hla_match.prediction.scope import PredictionScope

PATIENT_GENOTYPES = 1024
"""Genotypes of a patient that are compared at most, the most probable ones; the rest is cut and reported."""

DONOR_GENOTYPES = 1 << 14
"""Genotypes of a donor that are compared at most, likewise."""

PAIRS = 1 << 23
"""Pairs of these that are compared at most: of an ambiguous patient's donors fewer genotypes are."""

_COMPRESSED = 1 << 40
"""Numbers of multilocus genotypes beyond this are counted anew, so that a further locus cannot overflow them."""

NOT_KNOWN = -1
"""Stands for the mismatches of a locus that the typings leave open."""


@dataclass(frozen=True, slots=True)
class PatientGenotypes:
    """What a patient may carry at the loci in scope.

    Attributes:
        loci: the loci in scope.
        allele: (genotypes, loci, 2) int32 allele codes as carried, null alleles as such.
        probability: (genotypes,) float64; they sum to 1.
        cut: probability of the genotypes that are not listed.
        missing: loci of these at which nothing explains the patient.
    """

    loci: tuple[str, ...]
    allele: NDArray[np.int32]
    probability: NDArray[np.float64]
    cut: float
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairOutcomes:
    """What may come out of typing one donor, and the mismatches with each genotype of the patient.

    Attributes:
        mismatches: (patient genotypes, outcomes) uint8 mismatches in scope.
        probability: (outcomes,) float64; they sum to 1.
        outcome: (outcomes, loci) int32 which genotype of each locus stands behind each of these; 0 at loci where the
            typings make the count certain.
        genotype: by locus (n, 2) int32 allele codes of the genotypes that `outcome` numbers, the lesser first; none at
            loci where the typings make the count certain.
        cut: probability of the donor's genotypes that are not listed.
    """

    mismatches: NDArray[np.uint8]
    probability: NDArray[np.float64]
    outcome: NDArray[np.int32]
    genotype: tuple[NDArray[np.int32], ...]
    cut: float

    @property
    def open_loci(self) -> tuple[int, ...]:
        """The positions of the loci whose typing can have more than one outcome."""
        return tuple(np.flatnonzero(self.outcome.max(axis=0, initial=0) > 0).tolist())


def patient_genotypes(
    patient: ImputedPatient, scope: PredictionScope, *, limit: int = PATIENT_GENOTYPES
) -> PatientGenotypes:
    """Return what a patient may carry at the loci in scope.

    Args:
        patient: the patient.
        scope: the loci in scope.
        limit: genotypes to list, the most probable ones.
    """
    found = genotype_distribution(patient.imputation, scope.panels, 0, scope.loci, limit=limit, keep_nulls=True)
    allele, probability = found.allele, found.probability
    for locus in found.missing:
        stated = np.array(patient.stated.get(locus, ()), np.int32)
        if stated.size:
            allele = np.repeat(allele, len(stated), axis=0)
            allele[:, scope.loci.index(locus)] = np.tile(stated, (probability.size, 1))
            probability = np.repeat(probability / len(stated), len(stated))
    missing = tuple(locus for locus in found.missing if locus not in patient.stated)
    return PatientGenotypes(scope.loci, allele, probability / probability.sum(), found.cut, missing)


def pair_outcomes(
    patient: PatientGenotypes,
    donors: Imputation,
    donor: int,
    scope: PredictionScope,
    known: Sequence[int],
    least: Sequence[int],
    *,
    limit: int = DONOR_GENOTYPES,
) -> PairOutcomes | None:
    """Compare what a patient and a donor may carry; None where frequencies do not say how probable it is.

    Args:
        patient: the patient.
        donors: imputed with the panels of the scope.
        donor: row of `Imputation.person`.
        scope: the loci in scope.
        known: by locus the mismatches that the typings make certain, or `NOT_KNOWN`.
        least: by locus the least mismatches that the typings allow, which antigens may raise.
        limit: genotypes of the donor to list, the most probable ones; fewer where the patient has many.
    """
    limit = min(limit, PAIRS // patient.probability.size)
    if any(locus in patient.missing and known[column] < 0 for column, locus in enumerate(scope.loci)):
        return None
    found = genotype_distribution(donors, scope.panels, donor, scope.loci, limit=limit, keep_nulls=True)
    if any(known[scope.loci.index(locus)] < 0 for locus in found.missing):
        return None
    mismatches = np.full((1, patient.probability.size), sum(one for one in known if one > 0), np.uint8)
    probability = found.probability / found.probability.sum()
    distinct = [np.zeros((0, 2), np.int32)] * len(scope.loci)
    key = np.zeros(probability.size, np.int64)
    tables = {}
    for column in (column for column, one in enumerate(known) if one < 0):
        distinct[column], of_donor, table = _locus_mismatches(patient, found, column, column in scope.strict)
        table = np.maximum(table, np.uint8(least[column]))
        if column in scope.uncovered and np.ptp(table) > 0:
            return None
        tables[column] = table, of_donor
        key = key * table.shape[0] + of_donor
        if key.max() > _COMPRESSED:
            _, key = np.unique(key, return_inverse=True)
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    n = first.size
    total = np.repeat(mismatches, n, axis=0)
    outcome = np.zeros((n, len(scope.loci)), np.int32)
    for column, (table, of_donor) in tables.items():
        outcome[:, column] = of_donor[first]
        total += table[outcome[:, column]]
    summed = np.bincount(number, probability, minlength=n).astype(np.float64, copy=False)
    return PairOutcomes(np.ascontiguousarray(total.T), summed, outcome, tuple(distinct), found.cut)


def _locus_mismatches(
    patient: PatientGenotypes, donor: GenotypeDistribution, column: int, is_strict: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8]]:
    """Compare the genotypes of a locus.

    Returns:
        (n, 2) the donor's genotypes of the locus, which of them each genotype of the donor has, and (n, patient
        genotypes) mismatches.
    """
    (wanted, of_patient), (found, of_donor) = (_distinct(one.allele[:, column]) for one in (patient, donor))
    pairs = [without_nulls(one) if is_strict else one for one in (found, wanted)]
    table = np.empty((len(found), of_patient.size), np.uint8)
    write_mismatches(
        0,
        len(found),
        0,
        *(np.ascontiguousarray(one, np.int64) for one in pairs),
        of_patient.astype(np.int32),
        table,
    )
    return found, of_donor, table


def _distinct(pairs: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the distinct rows of (n, 2) allele codes, ascending, and which of them each row is."""
    radix = int(pairs.max(initial=0)) + 1
    found, number = np.unique(pairs[:, 0].astype(np.int64) * radix + pairs[:, 1], return_inverse=True)
    return np.stack(np.divmod(found, radix), axis=1).astype(np.int32), number
