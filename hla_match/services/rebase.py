"""``rebase``: a registry read again under another release; what changed for donors and patients out."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode, FileError
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.nomenclature.release import Nomenclature
from hla_match.services.report_files import report_files, write_report
from registry_io.disk.given_path import given_path
from registry_io.persons.patient_file import PatientFile, read_patients
from registry_io.store.rebase import RebasedRegistry, rebase_registry
from registry_io.store.registry_store import open_registry

if TYPE_CHECKING:
    import polars as pl

    from registry_io.tables.quarantine import QuarantinedRecord

HEAD = 20
"""Donors of a list that are compared, unless the criteria say how many."""


@dataclass(frozen=True, slots=True)
class RebaseReport:
    """What another nomenclature changed.

    Attributes:
        registry: as it is from then on, or would be.
        before: as it was.
        transaction: its number in the record; None where nothing was changed.
        changes: the typings that say something else, and those that cannot be read any more, as
            `hla_match.donors.typing_changes.TYPING_CHANGES`.
        unreadable: typings that cannot be read any more, whose donors leave.
        n_leaving: number of these donors.
        lists: the lists that differ, as `hla_match.searches.list_changes.LIST_CHANGES`; None without patients.
        patients: the patients of the file; None without one.
    """

    registry: Registry
    before: Registry
    transaction: int | None
    changes: pl.DataFrame
    unreadable: list[QuarantinedRecord]
    n_leaving: int
    lists: pl.DataFrame | None
    patients: PatientFile | None


def rebase(
    registry: str | Path,
    release: Nomenclature | str,
    *,
    codes: str | Path | None = None,
    patients: str | Path | None = None,
    criteria: SearchCriteria | None = None,
    changes: str | Path | None = None,
    lists: str | Path | None = None,
    allow_shrink: bool = False,
    dry_run: bool = False,
    actor: str = "",
    reason: str = "",
    raw_text: bool = False,
) -> RebaseReport:
    r"""Read all donors of a registry again from its record under another release, and say what changes.

    Args:
        registry: folder of the registry.
        release: the nomenclature, or a release as `registry_io.open_nomenclature` takes it.
        codes: file of multiple allele codes beside those of the registry (NMDP's alpha.v3 layout).
        patients: file of patients whose lists are compared, before and after.
        criteria: of these lists; of each the first 20 donors are compared unless `limit` says how many.
        changes: table of the typings that say something else: CSV, Parquet, JSON lines or Excel, by its ending.
        lists: table of the lists that differ.
        allow_shrink: whether donors may leave with a typing that cannot be read any more.
        dry_run: change nothing.
        actor: who does it; by default the user's name.
        reason: why.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.

    Raises:
        CriteriaError: no donor is typed in scope, there are `lists` without patients, or a file read would be replaced.
        RegistryError: there is no registry, it is damaged, or a donor would leave, which was not allowed.
        NomenclatureError: the release is not installed.
        FileError: a file cannot be read or written.
        LockedError: another process writes.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> report = rebase(folder / "registry", "builtin", dry_run=True)
    >>> report.transaction, report.changes.height
    (None, 0)
    """
    folder = given_path("registry", registry)
    mac_file, patient_file = _path("codes", codes), _path("patients", patients)
    tables = _path("changes", changes), _path("lists", lists)
    _check_lists(tables[1], patient_file)
    inputs = [path for path in (mac_file, patient_file) if path is not None]
    with report_files(folder, [path for path in tables if path is not None], None, inputs):
        found = _patients(patient_file, folder, criteria or SearchCriteria()) if patient_file is not None else None
        done = rebase_registry(
            folder, release, codes=mac_file, allow_shrink=allow_shrink, dry_run=dry_run, actor=actor, reason=reason
        )
        report = _report(done, found, criteria or SearchCriteria())
        _write(report, *tables, raw_text=raw_text)
    return report


def _patients(path: Path, folder: Path, criteria: SearchCriteria) -> PatientFile:
    """Return the patients of a file.

    A scope in which no donor is typed is refused here: a transaction would stand without the lists that were asked for.
    """
    RegistryComparisons(open_registry(folder)).untyped_loci(criteria)
    return read_patients(path)


def _check_lists(lists: Path | None, patients: Path | None) -> None:
    if lists is not None and patients is None:
        raise CriteriaError(
            "lists", found=str(lists), expected="a file of patients beside it", code=ErrorCode.CRITERIA_CONFLICT
        )


def _write(report: RebaseReport, changes: Path | None, lists: Path | None, *, raw_text: bool) -> None:
    frames = ((changes, report.changes), (lists, report.lists))
    written = {path: frame for path, frame in frames if path is not None and frame is not None}
    try:
        write_report(written, {}, raw_text=raw_text)
    except (FileError, CriteriaError) as error:
        if report.transaction is None:
            raise
        done = f"the registry was rebased all the same, by transaction {report.transaction}"
        if isinstance(error, FileError):
            raise error.with_hint(done) from error
        raise CriteriaError(
            error.name, found=error.found, expected=error.expected, hint=done, code=ErrorCode(error.code)
        ) from error


def _path(name: str, given: str | Path | None) -> Path | None:
    return None if given is None else given_path(name, given)


def _report(done: RebasedRegistry, patients: PatientFile | None, criteria: SearchCriteria) -> RebaseReport:
    return RebaseReport(
        registry=done.after,
        before=done.before,
        transaction=done.transaction,
        changes=done.changes,
        unreadable=done.unreadable,
        n_leaving=done.n_leaving,
        lists=_lists(done, patients, criteria) if patients is not None else None,
        patients=patients,
    )


def _lists(done: RebasedRegistry, patients: PatientFile, criteria: SearchCriteria) -> pl.DataFrame:
    """Return the lists that differ, with ages of one day."""
    from hla_match.searches.list_changes import list_changes
    from hla_match.searches.matcher import Matcher

    day = criteria.as_of or datetime.date.today()
    asked = criteria.model_copy(update={"as_of": day, "limit": criteria.limit or HEAD})
    persons = [patient for _, patient in patients.patients]
    return list_changes(Matcher(done.before), Matcher(done.after), persons, asked)
