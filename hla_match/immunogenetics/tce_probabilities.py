"""How probable each T-cell epitope class of patient and donor is under haplotype frequencies that know DPB1.

Each person has a distribution of genotypes at DPB1, given all that is typed and the frequencies. The probability of a
class is the sum over both distributions; what is too unlikely to be listed, or has an allele without a group, is
unknown, so that the five sum to 1. Source of the classes: `hla_match.immunogenetics.tce`. Oracle:
``tests/oracle/tce.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.immunogenetics.tce import MATCH, PERMISSIVE, TCE_CLASSES, UNKNOWN, pair_class, tce_class_by_typing
from hla_match.imputation.genotypes import genotype_distribution
from hla_match.imputation.imputed_registry import DonorImputation, ImputedRegistry
from hla_match.kernels.codes import NEW
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.matching.locus_result import LocusResult
from hla_match.nomenclature.tce_groups import NO_ALLELE, TCE_GROUPS, UNASSIGNED, person_groups
from hla_match.prediction.patient_imputation import ImputedPatient

_LOCUS = "DPB1"
_GROUPS = (*TCE_GROUPS, UNASSIGNED)
_MOST_GENOTYPES = 65_536
_KEPT = 65_536
"""Distributions of donors that are kept."""


class GroupedGenotypes(NamedTuple):
    """What a person may carry at DPB1.

    Attributes:
        probability: by genotype, as a pair of codes, a null allele replaced by its partner.
        of_group: the sum by the group of the person, as in `TCE_GROUPS` and then without one; with what is not listed
            they sum to 1.
    """

    probability: dict[tuple[int, int], float]
    of_group: tuple[float, ...]


def class_probabilities(
    patient: GroupedGenotypes, donor: GroupedGenotypes, group: Callable[[tuple[int, int]], int]
) -> tuple[float, ...]:
    """Return the probability of each class, in the order of `TCE_CLASSES`.

    Args:
        patient: what the patient may carry.
        donor: what the donor may carry.
        group: gives the group of a genotype as an index of `of_group`.
    """
    found = [0.0] * len(TCE_CLASSES)
    for (one, mine), (other, theirs) in product(enumerate(patient.of_group), enumerate(donor.of_group)):
        if mine and theirs:
            found[TCE_CLASSES.index(pair_class(_GROUPS[one], _GROUPS[other]))] += mine * theirs
    fewer, more = sorted((patient.probability, donor.probability), key=len)
    for genotype, probability in fewer.items():
        if genotype in more and NEW not in genotype:
            both = probability * more[genotype]
            found[MATCH] += both
            found[UNKNOWN if _GROUPS[group(genotype)] == UNASSIGNED else PERMISSIVE] -= both
    found[PERMISSIVE] = max(found[PERMISSIVE], 0.0)
    found[UNKNOWN] = max(1.0 - sum(found[:UNKNOWN]), 0.0)
    return tuple(found)


class TceFrequencies:
    """The classes of one registry's donors under frequencies; threads may share it.

    Args:
        imputed: the donors under the frequencies.
        registry: the donors.
    """

    def __init__(self, imputed: DonorImputation, registry: Registry) -> None:
        self._imputed = imputed
        self._registry = registry
        self._of_typing: dict[int, GroupedGenotypes | None] = {}
        self._of_person: dict[int, GroupedGenotypes | None] = {}
        self._group = lru_cache(_KEPT)(self._group_of)

    @property
    def knows_dpb1(self) -> bool:
        """Whether the frequencies have DPB1, in their haplotypes or apart."""
        panels = self._imputed.panels
        return _LOCUS in panels.loci and bool(panels.chain.locus_panel[panels.loci.index(_LOCUS)] >= 0)

    @cached_property
    def _group_of_code(self) -> list[str]:
        """The group of each code of an allele; none that is known where a P group has several, as in few releases."""
        index = self._registry.nomenclature.index(_LOCUS)
        groups = index.values_of_p(index.tables.tce_group)
        return [NO_ALLELE, UNASSIGNED, *(next(iter(one)) if len(one) == 1 else UNASSIGNED for one in groups)]

    @cached_property
    def _is_apart(self) -> bool:
        """Whether no panel has DPB1 beside another locus."""
        panels = self._imputed.panels
        rows = [panels.loci_of(panel) for panel in range(panels.chain.panel_fallback.size)]
        return all(loci.size == 1 for loci in rows if panels.loci.index(_LOCUS) in loci)

    def of(self, patient: Imputation, result: LocusResult | None, donor: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return (n, classes) float64 the probabilities of some donors, NaN where nothing explains a typing of DPB1.

        A class that the typings make certain has probability 1.

        Args:
            patient: the patient as imputed.
            result: the patient compared with the registry at DPB1, where the patient is typed there.
            donor: rows of the registry.
        """
        found = np.full((donor.size, len(TCE_CLASSES)), np.nan)
        mine = self._grouped(patient, 0)
        if mine is not None and donor.size:
            distinct, person = self._of_donors(donor)
            of_pair = {id(theirs): theirs for theirs in distinct}
            classes = {
                key: (np.nan,) * len(TCE_CLASSES) if theirs is None else class_probabilities(mine, theirs, self._group)
                for key, theirs in of_pair.items()
            }
            found = np.array([classes[id(theirs)] for theirs in distinct])[person]
        if result is not None:
            certain = tce_class_by_typing(result)[result.expanded_typing_of(donor)]
            known = np.flatnonzero(certain != UNKNOWN)
            found[known] = np.eye(len(TCE_CLASSES))[certain[known]]
        return found

    def _of_donors(self, donor: NDArray[np.uint32]) -> tuple[list[GroupedGenotypes | None], NDArray[np.int64]]:
        """Return what the distinct persons among some donors may carry, and which of them each donor is."""
        typing = self._typing(donor)
        if self._is_apart:
            # A locus that is explained by itself depends on its own typing only.
            typings, first, inverse = np.unique(typing, return_index=True, return_inverse=True)
            lacking = [place for place, one in enumerate(typings.tolist()) if one not in self._of_typing]
            for place, found in zip(lacking, self._distributions(donor[first[lacking]]), strict=True):
                self._of_typing[int(typings[place])] = found
            return [self._of_typing[one] for one in typings.tolist()], inverse
        distinct, inverse = np.unique(donor, return_inverse=True)
        return self._distributions(distinct.astype(np.uint32)), inverse

    def _distributions(self, donor: NDArray[np.uint32]) -> list[GroupedGenotypes | None]:
        """Return what each of some donors may carry."""
        if not donor.size:
            return []
        imputation, person = self._imputed.of_donors(donor)
        if not isinstance(self._imputed, ImputedRegistry):
            return [self._grouped(imputation, place) for place in range(donor.size)]
        if len(self._of_person) > _KEPT:
            self._of_person.clear()
        for one, row in zip(donor.tolist(), person.tolist(), strict=True):
            if row not in self._of_person:
                self._of_person[row] = self._grouped(imputation, one)
        return [self._of_person[row] for row in person.tolist()]

    def _typing(self, donor: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return (n,) int32 the expanded typings of some donors at DPB1; 0 where not typed."""
        if _LOCUS not in self._registry.loci:
            return np.zeros(donor.size, np.int32)
        reported = self._registry.donor_typing[self._registry.loci.index(_LOCUS)][donor]
        typing: NDArray[np.int32] = self._registry.columns[_LOCUS].expanded_typing[reported]
        return typing

    def _grouped(self, imputation: Imputation, person: int) -> GroupedGenotypes | None:
        """Return what a person may carry; None where nothing explains the typing."""
        found = genotype_distribution(imputation, self._imputed.panels, person, (_LOCUS,), limit=_MOST_GENOTYPES)
        if found.missing:
            return None
        of_group = [0.0] * len(_GROUPS)
        pairs = [(first, second) for first, second in found.allele[:, 0].tolist()]
        probability = dict(zip(pairs, found.probability.tolist(), strict=True))
        for pair, one in probability.items():
            of_group[self._group(pair)] += one
        return GroupedGenotypes(probability, tuple(of_group))

    def _group_of(self, genotype: tuple[int, int]) -> int:
        """Return the group of a person with two alleles, as an index of `_GROUPS`."""
        first, second = (self._group_of_code[code] for code in genotype)
        return _GROUPS.index((person_groups({first}, {second}) or {UNASSIGNED}).pop())


def classes_of_search(
    frequencies: TceFrequencies | None,
    prepared: Callable[[], tuple[ImputedPatient, *tuple[object, ...]]],
    loci: Mapping[str, LocusResult],
) -> Callable[[NDArray[np.uint32]], NDArray[np.float64]] | None:
    """Return what gives the probabilities of the classes of a search's donors; None where frequencies lack DPB1.

    Args:
        frequencies: of the registry; None without any.
        prepared: gives the patient as imputed, first of all.
        loci: the patient compared with the registry, by locus.
    """
    if frequencies is None or not frequencies.knows_dpb1:
        return None
    return lambda donor: frequencies.of(prepared()[0].imputation, loci.get(_LOCUS), donor)
