"""From a donor file to a registry on disk: read, code, quarantine what cannot be read, write.

A file is read in slices, so that one of millions of donors takes no more memory than a few hundred thousand do.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import add
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, get_args

import polars as pl

from hla_match.donors.arrangement import UnreadableTyping
from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry
from hla_match.errors import ErrorCode, FileError
from hla_match.errors.arguments import check_name, check_type
from hla_match.foreign_frames import polars_frame
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.formats.mac_file import read_codes
from registry_io.persons.person_attributes import finding_records
from registry_io.persons.person_notices import ReadNotes
from registry_io.persons.person_table import PersonRecords, person_slices
from registry_io.persons.typing_conflicts import reconcile
from registry_io.store.nomenclature_store import open_nomenclature
from registry_io.store.registry_builder import BuiltSnapshot, RegistryBuilder
from registry_io.store.registry_folder import (
    CURRENT,
    FAILED_QUARANTINE,
    QUARANTINE,
    WARNINGS,
    writing_registry,
)
from registry_io.store.registry_versions import publish
from registry_io.store.replacement import Replacement, check_replacement
from registry_io.tables.budgets import Budgets, FileBudget
from registry_io.tables.frame_table import FrameTable
from registry_io.tables.quarantine import QuarantinedRecord, quarantine_report, write_quarantine
from registry_io.tables.spreadsheet_values import typing_hint

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of every row of a donor file.

    Attributes:
        registry: the registry as written.
        n_rows: rows of the file, header excluded.
        n_imported: donors in the registry.
        quarantined: one entry a finding; a row with several findings is quarantined once.
        n_quarantined: rows left out.
        quarantine_path: the report.
        warnings: findings, as `registry_io.persons.person_attributes.FINDINGS`, on cells of donors who were imported.
        warnings_path: the report of these.
        notes: what the reader noticed, and what was understood differently than written.
        replacement: what became of the donors of the registry that was there before; None where there was none.
        cautions: what may have gone wrong without an error.
    """

    registry: Registry
    n_rows: int
    n_imported: int
    quarantined: list[QuarantinedRecord]
    n_quarantined: int
    quarantine_path: Path
    warnings: pl.DataFrame
    warnings_path: Path
    notes: tuple[str, ...]
    replacement: Replacement | None
    cautions: tuple[str, ...]

    @property
    def n_warned(self) -> int:
        """Donors who were imported with a finding on a cell."""
        return self.warnings["row"].n_unique()


def import_donors(
    folder: str | Path,
    donors: str | Path | IntoDataFrame | pl.LazyFrame,
    nomenclature: Nomenclature | str | None = None,
    *,
    today: datetime.date | None = None,
    codes: MacTable | str | Path | None = None,
    codes_source: str = "",
    ambiguous_nulls: AmbiguousNulls = "drop",
    replace: bool = False,
    allow_shrink: bool = False,
    budgets: Budgets | None = None,
) -> ImportReport:
    r"""Read a donor file and write it as the current snapshot of a registry folder.

    Args:
        folder: the registry's; made where it is missing.
        donors: the file, or a frame of polars, pandas or pyarrow with the same columns, whose first row is row 2.
        nomenclature: reads the typings; or a release, as `registry_io.open_nomenclature` takes it, by default the
            newest installed, and the built-in one where none is.
        today: the day of the import; by default the clock's.
        codes: multiple allele codes, or their file (NMDP's alpha.v3 layout).
        codes_source: name of their file where it is not given itself.
        ambiguous_nulls: what becomes of null alleles that a list or code names beside expressed ones.
        replace: whether the file may take the place of a registry that is there; the snapshot before is kept.
        allow_shrink: whether a replacement may lose more than a tenth of the donors.
        budgets: what may be taken for the file; without them those of the environment.

    Raises:
        CriteriaError: an argument has a value that it cannot have.
        FileError: the file, or every row of it, cannot be read; the registry and its report are then left as they were,
            and the reasons stand in `quarantine-failed.csv`. Or the folder cannot be written to.
        BudgetError: the file takes more than its budget.
        RegistryError: the folder holds a registry that may not be replaced, or something else.
        LockedError: another process writes to the folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\nD2,99:99,24:02\n")
    >>> report = import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> report.n_imported, report.n_quarantined, report.registry.loci
    (1, 1, ('A',))
    """
    folder = Path(folder)
    _check_arguments(today, codes, ambiguous_nulls)
    if not isinstance(nomenclature, Nomenclature):
        nomenclature = open_nomenclature(nomenclature)
    if isinstance(codes, str | Path):
        codes_source = Path(codes).name
        codes = read_codes(Path(codes))
    builder = RegistryBuilder(folder, nomenclature, name=folder.name, codes=codes, ambiguous_nulls=ambiguous_nulls)
    with writing_registry(folder), builder:
        reconciled = partial(reconcile, nomenclature=nomenclature, codes=codes, ambiguous_nulls=ambiguous_nulls)
        rows = _read(builder, _source(donors), reconciled, today or datetime.date.today(), budgets)
        built = builder.build()
        quarantined = _quarantined(rows, built, folder)
        replacement = check_replacement(folder, built, replace=replace, allow_shrink=allow_shrink)
        provenance = _provenance(rows, nomenclature, codes_source, ambiguous_nulls)
        return _published(folder, built, rows, quarantined, replacement, provenance)


def _check_arguments(today: object, codes: object, ambiguous_nulls: object) -> None:
    """Refuse arguments of an import that cannot be, before anything is read."""
    check_name("ambiguous_nulls", ambiguous_nulls, get_args(AmbiguousNulls), expected="one of")
    check_type("today", today, datetime.date, NoneType, expected="a date")
    check_type("codes", codes, MacTable, str, Path, NoneType, expected="a file of multiple allele codes, or a MacTable")


def _quarantined(rows: _Rows, built: BuiltSnapshot, folder: Path) -> list[QuarantinedRecord]:
    """Return what is quarantined, by rows.

    Raises:
        FileError: no donor is left; the reasons are then written beside the registry.
        BudgetError: there are more records than a table of persons has.
    """
    n_unreadable = sum(typing.rows.size for typing in built.unreadable)
    rows.budget.check_records(len(rows.quarantined) + n_unreadable)
    quarantined = [*rows.quarantined, *unreadable_records(pl.concat(rows.persons), built.unreadable)]
    quarantined.sort(key=lambda record: (record.row, record.column))
    if not built.n_donors:
        if quarantined:
            write_quarantine(quarantined, folder / FAILED_QUARANTINE)
        raise _no_donor(rows.budget.path, rows.n_rows, folder / FAILED_QUARANTINE)
    return quarantined


def _provenance(
    rows: _Rows, nomenclature: Nomenclature, codes_source: str, ambiguous_nulls: AmbiguousNulls
) -> Provenance:
    tables = nomenclature.tables
    return Provenance(
        source=rows.source,
        source_sha256=rows.checksum,
        source_rows=rows.n_rows,
        imported_on=rows.day,
        nomenclature=nomenclature.title,
        nomenclature_checksum=tables.checksum,
        # Of a sound release nothing stands there.
        nomenclature_unverified=", ".join(tables.unverified) or None,
        nomenclature_mismatched=", ".join(tables.mismatched) or None,
        nomenclature_cautions="; ".join(tables.cautions) or None,
        codes=codes_source,
        ambiguous_nulls=ambiguous_nulls,
    )


def _published(
    folder: Path,
    built: BuiltSnapshot,
    rows: _Rows,
    quarantined: list[QuarantinedRecord],
    replacement: Replacement | None,
    provenance: Provenance,
) -> ImportReport:
    """Make a snapshot the registry's current one, with its reports, and return what became of every row."""
    left_out = {record.row for record in quarantined}
    warnings = pl.concat(rows.warnings).filter(~pl.col("row").is_in(left_out))
    built.aside.write(QUARANTINE, quarantine_report(quarantined))
    built.aside.write(WARNINGS, quarantine_report(finding_records(warnings)))
    registry = publish(built.aside, built.description, provenance).registry
    (folder / FAILED_QUARANTINE).unlink(missing_ok=True)
    read_notes = reduce(add, rows.read_notes)
    return ImportReport(
        registry=registry,
        n_rows=rows.n_rows,
        n_imported=registry.n_donors,
        quarantined=quarantined,
        n_quarantined=len(left_out),
        quarantine_path=folder / QUARANTINE,
        warnings=warnings,
        warnings_path=folder / WARNINGS,
        notes=(*read_notes.notes, *donor_notes(registry)),
        replacement=replacement,
        cautions=read_notes.cautions,
    )


@dataclass(slots=True)
class _Rows:
    """What was read of a donor file, slice by slice, on a day."""

    day: datetime.date
    budget: FileBudget
    source: str = ""
    checksum: str = ""
    n_rows: int = 0
    quarantined: list[QuarantinedRecord] = field(default_factory=list)
    warnings: list[pl.DataFrame] = field(default_factory=list)
    persons: list[pl.DataFrame] = field(default_factory=list)
    read_notes: list[ReadNotes] = field(default_factory=list)


def _source(donors: str | Path | IntoDataFrame | pl.LazyFrame) -> Path | FrameTable:
    """Return the file that donors are read from, or the frame that stands for one."""
    if isinstance(donors, str | Path):
        return Path(donors)
    return FrameTable(polars_frame(donors, "donors"), "frame of donors")


def _read(
    builder: RegistryBuilder,
    donors: Path | FrameTable,
    reconciled: Callable[[PersonRecords], PersonRecords],
    today: datetime.date,
    budgets: Budgets | None,
) -> _Rows:
    if isinstance(donors, FrameTable):
        budget = FileBudget.of(donors.name, int(donors.frame.estimated_size()), budgets)
    else:
        budget = FileBudget.of(donors, donors.stat().st_size if donors.is_file() else 0, budgets)
    rows = _Rows(today, budget, donors.name)
    for part in person_slices(donors, kind="donor", today=today, budgets=budgets):
        records = reconciled(part)
        builder.add(records.frame, records.noted)
        rows.persons.append(records.frame.select("row", "person_id"))
        rows.quarantined += records.quarantined
        rows.warnings.append(records.warnings)
        rows.read_notes.append(records.read_notes)
        rows.n_rows, rows.checksum = rows.n_rows + records.n_rows, records.checksum
    return rows


def donor_notes(registry: Registry) -> list[str]:
    """Return what was understood differently than written, in words, what holds for the most donors first."""
    notes = sorted(registry.notes.items(), key=lambda item: (-item[1], item[0]))
    return [f"{n:,} {'donor' if n == 1 else 'donors'}: {note}" for note, n in notes]


def _no_donor(donors: str, n_rows: int, report: Path) -> FileError:
    state = "the registry is as it was" if (report.parent / CURRENT).exists() else "no registry was made"
    return FileError(
        donors,
        found=f"no donor that can be read in {n_rows:,} row{'s' * (n_rows != 1)}"
        if n_rows
        else "no row below the header",
        expected="at least one donor",
        hint=f"{report} gives the reasons; {state}" if n_rows else state,
        code=ErrorCode.FILE_NOTHING,
    )


def unreadable_records(persons: pl.DataFrame, unreadable: list[UnreadableTyping]) -> list[QuarantinedRecord]:
    """Return one record for each row that carries a typing the nomenclature cannot read.

    Args:
        persons: `row` and `person_id` of the persons whose typings were read.
        unreadable: typings, with rows of `persons`.
    """
    row, person = persons["row"], persons["person_id"]
    return [
        QuarantinedRecord(
            row=row[index],
            person_id=person[index],
            column=typing.locus,
            text=typing.text,
            reason=typing.reason,
            message=typing.message,
            hint=typing_hint(typing.text, typing.hint),
        )
        for typing in unreadable
        for index in typing.rows.tolist()
    ]
