"""The patient that a search is given: a `Patient`, a GL String, or a row of a table.

What a row's columns are called is known to `registry_io` alone, which is asked when somebody gives a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.matching.criteria import Patient, SearchCriteria

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

    PatientInput = Patient | str | Mapping[str, Any] | IntoDataFrame | pl.LazyFrame
    """A patient, a GL String or line of names, cells by column, or a frame of one row."""


def given_patient(patient: PatientInput, registry: Registry, criteria: SearchCriteria) -> Patient:
    """Return the patient of a search.

    Args:
        patient: a `Patient`; a GL String or a line of names; a row with columns as in a file of patients: cells by
            column (a dict, a row of pandas, a named tuple), or a frame of one row.
        registry: whose nomenclature settles typings that stand in a row twice.
        criteria: how null alleles are read, and at which day ages are computed.

    Raises:
        TypingError: a GL String cannot be read.
        CriteriaError: it is none of these, or a row cannot be read, as without typings or with half a pair of columns.
    """
    if isinstance(patient, Patient):
        return patient
    if isinstance(patient, str):
        return Patient.from_gl_string("patient", patient)
    row: Any = patient.collect() if isinstance(patient, pl.LazyFrame) else patient
    for as_mapping in ("_asdict", "to_dict"):  # of a named tuple, and of a row of pandas
        if not hasattr(row, "columns") and hasattr(row, as_mapping):
            row = getattr(row, as_mapping)()
    if not isinstance(row, Mapping) and not hasattr(row, "columns"):
        raise CriteriaError(
            "patient",
            found=None if patient is None else InWords(f"a value of type {type(patient).__name__}"),
            expected="a Patient, a GL String, or a row of a frame as a dict",
            code=ErrorCode.CRITERIA_TYPE,
        )
    from registry_io.persons.patient_row import read_patient_row

    return read_patient_row(
        row,
        registry.nomenclature,
        registry.codes,
        ambiguous_nulls=criteria.ambiguous_nulls or registry.ambiguous_nulls,
        today=criteria.as_of,
    )
