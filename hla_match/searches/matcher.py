"""The one door of a search: a registry, made ready once, and the patients that are searched in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from threading import Lock

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.policies import RankingPolicy, policy_named
from hla_match.choice.ranking import rank_donors
from hla_match.donors.registry import Registry, as_of_date
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_type
from hla_match.imputation.genotypes import Diplotypes, diplotypes
from hla_match.imputation.imputed_registry import DonorImputation, impute_listed
from hla_match.kernels.codes import (
    BEST,
    COUNTS_OF_UNTYPED,
    EXCLUDED,
    GVH_BEST,
    GVH_WORST,
    HVG_BEST,
    HVG_WORST,
    UNCERTAIN,
    WORST,
)
from hla_match.loci import DRB345, OPTIONAL_GENES
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.criteria_counts import criteria_counts
from hla_match.matching.donor_search import LocusMismatches, find_donors
from hla_match.matching.drb345 import JointRegistry, with_drb345
from hla_match.matching.eligibility import eligible_donors, within
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.patient_table import KEPT_BYTES, LocusComparison
from hla_match.prediction.counted_predictions import (
    further_mismatches,
    least_possible,
    with_certain_counts,
    with_counted_locus,
    within_counts,
)
from hla_match.prediction.lazy_predictions import LazyPredictions
from hla_match.prediction.pair_prediction import PairPredictor
from hla_match.prediction.patient_imputation import ImputedPatient, PatientImputer
from hla_match.prediction.prediction import Prediction
from hla_match.prediction.predictor import PatientPredictor
from hla_match.prediction.scope import PredictionScope
from hla_match.searches.match_list import MatchList
from hla_match.typings.encoding import Alternative, AmbiguousNulls, LocusEncoder, NullRule, counted

_MEASURE = {"both": (BEST, WORST), "gvh": (GVH_BEST, GVH_WORST), "hvg": (HVG_BEST, HVG_WORST)}
"""By direction, the rows of the counts that hold its best and its worst number."""


_KEPT_SCOPES = 16
"""Sets of loci, by rule of null alleles, that are kept prepared for predictions."""


class Matcher:
    """Searches one registry for patients; threads may share it.

    Args:
        registry: the donors.
        imputed: the donors under a set of haplotype frequencies; with it, searches give probabilities.
        workers: threads for predictions; results do not depend on them.
    """

    def __init__(self, registry: Registry, imputed: DonorImputation | None = None, *, workers: int = 1) -> None:
        check_type("registry", registry, Registry, expected="a Registry, such as registry_io.open_registry(FOLDER)")
        self.registry = registry
        self.imputed = imputed
        self._workers = workers
        self._encoder: dict[tuple[str, AmbiguousNulls], LocusEncoder] = {}
        self._comparison: dict[str, LocusComparison] = {}
        self._joint: JointRegistry | None = None
        self._joining = Lock()
        self._eligible: tuple[SearchCriteria, dict[str, NDArray[np.uint8]]] | None = None
        widest = max((column.table.n_typings for column in registry.columns.values()), default=1)
        if imputed is not None:
            self._imputer = PatientImputer(imputed.panels)
            self._prediction_scope = lru_cache(_KEPT_SCOPES)(partial(PredictionScope, imputed.panels))
        self._limited = lru_cache(max(1, KEPT_BYTES // (2 * widest)))(_limited)

    def make_ready(self) -> None:
        """Work out what all searches share, which threads that start together would each work out."""
        for locus in self.registry.loci:
            self._comparison_of(locus, self.registry)
            self._encode(locus, self.registry.ambiguous_nulls)
        if self.imputed is not None:
            for locus in self.imputed.panels.loci:
                self._encode(locus, self.registry.ambiguous_nulls)

    def search(
        self,
        patient: Patient,
        criteria: SearchCriteria | None = None,
        *,
        policy: str | RankingPolicy | None = None,
        donors: range | None = None,
    ) -> MatchList:
        """Return the donors that meet the criteria, best first.

        Args:
            patient: for whom.
            criteria: which donors.
            policy: the order, or its name in `hla_match.POLICIES`; by default `probability-first` where there are
                probabilities, else `certain-first`.
            donors: rows of the registry to choose from, one after another: a shard; None for all.

        Raises:
            TypingError: a typing of the patient cannot be read under the registry's nomenclature.
            CriteriaError: no locus in scope is typed in the registry, the policy is unknown, or the rows are none of
                the registry's.
        """
        criteria = criteria if criteria is not None else SearchCriteria()
        check_type("patient", patient, Patient, expected="a Patient")
        check_type("criteria", criteria, SearchCriteria, expected="SearchCriteria")
        order = policy_named(policy or ("certain-first" if self.imputed is None else "probability-first"))
        registry = self._searched(criteria)
        missing = [locus for locus in criteria.loci if locus not in registry.loci]
        if len(missing) == len(criteria.loci):
            raise CriteriaError(
                "scope",
                found=criteria.scope,
                expected="a locus typed in the registry",
                code=ErrorCode.CRITERIA_CONFLICT,
            )
        reported = self._reported(patient, criteria)
        loci = {locus: self._compare(locus, patient, criteria) for locus in registry.loci if locus in reported}
        scope = [loci[locus] for locus in criteria.loci if locus in loci]
        *_, allowed = self._allowed(criteria).values()
        found = find_donors(
            registry,
            self._limited_loci(scope, criteria),
            within(allowed, donors, registry.n_donors),
            criteria.max_mismatches,
        )
        candidates = Candidates(
            patient=patient,
            registry=self.registry,
            donor=found.donor,
            mismatches=found.mismatches,
            # A locus that no donor is typed at is a potential match of both alleles for every donor.
            certain=found.certain & (not missing),
            as_of=criteria.as_of or as_of_date(registry),
            predictions=self._predictions(patient, criteria, loci, found.donor),
            position=np.arange(found.donor.size),
        )
        first, key_columns = rank_donors(order, candidates, criteria.limit)
        chosen = candidates.take(first)
        total = np.zeros((6, chosen.donor.size), np.uint8)
        for result in scope:
            total += result.counts[:, result.meaning_of(chosen.donor)]
        for _ in missing:
            total += np.array(COUNTS_OF_UNTYPED, np.uint8)[:, None]
        return MatchList(
            patient=patient,
            criteria=criteria,
            policy=order,
            registry=self.registry,
            loci=tuple(loci.values()),
            donor=chosen.donor,
            total=total,
            age=chosen.age,
            key_columns=key_columns,
            n_found=int(found.donor.size),
            count_criteria=partial(self._criteria_counts, scope, criteria, donors, int(found.donor.size)),
            prediction=None if chosen.predictions is None else chosen.predictions.of(first),
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
        return self._predicted(patient, self._rows_of(donors), criteria)

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

        Persons of few diplotypes (`hla_match.prediction.pair_prediction`) are compared all with all, far sooner than
        one by one; pairs with others cost what `predict` costs.

        Args:
            patients: for whom.
            donors: identifiers; None for all donors of the registry, in the order of its rows.
            scope: as in `SearchCriteria`.
            null_rule: as in `SearchCriteria`.
            ambiguous_nulls: as in `SearchCriteria`.

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
        criteria = SearchCriteria(scope=scope, null_rule=null_rule, ambiguous_nulls=ambiguous_nulls)
        donor = np.arange(self.registry.n_donors, dtype=np.uint32) if donors is None else self._rows_of(donors)
        persons = impute_listed(
            imputed.panels,
            [self._with_nulls(patient, imputed, ambiguous_nulls) for patient in patients],
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
            results = self._in_scope(patient, criteria)
            if DRB345 in criteria.loci:
                found[row] = further_mismatches(found[row], *_certain_matches(results.get(DRB345), donor))
            if not patient_listed[row]:
                found[row] = self._predicted(patient, donor, criteria).mismatches
            elif others.size:
                found[row, others] = self._predicted(patient, donor[others], criteria).mismatches
            if any(result.is_serology for result in results.values()):
                best = np.stack([_certain_matches(result, donor)[0] for result in results.values()])
                found[row] = least_possible(found[row], 2 * len(results) - best.sum(axis=0, dtype=np.int64))
        return found

    def _rows_of(self, donors: Sequence[str]) -> NDArray[np.uint32]:
        """Return the rows of the registry that hold some donors."""
        named = self.registry.attributes["donor_id"]
        row = pl.Series(donors, dtype=pl.String).replace_strict(
            named, pl.int_range(len(named), eager=True), default=None
        )
        if row.null_count():
            raise CriteriaError(
                "donors",
                found=f"{row.null_count()} identifiers",
                expected="identifiers of donors of the registry",
                code=ErrorCode.CRITERIA_UNKNOWN,
            )
        return row.cast(pl.UInt32).to_numpy()

    def _predicted(self, patient: Patient, donor: NDArray[np.uint32], criteria: SearchCriteria) -> Prediction:
        """Return the match probabilities of a patient with some donors by their rows."""
        predictions = self._predictions(patient, criteria, self._in_scope(patient, criteria), donor)
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
        person = self._impute(patient, self.imputed, None)
        return diplotypes(person.imputation, self.imputed.panels, 0, limit=limit)

    def _impute(
        self, patient: Patient, imputed: DonorImputation, ambiguous_nulls: AmbiguousNulls | None
    ) -> ImputedPatient:
        return self._imputer.impute(self._with_nulls(patient, imputed, ambiguous_nulls), patient.population)

    def _with_nulls(
        self, patient: Patient, imputed: DonorImputation, ambiguous_nulls: AmbiguousNulls | None
    ) -> dict[str, tuple[Alternative, ...]]:
        """Return a patient's typings at the loci of the panels, as the chromosomes carry them."""
        return {
            locus: self._encode(locus, ambiguous_nulls or self.registry.ambiguous_nulls).with_nulls(
                *patient.typings[locus]
            )
            for locus in imputed.panels.loci
            if locus in patient.typings
        }

    def _encode(self, locus: str, ambiguous_nulls: AmbiguousNulls) -> LocusEncoder:
        encoder = self._encoder.get((locus, ambiguous_nulls))
        if encoder is None:
            encoder = self._encoder.setdefault((locus, ambiguous_nulls), self.registry.encoder(locus, ambiguous_nulls))
        return encoder

    def _predictions(
        self, patient: Patient, criteria: SearchCriteria, loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]
    ) -> LazyPredictions | None:
        """Return what predicts matches; a pair of persons whose counts are certain is 0 or 1 all the same."""
        if self.imputed is None:
            return None
        person, scope = self._impute(patient, self.imputed, criteria.ambiguous_nulls), criteria.loci
        covered = tuple(locus for locus in scope if locus != DRB345)
        predictor = PatientPredictor(
            person, self.imputed, self._prediction_scope(covered, criteria.null_rule), workers=self._workers
        )
        is_serology = any(loci[locus].is_serology for locus in scope if locus in loci)

        def predicted(rows: NDArray[np.uint32], most: int) -> Prediction:
            found = predictor.predict(rows, most=most)
            if DRB345 in scope:
                of_locus = _certain_matches(loci.get(DRB345), rows)
                found = with_counted_locus(found, scope.index(DRB345), DRB345, *of_locus)
            counts = [_certain_matches(loci.get(locus), rows) for locus in scope]
            best = np.stack([one for one, _ in counts], axis=1)
            certain: NDArray[np.bool_] = np.all([one for _, one in counts], axis=0)
            return with_certain_counts(within_counts(found, best) if is_serology else found, certain, best)

        def bounded(rows: NDArray[np.uint32]) -> NDArray[np.float64]:
            # A bound without a locus holds with it, whatever mismatches are there.
            found = predictor.bounds(rows)
            if DRB345 in scope:
                found[~_certain_matches(loci.get(DRB345), rows)[1]] = np.nan
            return found

        bound = bounded if predictor.bounds_pay else None
        return LazyPredictions(donor, predicted, bound, near_pays=predictor.near_pays)

    def _in_scope(self, patient: Patient, criteria: SearchCriteria) -> dict[str, LocusResult]:
        """Return the loci in scope that the registry has."""
        known = self._searched(criteria).loci
        return {locus: self._compare(locus, patient, criteria) for locus in criteria.loci if locus in known}

    def _reported(self, patient: Patient, criteria: SearchCriteria) -> set[str]:
        """Return the loci in scope and those beyond it that the patient is typed at."""
        return set(criteria.loci) | {locus for locus, (first, _) in patient.typings.items() if first}

    def _searched(self, criteria: SearchCriteria) -> Registry:
        """Return the registry, with DRB345 as a locus where it is in scope."""
        return self._with_drb345().registry if DRB345 in criteria.loci else self.registry

    def _with_drb345(self) -> JointRegistry:
        """Return the registry with DRB345, worked out once."""
        with self._joining:
            if self._joint is None:
                self._joint = with_drb345(self.registry)
            return self._joint

    def _compare_drb345(self, patient: Patient, criteria: SearchCriteria) -> LocusResult:
        joint = self._with_drb345()
        mode = criteria.ambiguous_nulls or self.registry.ambiguous_nulls
        typed = [gene for gene in OPTIONAL_GENES if gene in patient.typings]
        with_nulls = {gene: self._encode(gene, mode).with_nulls(*patient.typings[gene]) for gene in typed}
        alternatives, notes = joint.read(with_nulls)
        return LocusResult(DRB345, self._comparison_of(DRB345, joint.registry), alternatives, criteria.null_rule, notes)

    def _compare(self, locus: str, patient: Patient, criteria: SearchCriteria) -> LocusResult:
        if locus == DRB345:
            return self._compare_drb345(patient, criteria)
        encoder = self._encode(locus, criteria.ambiguous_nulls or self.registry.ambiguous_nulls)
        with_nulls, notes = encoder.with_nulls_and_notes(*patient.typings.get(locus, ("", "")))
        comparison = self._comparison_of(locus, self.registry)
        return LocusResult(locus, comparison, counted(with_nulls), criteria.null_rule, notes)

    def _comparison_of(self, locus: str, registry: Registry) -> LocusComparison:
        comparison = self._comparison.get(locus)
        if comparison is None:
            comparison = self._comparison.setdefault(locus, LocusComparison(registry, locus))
        return comparison

    def _allowed(self, criteria: SearchCriteria) -> dict[str, NDArray[np.uint8]]:
        """Return `eligible_donors`, kept for the next search by the same criteria."""
        kept = self._eligible
        if kept is None or kept[0] != criteria:
            kept = self._eligible = (criteria, eligible_donors(self.registry, criteria))
        return kept[1]

    def _limited_loci(self, scope: Sequence[LocusResult], criteria: SearchCriteria) -> list[LocusMismatches]:
        """Return what each locus counts for, in the direction asked for."""
        measure, worst = _MEASURE[criteria.direction]
        return [self._limited(one, measure, worst, criteria.locus_limits.get(one.locus)) for one in scope]

    def _criteria_counts(
        self, scope: Sequence[LocusResult], criteria: SearchCriteria, donors: range | None, n_found: int
    ) -> dict[str, int]:
        limited = self._limited_loci(scope, criteria) if criteria.locus_limits else []
        return criteria_counts(self._searched(criteria), criteria, self._allowed(criteria), limited, donors, n_found)


def _certain_matches(
    result: LocusResult | None, donor: NDArray[np.uint32]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the best counts of a locus with some donors, and whether each is certain; None: no donor is typed."""
    if result is None:
        return np.full(donor.size, 2, np.uint8), np.zeros(donor.size, np.bool_)
    meaning = result.meaning_of(donor)
    best = result.counts[BEST, meaning]
    return best, (result.counts[WORST, meaning] == best) & ~result.is_new[meaning]


def _without_frequencies() -> CriteriaError:
    return CriteriaError(
        "frequencies",
        found="none",
        expected="a matcher made with an imputed registry",
        code=ErrorCode.CRITERIA_FREQUENCIES,
    )


def _limited(result: LocusResult, measure: int, worst: int, limit: int | None) -> LocusMismatches:
    """Return what a locus counts for; meanings over its own limit are excluded."""
    counts = result.counts
    least = (2 - counts[measure] if measure == BEST else counts[measure]).astype(np.uint16)
    if limit is not None:
        least[least > limit] = EXCLUDED
    least[(counts[measure] != counts[worst]) | result.is_new] += UNCERTAIN
    return LocusMismatches(result.locus, least)
