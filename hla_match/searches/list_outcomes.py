"""What may come out of typing the donors of a list, in agreement with what counts make certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.imputed_registry import DonorImputation
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.loci import DRB345
from hla_match.matching.locus_result import LocusResult, certain_matches
from hla_match.prediction.pair_outcomes import (
    NOT_KNOWN,
    PairOutcomes,
    PatientGenotypes,
    pair_outcomes,
    patient_genotypes,
)
from hla_match.prediction.patient_imputation import ImputedPatient
from hla_match.prediction.scope import PredictionScope


@dataclass(frozen=True, slots=True)
class ListOutcomes:
    """A patient and some donors, genotype by genotype.

    Attributes:
        loci: the loci in scope that frequencies can know; the loci of `PairOutcomes`.
        patient: what the patient may carry.
        donors: by donor; None where frequencies do not say how probable the mismatches are.
        frequency_set: name of the frequencies.
    """

    loci: tuple[str, ...]
    patient: PatientGenotypes
    donors: tuple[PairOutcomes | None, ...]
    frequency_set: str


def list_outcomes(
    prepared: Callable[[], tuple[ImputedPatient, DonorImputation, PredictionScope]],
    wanted: Sequence[str],
    loci: Mapping[str, LocusResult],
    donor: NDArray[np.uint32],
) -> ListOutcomes:
    """Compare what a patient and some donors may carry.

    Args:
        prepared: gives the patient, imputed with the panels of the donors, the donors, and the loci in scope without
            DRB345, which no frequencies have.
        wanted: the loci in scope.
        loci: the patient compared with the registry, where the registry has the locus.
        donor: (n,) rows of the donors.

    Raises:
        CriteriaError: there are no frequencies.
    """
    patient, imputed, scope = prepared()
    genotypes = patient_genotypes(patient, scope)
    imputation, of_donor = imputed.of_donors(donor)
    known, least = np.empty((len(wanted), donor.size), np.int64), np.empty((len(wanted), donor.size), np.int64)
    for column, locus in enumerate(wanted):
        best, certain = certain_matches(loci.get(locus), donor)
        known[column] = np.where(certain, 2 - best.astype(np.int64), NOT_KNOWN)
        least[column] = 2 - best.astype(np.int64)
    covered = [column for column, locus in enumerate(wanted) if locus != DRB345]
    apart = [column for column, locus in enumerate(wanted) if locus == DRB345]
    single = Imputation(of_donor, imputation.classes)
    # Donors who are typed alike are compared once.
    seen: dict[tuple[object, ...], PairOutcomes | None] = {}
    found: list[PairOutcomes | None] = []
    for number in range(donor.size):
        key = (int(of_donor[number]), *known[:, number].tolist(), *least[:, number].tolist())
        if key not in seen:
            seen[key] = None
            if all(known[column, number] >= 0 for column in apart):
                of_loci = (known[covered, number].tolist(), least[covered, number].tolist())
                seen[key] = _with_further(
                    pair_outcomes(genotypes, single, number, scope, *of_loci), int(known[apart, number].sum())
                )
        found.append(seen[key])
    return ListOutcomes(scope.loci, genotypes, tuple(found), scope.panels.name)


def _with_further(outcomes: PairOutcomes | None, mismatches: int) -> PairOutcomes | None:
    """Return outcomes with the mismatches of a locus that frequencies do not have, which are certain."""
    if outcomes is None or not mismatches:
        return outcomes
    return replace(outcomes, mismatches=outcomes.mismatches + np.uint8(mismatches))
