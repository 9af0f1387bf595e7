"""A file of patients: each readable row becomes a `Patient`, each other one a record that says why not."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.donors.attributes import of_persons
from hla_match.loci import LOCI
from hla_match.matching.criteria import Patient
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.persons.person_attributes import warnings_by_row
from registry_io.persons.person_table import read_persons
from registry_io.persons.typing_conflicts import reconcile
from registry_io.tables.budgets import Budgets
from registry_io.tables.frame_table import FrameTable, file_or_frame
from registry_io.tables.quarantine import QuarantinedRecord

if TYPE_CHECKING:
    import polars as pl
    from narwhals.typing import IntoDataFrame


@dataclass(frozen=True, slots=True)
class PatientFile:
    """The patients of a file.

    Attributes:
        patients: file row and patient.
        quarantined: rows that cannot be read.
        warnings: by row of patients, which of their cells were left empty and why, in words.
        checksum: SHA-256 of the file.
        notes: what the reader noticed about the whole file.
        cautions: what may have gone wrong without an error.
    """

    patients: list[tuple[int, Patient]]
    quarantined: list[QuarantinedRecord]
    warnings: Mapping[int, str]
    checksum: str
    notes: tuple[str, ...]
    cautions: tuple[str, ...]


def read_patients(
    patients: str | Path | IntoDataFrame | pl.LazyFrame | FrameTable,
    nomenclature: Nomenclature | None = None,
    codes: MacTable | None = None,
    *,
    ambiguous_nulls: AmbiguousNulls = "drop",
    today: datetime.date | None = None,
    budgets: Budgets | None = None,
) -> PatientFile:
    """Read a file or frame of patients, with columns as in a donor file and `patient_id`.

    The first row of a frame, of polars, pandas or pyarrow, is row 2, as below a header.

    Where a locus stands in columns and in a GL String, `nomenclature`, `codes` and `ambiguous_nulls` tell whether the
    two agree; without a nomenclature two that differ as texts are a conflict. `today` and `budgets` are as in
    `registry_io.persons.person_table.read_persons`.

    Raises:
        FileError: the file cannot be read at all.
        CriteriaError: what is given is neither a file nor a frame.
        BudgetError: it takes more than its budget.
    """
    source = patients if isinstance(patients, FrameTable) else file_or_frame(patients, "patients")
    read = read_persons(source, kind="patient", today=today, budgets=budgets)
    records = reconcile(read, nomenclature, codes, ambiguous_nulls)
    found: list[tuple[int, Patient]] = []
    loci = [locus for locus in LOCI if f"{locus}_1" in records.frame.columns]
    noted: dict[int, tuple[str, ...]] = {}
    for number, note in records.noted.iter_rows():
        noted[number] = (*noted.get(number, ()), note)
    present = [name for name in of_persons("patient") if name in records.frame.columns]
    for row in records.frame.iter_rows(named=True):
        typings = {locus: (row[f"{locus}_1"] or "", row[f"{locus}_2"] or "") for locus in loci}
        patient = Patient(
            patient_id=row["person_id"],
            typings={locus: pair for locus, pair in typings.items() if pair[0]},
            reading_notes=noted.get(row["row"], ()),
            **{name: row[name] for name in present},
        )
        found.append((row["row"], patient))
    return PatientFile(
        found,
        records.quarantined,
        warnings_by_row(records.warnings),
        records.checksum,
        records.notes,
        records.read_notes.cautions,
    )
