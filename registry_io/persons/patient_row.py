"""One patient from a row: a mapping of columns to cells, or a frame of one row, read as a row of a patient file is."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from hla_match.errors import CriteriaError, ErrorCode, FileError
from hla_match.errors.arguments import InWords
from hla_match.foreign_frames import polars_frame
from hla_match.matching.criteria import Patient
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.persons.column_names import IDENTIFIERS, bare
from registry_io.persons.patient_file import PatientFile, read_patients
from registry_io.tables.frame_table import FrameTable

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

_NAME = "patient"
_MISSING = frozenset({"NAType", "NaTType"})
"""The types by which pandas marks an empty cell."""


def read_patient_row(
    row: Mapping[str, Any] | IntoDataFrame | pl.LazyFrame,
    nomenclature: Nomenclature | None = None,
    codes: MacTable | None = None,
    *,
    ambiguous_nulls: AmbiguousNulls = "drop",
    today: datetime.date | None = None,
) -> Patient:
    """Return the patient of a row, with columns as in a file of patients.

    A locus may also be one entry with both typings, as `Patient.typings` has it. Without an identifier the patient is
    called "patient". What is left empty of a row stands in the patient's `reading_notes`.

    Args:
        row: cells by column, or a frame of one row.
        nomenclature, codes, ambiguous_nulls, today: as in `registry_io.read_patients`.

    Raises:
        CriteriaError: it is no row, or not exactly one, or it cannot be read, as without typings.

    >>> read_patient_row({"A": ("02:01", "24:02"), "B_1": "40:01", "B_2": "46:01", "sex": "female"}).sex
    'F'
    """
    frame = _mapped(row) if isinstance(row, Mapping) else polars_frame(row, _NAME)
    if frame.height != 1:
        raise CriteriaError(
            _NAME,
            found=InWords(f"a frame of {frame.height:,} rows"),
            expected="one row; hla_match.search_patients and hla_match.batch search many patients",
            code=ErrorCode.CRITERIA_TYPE,
        )
    if not any(bare(name) in IDENTIFIERS for name in frame.columns):
        frame = frame.with_columns(pl.lit(_NAME).alias("patient_id"))
    try:
        read = read_patients(
            FrameTable(frame, _NAME), nomenclature, codes, ambiguous_nulls=ambiguous_nulls, today=today
        )  # fmt: skip
    except FileError as error:
        # A row lies in no file, and has no number.
        raise CriteriaError(
            _NAME if error.column is None else f"{_NAME}: column {error.column}",
            found=InWords(error.found),
            expected=error.expected,
            hint=error.hint,
            code=ErrorCode.CRITERIA_COLUMN,
        ) from None
    return _only_patient(read)


def _only_patient(read: PatientFile) -> Patient:
    """Return the patient of a table of one row."""
    if read.quarantined or not read.patients:
        faults = [record.summary for record in read.quarantined] or ["an empty row"]
        raise CriteriaError(
            _NAME,
            found=InWords("; ".join(faults)),
            expected="a row that can be read as one of a patient file",
            hint="; ".join(dict.fromkeys(record.hint for record in read.quarantined if record.hint)),
        )
    ((number, patient),) = read.patients
    notes = (*read.cautions, *([read.warnings[number]] if number in read.warnings else []))
    return patient.model_copy(update={"reading_notes": (*patient.reading_notes, *notes)}) if notes else patient


def _mapped(row: Mapping[str, Any]) -> pl.DataFrame:
    """Return a mapping of columns to cells as a frame of one row."""
    pairs: list[tuple[str, Any]] = []
    for name, value in row.items():
        if isinstance(value, tuple | list) and len(value) == 2:
            pairs += ((f"{name}_1", value[0]), (f"{name}_2", value[1]))
        else:
            pairs.append((str(name), value))
    cells = {name: _cell(name, value) for name, value in pairs}
    if len(cells) < len(pairs) or not cells:
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise CriteriaError(
            _NAME,
            found=InWords(f"column {', '.join(twice)} more than once" if twice else "a row without columns"),
            expected="a row of typings, with each column once",
            code=ErrorCode.CRITERIA_COLUMN,
        )
    return pl.DataFrame({name: [value] for name, value in cells.items()})


def _cell(name: str, value: Any) -> Any:
    """Return a value of a row as polars takes it; what NumPy and pandas mark as missing is None."""
    plain = value
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        # Finer units than microseconds would become numbers.
        plain = (value.astype("datetime64[us]") if type(value).__name__ == "datetime64" else value).item()
    if type(plain).__name__ in _MISSING or (isinstance(plain, float) and math.isnan(plain)):
        return None
    if isinstance(plain, datetime.datetime):
        return plain.date()
    if plain is None or isinstance(plain, str | int | float | datetime.date):
        return plain
    raise CriteriaError(
        f"{_NAME}: column {name}",
        found=InWords(f"a value of type {type(value).__name__}"),
        expected="text, a number or a day",
        code=ErrorCode.CRITERIA_COLUMN,
    )
