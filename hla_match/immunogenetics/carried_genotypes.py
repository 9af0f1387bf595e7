"""What a patient and a donor may carry under haplotype frequencies, listed once for all facts beside the match.

The diplotypes of a person are listed in independent parts, as imputation found them; a fact of one locus, or of several
that are inherited together, is a sum over them. What is too unlikely to be listed is told as `cut`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.genotypes import Diplotypes, diplotypes
from hla_match.imputation.imputed_registry import DonorImputation
from hla_match.imputation.panels import FallbackLevel, Panels
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.prediction.patient_imputation import Genotypes, ImputedPatient

MOST_DIPLOTYPES = 1 << 16
"""Diplotypes of a part that are listed at most, the most frequent ones."""

_NOTHING_STATED: Mapping[str, Genotypes] = MappingProxyType({})


class LocusGenotypes(NamedTuple):
    """The genotypes of a locus that a person may carry.

    Attributes:
        allele: (n, 2) int32 allele codes as carried, the lesser first; null alleles as such.
        probability: (n,) float64, the most probable first; with `cut` they sum to 1.
        cut: probability of what is not listed.
    """

    allele: NDArray[np.int32]
    probability: NDArray[np.float64]
    cut: float


class CarriedGenotypes:
    """What one person may carry.

    Args:
        parts: the diplotypes, one entry for each independent part.
        stated: allele codes of the genotypes at loci that no part has.
    """

    def __init__(self, parts: tuple[Diplotypes, ...], stated: Mapping[str, Genotypes] = _NOTHING_STATED) -> None:
        known = {locus for part in parts for locus in part.loci}
        self._parts = (*parts, *(_stated_part(one, of) for one, of in stated.items() if one not in known))
        self._at: dict[str, LocusGenotypes | None] = {}

    def part_of(self, locus: str) -> Diplotypes | None:
        """Return the part that has a locus; None where nothing explains the person there."""
        return next((part for part in self._parts if locus in part.loci), None)

    def at(self, locus: str) -> LocusGenotypes | None:
        """Return the genotypes of a locus; None where nothing explains the person there."""
        if locus not in self._at:
            part = self.part_of(locus)
            self._at[locus] = None if part is None else _locus_genotypes(part, part.loci.index(locus))
        return self._at[locus]


class CarriedPersons:
    """What the patient and the donors of a search may carry; worked out when a fact asks for it.

    Args:
        prepared: gives the patient as imputed, and the donors, first of all.
    """

    def __init__(self, prepared: Callable[[], tuple[ImputedPatient, DonorImputation, *tuple[object, ...]]]) -> None:
        self._prepared = prepared

    @cached_property
    def _persons(self) -> tuple[ImputedPatient, DonorImputation]:
        patient, donors, *_ = self._prepared()
        return patient, donors

    @cached_property
    def panels(self) -> Panels:
        """The panels of haplotypes."""
        return self._persons[1].panels

    @cached_property
    def patient(self) -> CarriedGenotypes:
        """What the patient may carry."""
        patient = self._persons[0]
        found = diplotypes(patient.imputation, self.panels, 0, limit=MOST_DIPLOTYPES)
        return CarriedGenotypes(found, patient.stated)

    def donor(self, row: int) -> CarriedGenotypes:
        """Return what a donor may carry.

        Args:
            row: of the registry.
        """
        imputation, person = self._persons[1].of_donors(np.array([row], np.uint32))
        alone = Imputation(np.ascontiguousarray(person, np.int32), imputation.classes)
        return CarriedGenotypes(diplotypes(alone, self.panels, 0, limit=MOST_DIPLOTYPES))


def _stated_part(locus: str, genotypes: Genotypes) -> Diplotypes:
    """Return what the typing of a locus states, of which all genotypes are equally probable."""
    haplotype = np.array(genotypes, np.int32).reshape(-1, 2, 1)
    n = len(genotypes)
    return Diplotypes((locus,), haplotype, np.full(n, 1 / n), 0.0, FallbackLevel.CERTAIN)


def _locus_genotypes(part: Diplotypes, column: int) -> LocusGenotypes:
    pair = np.sort(part.haplotype[:, :, column], axis=1).astype(np.int64)
    radix = int(pair.max(initial=0)) + 1
    key, number = np.unique(pair[:, 0] * radix + pair[:, 1], return_inverse=True)
    probability = np.bincount(number, part.probability, minlength=key.size).astype(np.float64, copy=False)
    order = np.argsort(-probability, kind="stable")
    allele = np.stack(np.divmod(key[order], radix), axis=1).astype(np.int32)
    return LocusGenotypes(allele, probability[order], part.cut)
