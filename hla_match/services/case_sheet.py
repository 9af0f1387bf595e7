"""What of a case may leave the office: codes in place of patient and donors, their matches, and how far they are."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hla_match.cases.blind_codes import donor_code
from hla_match.cases.list_changes import matches
from hla_match.cases.steps import STAGE_WORDS, DonorState
from hla_match.errors.arguments import check_count, check_day
from hla_match.language import translated
from hla_match.services.batch_outputs import existing_error
from hla_match.services.report_files import report_files, write_report
from hla_match.services.searched_registry import check_folder
from registry_io.disk.given_path import given_path
from registry_io.store.case_records import CaseRecord, show_case
from registry_io.store.journal.journal import Journal

SHEET = {
    "patient_code": pl.String,
    "donor_code": pl.String,
    "state": pl.String,
    "reserved_until": pl.Date,
    "matches": pl.String,
    "grades": pl.String,
    "p0": pl.Float64,
    "p1": pl.Float64,
    "p2": pl.Float64,
    "age": pl.Int32,
}
"""Columns of what leaves the office."""


def case_sheet(
    registry: str | Path,
    case: int | str,
    *,
    first: int | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    raw_text: bool = False,
    today: datetime.date | None = None,
) -> pl.DataFrame:
    """Return what of a case may leave the office: codes, matches and ages, and nothing that names patient or donor.

    Args:
        registry: folder of the registry.
        case: its number, or the code of its patient.
        first: donors of the list at most, from the first; None for those who had a step alone.
        out: file to write it to: CSV, Parquet, JSON lines or Excel, by its ending.
        overwrite: whether a file of that name may be replaced.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.
        today: the day whose states are told; by default the clock's.

    Raises:
        RegistryError: there is no registry or no such case, or it is damaged.
        CriteriaError: the file's ending names no format.
        FileError: the file cannot be written, or is there already.
        LockedError: another process writes the file.
    """
    check_folder(registry)
    folder, day = Path(registry), datetime.date.today() if today is None else today
    check_day("today", day)
    if first is not None:
        check_count("first", first)
    found = _sheet(folder, show_case(folder, case), first, day)
    if out is not None:
        path = given_path("out", out)
        with report_files(folder, [path], None):
            if path.exists() and not overwrite:
                raise existing_error(path)
            write_report({path: found}, {}, raw_text=raw_text)
    return found


def _sheet(folder: Path, case: CaseRecord, first: int | None, day: datetime.date) -> pl.DataFrame:
    states = {one.donor_code: one.state for one in case.donors}
    with Journal.open(folder) as journal:
        secret = journal.cases.secret
        listed = {one.donor: one for one in journal.cases.listed(case.number)}
        names = journal.cases.identifiers(list(listed))
    order = sorted(names, key=lambda key: (listed[key].place, names[key]))
    told = {donor_code(secret, case.number, key): json.loads(listed[key].content) for key in order}
    codes = [code for code in told if code in states] + [code for code in states if code not in told]
    # Beyond its limit more donors of a list are kept than it has.
    shown = 0 if first is None else min(first, case.request.criteria.limit or first)
    codes += [code for code in list(told)[:shown] if code not in states]
    rows = [_row(case.patient_code, code, states.get(code), told.get(code), day) for code in codes]
    return pl.DataFrame(rows, SHEET, orient="row")


def _row(
    patient: str, code: str, state: DonorState | None, told: Mapping[str, Any] | None, day: datetime.date
) -> tuple[object, ...]:
    until = state.reserved_until if state is not None and state.is_reserved(day) else None
    word = None if state is None else translated(STAGE_WORDS[state.stage(day)])
    if told is None:
        return (patient, code, word, until, None, None, None, None, None, None)
    grades = " ".join(f"{locus}:{pair}" for locus, pair in told["grades"].items())
    return (patient, code, word, until, matches(told), grades, *(told["p"] or [None] * 3), told["age"])
