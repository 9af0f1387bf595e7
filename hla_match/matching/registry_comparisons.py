"""Patients compared with the registry, locus by locus; what all patients share is computed once."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.loci import DRB345, OPTIONAL_GENES
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.drb345 import JointRegistry, with_drb345
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.patient_table import LocusComparison
from hla_match.typings.encoding import Alternative, AmbiguousNulls, LocusEncoder, counted


class RegistryComparisons:
    """Compares patients with the donors of a registry; threads may share it.

    Args:
        registry: the donors.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._encoders: dict[tuple[str, AmbiguousNulls], LocusEncoder] = {}
        self._comparisons: dict[str, LocusComparison] = {}
        self._joint: JointRegistry | None = None
        self._joining = Lock()

    def make_ready(self, loci: Collection[str]) -> None:
        """Work out what all patients share at the loci of the registry and at some others."""
        for locus in self.registry.loci:
            self._comparison_of(locus, self.registry)
        for locus in (*self.registry.loci, *loci):
            self.encoder(locus, self.registry.ambiguous_nulls)

    def encoder(self, locus: str, ambiguous_nulls: AmbiguousNulls) -> LocusEncoder:
        """Return what reads typings of a locus under a mode of null alleles."""
        encoder = self._encoders.get((locus, ambiguous_nulls))
        if encoder is None:
            encoder = self._encoders.setdefault((locus, ambiguous_nulls), self.registry.encoder(locus, ambiguous_nulls))
        return encoder

    def with_nulls(
        self, patient: Patient, loci: Collection[str], ambiguous_nulls: AmbiguousNulls | None
    ) -> dict[str, tuple[Alternative, ...]]:
        """Return a patient's typings, as the chromosomes carry them, at those of some loci that have one."""
        mode = ambiguous_nulls or self.registry.ambiguous_nulls
        return {
            locus: self.encoder(locus, mode).with_nulls(*patient.typings[locus])
            for locus in loci
            if locus in patient.typings
        }

    def in_scope(self, patient: Patient, criteria: SearchCriteria) -> dict[str, LocusResult]:
        """Return the loci in scope that the registry has."""
        known = self.searched(criteria).loci
        return {locus: self.compare(locus, patient, criteria) for locus in criteria.loci if locus in known}

    def searched(self, criteria: SearchCriteria) -> Registry:
        """Return the registry, with DRB345 as a locus where it is in scope."""
        return self.with_drb345().registry if DRB345 in criteria.loci else self.registry

    def untyped_loci(self, criteria: SearchCriteria) -> list[str]:
        """Return the loci in scope at which no donor is typed; a search needs another one.

        Raises:
            CriteriaError: no donor is typed at any locus in scope.
        """
        known = self.searched(criteria).loci
        missing = [locus for locus in criteria.loci if locus not in known]
        if len(missing) == len(criteria.loci):
            expected, code = "a locus typed in the registry", ErrorCode.CRITERIA_CONFLICT
            raise CriteriaError("scope", found=criteria.scope, expected=expected, code=code)
        return missing

    def with_drb345(self) -> JointRegistry:
        """Return the registry with DRB345, worked out once."""
        with self._joining:
            if self._joint is None:
                self._joint = with_drb345(self.registry)
            return self._joint

    def _compare_drb345(self, patient: Patient, criteria: SearchCriteria) -> LocusResult:
        joint = self.with_drb345()
        alternatives, notes = joint.read(self.with_nulls(patient, OPTIONAL_GENES, criteria.ambiguous_nulls))
        return LocusResult(DRB345, self._comparison_of(DRB345, joint.registry), alternatives, criteria.null_rule, notes)

    def compare(self, locus: str, patient: Patient, criteria: SearchCriteria) -> LocusResult:
        """Compare a patient at a locus with every distinct typing of the registry.

        Raises:
            TypingError: the patient's typing cannot be read.
        """
        if locus == DRB345:
            return self._compare_drb345(patient, criteria)
        encoder = self.encoder(locus, criteria.ambiguous_nulls or self.registry.ambiguous_nulls)
        with_nulls, notes = encoder.with_nulls_and_notes(*patient.typings.get(locus, ("", "")))
        comparison = self._comparison_of(locus, self.registry)
        return LocusResult(locus, comparison, counted(with_nulls), criteria.null_rule, notes)

    def _comparison_of(self, locus: str, registry: Registry) -> LocusComparison:
        comparison = self._comparisons.get(locus)
        if comparison is None:
            comparison = self._comparisons.setdefault(locus, LocusComparison(registry, locus))
        return comparison
