"""From a donor file to a registry on disk: read, compare with the record, quarantine what cannot be read, write."""

from __future__ import annotations

import operator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl

from hla_match.donors.typing_books import TypingBooks
from hla_match.errors import CriteriaError, ErrorCode, FileError
from hla_match.errors.arguments import InWords
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.disk.given_path import given_path, readable_name
from registry_io.persons.person_attributes import finding_records
from registry_io.persons.person_table import person_slices
from registry_io.persons.typing_conflicts import reconcile
from registry_io.store.donor_intake import DonorIntake, TypingReader
from registry_io.store.import_modes import (
    ImportMode,
    RecordCounts,
    Replacement,
    check_known_rows,
    check_loss,
    check_order,
    check_somebody_stays,
    check_unknown_rows,
    refuse_without_mode,
)
from registry_io.store.import_options import ImportOptions, ImportRequest
from registry_io.store.import_report import ImportReport, donor_notes
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.person_texts import TYPINGS
from registry_io.store.journal.transactions import Transaction
from registry_io.store.nomenclature_store import open_nomenclature
from registry_io.store.record_state import mend, publish_built, publish_state, write_reports
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_builder import RegistryBuilder
from registry_io.store.registry_folder import CURRENT, FAILED_QUARANTINE, QUARANTINE, WARNINGS, writing_registry
from registry_io.store.registry_versions import Published
from registry_io.store.unreadable_donors import refuse_unreadable, unreadable_donors
from registry_io.tables.budgets import FileBudget
from registry_io.tables.frame_table import FrameTable, file_or_frame
from registry_io.tables.quarantine import QuarantinedRecord, quarantine_report, write_quarantine

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame


def import_donors(
    folder: str | Path,
    donors: str | Path | IntoDataFrame | pl.LazyFrame,
    nomenclature: Nomenclature | str | None = None,
    **options: Unpack[ImportOptions],
) -> ImportReport:
    r"""Read a donor file into the registry of a folder: its record, and the snapshot that searches read.

    A registry that is there takes a file by one of the options `add` (new donors alone), `update` (records are added or
    replaced) and `replace` (the file is the whole registry). A file with a column `action` says of each donor what is
    asked for, and is taken by `update`. A record that is equal to the one known changes nothing.

    Args:
        folder: the registry's; made where it is missing.
        donors: the file, or a frame of polars, pandas or pyarrow with the same columns, whose first row is row 2.
        nomenclature: reads the typings; or a release, as `registry_io.open_nomenclature` takes it. By default that of
            the registry, and for a new one or with `replace` the newest installed, or the built-in one where none is.
        options: as `registry_io.store.import_options.ImportRequest` explains them.

    Raises:
        FileError: the file, or every row of it, cannot be read, with the reasons in `quarantine-failed.csv`; it adds
            a donor who is known, withdraws one who is not, or is out of order; or the folder cannot be written to. The
            registry and its report are then left as they were.
        BudgetError: the file takes more than its budget.
        RegistryError: the folder holds a registry and it is not said what becomes of it, or something else.
        CriteriaError: two options exclude each other, or do not fit the registry.
        LockedError: another process writes to the folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\nD2,99:99,24:02\n")
    >>> report = import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> report.n_imported, report.n_quarantined, report.registry.loci
    (1, 1, ('A',))
    """
    place, request, source = given_path("folder", folder), ImportRequest(**options), file_or_frame(donors, "donors")
    request.check()
    with writing_registry(place), Journal.writing(place) as journal:
        begin(place, journal, is_replaced=request.mode == "replace")
        return _imported(place, source, request, journal, nomenclature)


def _imported(
    folder: Path,
    source: Path | FrameTable,
    request: ImportRequest,
    journal: Journal,
    nomenclature: Nomenclature | str | None,
) -> ImportReport:
    before = journal.latest_transaction()
    opened = _nomenclature(journal, before, request.mode, nomenclature)
    nulls = request.ambiguous_nulls or (before.settings.ambiguous_nulls if before is not None else "drop")
    codes, codes_source = request.read_codes()
    with ExitStack() as context:
        cause = request.cause if before is not None else replace(request.cause, action="import")
        with journal.transaction(cause) as entry:
            entry.settings = entry.contents.settings(
                opened, codes=codes, codes_source=codes_source, ambiguous_nulls=nulls, before=entry.settings
            )
            if before is not None:
                codes = entry.contents.codes(entry.settings)
            reading = _Reading(opened, codes, nulls)
            builder = None
            if before is None:  # all donors of a new registry are in the file, so that it is built while it is read
                new = RegistryBuilder(folder, opened, name=readable_name(folder), codes=codes, ambiguous_nulls=nulls)
                builder = context.enter_context(new)
            intake = _read(entry, source, request, reading, reading.reader if builder is None else builder.add)
            changes = _checked(folder, journal, entry, intake, request)
            entry.cause = replace(cause, name=_name(source), sha256=intake.checksum, rows=intake.n_rows)
        reports = _reports(intake)
        if entry.recorded is None:
            published = mend(folder, journal)
            write_reports(folder, reports)
        elif builder is not None:
            published = publish_built(builder.build(), journal, opened, reports)
        else:
            published = publish_state(folder, journal, reading=(opened, codes), reports=reports)
    (folder / FAILED_QUARANTINE).unlink(missing_ok=True)
    return _report(folder, published, entry, intake, changes)


@dataclass(slots=True)
class _Reading:
    """What typings are read with.

    Attributes:
        nomenclature: reads them.
        codes: multiple allele codes.
        ambiguous_nulls: what becomes of null alleles beside expressed ones.
    """

    nomenclature: Nomenclature
    codes: MacTable | None
    ambiguous_nulls: AmbiguousNulls

    @property
    def reader(self) -> TypingReader:
        """Reads the typings of slices of persons, each distinct one once."""
        books = TypingBooks(self.nomenclature, self.codes, ambiguous_nulls=self.ambiguous_nulls)
        return lambda persons, _noted: books.unreadable(books.code(persons))


def _nomenclature(
    journal: Journal, before: Transaction | None, mode: ImportMode | None, asked: Nomenclature | str | None
) -> Nomenclature:
    """Return the nomenclature that a file is read with: the registry's, but for a new one and where it is replaced.

    Raises:
        CriteriaError: another one is asked for.
    """
    if before is None or mode == "replace":
        return asked if isinstance(asked, Nomenclature) else open_nomenclature(asked)
    own = journal.nomenclature(before.settings)
    if asked is None:
        return own
    given = asked if isinstance(asked, Nomenclature) else open_nomenclature(asked)
    if given.tables.checksum != own.tables.checksum:
        raise CriteriaError(
            "nomenclature",
            found=given.title,
            expected=f"{own.title}, which the donors of the registry are read with",
            hint="leave it out; a file with all donors can replace the registry under another one",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    return given


def _name(source: Path | FrameTable) -> str:
    return source.name if isinstance(source, FrameTable) else readable_name(source)


def _read(
    entry: Entry, source: Path | FrameTable, request: ImportRequest, reading: _Reading, read_typings: TypingReader
) -> DonorIntake:
    """Read a donor file into a transaction."""
    name: str | Path
    if isinstance(source, FrameTable):
        name, n_bytes = source.name, int(source.frame.estimated_size())
    else:
        name, n_bytes = source, source.stat().st_size if source.is_file() else 0
    intake = DonorIntake(entry, read_typings, FileBudget.of(name, n_bytes, request.budgets))
    for records in person_slices(source, kind="donor", today=entry.cause.day, budgets=request.budgets):
        intake.take(reconcile(records, reading.nomenclature, reading.codes, reading.ambiguous_nulls))
    return intake


@dataclass(frozen=True, slots=True)
class _Changes:
    """What a file changes.

    Attributes:
        counts: its records beside those of the registry.
        replacement: what becomes of the donors of the registry that it replaces; None where it replaces none.
    """

    counts: RecordCounts
    replacement: Replacement | None


def _checked(folder: Path, journal: Journal, entry: Entry, intake: DonorIntake, request: ImportRequest) -> _Changes:
    """Withdraw who is not in a file that replaces all donors, and refuse what the file may not do.

    Raises:
        FileError: no donor is left of the file, with the reasons beside the registry; or it does not fit the record.
        RegistryError: the registry may not be changed so.
    """
    path, mode, is_first = intake.budget.path, request.mode, journal.latest_transaction() is None
    # A differential file may only withdraw donors, and that of a day without changes has no row.
    needs_no_record = intake.is_differential and (intake.n_leaving > 0 or (not intake.n_rows and not is_first))
    if not intake.n_taken and not needs_no_record:
        raise _no_donor(folder, intake)
    if intake.is_differential and mode != "update":
        raise CriteriaError(
            "import",
            found=InWords(f"a file with a column of actions{f', and {mode}' if mode else ''}"),
            expected="update",
            hint="take it by update, which does what each row asks for",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    n_absent = None
    if mode == "replace":
        n_absent = entry.withdraw_others() + _withdraw_unread(folder, journal, entry, intake, request)
    if mode is None and not is_first:
        found = intake.counts(entry.others().size)
        if entry.changes_something or found.n_absent:  # else there is nothing to decide
            raise refuse_without_mode(folder, journal.n_donors, found, intake.n_unreadable)
    if mode == "add":
        check_known_rows(path, pl.concat(intake.known_rows).to_list())
    check_known_rows(path, intake.added_rows)
    check_unknown_rows(path, intake.unknown_rows)
    counts = intake.counts(n_absent)
    if not request.again:
        check_order(path, journal, counts, checksum=intake.checksum, file_date=request.file_date)
    replacement = None
    if mode == "replace" and (folder / CURRENT).exists():
        n_before, n_kept = None if is_first else journal.n_donors, journal.n_donors - (n_absent or 0)
        replacement = Replacement(n_before, entry.n_donors, n_kept)
        if not request.allow_shrink:
            check_loss(folder, replacement)
    check_somebody_stays(folder, entry.n_donors)
    return _Changes(counts, replacement)


def _withdraw_unread(folder: Path, journal: Journal, entry: Entry, intake: DonorIntake, request: ImportRequest) -> int:
    """Withdraw the donors whose earlier record stays, and is not read by the nomenclature of the file; count them.

    Raises:
        RegistryError: there are such, and the registry may not shrink.
    """
    before, settings = journal.latest_transaction(), entry.settings
    if before is None or settings is None or before.settings.nomenclature == settings.nomenclature:
        return 0
    if not (spared := pl.concat([*intake.spared, pl.Series(dtype=pl.String)])).len():
        return 0
    nomenclature, codes = entry.contents.nomenclature(settings), entry.contents.codes(settings)
    books = TypingBooks(nomenclature, codes, ambiguous_nulls=settings.ambiguous_nulls)
    leaving, _ = unreadable_donors(journal, before.number, books, spared)
    if leaving.height and not request.allow_shrink:
        raise refuse_unreadable(folder, leaving.height, _sorted(intake.quarantined))
    entry.withdraw(leaving)
    intake.n_unread = leaving.height
    return leaving.height


def _no_donor(folder: Path, intake: DonorIntake) -> FileError:
    """Return the error of a file without a readable donor, once the reasons are written beside the registry."""
    state = "the registry is as it was" if (folder / CURRENT).exists() else "no registry was made"
    report, n_rows = folder / FAILED_QUARANTINE, intake.n_rows
    rows = f"{n_rows:,} row{'s' * (n_rows != 1)}"
    if intake.quarantined:
        write_quarantine(_sorted(intake.quarantined), report)
    return FileError(
        intake.budget.path,
        found=f"no donor that can be read in {rows}" if n_rows else "no row below the header",
        expected="at least one donor",
        hint=f"{report} gives the reasons; {state}" if n_rows else state,
        code=ErrorCode.FILE_NOTHING,
    )


def _sorted(quarantined: list[QuarantinedRecord]) -> list[QuarantinedRecord]:
    return sorted(quarantined, key=lambda record: (record.row, record.column))


def _reports(intake: DonorIntake) -> dict[str, bytes]:
    """Return the reports of an import by name."""
    return {
        QUARANTINE: quarantine_report(_sorted(intake.quarantined)),
        WARNINGS: quarantine_report(finding_records(pl.concat(intake.warnings))),
    }


def _report(folder: Path, published: Published, entry: Entry, intake: DonorIntake, changes: _Changes) -> ImportReport:
    noticed = reduce(operator.add, intake.read_notes)
    notes = list(noticed.notes)
    if intake.n_spared == 1:
        notes.append("1 row that cannot be read is of a known donor, whose earlier record stays")
    elif intake.n_spared:
        notes.append(f"{intake.n_spared:,} rows that cannot be read are of known donors, whose earlier records stay")
    if intake.n_unread:
        donors = "1 donor" if intake.n_unread == 1 else f"{intake.n_unread:,} donors"
        notes.append(f"{donors} withdrawn: the nomenclature reads neither the row in the file nor the earlier record")
    n_back = intake.before["withdrawn"]
    if n_back == 1:
        notes.append("1 donor who had left the registry is a donor again, since the file has their record")
    elif n_back:
        notes.append(f"{n_back:,} donors who had left the registry are donors again, since the file has their records")
    # A typing is told by its first side: the second is missing where both are the same.
    emptied = {name: n for name, n in entry.emptied.items() if name not in TYPINGS[1::2]}
    if lost := {name[:-2] if name in TYPINGS else name: n for name, n in emptied.items()}:
        values = ", ".join(f"{name} of {n:,}" for name, n in sorted(lost.items()))
        notes.append(f"known donors lost values that the file does not have: {values}")
    if changes.replacement is not None or entry.number == 1:
        notes += donor_notes(published.registry)
    return ImportReport(
        published=published,
        n_donors=entry.n_donors,
        n_rows=intake.n_rows,
        n_imported=intake.n_taken,
        quarantined=_sorted(intake.quarantined),
        n_quarantined=intake.n_unreadable,
        quarantine_path=folder / QUARANTINE,
        warnings=pl.concat(intake.warnings),
        warnings_path=folder / WARNINGS,
        notes=tuple(notes),
        replacement=changes.replacement,
        cautions=noticed.cautions,
        counts=changes.counts,
        transaction=entry.recorded.number if entry.recorded is not None else None,
    )
