"""Match prediction: the probability of each number of mismatches, from what patient and donors may carry.

Persons are kept as classes of haplotypes (`hla_match.frequencies`). A patient of few genotypes is compared with all
diplotypes of a donor at once, a more ambiguous one locus by locus. The definition of a match is that of the search.
Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction"; Bochtler et al., Hum Immunol 2016;77:371.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.encoding import FIRST_P_GROUP, Alternative, resolved
from hla_match.frequencies.genotypes import genotype_distribution
from hla_match.frequencies.imputation import DonorImputation, Imputation, impute_typings
from hla_match.frequencies.panels import Panels, Step
from hla_match.kernels.donor_genotypes import index_words, name_haplotypes
from hla_match.kernels.joint_prediction import predict_ambiguous
from hla_match.kernels.match_prediction import SHIFT, mark_haplotypes, predict_matches
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

_FEWEST_DONORS = 64
"""Donors of a thread at least: fewer are not worth it."""


@dataclass(frozen=True)
class ImputedPatient:
    """A patient under the panels.

    Attributes:
        imputation: the patient alone.
        certain: allele codes of the loci whose typing leaves one genotype, with null alleles resolved.
    """

    imputation: Imputation
    certain: Mapping[str, tuple[int, int]]


def impute_patient(
    panels: Panels, carried: Mapping[str, tuple[Alternative, ...]], population: str | None = None
) -> ImputedPatient:
    """Impute a patient given as typings by locus, as the chromosomes carry them."""
    certain: dict[str, tuple[int, int]] = {}
    for locus, pairs in carried.items():
        alternatives = resolved(pairs)
        if len(alternatives) == 1 and all(len(side) == 1 for side in alternatives[0]):
            (first,), (second,) = alternatives[0]
            certain[locus] = (first, second)
    return ImputedPatient(impute_typings(panels, carried, population), certain)


def predict(
    patient: ImputedPatient,
    registry: DonorImputation,
    loci: tuple[str, ...],
    donor: NDArray[np.uint32],
    *,
    workers: int = 1,
) -> Prediction:
    """Predict the matches of one patient with some donors.

    Args:
        patient: the patient, imputed with the panels of the registry.
        registry: the donors.
        loci: the loci in scope.
        donor: (n,) rows of the donors.
        workers: threads; the result does not depend on them.
    """
    panels = registry.panels
    # Donors are dealt to the threads like cards: those of one decade, who cost alike, stand together in a registry.
    n_slices = max(1, min(workers, donor.size // _FEWEST_DONORS))
    dealt = [np.arange(first, donor.size, n_slices) for first in range(n_slices)]
    order = np.concatenate(dealt)
    donors, of_donor = registry.of(donor[order])
    person = of_donor.astype(np.int64)
    n_loci = len(loci)
    mismatches = np.zeros((donor.size, MAX_MISMATCHES + 1))
    two, one, single = (np.zeros((donor.size, n_loci)) for _ in range(3))
    cut = np.zeros(donor.size)
    genotypes = genotype_distribution(patient.imputation, panels, 0, loci, limit=PATIENT_GENOTYPES)
    # A locus that no panel knows is still certain where the typing says so.
    for locus in set(genotypes.missing) & patient.certain.keys():
        genotypes.allele[:, loci.index(locus)] = patient.certain[locus]
    patient_missing = tuple(locus for locus in genotypes.missing if locus not in patient.certain)
    patient_step = genotypes.step if patient_missing or not genotypes.missing else Step.CERTAIN
    scope = scope_of_panels(panels, loci)
    if genotypes.probability.size <= FEW_GENOTYPES:
        marked = [_marked(panels, loci, genotype) for genotype in genotypes.allele]
        cut += genotypes.cut
        patient_cut = genotypes.cut

        def run(part: slice) -> None:
            for probability, (word, word_of) in zip(genotypes.probability, marked, strict=True):
                predict_matches(
                    probability,
                    word,
                    word_of,
                    panels.frequency,
                    scope,
                    person[part],
                    *_arrays(donors),
                    mismatches[part],
                    two[part],
                    one[part],
                    single[part],
                )

    else:
        words = patient_words(panels, genotypes)
        patient_cut = 1.0 - float(words.probability.sum())
        word_scope = scope_of_panels(panels, tuple(loci[position] for position in words.order))
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

        def run(part: slice) -> None:
            predict_ambiguous(
                DONOR_PAIRS,
                words.n_names,
                words.genotype,
                words.probability,
                words.shift,
                words.width,
                words.order,
                word_scope,
                distinct,
                word_index,
                panels.frequency,
                person[part],
                *_arrays(donors),
                mismatches[part],
                two[part],
                one[part],
                single[part],
                cut[part],
            )

    # No more slices than threads: each works out the outcomes of the distinct genotypes that it meets.
    ends = np.cumsum([hand.size for hand in dealt])
    parts = [slice(end - hand.size, end) for end, hand in zip(ends, dealt, strict=True)]
    if n_slices > 1 and not patient_missing:
        with ThreadPoolExecutor(n_slices) as pool:
            list(pool.map(run, parts))
    elif not patient_missing:
        run(parts[0])
    missing = missing_loci(panels, loci, donors.person_missing[person])
    unknown = (missing != 0) | bool(patient_missing)
    for values in (mismatches, two, one, single, cut):
        values[unknown] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        single /= mismatches[:, 1:2]
    step = np.maximum(farthest_step(panels, donors, scope, person), patient_step).astype(np.uint8)
    step[missing != 0] = Step.MISSING
    found = Prediction(
        loci=loci,
        mismatches=mismatches,
        two=two,
        one=one,
        single=single,
        cut=cut,
        patient_cut=patient_cut,
        step=step,
        missing=missing,
        patient_missing=patient_missing,
        frequency_set=panels.name,
    )
    return found if n_slices == 1 else found.taken(np.argsort(order))


def _marked(
    panels: Panels, loci: tuple[str, ...], genotype: NDArray[np.int32]
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return the distinct bits of haplotypes for a patient genotype, and which of them each haplotype has."""
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
    return distinct[:found].view(np.uint64), word_of


def _arrays(imputation: Imputation) -> tuple[NDArray[np.generic], ...]:
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
            if code >= FIRST_P_GROUP and at < panels.allele_code[row].size and panels.allele_code[row][at] == code:
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
