"""Match prediction: the probability of each number of mismatches, from what patient and donors may carry.

Persons are kept as classes of haplotypes (`hla_match.frequencies`). Each of a patient's few genotypes is compared with
the classes of a donor; of a more ambiguous patient the classes are compared with each genotype that donors may have.
The definition of a match is that of the search.
Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction"; Bochtler et al., Hum Immunol 2016;77:371.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.genotypes import GenotypeDistribution, genotype_distribution
from hla_match.imputation.imputed_registry import DonorImputation, impute_typings
from hla_match.imputation.panels import Panels, Step
from hla_match.imputation.typing_membership import stated_genotypes
from hla_match.kernels.prediction.donor_genotypes import index_words
from hla_match.kernels.prediction.genotype_comparison import ComparedPatient
from hla_match.kernels.prediction.genotype_pairs import count_diplotypes
from hla_match.kernels.prediction.joint_prediction import predict_ambiguous
from hla_match.kernels.prediction.locus_matches import match_at_loci
from hla_match.kernels.prediction.match_prediction import SHIFT, mark_haplotypes, predict_matches
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.loci import OPTIONAL_GENES
from hla_match.prediction.packed_genotypes import NamedPatient, named_patient
from hla_match.prediction.prediction import MAX_MISMATCHES, Prediction
from hla_match.typings.encoding import NEW, NULL, Alternative

DIPLOTYPES = 1 << 21
"""Diplotypes, in names of the alleles that an ambiguous patient may have, of a person that are compared at most.

They are the most probable ones; the rest is cut as mass. A person of whom hardly anything is known has a million under
3,500 haplotypes.
"""

FEW_GENOTYPES = 8
"""Up to so many patient genotypes are compared with the donors one after another, which is faster then."""

_DIPLOTYPES_A_GENOTYPE = 8
"""Diplotypes for each of these genotypes up to which a patient's are listed and counted."""

_MANY_HAPLOTYPES = 100
"""A patient of so many is compared with donors twice where an order is asked for: by few mismatches at first."""

_FEWEST_PERSONS = 64
"""Persons of a thread at least: fewer are not worth it."""


@dataclass(frozen=True)
class ImputedPatient:
    """A patient under the panels.

    Attributes:
        imputation: the patient alone.
        stated: allele codes of the genotypes at the loci whose typing leaves one, or one with or without a null.
    """

    imputation: Imputation
    stated: Mapping[str, tuple[tuple[int, int], ...]]


def impute_patient(
    panels: Panels, alternatives: Mapping[str, tuple[Alternative, ...]], population: str | None = None
) -> ImputedPatient:
    """Impute a patient given as typings by locus, as the chromosomes carry them."""
    uncovered = [locus for locus, panel in zip(panels.loci, panels.chain.locus_panel, strict=True) if panel < 0]
    stated = {
        locus: found
        for locus, pairs in alternatives.items()
        if (found := stated_genotypes(pairs)) and (len(found) == 1 or locus in uncovered)
    }
    return ImputedPatient(impute_typings(panels, alternatives, population), stated)


class PatientPredictor:
    """One patient, made ready to be compared with donors of a registry.

    Args:
        patient: the patient, imputed with the panels of the registry.
        registry: the donors.
        loci: the loci in scope.
        workers: threads; results do not depend on them.
        null_rule: "consensus", or "strict" where null alleles of both persons never equal each other.
    """

    def __init__(
        self,
        patient: ImputedPatient,
        registry: DonorImputation,
        loci: tuple[str, ...],
        *,
        workers: int = 1,
        null_rule: str = "consensus",
    ) -> None:
        panels = registry.panels
        self._registry, self._loci, self._workers = registry, loci, workers
        self._strict = strict_loci(loci, null_rule)
        self._uncovered = uncovered_loci(panels, loci)
        self._scope = scope_of_panels(panels, loci)
        row = patient.imputation.person.astype(np.int64)
        (lacking,) = missing_loci(panels, loci, patient.imputation.classes.person_missing[row]).tolist()
        unexplained = [locus for bit, locus in enumerate(loci) if lacking >> bit & 1]
        self._missing = tuple(locus for locus in unexplained if locus not in patient.stated)
        self._step = Step(int(farthest_step(panels, patient.imputation, self._scope, row)[0]))
        if unexplained:
            self._step = Step.MISSING if self._missing else Step.CERTAIN
        stated = {locus: patient.stated[locus] for locus in unexplained if locus in patient.stated}
        genotypes = None if self._missing else _few_genotypes(panels, patient.imputation, loci, self._scope, stated)
        self._marked = [] if genotypes is None else [*_marked(panels, genotypes, self._strict)]
        self._named: NamedPatient | None = None
        if genotypes is None and not self._missing:
            known = {locus: found for locus, found in stated.items() if locus in panels.loci}
            self._named = named_patient(panels, patient.imputation, loci, self._scope, known, self._strict)
        self._patient_cut = 0.0 if self._named is None else self._named.cut
        self._compared: tuple[ComparedPatient, float] | None = None

    @property
    def bounds_pay(self) -> bool:
        """Whether `bounds` costs far less than `predict`."""
        return self._named is not None

    @property
    def near_pays(self) -> bool:
        """Whether `predict` costs far less where few mismatches are asked for."""
        return self._named is not None and self._named.classes.word.size > _MANY_HAPLOTYPES

    def predict(self, donor: NDArray[np.uint32], *, most: int = MAX_MISMATCHES) -> Prediction:
        """Predict the matches with some donors, (n,) rows of the registry.

        Args:
            donor: the rows.
            most: greatest number of mismatches whose probability is asked for; those of others may be NaN, and with
                fewer than all of them that of the one mismatch at each locus, too.
        """
        donors, person, row_of, parts = self._dealt(donor)
        mismatches = np.zeros((person.size, MAX_MISMATCHES + 1))
        if self._named is not None:
            mismatches[:, most + 1 :] = np.nan
        two, one, single = (np.zeros((person.size, len(self._loci))) for _ in range(3))
        asked = single if most == MAX_MISMATCHES or self._named is None else single[:, :0]
        cut = np.zeros(person.size)
        frequency = self._registry.panels.haplotypes.frequency
        named, beyond = self._named, 0.0
        if named is not None:
            self._compared = self._compared or named.compared(DIPLOTYPES)
            compared, beyond = self._compared

        def run(part: slice) -> None:
            found = (mismatches[part], two[part], one[part], asked[part])
            if named is not None:
                predict_ambiguous(
                    DIPLOTYPES,
                    most,
                    named.classes,
                    compared,
                    named.panel_scope,
                    named.word,
                    named.word_index,
                    frequency,
                    person[part],
                    *person_arrays(donors),
                    *found,
                    cut[part],
                )
                return
            for probability, *marked in self._marked:
                predict_matches(
                    probability, *marked, frequency, self._scope, person[part], *person_arrays(donors), *found
                )

        if not self._missing:
            _run(run, parts)
        cut = 1.0 - (1.0 - self._patient_cut) * (1.0 - beyond) * (1.0 - cut)
        missing = missing_loci(self._registry.panels, self._loci, donors.classes.person_missing[person])
        missing |= unsettled_loci(self._uncovered, two, one, self._patient_cut)
        unknown = (missing != 0) | bool(self._missing)
        for values in (mismatches, two, one, single, cut):
            values[unknown] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            single /= mismatches[:, 1:2]
        if asked is not single:
            single[:] = np.nan
        step = np.maximum(farthest_step(self._registry.panels, donors, self._scope, person), self._step)
        step[missing != 0] = Step.MISSING
        return Prediction(
            loci=self._loci,
            mismatches=mismatches[row_of],
            two=two[row_of],
            one=one[row_of],
            single=single[row_of],
            cut=cut[row_of],
            patient_cut=self._patient_cut,
            step=step.astype(np.uint8)[row_of],
            missing=missing[row_of],
            patient_missing=self._missing,
            frequency_set=self._registry.panels.name,
        )

    def bounds(self, donor: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return (n, 2) upper bounds of the probabilities of no and of at most one mismatch with some donors.

        No mismatch is no more probable than two matching alleles at any one locus, and at most one mismatch no more
        than at least one; nor is either more probable than as many alleles that the patient cannot have. NaN where the
        prediction is, or where something would be cut of the donor. Only where `bounds_pay`.
        """
        assert self._named is not None
        named = self._named
        donors, person, row_of, parts = self._dealt(donor)
        two, one = (np.zeros((person.size, len(self._loci))) for _ in range(2))
        strange = np.zeros((person.size, 2))
        is_whole = np.empty(person.size, np.bool_)
        frequency = self._registry.panels.haplotypes.frequency

        def run(part: slice) -> None:
            match_at_loci(
                DIPLOTYPES,
                named.classes,
                named.panel_scope,
                named.word,
                named.word_index,
                frequency,
                person[part],
                *person_arrays(donors),
                two[part],
                one[part],
                strange[part],
                is_whole[part],
            )

        _run(run, parts)
        # A pair whose counts are certain has probability 1, whatever of the patient was cut.
        at_loci = np.stack([two.min(axis=1), (two + one).min(axis=1)], axis=1)
        bound: NDArray[np.float64] = np.minimum(at_loci, np.cumsum(strange, axis=1)) + self._patient_cut
        missing = missing_loci(self._registry.panels, self._loci, donors.classes.person_missing[person])
        missing |= unsettled_loci(self._uncovered, two, one, self._patient_cut)
        bound[(missing != 0) | ~is_whole] = np.nan
        return bound[row_of]

    def _dealt(self, donor: NDArray[np.uint32]) -> tuple[Imputation, NDArray[np.int64], NDArray[np.int64], list[slice]]:
        """Deal the distinct persons among some donors to the threads like cards: neighbours cost alike.

        Returns:
            The donors imputed, the distinct persons in the order of their hands, where each donor's is, and the hands.
        """
        donors, of_donor = self._registry.of_donors(donor, workers=self._workers)
        distinct, number = np.unique(of_donor, return_inverse=True)
        # No more hands than threads: each works out the outcomes of the distinct genotypes that it meets.
        n_hands = max(1, min(self._workers, distinct.size // _FEWEST_PERSONS))
        hands = [np.arange(first, distinct.size, n_hands) for first in range(n_hands)]
        order = np.concatenate(hands)
        row = np.empty(distinct.size, np.int64)
        row[order] = np.arange(distinct.size)
        ends = np.cumsum([hand.size for hand in hands])
        parts = [slice(end - hand.size, end) for end, hand in zip(ends, hands, strict=True)]
        return donors, distinct[order].astype(np.int64), row[number], parts


def _run(work: Callable[[slice], None], parts: list[slice]) -> None:
    """Do the parts of a work, each in a thread of its own."""
    if len(parts) == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(work, parts))


def _few_genotypes(
    panels: Panels,
    patient: Imputation,
    loci: tuple[str, ...],
    panel_scope: NDArray[np.int64],
    stated: Mapping[str, tuple[tuple[int, int], ...]],
) -> GenotypeDistribution | None:
    """Return the genotypes of a patient, as carried; None where there are more than a few.

    Loci that no panel explains have what the typing states.
    """
    count = np.empty(1, np.int64)
    count_diplotypes(
        FEW_GENOTYPES * _DIPLOTYPES_A_GENOTYPE,
        panel_scope,
        patient.person.astype(np.int64),
        patient.classes.person_part,
        patient.classes.part_panel,
        patient.classes.part_class,
        patient.classes.part_pair,
        patient.classes.class_member,
        patient.classes.pair,
        count,
    )
    if count[0] > FEW_GENOTYPES * _DIPLOTYPES_A_GENOTYPE:
        return None
    genotypes = genotype_distribution(patient, panels, 0, loci, keep_nulls=True)
    allele, probability = genotypes.allele, genotypes.probability
    for locus, found in stated.items():
        options = np.array(found, np.int32)
        allele = np.repeat(allele, len(options), axis=0)
        allele[:, loci.index(locus)] = np.tile(options, (probability.size, 1))
        probability = np.repeat(probability / len(options), len(options))
    return replace(genotypes, allele=allele, probability=probability) if probability.size <= FEW_GENOTYPES else None


def strict_loci(loci: tuple[str, ...], null_rule: str) -> tuple[int, ...]:
    """Return the positions of the loci at which null alleles never equal each other.

    The absence of DRB3, DRB4 or DRB5 is no allele: absent genes of both persons are nothing to mismatch by either rule.
    """
    if null_rule == "consensus":
        return ()
    return tuple(column for column, locus in enumerate(loci) if locus not in OPTIONAL_GENES)


def without_nulls(genotype: NDArray[np.signedinteger[Any]]) -> NDArray[np.signedinteger[Any]]:
    """Return (n, 2) genotypes in which a carrier of one null allele is homozygous, and of two matches nothing."""
    first, second = genotype.T
    alone = np.stack([np.where(first == NULL, second, first), np.where(second == NULL, first, second)], axis=1)
    return np.where(alone == NULL, NEW, alone)


def uncovered_loci(panels: Panels, loci: tuple[str, ...]) -> tuple[int, ...]:
    """Return the positions of the loci that no frequencies know."""
    return tuple(
        column
        for column, locus in enumerate(loci)
        if locus in panels.loci and panels.chain.locus_panel[panels.loci.index(locus)] < 0
    )


def unsettled_loci(
    uncovered: tuple[int, ...], two: NDArray[np.float64], one: NDArray[np.float64], cut: float
) -> NDArray[np.uint16]:
    """Return (n,) uint16, as bits, the loci without frequencies at which not all genotypes match alike.

    How probable they are is not known there.
    """
    unsettled = np.zeros(two.shape[0], np.uint16)
    for column in uncovered:
        of_locus = np.stack([two[:, column], one[:, column], 1.0 - cut - two[:, column] - one[:, column]])
        unsettled |= (of_locus.max(axis=0) < 1.0 - cut - _ROUNDING).astype(np.uint16) << np.uint16(column)
    return unsettled


_ROUNDING = 1e-9


def _marked(
    panels: Panels, genotypes: GenotypeDistribution, strict: tuple[int, ...]
) -> Iterator[tuple[float, np.uint64, NDArray[np.uint64], NDArray[np.int32]]]:
    """Yield the probability of each patient genotype and the haplotypes as it sees them.

    They are the loci with a null allele that another may equal, the distinct bits of haplotypes, and which of them each
    haplotype has.
    """
    for allele, probability in zip(genotypes.allele, genotypes.probability.tolist(), strict=True):
        genotype = allele.copy()
        genotype[list(strict)] = without_nulls(genotype[list(strict)])
        bits = np.empty(panels.haplotypes.frequency.size, np.uint64)
        mark_haplotypes(
            allele_bits(panels, genotypes.loci, genotype),
            panels.haplotypes.allele_start,
            panels.haplotypes.haplotype_allele,
            panels.haplotypes.panel_start,
            panels.haplotypes.panel_locus_start,
            panels.haplotypes.panel_locus,
            bits,
        )
        word_of = np.empty(bits.size, np.int32)
        distinct = np.empty(bits.size, np.int64)
        found = index_words(bits.view(np.int64), bits.size, word_of, distinct)
        # A null allele is the lesser one, and so the first.
        null_loci = np.uint64(sum(1 << column for column in np.flatnonzero(genotype[:, 0] == NULL).tolist()))
        yield probability, null_loci, distinct[:found].view(np.uint64), word_of


def person_arrays(imputation: Imputation) -> tuple[NDArray[np.generic], ...]:
    """Return the arrays that the kernels take, in their order."""
    return (
        imputation.classes.person_part,
        imputation.classes.part_panel,
        imputation.classes.part_mass,
        imputation.classes.part_class,
        imputation.classes.part_pair,
        imputation.classes.class_member,
        imputation.classes.pair,
        imputation.classes.member,
    )


def scope_of_panels(panels: Panels, loci: tuple[str, ...]) -> NDArray[np.int64]:
    """Return (panels,) the loci in scope, as bits, that each panel covers."""
    scope = np.zeros(panels.haplotypes.panel_start.size - 1, np.int64)
    for panel in range(scope.size):
        for row in panels.loci_of(panel):
            if panels.loci[row] in loci:
                scope[panel] |= 1 << loci.index(panels.loci[row])
    return scope


def allele_bits(panels: Panels, loci: tuple[str, ...], genotype: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return (alleles,) uint64: which of the patient's two alleles an allele is at its locus, or that it is null."""
    bits = np.zeros(int(panels.haplotypes.allele_start[-1]), np.uint64)
    for row, locus in enumerate(panels.loci):
        if locus not in loci:
            continue
        scope = loci.index(locus)
        start = int(panels.haplotypes.allele_start[row])
        bits[start] |= np.uint64(1 << (scope + 2 * SHIFT))
        for side in (0, 1):
            code = genotype[scope, side]
            at = int(np.searchsorted(panels.allele_code[row], code))
            if code != NEW and at < panels.allele_code[row].size and panels.allele_code[row][at] == code:
                bits[start + at] |= np.uint64(1 << (scope + side * SHIFT))
    return bits


def missing_loci(panels: Panels, loci: tuple[str, ...], person_missing: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return (n,) uint16 the loci in scope, as bits of the scope, that are missing."""
    missing = np.zeros(person_missing.size, np.uint16)
    for bit, locus in enumerate(loci):
        if locus in panels.loci:
            missing |= (person_missing >> np.uint16(panels.loci.index(locus)) & np.uint16(1)) << np.uint16(bit)
        else:
            missing |= np.uint16(1 << bit)
    return missing


def farthest_step(
    panels: Panels, imputation: Imputation, panel_scope: NDArray[np.int64], person: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return (n,) uint8 the farthest step of each person's parts that touch the scope."""
    of_panel = np.where(panel_scope != 0, panels.chain.panel_step, 0).astype(np.uint8)
    first, last = imputation.classes.person_part[person], imputation.classes.person_part[person + 1]
    step = np.zeros(person.size, np.uint8)
    for ahead in range(int((last - first).max(initial=0))):
        has = first + ahead < last
        step[has] = np.maximum(step[has], of_panel[imputation.classes.part_panel[first[has] + ahead]])
    return step
