"""One patient compared with donors: the probability of each number of mismatches, and what matches at each locus.

Persons are kept as classes of haplotypes. Each of a patient's few genotypes is compared with the classes of a donor; of
a more ambiguous patient the genotypes are compared with each genotype that donors may have. The definition of a match
is that of the search.
Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction"; Bochtler et al., Hum Immunol 2016;77:371.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.imputed_registry import DonorImputation
from hla_match.imputation.panels import FallbackLevel
from hla_match.kernels.prediction.genotype_prediction import predict_matches
from hla_match.kernels.prediction.joint_prediction import predict_ambiguous
from hla_match.kernels.prediction.locus_matches import match_at_loci
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import GenotypeGroups, LocusMatches, MismatchCounts
from hla_match.prediction.few_genotypes import few_genotypes, seen_haplotypes
from hla_match.prediction.match_bounds import few_mismatch_bounds
from hla_match.prediction.packed_genotypes import PackedGenotypes, pack_genotypes
from hla_match.prediction.patient_imputation import ImputedPatient
from hla_match.prediction.prediction import MAX_MISMATCHES, Prediction
from hla_match.prediction.scope import PredictionScope

DIPLOTYPES = 1 << 21
"""Diplotypes, in labels of the alleles that an ambiguous patient may have, of a person that are compared at most.

They are the most probable ones; the rest is cut as mass. A person of whom hardly anything is known has a million under
3,500 haplotypes.
"""

_MANY_HAPLOTYPES = 100
"""A patient of so many is compared with donors twice where an order is asked for: by few mismatches at first."""

_FEWEST_PERSONS = 64
"""Persons of a thread at least: fewer are not worth it."""


class PatientPredictor:
    """One patient, made ready to be compared with donors of a registry.

    Args:
        patient: the patient, imputed with the panels of the registry.
        registry: the donors.
        scope: the loci in scope, with the panels of the registry.
        workers: threads; results do not depend on them.
    """

    def __init__(
        self, patient: ImputedPatient, registry: DonorImputation, scope: PredictionScope, *, workers: int = 1
    ) -> None:
        self._registry, self._scope, self._workers = registry, scope, workers
        classes, row = patient.imputation.classes, patient.imputation.person
        (lacking,) = scope.missing_loci(classes.person_missing[row]).tolist()
        unexplained = [locus for bit, locus in enumerate(scope.loci) if lacking >> bit & 1]
        self._missing = tuple(locus for locus in unexplained if locus not in patient.stated)
        self._fallback = FallbackLevel(int(scope.farthest_fallback(classes, row)[0]))
        if unexplained:
            self._fallback = FallbackLevel.MISSING if self._missing else FallbackLevel.CERTAIN
        stated = {locus: patient.stated[locus] for locus in unexplained if locus in patient.stated}
        genotypes = None if self._missing else few_genotypes(scope, patient.imputation, stated)
        self._seen = [] if genotypes is None else [*seen_haplotypes(scope, genotypes)]
        self._packed: PackedGenotypes | None = None
        if genotypes is None and not self._missing:
            self._packed = pack_genotypes(scope, classes, stated)
        self._patient_cut = 0.0 if self._packed is None else self._packed.cut
        self._grouped: tuple[GenotypeGroups, float] | None = None

    @property
    def bounds_pay(self) -> bool:
        """Whether `bounds` costs far less than `predict`."""
        return self._packed is not None

    @property
    def near_pays(self) -> bool:
        """Whether `predict` costs far less where few mismatches are asked for."""
        return self._packed is not None and self._packed.patient.word.size > _MANY_HAPLOTYPES

    def predict(self, donor: NDArray[np.uint32], *, most: int = MAX_MISMATCHES) -> Prediction:
        """Predict the matches with some donors, (n,) rows of the registry.

        Args:
            donor: the rows.
            most: greatest number of mismatches whose probability is asked for; those of others may be NaN, and with
                fewer than all of them that of the one mismatch at each locus, too.
        """
        persons = self._persons(donor)
        n, n_loci = persons.person.size, len(self._scope.loci)
        is_whole = most == MAX_MISMATCHES or self._packed is None
        counts = MismatchCounts(np.zeros((n, MAX_MISMATCHES + 1)), np.zeros((n, n_loci if is_whole else 0)))
        matches = LocusMatches(np.zeros((n, n_loci)), np.zeros((n, n_loci)))
        cut = np.zeros(n)
        beyond = self._compare(persons, most, counts, matches, cut)
        cut = 1.0 - (1.0 - self._patient_cut) * (1.0 - beyond) * (1.0 - cut)
        missing = self._missing_loci(persons, matches)
        unknown = (missing != 0) | bool(self._missing)
        for values in (*counts, *matches, cut):
            values[unknown] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            p_only_mismatch = counts.p_only_mismatch / counts.mismatches[:, 1:2]
        fallback = np.maximum(self._scope.farthest_fallback(persons.classes, persons.person), self._fallback)
        fallback[missing != 0] = FallbackLevel.MISSING
        row = persons.row
        return Prediction(
            loci=self._scope.loci,
            mismatches=counts.mismatches[row],
            p_both=matches.p_both[row],
            p_one=matches.p_one[row],
            p_only_mismatch=p_only_mismatch[row] if is_whole else np.full((row.size, n_loci), np.nan),
            cut=cut[row],
            patient_cut=self._patient_cut,
            fallback=fallback[row],
            missing=missing[row],
            patient_missing=self._missing,
            frequency_set=self._scope.panels.name,
        )

    def bounds(self, donor: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return (n, 5) upper bounds of the probabilities of at most 0, 1, 2, 3, 4 mismatches with some donors.

        They follow from what matches at each locus by itself (`hla_match.prediction.match_bounds`), and none of no and
        of one mismatch is more probable than as many alleles that the patient cannot have. NaN where the prediction is,
        or where something would be cut of the donor. Only where `bounds_pay`.
        """
        packed = self._packed
        assert packed is not None
        persons = self._persons(donor)
        n, n_loci = persons.person.size, len(self._scope.loci)
        matches = LocusMatches(np.zeros((n, n_loci)), np.zeros((n, n_loci)))
        unshared = np.zeros((n, 2))
        is_whole = np.empty(n, np.bool_)

        def run(stripe: slice) -> None:
            match_at_loci(
                DIPLOTYPES,
                packed.patient,
                packed.haplotypes,
                persons.classes,
                persons.person[stripe],
                LocusMatches(*(values[stripe] for values in matches)),
                unshared[stripe],
                is_whole[stripe],
            )

        _run(run, persons.stripes)
        # A pair whose counts are certain has probability 1, even where something of the patient was cut.
        bound = few_mismatch_bounds(*matches, MAX_MISMATCHES)
        bound[:, :2] = np.minimum(bound[:, :2], np.cumsum(unshared, axis=1))
        bound += self._patient_cut
        bound[(self._missing_loci(persons, matches) != 0) | ~is_whole] = np.nan
        of_donors: NDArray[np.float64] = bound[persons.row]
        return of_donors

    def _compare(
        self,
        persons: _Persons,
        most: int,
        counts: MismatchCounts,
        matches: LocusMatches,
        cut: NDArray[np.float64],
    ) -> float:
        """Add the matches with some persons, and return what of the patient's genotypes is not compared."""
        if self._missing:
            return 0.0
        if self._packed is None:
            self._compare_genotypes(persons, counts, matches)
            return 0.0
        packed = self._packed
        self._grouped = self._grouped or packed.grouped(DIPLOTYPES)
        groups, beyond = self._grouped
        counts.mismatches[:, most + 1 :] = np.nan

        def run(stripe: slice) -> None:
            predict_ambiguous(
                DIPLOTYPES,
                most,
                packed.patient,
                groups,
                packed.haplotypes,
                persons.classes,
                persons.person[stripe],
                MismatchCounts(*(values[stripe] for values in counts)),
                LocusMatches(*(values[stripe] for values in matches)),
                cut[stripe],
            )

        _run(run, persons.stripes)
        return beyond

    def _compare_genotypes(self, persons: _Persons, counts: MismatchCounts, matches: LocusMatches) -> None:
        """Add the matches of the patient's genotypes, one after another."""

        def run(stripe: slice) -> None:
            person = persons.person[stripe]
            found = MismatchCounts(*(values[stripe] for values in counts))
            at_loci = LocusMatches(*(values[stripe] for values in matches))
            for seen in self._seen:
                predict_matches(
                    seen.probability, seen.null_loci, seen.haplotypes, persons.classes, person, found, at_loci
                )

        _run(run, persons.stripes)

    def _missing_loci(self, persons: _Persons, matches: LocusMatches) -> NDArray[np.uint16]:
        """Return (n,) uint16 the loci in scope, as bits, that make a prediction impossible."""
        missing = self._scope.missing_loci(persons.classes.person_missing[persons.person])
        return missing | self._scope.uncertain_loci(*matches, self._patient_cut)

    def _persons(self, donor: NDArray[np.uint32]) -> _Persons:
        """Return the distinct persons among some donors, in stripes for the threads."""
        imputation, of_donor = self._registry.of_donors(donor, workers=self._workers)
        distinct, number = np.unique(of_donor, return_inverse=True)
        # No more stripes than threads: each works out the outcomes of the distinct genotypes that it meets.
        n_stripes = max(1, min(self._workers, distinct.size // _FEWEST_PERSONS))
        if n_stripes == 1:
            return _Persons(imputation.classes, distinct.astype(np.int64), number, [slice(0, distinct.size)])
        stripes = [np.arange(first, distinct.size, n_stripes) for first in range(n_stripes)]
        order = np.concatenate(stripes)
        row = np.empty(distinct.size, np.int64)
        row[order] = np.arange(distinct.size)
        ends = np.cumsum([stripe.size for stripe in stripes])
        slices = [slice(end - stripe.size, end) for end, stripe in zip(ends, stripes, strict=True)]
        return _Persons(imputation.classes, distinct[order].astype(np.int64), row[number], slices)


@dataclass(frozen=True, slots=True)
class _Persons:
    """The distinct persons among some donors; a stripe is every n-th of them, since neighbours cost alike.

    Attributes:
        classes: of all donors.
        person: (n,) int64 the persons, stripe after stripe.
        row: (donors,) int64 which of these each donor is.
        stripes: ranges of the persons.
    """

    classes: HaplotypeClasses
    person: NDArray[np.int64]
    row: NDArray[np.integer[Any]]
    stripes: list[slice]


def _run(work: Callable[[slice], None], stripes: list[slice]) -> None:
    """Do the stripes of a work, each in a thread of its own."""
    if len(stripes) == 1:
        work(stripes[0])
        return
    with ThreadPoolExecutor(len(stripes)) as pool:
        list(pool.map(work, stripes))
