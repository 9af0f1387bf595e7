"""The outcomes of searched patients, one by one and in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from hla_match.choice.policies import KeyColumns
from hla_match.errors import HlaMatchError
from hla_match.language import DEFAULT, speaking
from hla_match.matching.criteria import Patient
from hla_match.reporting.search_notices import counts_notice


@dataclass(frozen=True, slots=True)
class PatientOutcome:
    """The outcome of one patient.

    Attributes:
        patient: for whom.
        frame: the donors, best first, as in `MatchList.to_polars`; without columns after an error.
        n_found: donors that met the criteria, before the limit.
        patient_missing: loci in scope at which no frequencies explain the patient.
        error: why there was no search, or None.
        notices: as in `MatchList`; none after an error.
    """

    patient: Patient
    frame: pl.DataFrame
    n_found: int
    patient_missing: tuple[str, ...]
    error: HlaMatchError | None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientAnswer:
    """The part of a patient's outcome that is not in the rows.

    Attributes:
        loci: the loci that were compared.
        n_donors: rows.
        patient_notices: as in `MatchList`.
        criteria_counts: as in `MatchList`, where no donor was found; else empty.
    """

    loci: tuple[str, ...]
    n_donors: int
    n_found: int
    patient_missing: tuple[str, ...]
    error: HlaMatchError | None
    patient_notices: tuple[str, ...] = ()
    criteria_counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def notices(self) -> tuple[str, ...]:
        """The notices above the list, as in `MatchList`, in English: they stand in files for programs."""
        counts = self.criteria_counts
        with speaking(DEFAULT):
            return (*self.patient_notices, *([counts_notice(counts)] if counts and not self.n_found else []))


@dataclass(frozen=True, slots=True)
class PatientBlock:
    """The outcome of consecutive patients.

    Attributes:
        patients: for whom.
        answers: one a patient.
        frame: the donors of all, patient by patient; a column that a patient does not have is null in its rows.
        key_columns: (rows,) codes for each key of the policy, as in `MatchList`; none where no patient was searched.
    """

    patients: tuple[Patient, ...]
    answers: tuple[PatientAnswer, ...]
    frame: pl.DataFrame
    key_columns: KeyColumns

    def outcomes(self) -> Iterator[PatientOutcome]:
        """Yield the outcome of each patient."""
        compared = {locus for answer in self.answers for locus in answer.loci}
        start = 0
        for patient, answer in zip(self.patients, self.answers, strict=True):
            lacking = [f"{locus}_grade" for locus in compared if locus not in answer.loci]
            rows = self.frame[start : start + answer.n_donors] if answer.error is None else pl.DataFrame()
            if lacking and answer.error is None:
                rows = rows.drop(lacking)
            missing = answer.patient_missing
            yield PatientOutcome(patient, rows, answer.n_found, missing, answer.error, answer.notices)
            start += answer.n_donors
