"""A patient of few genotypes: each genotype is compared with the donors separately.

Of a donor's alleles only this matters to one genotype: whether it is the first of its two alleles, the second, or null.
That is three bits a locus (`hla_match.kernels.prediction.genotype_prediction`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.genotypes import GenotypeDistribution, genotype_distribution
from hla_match.imputation.panels import Panels
from hla_match.kernels.codes import NEW, NULL
from hla_match.kernels.prediction.genotype_prediction import SHIFT
from hla_match.kernels.prediction.listed_persons import count_diplotypes
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.kernels.schema.prediction import PackedHaplotypes
from hla_match.prediction.packed_genotypes import pack_all_haplotypes
from hla_match.prediction.scope import PredictionScope

FEW_GENOTYPES = 8
"""Up to so many patient genotypes are compared with the donors one after another, which is faster then."""

_DIPLOTYPES_A_GENOTYPE = 8
"""Diplotypes for each of these genotypes up to which a patient's are listed and counted."""


@dataclass(frozen=True, slots=True)
class SeenHaplotypes:
    """The haplotypes of all panels as one genotype of a patient sees them.

    Attributes:
        probability: of the genotype.
        null_loci: loci in scope, as bits, at which the genotype has a null allele that another may equal.
        haplotypes: what each haplotype has of the genotype.
    """

    probability: float
    null_loci: int
    haplotypes: PackedHaplotypes


def few_genotypes(
    scope: PredictionScope, patient: Imputation, stated: Mapping[str, tuple[tuple[int, int], ...]]
) -> GenotypeDistribution | None:
    """Return the genotypes of a patient, null alleles as such; None where there are more than `FEW_GENOTYPES`.

    Args:
        scope: the loci in scope.
        patient: the patient alone.
        stated: the genotypes at loci that no panel explains.
    """
    limit = FEW_GENOTYPES * _DIPLOTYPES_A_GENOTYPE
    count = np.empty(1, np.int64)
    count_diplotypes(limit, scope.in_panels.panel_scope, patient.classes, patient.person.astype(np.int64), count)
    if count[0] > limit:
        return None
    genotypes = genotype_distribution(patient, scope.panels, 0, scope.loci, keep_nulls=True)
    allele, probability = genotypes.allele, genotypes.probability
    for locus, found in stated.items():
        options = np.array(found, np.int32)
        allele = np.repeat(allele, len(options), axis=0)
        allele[:, scope.loci.index(locus)] = np.tile(options, (probability.size, 1))
        probability = np.repeat(probability / len(options), len(options))
    return replace(genotypes, allele=allele, probability=probability) if probability.size <= FEW_GENOTYPES else None


def seen_haplotypes(scope: PredictionScope, genotypes: GenotypeDistribution) -> Iterator[SeenHaplotypes]:
    """Yield the haplotypes as each genotype of a patient sees them."""
    strict = list(scope.strict)
    for allele, probability in zip(genotypes.allele, genotypes.probability.tolist(), strict=True):
        genotype = allele.copy()
        genotype[strict] = without_nulls(genotype[strict])
        # A null allele is the lesser one, and so the first.
        null_loci = sum(1 << column for column in np.flatnonzero(genotype[:, 0] == NULL).tolist())
        allele_word = _allele_words(scope.panels, scope.row.tolist(), genotype.tolist())
        yield SeenHaplotypes(probability, null_loci, pack_all_haplotypes(scope, allele_word))


def _allele_words(panels: Panels, rows: list[int], genotype: list[list[int]]) -> NDArray[np.int64]:
    """Return (alleles,) which of a genotype's two alleles an allele is at its locus, or that it is null."""
    word = np.zeros(int(panels.haplotypes.allele_start[-1]), np.int64)
    for column, (row, alleles) in enumerate(zip(rows, genotype, strict=True)):
        if row < 0:
            continue
        start, code = int(panels.haplotypes.allele_start[row]), panels.allele_code[row]
        word[start] |= 1 << (column + 2 * SHIFT)
        for side, allele in enumerate(alleles):
            at = int(code.searchsorted(allele))
            if allele != NEW and at < code.size and code[at] == allele:
                word[start + at] |= 1 << (column + side * SHIFT)
    return word


def without_nulls(genotype: NDArray[np.signedinteger[Any]]) -> NDArray[np.signedinteger[Any]]:
    """Return (n, 2) genotypes in which a carrier of one null allele is homozygous, and of two matches nothing."""
    first, second = genotype.T
    alone = np.stack([np.where(first == NULL, second, first), np.where(second == NULL, first, second)], axis=1)
    return np.where(alone == NULL, NEW, alone)
