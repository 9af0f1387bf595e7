"""The entry point of a search: a registry, prepared once, in which patients are searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.further_criteria import meeting_further
from hla_match.choice.policies import RankingPolicy, policy_for
from hla_match.choice.ranking import rank_donors
from hla_match.donors.registry import Registry, as_of_date
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_count, check_each, check_type
from hla_match.immunogenetics.antibodies import antibody_loci
from hla_match.immunogenetics.carried_genotypes import CarriedPersons
from hla_match.immunogenetics.tce_probabilities import TceFrequencies, classes_of_search
from hla_match.imputation.genotypes import Diplotypes, diplotypes
from hla_match.imputation.imputed_donors import refuse_others
from hla_match.imputation.imputed_registry import DonorImputation, ImputedOnDemand, ImputedRegistry, impute_listed
from hla_match.loci import DRB345
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.locus_result import LocusResult, certain_matches, summed_counts
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.matching.scope_counts import may_fail
from hla_match.prediction.counted_predictions import further_mismatches, least_possible
from hla_match.prediction.lazy_predictions import LazyPredictions
from hla_match.prediction.pair_prediction import PairPredictor
from hla_match.prediction.patient_imputation import ImputedPatient, PatientImputer
from hla_match.prediction.prediction import Prediction
from hla_match.prediction.predictor import PatientPredictor
from hla_match.prediction.scope import PredictionScope
from hla_match.searches.counted_search import counted_search
from hla_match.searches.donor_finder import DonorFinder
from hla_match.searches.donor_rows import all_or_named, donor_rows
from hla_match.searches.given_patient import given_patient
from hla_match.searches.list_outcomes import list_outcomes
from hla_match.searches.match_list import MatchList
from hla_match.typings.encoding import AmbiguousNulls, NullRule

if TYPE_CHECKING:
    from hla_match.searches.given_patient import PatientInput

_KEPT_SCOPES = 16
"""Sets of loci, by rule of null alleles, that are kept prepared for predictions."""


class Matcher:
    """Searches one registry for patients; threads may share it.

    Args:
        registry: the donors.
        imputed: the donors under a set of haplotype frequencies; with it, searches give probabilities.
        workers: threads for predictions; results do not depend on them.

    Raises:
        CriteriaError: the donors that were imputed are not those of the registry, or were coded by another
            nomenclature.
    """

    def __init__(self, registry: Registry, imputed: DonorImputation | None = None, *, workers: int = 1) -> None:
        check_type("registry", registry, Registry, expected="a Registry, such as registry_io.open_registry(FOLDER)")
        if imputed is not None:
            check_type("imputed", imputed, ImputedRegistry, ImputedOnDemand, expected="donors under frequencies")
            refuse_others(registry, imputed)
        check_count("workers", workers)
        self.registry = registry
        self.imputed = imputed
        self._workers = workers
        self._tce = None if imputed is None else TceFrequencies(imputed, registry)
        self._comparisons = RegistryComparisons(registry)
        self._finder = DonorFinder(registry, self._comparisons)
        if imputed is not None:
            self._imputer = PatientImputer(imputed.panels)
            self._prediction_scope = lru_cache(_KEPT_SCOPES)(partial(PredictionScope, imputed.panels))

    def make_ready(self) -> None:
        """Compute what all searches share, so that threads that start together do not each compute it."""
        self._comparisons.make_ready(() if self.imputed is None else self.imputed.panels.loci)

    def search(
        self,
        patient: PatientInput,
        criteria: SearchCriteria | None = None,
        *,
        policy: str | RankingPolicy | None = None,
        donors: range | None = None,
    ) -> MatchList:
        """Return the donors that meet the criteria, best first.

        Args:
            patient: for whom: a `Patient`, a GL String, or a row of a table of patients, such as a dict of its cells.
            criteria: which donors.
            policy: the order, or its name in `hla_match.POLICIES`; by default `wmda` where there are probabilities,
                else `plain`. Its filters hold where the criteria do not set them.
            donors: rows of the registry to choose from, one after another: a shard; None for all.

        Raises:
            TypingError: a typing of the patient cannot be read under the registry's nomenclature.
            CriteriaError: the patient's row cannot be read, no locus in scope is typed in the registry, the policy is
                unknown or needs probabilities that there are not, or the rows are none of the registry's.
        """
        criteria = criteria if criteria is not None else SearchCriteria()
        check_type("criteria", criteria, SearchCriteria, expected="SearchCriteria")
        patient = given_patient(patient, self.registry, criteria)
        order = policy_for(policy, has_probabilities=self.imputed is not None)
        criteria = order.criteria_of(criteria)
        if criteria.min_p is not None and self.imputed is None:
            raise _without_frequencies("min_p", criteria.min_p)
        registry, missing = self._comparisons.searched(criteria), self._comparisons.untyped_loci(criteria)
        reported = {*criteria.loci, *(locus for locus, (first, _) in patient.typings.items() if first)}
        reported |= antibody_loci(patient.antibodies, registry.nomenclature)
        compare = partial(self._comparisons.compare, patient=patient, criteria=criteria)
        loci = {locus: compare(locus) for locus in registry.loci if locus in reported}
        scope = [loci[locus] for locus in criteria.loci if locus in loci]
        candidates = self._candidates(patient, criteria, loci, donors)
        n_matching = int(candidates.donor.size)
        candidates, further = meeting_further(candidates)
        found = candidates.donor
        first, key_columns = rank_donors(order, candidates, criteria.limit)
        chosen, prepared = candidates.take(first), partial(self._prepared, patient, criteria)
        return MatchList(
            patient=patient,
            criteria=criteria,
            policy=order,
            registry=self.registry,
            loci=tuple(loci.values()),
            donor=chosen.donor,
            total=summed_counts(scope, len(missing), chosen.donor),
            age=chosen.age,
            key_columns=key_columns,
            n_found=int(found.size),
            count_criteria=partial(self._finder.counts, scope, criteria, donors, n_matching, further),
            count_unresolved=lambda: int(may_fail(criteria, loci, found).sum()),
            prediction=None if chosen.predictions is None else chosen.predictions.of(chosen.position),
            tce_probabilities=classes_of_search(self._tce, prepared, loci),
            carried=None if self.imputed is None else CarriedPersons(prepared),
            outcomes_of=partial(list_outcomes, prepared, criteria.loci, loci),
            again=partial(self._search_again, patient),
        )

    def finds_some(self, patient: Patient, criteria: SearchCriteria) -> bool:
        """Say whether a search finds donors but for what depends on predictions, of which it makes none.

        Args:
            patient: for whom.
            criteria: which donors, with what the policy sets.

        Raises:
            TypingError, CriteriaError: as `search`.
        """
        self._comparisons.untyped_loci(criteria)
        scope = list(self._comparisons.in_scope(patient, criteria).values())
        return bool(self._finder.find(scope, criteria).donor.size)

    def _search_again(
        self,
        patient: Patient,
        criteria: SearchCriteria,
        policy: RankingPolicy,
        donors: range | None = None,
        *,
        with_frequencies: bool = True,
    ) -> MatchList:
        """Search for the same patient otherwise, as `hla_match.searches.placed_donors.SearchAgain` says."""
        searching = self if with_frequencies or self.imputed is None else Matcher(self.registry)
        return searching.search(patient, criteria, policy=policy, donors=donors)

    def _candidates(
        self, patient: Patient, criteria: SearchCriteria, loci: Mapping[str, LocusResult], donors: range | None
    ) -> Candidates:
        """Return the donors that meet the criteria, in the order of their rows."""
        scope = [loci[locus] for locus in criteria.loci if locus in loci]
        found = self._finder.find(scope, criteria, donors)
        return Candidates(
            patient=patient,
            criteria=criteria,
            loci=loci,
            registry=self.registry,
            donor=found.donor,
            mismatches=found.mismatches,
            # A locus that no donor is typed at is a potential match of both alleles for every donor.
            certain=found.certain & (len(scope) == len(criteria.loci)),
            as_of=criteria.as_of or as_of_date(self.registry),
            predictions=self._predictions(patient, criteria, loci, found.donor),
            position=np.arange(found.donor.size),
        )

    def predict(
        self,
        patient: Patient,
        donors: Sequence[str],
        *,
        scope: str = "10/10",
        null_rule: NullRule = "consensus",
        ambiguous_nulls: AmbiguousNulls | None = None,
    ) -> Prediction:
        """Return the match probabilities of a patient with some donors, in their order.

        Args:
            patient: for whom.
            donors: identifiers.
            scope: as in `SearchCriteria`.
            null_rule: as in `SearchCriteria`.
            ambiguous_nulls: as in `SearchCriteria`.

        Raises:
            CriteriaError: the matcher has no frequencies, or a donor is not in the registry.
            TypingError: a typing of the patient cannot be read under the registry's nomenclature.
        """
        criteria = SearchCriteria(scope=scope, null_rule=null_rule, ambiguous_nulls=ambiguous_nulls)
        return self._predicted(patient, donor_rows(self.registry, donors), criteria)

    def predict_pairs(
        self,
        patients: Sequence[Patient],
        donors: Sequence[str] | None = None,
        *,
        scope: str = "10/10",
        null_rule: NullRule = "consensus",
        ambiguous_nulls: AmbiguousNulls | None = None,
    ) -> NDArray[np.float64]:
        """Return the match probabilities of all patients with all donors.

        Persons of few diplotypes (`hla_match.prediction.pair_prediction`) are compared all with all, which is much
        faster than one by one; other pairs cost what `predict` costs.

        Args:
            patients: for whom.
            donors: identifiers; None for all donors of the registry, in the order of its rows.
            scope, null_rule, ambiguous_nulls: as in `SearchCriteria`.

        Returns:
            (patients, donors, 5) float64, 40 bytes a pair: the probability of exactly 0, 1, 2, 3, 4 mismatches, NaN
            where it is missing; what `predict` gives for each patient, within rounding and what `predict` cuts.

        Raises:
            CriteriaError: the matcher has no frequencies, or a donor is not in the registry.
            TypingError: a typing of a patient cannot be read under the registry's nomenclature; nothing is returned.
        """
        imputed = self.imputed
        if imputed is None:
            raise _without_frequencies()
        check_each("patients", patients, Patient, expected="a list of patients")
        criteria = SearchCriteria(scope=scope, null_rule=null_rule, ambiguous_nulls=ambiguous_nulls)
        donor = all_or_named(self.registry, donors)
        persons = impute_listed(
            imputed.panels,
            [self._comparisons.with_nulls(patient, imputed.panels.loci, ambiguous_nulls) for patient in patients],
            [patient.population for patient in patients],
            workers=self._workers,
        )
        covered = tuple(locus for locus in criteria.loci if locus != DRB345)
        if not covered:
            return np.stack([self._predicted(patient, donor, criteria).mismatches for patient in patients])
        predictor = PairPredictor(self._prediction_scope(covered, null_rule), workers=self._workers)
        found, patient_listed, donor_listed = predictor.predict(
            persons, *imputed.of_donors(donor, workers=self._workers)
        )
        others = np.flatnonzero(~donor_listed)
        for row, patient in enumerate(patients):
            results = self._comparisons.in_scope(patient, criteria)
            if DRB345 in criteria.loci:
                found[row] = further_mismatches(found[row], *certain_matches(results.get(DRB345), donor))
            if not patient_listed[row]:
                found[row] = self._predicted(patient, donor, criteria).mismatches
            elif others.size:
                found[row, others] = self._predicted(patient, donor[others], criteria).mismatches
            if any(result.is_serology for result in results.values()):
                best = np.stack([certain_matches(result, donor)[0] for result in results.values()])
                found[row] = least_possible(found[row], 2 * len(results) - best.sum(axis=0, dtype=np.int64))
        return found

    def _predicted(self, patient: Patient, donor: NDArray[np.uint32], criteria: SearchCriteria) -> Prediction:
        """Return the match probabilities of a patient with some donors by their rows."""
        predictions = self._predictions(patient, criteria, self._comparisons.in_scope(patient, criteria), donor)
        if predictions is None:
            raise _without_frequencies()
        return predictions.of(np.arange(donor.size))

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
        check_type("patient", patient, Patient, expected="a Patient")
        person = self._impute(patient, self.imputed, None)
        return diplotypes(person.imputation, self.imputed.panels, 0, limit=limit)

    def _impute(
        self, patient: Patient, imputed: DonorImputation, ambiguous_nulls: AmbiguousNulls | None
    ) -> ImputedPatient:
        return self._imputer.impute(
            self._comparisons.with_nulls(patient, imputed.panels.loci, ambiguous_nulls), patient.population
        )

    def _predictions(
        self, patient: Patient, criteria: SearchCriteria, loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]
    ) -> LazyPredictions | None:
        """Return what predicts matches of a patient with some donors by their rows; None without frequencies."""
        if self.imputed is None:
            return None
        person, imputed, scope = self._prepared(patient, criteria)
        predictor = PatientPredictor(person, imputed, scope, workers=self._workers)
        return counted_search(predictor, criteria.loci, loci, donor)

    def _prepared(
        self, patient: Patient, criteria: SearchCriteria
    ) -> tuple[ImputedPatient, DonorImputation, PredictionScope]:
        """Return the patient and the donors imputed, and the loci in scope that frequencies can know."""
        if self.imputed is None:
            raise _without_frequencies()
        scope = self._prediction_scope(tuple(one for one in criteria.loci if one != DRB345), criteria.null_rule)
        return self._impute(patient, self.imputed, criteria.ambiguous_nulls), self.imputed, scope


def _without_frequencies(name: str = "frequencies", found: object = "none") -> CriteriaError:
    expected = "a matcher made with an imputed registry"
    return CriteriaError(name, found=found, expected=expected, code=ErrorCode.CRITERIA_FREQUENCIES)
