"""Match prediction: the probability of each number of mismatches, from what patient and donors may carry.

Persons are kept as classes of haplotypes (`hla_match.frequencies`). A patient of few genotypes is compared with all
diplotypes of a donor at once, a more ambiguous one locus by locus. The definition of a match is that of the search.
Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction"; Bochtler et al., Hum Immunol 2016;77:371.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.encoding import FIRST_P_GROUP, Alternative, resolved
from hla_match.frequencies.genotypes import GenotypeDistribution, genotype_distribution
from hla_match.frequencies.imputation import Imputation, ImputedRegistry, impute_typings
from hla_match.frequencies.panels import Panels, Step
from hla_match.kernels.joint_prediction import ABSENT, FIRST_NAME, index_words, name_haplotypes, predict_ambiguous
from hla_match.kernels.match_prediction import SHIFT, mark_haplotypes, predict_matches

MAX_MISMATCHES = 4
"""Probabilities are given for 0 to so many mismatches."""

PATIENT_GENOTYPES = (256, 4096)
"""Least and greatest number of an ambiguous patient's genotypes to compare; what is cut is reported as mass."""

DONOR_PAIRS = (1024, 1 << 17)
"""Least and greatest number of pairs of a donor's haplotypes to compare with an ambiguous patient, likewise."""

PATIENT_WORK, DONOR_WORK = 5_000_000, 60_000_000
"""Between least and greatest, so many genotypes and pairs in all donors: some seconds of work."""

FEW_GENOTYPES = 8
"""Up to so many patient genotypes are compared with the donors one after another, which is faster then."""

_CHUNK = 64
"""Donors a task at least: fewer are not worth a thread."""


@dataclass(frozen=True)
class ImputedPatient:
    """A patient under the panels.

    Attributes:
        imputation: the patient alone.
        certain: allele codes of the loci whose typing leaves one genotype, with null alleles resolved.
    """

    imputation: Imputation
    certain: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Prediction:
    """Predictions of one patient and some donors; NaN where a probability is missing.

    Attributes:
        loci: the loci in scope.
        mismatches: (donors, 5) float64, probability of exactly 0, 1, 2, 3, 4 mismatches in scope.
        two: (donors, loci) float64, probability that both alleles of a locus match.
        one: (donors, loci) float64, probability that exactly one allele of a locus matches.
        single: (donors, loci) float64, probability that the locus holds the mismatch, given exactly one in scope.
        cut: (donors,) float64, probability of what was too unlikely to be compared; it is in none of the others.
        step: (donors,) uint8 `Step`, the farthest of patient and donor.
        missing: (donors,) uint16 loci in scope, as bits, at which nothing explains the donor.
        patient_missing: loci in scope at which nothing explains the patient.
        frequency_set: name of the frequencies.
    """

    loci: tuple[str, ...]
    mismatches: NDArray[np.float64]
    two: NDArray[np.float64]
    one: NDArray[np.float64]
    single: NDArray[np.float64]
    cut: NDArray[np.float64]
    step: NDArray[np.uint8]
    missing: NDArray[np.uint16]
    patient_missing: tuple[str, ...]
    frequency_set: str

    def taken(self, rows: NDArray[np.int64] | NDArray[np.uint32]) -> Prediction:
        """Return the predictions of some of the donors, by their positions."""
        names = ("mismatches", "two", "one", "single", "cut", "step", "missing")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def why_missing(self) -> list[str | None]:
        """Return for each donor why its probabilities are missing, or None."""
        texts: dict[int, str | None] = {0: None}
        for bits in np.unique(self.missing[self.missing != 0]).tolist():
            lacking = [locus for bit, locus in enumerate(self.loci) if bits >> bit & 1]
            texts[bits] = f"no frequencies explain the donor at {', '.join(lacking)}"
        if self.patient_missing:
            texts[0] = f"no frequencies explain the patient at {', '.join(self.patient_missing)}"
        given = ~np.isnan(self.cut)
        return [None if known else texts[bits] for bits, known in zip(self.missing.tolist(), given, strict=True)]

    def to_polars(self) -> pl.DataFrame:
        """Return one row a donor: `p0` to `p4`, `p_A`, ... (both alleles match), and where they come from."""
        columns = {f"p{count}": self.mismatches[:, count] for count in range(MAX_MISMATCHES + 1)}
        columns |= {f"p_{locus}": self.two[:, column] for column, locus in enumerate(self.loci)}
        names = pl.Series([str(step) for step in Step])
        return (
            pl.DataFrame(columns)
            .fill_nan(None)
            .with_columns(
                pl.lit(self.frequency_set).alias("frequency_set"),
                names.gather(self.step.astype(np.uint32)).alias("fallback"),
                pl.Series("p_missing", self.why_missing(), pl.String),
                pl.Series("p_cut", self.cut),
            )
        )

    def loci_to_polars(self) -> pl.DataFrame:
        """Return one row a donor (by position, from 0) and locus.

        `two`, `one` and `none` are the probabilities of as many matching alleles, `single` is the probability that the
        mismatch is here, given exactly one in scope.
        """
        n_donors = self.step.size
        return pl.DataFrame(
            {
                "position": np.repeat(np.arange(n_donors), len(self.loci)),
                "locus": list(self.loci) * n_donors,
                "two": self.two.ravel(),
                "one": self.one.ravel(),
                "none": (1.0 - self.two - self.one).ravel(),
                "single": self.single.ravel(),
            }
        ).fill_nan(None)


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
    registry: ImputedRegistry,
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
    panels, donors = registry.panels, registry.donors
    person = donors.person[donor].astype(np.int64)
    n_loci = len(loci)
    mismatches = np.zeros((donor.size, MAX_MISMATCHES + 1))
    two, one, single = (np.zeros((donor.size, n_loci)) for _ in range(3))
    cut = np.zeros(donor.size)
    genotypes = genotype_distribution(
        patient.imputation, panels, 0, loci, limit=_share(PATIENT_GENOTYPES, PATIENT_WORK, donor.size)
    )
    # A locus that no panel knows is still certain where the typing says so.
    for locus in set(genotypes.missing) & patient.certain.keys():
        genotypes.allele[:, loci.index(locus)] = patient.certain[locus]
    patient_missing = tuple(locus for locus in genotypes.missing if locus not in patient.certain)
    patient_step = genotypes.step if patient_missing or not genotypes.missing else Step.CERTAIN
    scope = scope_of_panels(panels, loci)
    if genotypes.probability.size <= FEW_GENOTYPES:
        marked = [_marked(panels, loci, genotype) for genotype in genotypes.allele]
        cut += genotypes.cut

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
        limit = _share(DONOR_PAIRS, DONOR_WORK, donor.size)

        def run(part: slice) -> None:
            predict_ambiguous(
                limit,
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

    size = max(_CHUNK, -(-donor.size // (2 * workers)))
    parts = [slice(start, start + size) for start in range(0, 0 if patient_missing else donor.size, size)]
    if workers > 1 and len(parts) > 1:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, parts))
    else:
        for part in parts:
            run(part)
    missing = missing_loci(panels, loci, donors.person_missing[person])
    unknown = (missing != 0) | bool(patient_missing)
    for values in (mismatches, two, one, single, cut):
        values[unknown] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        single /= mismatches[:, 1:2]
    step = np.maximum(farthest_step(panels, donors, scope, person), patient_step).astype(np.uint8)
    step[missing != 0] = Step.MISSING
    return Prediction(loci, mismatches, two, one, single, cut, step, missing, patient_missing, panels.name)


def settled(prediction: Prediction, certain: NDArray[np.bool_], count: NDArray[np.uint8]) -> Prediction:
    """Return a prediction in which pairs of persons of certain counts have probabilities 0 and 1, explained or not.

    Args:
        prediction: of some donors.
        certain: (donors,) bool.
        count: (donors, loci) uint8 matching alleles at each locus in scope; taken where `certain`.
    """
    mismatched = 2 - count[certain].astype(np.int64)
    total = mismatched.sum(axis=1)
    mismatches, two, one, single = (
        values.copy() for values in (prediction.mismatches, prediction.two, prediction.one, prediction.single)
    )
    mismatches[certain] = total[:, None] == np.arange(MAX_MISMATCHES + 1)
    two[certain] = mismatched == 0
    one[certain] = mismatched == 1
    single[certain] = np.where((total == 1)[:, None], mismatched == 1, np.nan)
    return replace(
        prediction,
        mismatches=mismatches,
        two=two,
        one=one,
        single=single,
        cut=np.where(certain, 0.0, prediction.cut),
        missing=np.where(certain, 0, prediction.missing).astype(np.uint16),
        step=np.where(certain & np.isnan(prediction.cut), Step.CERTAIN, prediction.step).astype(np.uint8),
    )


def _share(bounds: tuple[int, int], work: int, n_donors: int) -> int:
    """Return what each of some donors may have of the work, within bounds."""
    return int(np.clip(work // max(n_donors, 1), *bounds))


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


@dataclass(frozen=True, slots=True)
class PatientWords:
    """An ambiguous patient's genotypes as words, and the names of alleles that they are made of.

    Attributes:
        genotype: (n,) int64, ascending.
        probability: (n,) float64.
        order: (loci,) int64 positions in scope, in the order of comparison.
        shift: (loci,) int64 lowest bit of each locus of that order in the word of a haplotype.
        width: (loci,) int64 bits of a name.
        n_names: names at the locus that has the most.
        allele_name: int64 name of each allele of the panels, all loci one after another.
        locus_shift: (loci of the panels,) int64 `shift`, or -1 where a locus is not in scope.
    """

    genotype: NDArray[np.int64]
    probability: NDArray[np.float64]
    order: NDArray[np.int64]
    shift: NDArray[np.int64]
    width: NDArray[np.int64]
    n_names: int
    allele_name: NDArray[np.int64]
    locus_shift: NDArray[np.int64]


def patient_words(panels: Panels, genotypes: GenotypeDistribution) -> PatientWords:
    """Name the alleles that the patient may have, and write the genotypes as words.

    Loci of many genotypes come first: what is left of the patient behind them is soon little, and is met most often.
    A genotype fits a word of 62 bits; where it does not, the less probable half of the genotypes is left out.
    """
    allele, probability = genotypes.allele, genotypes.probability
    while True:
        codes = [np.unique(allele[:, column][allele[:, column] >= FIRST_P_GROUP]) for column in range(allele.shape[1])]
        width = np.array([max(1, (code.size + FIRST_NAME - 1).bit_length()) for code in codes], np.int64)
        if 2 * int(width.sum()) <= 62:
            break
        allele, probability = allele[: -(-probability.size // 2)], probability[: -(-probability.size // 2)]
    order = np.argsort([-np.unique(allele[:, column], axis=0).shape[0] for column in range(width.size)], kind="stable")
    shift = np.concatenate([[0], np.cumsum(width[order])[:-1]]).astype(np.int64)
    names = [
        np.where(allele[:, column] >= FIRST_P_GROUP, np.searchsorted(code, allele[:, column]) + FIRST_NAME, 0)
        for column, code in enumerate(codes)
    ]
    word = np.zeros(probability.size, np.int64)
    for place, column in enumerate(order):
        lesser, greater = np.sort(names[column], axis=1).T
        word |= (lesser << width[column] | greater) << (2 * shift[place])
    rows = np.argsort(word)
    allele_name = np.zeros(int(panels.allele_start[-1]), np.int64)
    locus_shift = np.full(len(panels.loci), -1, np.int64)
    for place, column in enumerate(order):
        if genotypes.loci[column] not in panels.loci:
            continue
        row = panels.loci.index(genotypes.loci[column])
        locus_shift[row] = shift[place]
        known = panels.allele_code[row]
        position = np.searchsorted(codes[column], known)
        position[position == codes[column].size] = 0
        found = codes[column][position] == known if codes[column].size else np.zeros(known.size, np.bool_)
        of_locus = allele_name[int(panels.allele_start[row]) : int(panels.allele_start[row + 1])]
        of_locus[found] = position[found] + FIRST_NAME
        of_locus[0] = ABSENT
    return PatientWords(
        genotype=word[rows],
        probability=probability[rows],
        order=order.astype(np.int64),
        shift=shift,
        width=width[order],
        n_names=max(code.size for code in codes) + FIRST_NAME,
        allele_name=allele_name,
        locus_shift=locus_shift,
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
