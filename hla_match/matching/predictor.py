"""Match prediction: the probability of each number of mismatches, from what patient and donors may carry.

Persons are kept as classes of haplotypes (`hla_match.frequencies`). A patient of few genotypes is compared with all
diplotypes of a donor at once, a more ambiguous one locus by locus. The definition of a match is that of the search.
Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction"; Bochtler et al., Hum Immunol 2016;77:371.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.encoding import NEW, NULL, Alternative
from hla_match.frequencies.genotypes import GenotypeDistribution, genotype_distribution
from hla_match.frequencies.imputation import DonorImputation, Imputation, impute_typings
from hla_match.frequencies.panels import Panels, Step
from hla_match.frequencies.typing_membership import stated_genotypes
from hla_match.kernels.donor_genotypes import index_words, name_haplotypes
from hla_match.kernels.joint_prediction import predict_ambiguous
from hla_match.kernels.locus_matches import match_at_loci
from hla_match.kernels.match_prediction import SHIFT, mark_haplotypes, predict_matches
from hla_match.loci import OPTIONAL_GENES
from hla_match.matching.patient_words import patient_words
from hla_match.matching.prediction import MAX_MISMATCHES, Prediction

PATIENT_GENOTYPES = 1024
"""Genotypes of an ambiguous patient that are compared at most, the most probable ones; the rest is cut as mass.

The limit does not depend on the donors, so that a pair of persons has one probability in every search.
"""

DONOR_PAIRS = 1 << 14
"""Pairs of a donor's haplotypes that are compared at most with an ambiguous patient, likewise."""

FEW_GENOTYPES = 8
"""Up to so many patient genotypes are compared with the donors one after another, which is faster then."""

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
    panels: Panels, carried: Mapping[str, tuple[Alternative, ...]], population: str | None = None
) -> ImputedPatient:
    """Impute a patient given as typings by locus, as the chromosomes carry them."""
    stated = {locus: found for locus, pairs in carried.items() if (found := stated_genotypes(pairs))}
    return ImputedPatient(impute_typings(panels, carried, population), stated)


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
        genotypes = _with_stated(
            genotype_distribution(patient.imputation, panels, 0, loci, limit=PATIENT_GENOTYPES, keep_nulls=True),
            patient.stated,
        )
        for column in self._strict:
            genotypes.allele[:, column] = without_nulls(genotypes.allele[:, column])
        self._missing = genotypes.missing
        self._step = genotypes.step
        self._scope = scope_of_panels(panels, loci)
        self._genotypes = genotypes
        self._is_ambiguous = genotypes.probability.size > FEW_GENOTYPES
        self._marked = [] if self._is_ambiguous else [_marked(panels, loci, one) for one in genotypes.allele]
        self._words = _named(panels, loci, genotypes, self._strict) if self._is_ambiguous else None
        self._patient_cut = genotypes.cut if self._words is None else 1.0 - float(self._words.probability.sum())

    @property
    def bounds_pay(self) -> bool:
        """Whether `bounds` costs far less than `predict`."""
        return self._is_ambiguous and not self._missing

    def predict(self, donor: NDArray[np.uint32]) -> Prediction:
        """Predict the matches with some donors, (n,) rows of the registry."""
        donors, person, row_of, parts = self._dealt(donor)
        mismatches = np.zeros((person.size, MAX_MISMATCHES + 1))
        two, one, single = (np.zeros((person.size, len(self._loci))) for _ in range(3))
        cut = np.full(person.size, 0.0 if self._is_ambiguous else self._patient_cut)
        frequency = self._registry.panels.frequency

        def run(part: slice) -> None:
            found = (mismatches[part], two[part], one[part], single[part])
            if self._words is not None:
                words = self._words
                predict_ambiguous(
                    DONOR_PAIRS, *words.arrays, frequency, person[part], *person_arrays(donors), *found, cut[part]
                )
                return
            for probability, marked in zip(self._genotypes.probability, self._marked, strict=True):
                predict_matches(
                    probability, *marked, frequency, self._scope, person[part], *person_arrays(donors), *found
                )

        if not self._missing:
            _run(run, parts)
        missing = missing_loci(self._registry.panels, self._loci, donors.person_missing[person])
        missing |= unsettled_loci(self._uncovered, two, one, self._patient_cut)
        unknown = (missing != 0) | bool(self._missing)
        for values in (mismatches, two, one, single, cut):
            values[unknown] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            single /= mismatches[:, 1:2]
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
        prediction is. Only where `bounds_pay`.
        """
        assert self._words is not None
        words = self._words
        donors, person, row_of, parts = self._dealt(donor)
        two, one = (np.zeros((person.size, len(self._loci))) for _ in range(2))
        strange = np.zeros((person.size, 2))
        frequency = self._registry.panels.frequency

        def run(part: slice) -> None:
            found = (two[part], one[part], strange[part])
            match_at_loci(*words.arrays, frequency, person[part], *person_arrays(donors), *found)

        _run(run, parts)
        # A pair whose counts are certain has probability 1, whatever of the patient was cut.
        at_loci = np.stack([two.min(axis=1), (two + one).min(axis=1)], axis=1)
        bound: NDArray[np.float64] = np.minimum(at_loci, np.cumsum(strange, axis=1)) + self._patient_cut
        missing = missing_loci(self._registry.panels, self._loci, donors.person_missing[person])
        missing |= unsettled_loci(self._uncovered, two, one, self._patient_cut)
        bound[missing != 0] = np.nan
        return bound[row_of]

    def _dealt(self, donor: NDArray[np.uint32]) -> tuple[Imputation, NDArray[np.int64], NDArray[np.int64], list[slice]]:
        """Deal the distinct persons among some donors to the threads like cards: neighbours cost alike.

        Returns:
            The donors imputed, the distinct persons in the order of their hands, where each donor's is, and the hands.
        """
        donors, of_donor = self._registry.of(donor, workers=self._workers)
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


@dataclass(frozen=True, slots=True)
class _NamedPatient:
    """An ambiguous patient and the haplotypes in names of alleles.

    Attributes:
        probability: (n,) of the patient's genotypes.
        arrays: what the kernels of ambiguous patients take of both, in their order.
    """

    probability: NDArray[np.float64]
    arrays: tuple[Any, ...]


def _named(
    panels: Panels, loci: tuple[str, ...], genotypes: GenotypeDistribution, strict: tuple[int, ...]
) -> _NamedPatient:
    words = patient_words(panels, genotypes)
    named = np.empty(panels.frequency.size, np.int64)
    name_haplotypes(
        words.allele_name,
        words.locus_shift,
        panels.allele_start,
        panels.haplotype_allele,
        panels.panel_start,
        panels.panel_locus_start,
        panels.panel_locus,
        named,
    )
    word_index = np.empty(named.size, np.int32)
    distinct = np.empty(named.size, np.int64)
    distinct = distinct[: index_words(named, named.size, word_index, distinct)]
    return _NamedPatient(
        words.probability,
        (
            words.n_names,
            words.genotype,
            words.probability,
            words.shift,
            words.width,
            words.order,
            sum(1 << place for place, column in enumerate(words.order) if column in strict),
            scope_of_panels(panels, tuple(loci[position] for position in words.order)),
            distinct,
            word_index,
        ),
    )


def _with_stated(
    genotypes: GenotypeDistribution, stated: Mapping[str, tuple[tuple[int, int], ...]]
) -> GenotypeDistribution:
    """Return genotypes in which loci that no panel explains have what the typing states."""
    allele, probability = genotypes.allele, genotypes.probability
    for locus in set(genotypes.missing) & stated.keys():
        options = np.array(stated[locus], np.int32)
        allele = np.repeat(allele, len(options), axis=0)
        allele[:, genotypes.loci.index(locus)] = np.tile(options, (probability.size, 1))
        probability = np.repeat(probability / len(options), len(options))
    missing = tuple(locus for locus in genotypes.missing if locus not in stated)
    step = genotypes.step if missing or not genotypes.missing else Step.CERTAIN
    return replace(genotypes, allele=allele, probability=probability, missing=missing, step=step)


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
        if locus in panels.loci and panels.locus_panel[panels.loci.index(locus)] < 0
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
    panels: Panels, loci: tuple[str, ...], genotype: NDArray[np.int32]
) -> tuple[np.uint64, NDArray[np.uint64], NDArray[np.int32]]:
    """Return the loci with a null allele, the distinct bits of haplotypes, and which of them each haplotype has."""
    # A null allele is the lesser one, and so the first.
    null_loci = np.uint64(sum(1 << column for column in np.flatnonzero(genotype[:, 0] == NULL).tolist()))
    bits = np.empty(panels.frequency.size, np.uint64)
    mark_haplotypes(
        allele_bits(panels, loci, genotype),
        panels.allele_start,
        panels.haplotype_allele,
        panels.panel_start,
        panels.panel_locus_start,
        panels.panel_locus,
        bits,
    )
    word_of = np.empty(bits.size, np.int32)
    distinct = np.empty(bits.size, np.int64)
    found = index_words(bits.view(np.int64), bits.size, word_of, distinct)
    return null_loci, distinct[:found].view(np.uint64), word_of


def person_arrays(imputation: Imputation) -> tuple[NDArray[np.generic], ...]:
    """Return the arrays that the kernels take, in their order."""
    return (
        imputation.person_part,
        imputation.part_panel,
        imputation.part_mass,
        imputation.part_class,
        imputation.part_pair,
        imputation.class_member,
        imputation.pair,
        imputation.member,
    )


def scope_of_panels(panels: Panels, loci: tuple[str, ...]) -> NDArray[np.int64]:
    """Return (panels,) the loci in scope, as bits, that each panel covers."""
    scope = np.zeros(panels.panel_start.size - 1, np.int64)
    for panel in range(scope.size):
        for row in panels.panel_locus[panels.panel_locus_start[panel] : panels.panel_locus_start[panel + 1]]:
            if panels.loci[row] in loci:
                scope[panel] |= 1 << loci.index(panels.loci[row])
    return scope


def allele_bits(panels: Panels, loci: tuple[str, ...], genotype: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return (alleles,) uint64: which of the patient's two alleles an allele is at its locus, or that it is null."""
    bits = np.zeros(int(panels.allele_start[-1]), np.uint64)
    for row, locus in enumerate(panels.loci):
        if locus not in loci:
            continue
        scope = loci.index(locus)
        start = int(panels.allele_start[row])
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
    of_panel = np.where(panel_scope != 0, panels.panel_step, 0).astype(np.uint8)
    first, last = imputation.person_part[person], imputation.person_part[person + 1]
    step = np.zeros(person.size, np.uint8)
    for ahead in range(int((last - first).max(initial=0))):
        has = first + ahead < last
        step[has] = np.maximum(step[has], of_panel[imputation.part_panel[first[has] + ahead]])
    return step
