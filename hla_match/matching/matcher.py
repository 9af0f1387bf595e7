"""The one door of a search: a registry, made ready once, and the patients that are searched in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.encoding import NEW, LocusEncoder
from hla_match.errors import CriteriaError
from hla_match.frequencies.genotypes import Diplotypes, diplotypes
from hla_match.frequencies.imputation import ImputedRegistry
from hla_match.kernels.donor_pass import EXCLUDED, select_donors
from hla_match.kernels.locus_count import BEST, GVH_BEST, GVH_WORST, HVG_BEST, HVG_WORST, WORST
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.patient_table import LocusComparison
from hla_match.matching.policies import Candidates, policy_named
from hla_match.matching.prediction import Prediction, settled
from hla_match.matching.predictor import ImputedPatient, impute_patient, predict
from hla_match.matching.results import LocusResult, MatchList
from hla_match.registry import STATUSES, Registry, as_of_date

_MEASURE = {"both": (BEST, WORST), "gvh": (GVH_BEST, GVH_WORST), "hvg": (HVG_BEST, HVG_WORST)}
"""By direction, the rows of the counts that hold its best and its worst number."""


class Matcher:
    """Searches one registry for patients.

    Args:
        registry: the donors.
        imputed: the donors under a set of haplotype frequencies; with it, searches give probabilities.
        workers: threads for predictions; results do not depend on them.
    """

    def __init__(self, registry: Registry, imputed: ImputedRegistry | None = None, *, workers: int = 1) -> None:
        self.registry = registry
        self.imputed = imputed
        self._workers = workers
        self._encoder: dict[str, LocusEncoder] = {}
        self._comparison: dict[str, LocusComparison] = {}
        self._eligible: tuple[SearchCriteria, NDArray[np.bool_]] | None = None
        self._age: tuple[int, NDArray[np.int32]] | None = None

    def search(
        self, patient: Patient, criteria: SearchCriteria | None = None, *, policy: str | None = None
    ) -> MatchList:
        """Return the donors that meet the criteria, best first.

        Args:
            patient: for whom.
            criteria: which donors.
            policy: name of the order (`hla_match.matching.policies.POLICIES`); by default `probability-first` where
                there are probabilities, else `certain-first`.

        Raises:
            TypingError: a typing of the patient cannot be read under the registry's nomenclature.
            CriteriaError: no locus in scope is typed in the registry, or the policy is unknown.
        """
        criteria = criteria if criteria is not None else SearchCriteria()
        order = policy_named(policy or ("certain-first" if self.imputed is None else "probability-first"))
        registry = self.registry
        missing = [locus for locus in criteria.loci if locus not in registry.loci]
        if len(missing) == len(criteria.loci):
            raise CriteriaError("scope", found=criteria.scope, expected="a locus typed in the registry")
        loci = {
            locus: self._compare(locus, patient)
            for locus in registry.loci
            if locus in self._reported(patient, criteria)
        }
        scope = [loci[locus] for locus in criteria.loci if locus in loci]
        # A locus that no donor is typed at is a potential match of both alleles for every donor.
        donor = self._select(scope, criteria)
        measure, worst = _MEASURE[criteria.direction]
        total = np.zeros((6, donor.size), np.uint8)
        for result in scope:
            total += result.counts[:, result.meaning_of(registry, donor)]
        for _ in missing:
            total += np.array([2, 0, 0, 2, 0, 2], np.uint8)[:, None]
        size = np.uint8(2 * len(criteria.loci))
        mismatches = size - total[BEST] if measure == BEST else total[measure]
        unnamed = _with_new(registry, scope, donor)
        candidates = Candidates(
            patient=patient,
            registry=registry,
            donor=donor,
            mismatches=mismatches,
            certain=(total[measure] == total[worst]) & ~unnamed,
            age=self._ages(criteria)[donor],
            prediction=self._predict(patient, criteria.loci, loci, donor, ~unnamed),
        )
        rank_number = order.pack(candidates)
        first = _best(rank_number, criteria.limit)
        return MatchList(
            patient=patient,
            criteria=criteria,
            policy=order,
            registry=registry,
            loci=tuple(loci.values()),
            donor=donor[first],
            total=np.ascontiguousarray(total[:, first]),
            age=candidates.age[first],
            rank_number=rank_number[first],
            n_found=int(donor.size),
            prediction=None if candidates.prediction is None else candidates.prediction.taken(first),
        )

    def predict(self, patient: Patient, donors: Sequence[str], *, scope: str = "10/10") -> Prediction:
        """Return the match probabilities of a patient with some donors, in their order.

        Args:
            patient: for whom.
            donors: identifiers.
            scope: as in `SearchCriteria`.

        Raises:
            CriteriaError: the matcher has no frequencies, or a donor is not in the registry.
            TypingError: a typing of the patient cannot be read under the registry's nomenclature.
        """
        named = self.registry.attributes["donor_id"]
        row = pl.Series(donors, dtype=pl.String).replace_strict(
            named, pl.int_range(len(named), eager=True), default=None
        )
        if row.null_count():
            raise CriteriaError(
                "donors", found=f"{row.null_count()} identifiers", expected="identifiers of donors of the registry"
            )
        donor = row.cast(pl.UInt32).to_numpy()
        criteria = SearchCriteria(scope=scope)
        loci = {locus: self._compare(locus, patient) for locus in self.registry.loci if locus in criteria.loci}
        known = ~_with_new(self.registry, list(loci.values()), donor)
        found = self._predict(patient, criteria.loci, loci, donor, known)
        if found is None:
            raise _without_frequencies()
        return found

    def impute(self, patient: Patient, *, limit: int = 100) -> tuple[Diplotypes, ...]:
        """Return what a person may carry: the most probable diplotypes, one entry for each independent part.

        Args:
            patient: the person, who need not be a patient.
            limit: diplotypes of a part to list.

        Raises:
            CriteriaError: the matcher has no frequencies.
            TypingError: a typing cannot be read under the registry's nomenclature.
        """
        if self.imputed is None:
            raise _without_frequencies()
        person = self._impute(patient, self.imputed)
        return diplotypes(person.imputation, self.imputed.panels, 0, limit=limit)

    def _impute(self, patient: Patient, imputed: ImputedRegistry) -> ImputedPatient:
        carried = {
            locus: self._encode(locus).carried(*patient.typings[locus])
            for locus in imputed.panels.loci
            if locus in patient.typings
        }
        return impute_patient(imputed.panels, carried, patient.population)

    def _encode(self, locus: str) -> LocusEncoder:
        encoder = self._encoder.get(locus)
        if encoder is None:
            encoder = self._encoder[locus] = LocusEncoder(self.registry.nomenclature, locus, self.registry.codes)
        return encoder

    def _predict(
        self,
        patient: Patient,
        scope: tuple[str, ...],
        loci: Mapping[str, LocusResult],
        donor: NDArray[np.uint32],
        known: NDArray[np.bool_],
    ) -> Prediction | None:
        """Predict matches; a pair of persons whose counts are certain, with `known` alleles, is 0 or 1 all the same."""
        if self.imputed is None:
            return None
        person = self._impute(patient, self.imputed)
        found = predict(person, self.imputed, scope, donor, workers=self._workers)
        if any(locus not in loci for locus in scope):
            return found
        counts = [loci[locus].counts[:, loci[locus].meaning_of(self.registry, donor)] for locus in scope]
        best, worst = (np.stack([count[measure] for count in counts], axis=1) for measure in (BEST, WORST))
        return settled(found, (best == worst).all(axis=1) & known, best)

    def _reported(self, patient: Patient, criteria: SearchCriteria) -> set[str]:
        """Return the loci in scope and those beyond it that the patient is typed at."""
        return set(criteria.loci) | {locus for locus, (first, _) in patient.typings.items() if first}

    def _compare(self, locus: str, patient: Patient) -> LocusResult:
        comparison = self._comparison.get(locus)
        if comparison is None:
            comparison = self._comparison[locus] = LocusComparison(self.registry, locus)
        alternatives = comparison.alternatives(*patient.typings.get(locus, ("", "")))
        return LocusResult(locus, comparison, alternatives, comparison.counts(alternatives))

    def _select(self, scope: list[LocusResult], criteria: SearchCriteria) -> NDArray[np.uint32]:
        registry = self.registry
        tables: list[NDArray[np.uint8]] = []
        for result in scope:
            if criteria.direction == "both":
                mismatches = (2 - result.counts[BEST]).astype(np.uint8)
            else:
                mismatches = result.counts[_MEASURE[criteria.direction][0]].copy()
            limit = criteria.locus_limits.get(result.locus)
            if limit is not None:
                mismatches[mismatches > limit] = EXCLUDED
            tables.append(mismatches[result.comparison.column.meaning])
        starts = np.zeros(len(tables), np.int64)
        np.cumsum([table.size for table in tables[:-1]], out=starts[1:])
        donor = np.empty(registry.n_donors, np.uint32)
        found = select_donors(
            registry.donor_typing,
            np.array([registry.loci.index(result.locus) for result in scope], np.int64),
            starts,
            np.concatenate(tables),
            self._eligibility(criteria),
            criteria.max_mismatches,
            donor,
        )
        return donor[:found].copy()

    def _eligibility(self, criteria: SearchCriteria) -> NDArray[np.bool_]:
        if self._eligible is not None and self._eligible[0] == criteria:
            return self._eligible[1]
        registry = self.registry
        allowed = np.zeros(256, np.bool_)
        allowed[[STATUSES.index(status) for status in criteria.statuses]] = True
        eligible = allowed[registry.status]
        if criteria.min_age is not None or criteria.max_age is not None:
            age = self._ages(criteria)
            low, high = criteria.min_age or 0, 255 if criteria.max_age is None else criteria.max_age
            eligible &= (age < 0) | ((age >= low) & (age <= high))
        if criteria.only_donors is not None:
            eligible &= registry.attributes["donor_id"].is_in(list(criteria.only_donors)).to_numpy()
        if criteria.without_donors:
            eligible &= ~registry.attributes["donor_id"].is_in(list(criteria.without_donors)).to_numpy()
        self._eligible = (criteria, eligible)
        return eligible

    def _ages(self, criteria: SearchCriteria) -> NDArray[np.int32]:
        """Return completed years of every donor, -1 where the birth date is missing."""
        date = criteria.as_of or as_of_date(self.registry)
        today = date.year * 10000 + date.month * 100 + date.day
        if self._age is None or self._age[0] != today:
            born = self.registry.birth_date
            self._age = (today, np.where(born == 0, -1, np.maximum((today - born) // 10000, 0)).astype(np.int32))
        return self._age[1]


def _without_frequencies() -> CriteriaError:
    return CriteriaError("frequencies", found="none", expected="a matcher made with an imputed registry")


def _with_new(registry: Registry, scope: list[LocusResult], donor: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Say which donors have an allele reported as NEW in scope: it is unknown, and must not rank as certain."""
    found = np.zeros(donor.size, np.bool_)
    for result in scope:
        if any((NEW,) in alternative for alternative in result.alternatives):
            found[:] = True
        elif result.comparison.reports_new.any():
            found |= result.comparison.reports_new[result.meaning_of(registry, donor)]
    return found


def _best(rank_number: NDArray[np.uint64], limit: int | None) -> NDArray[np.int64]:
    """Return the positions of the lowest numbers in ascending order, at most `limit` of them."""
    if limit is None or limit >= rank_number.size:
        return np.argsort(rank_number)
    first = np.argpartition(rank_number, limit)[:limit]
    return first[np.argsort(rank_number[first])]
