"""The one patient of a command: a typing that is given, or a patient of a file."""

from __future__ import annotations

from pathlib import Path

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.services.notices import NoticeKind, Notices
from registry_io.persons.patient_file import PatientFile, read_patients


def chosen_patient(
    registry: Registry,
    *,
    hla: str | None = None,
    patients: Path | None = None,
    patient_id: str | None = None,
    criteria: SearchCriteria | None = None,
    notices: Notices | None = None,
) -> Patient:
    """Return the patient that is asked for.

    Args:
        registry: reads the typings.
        hla: the typing as a GL String.
        patients: or a file of patients.
        patient_id: whose typing of the file; may be left out where the file has one patient.
        criteria: of the search, which say how null alleles are read, and as of which day.
        notices: are told what was read of the file otherwise than written, and which of the patient's cells were not.

    Raises:
        CriteriaError: neither or both are given, an identifier stands beside a typing, or no patient of the file that
            can be read has that identifier.
        TypingError: the GL String cannot be read.
        FileError: the file cannot be read.
    """
    if (hla is None) == (patients is None):
        found = "both" if hla is not None else "neither"
        expected = "a typing, or a file of patients with the patient's identifier"
        raise CriteriaError("patient", found=found, expected=expected, code=ErrorCode.CRITERIA_CONFLICT)
    if hla is not None and patient_id is not None:
        expected = "a typing alone, or a file of patients with the patient's identifier"
        raise CriteriaError(
            "patient", found="an identifier beside a typing", expected=expected, code=ErrorCode.CRITERIA_CONFLICT
        )
    if hla is not None:
        return Patient.from_gl_string("patient", hla)
    assert patients is not None
    asked = criteria if criteria is not None else SearchCriteria()
    file = read_patients(
        patients,
        registry.nomenclature,
        registry.codes,
        ambiguous_nulls=asked.ambiguous_nulls or registry.ambiguous_nulls,
        today=asked.as_of,
    )
    row, patient = _named(file, patient_id, patients.name)
    if notices is not None:
        _note(notices, file, row, patients.name)
    return patient


def _named(file: PatientFile, patient_id: str | None, name: str) -> tuple[int, Patient]:
    """Return the row and the patient of an identifier, which may be left out where the file has one patient.

    Raises:
        CriteriaError: no patient of the file that can be read has that identifier.
    """
    named = [(row, one) for row, one in file.patients if patient_id is None or one.patient_id == patient_id]
    if len(named) == 1:
        return named[0]
    refused = [one for one in file.quarantined if patient_id is not None and one.person_id == patient_id]
    if refused and not named:
        raise CriteriaError(
            "patient",
            found=InWords(f"row {refused[0].row}, which cannot be read: {refused[0].summary}"),
            expected="a patient who can be read",
            hint=refused[0].hint,
            code=ErrorCode.CRITERIA_UNKNOWN,
        )
    raise CriteriaError(
        "patient",
        found=f"{len(named)} patients" if named else "an identifier that no patient of the file has",
        expected=f"that of one of the {len(file.patients):,} patients of {name} that can be read",
        code=ErrorCode.CRITERIA_UNKNOWN,
    )


def _note(notices: Notices, file: PatientFile, row: int, name: str) -> None:
    """Tell what was read of a file otherwise than written, and which cells of a row were left empty."""
    for note in file.notes:
        notices.add(NoticeKind.NOTE, note, name)
    if row in file.warnings:
        notices.add(NoticeKind.NOTE, file.warnings[row], name)
    for caution in file.cautions:
        notices.add(NoticeKind.CAUTION, caution)
