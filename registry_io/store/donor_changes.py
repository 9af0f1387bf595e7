"""One donor of a registry added, updated, withdrawn or brought back: recorded, then published as any change is."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.donors.typing_books import TypingBooks
from hla_match.errors import ErrorCode, RegistryError
from hla_match.errors.arguments import check_day, check_text
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import user_name
from registry_io.store.donor_intake import unreadable_records
from registry_io.store.donor_values import given_identifier, read_donor, refuse_findings
from registry_io.store.import_modes import check_somebody_stays
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.person_texts import person_frame, reported_texts
from registry_io.store.journal.transactions import Action, Cause
from registry_io.store.journal.versions import Version
from registry_io.store.record_state import mend, publish_state
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import writing_registry
from registry_io.store.registry_versions import require_registry


@dataclass(frozen=True, slots=True)
class DonorChange:
    """What became of a change of one donor.

    Attributes:
        transaction: its number; None where the registry knew it all already, and nothing was changed.
        n_donors: number of donors of the registry.
        notes: what is unusual of the values that were given, and kept, such as a date that has not come.
    """

    transaction: int | None
    n_donors: int
    notes: tuple[str, ...] = ()


def add_donor(
    folder: str | Path,
    donor_id: str,
    values: Mapping[str, str],
    *,
    today: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> DonorChange:
    """Add a donor to a registry.

    Args:
        folder: the registry's.
        donor_id: the identifier.
        values: texts by the names of the columns of donor files, such as ``{"A_1": "02:01", "A_2": "24:02"}``.
        today: the day of the change; by default the clock's.
        actor: who makes it; by default the user's name.
        reason: why.

    Raises:
        RegistryError: there is no registry, it is damaged, or it knows the identifier.
        CriteriaError: a value cannot be read.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """

    def change(donor: RecordedDonor) -> Sequence[str]:
        donor.refuse_known()
        return donor.put(values, {})

    return _changed(folder, donor_id, change, "add", today, actor, reason)


def update_donor(
    folder: str | Path,
    donor_id: str,
    values: Mapping[str, str],
    *,
    today: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> DonorChange:
    """Set values of a donor's record; an empty one removes what is known, and the others stay.

    Args:
        folder: the registry's.
        donor_id: the identifier.
        values: texts by the names of the columns of donor files, such as ``{"status": "TU"}``.
        today: the day of the change; by default the clock's.
        actor: who makes it; by default the user's name.
        reason: why.

    Raises:
        RegistryError: there is no registry, it is damaged, or it has no such donor.
        CriteriaError: a value cannot be read.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    return _changed(
        folder,
        donor_id,
        lambda donor: donor.put(values, donor.present()),
        "update",
        today,
        actor,
        reason,
    )


def withdraw_donor(
    folder: str | Path, donor_id: str, *, today: datetime.date | None = None, actor: str = "", reason: str = ""
) -> DonorChange:
    """Withdraw a donor, who is in no search from then on; the record stays.

    Args:
        folder: the registry's.
        donor_id: the identifier.
        today: the day of the change; by default the clock's.
        actor: who makes it; by default the user's name.
        reason: why.

    Raises:
        RegistryError: there is no registry, it is damaged, it has no such donor, or no donor would be left.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    return _changed(folder, donor_id, lambda donor: donor.withdraw(), "withdraw", today, actor, reason)


def reinstate_donor(
    folder: str | Path, donor_id: str, *, today: datetime.date | None = None, actor: str = "", reason: str = ""
) -> DonorChange:
    """Bring a donor back who was withdrawn, with the last record.

    Args:
        folder: the registry's.
        donor_id: the identifier.
        today: the day of the change; by default the clock's.
        actor: who makes it; by default the user's name.
        reason: why.

    Raises:
        RegistryError: there is no registry, it is damaged, or it has no record of the donor.
        CriteriaError: the nomenclature of the registry does not read the record any more.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    return _changed(folder, donor_id, lambda donor: donor.reinstate(), "reinstate", today, actor, reason)


def _changed(
    registry: str | Path,
    donor_id: str,
    change: Callable[[RecordedDonor], Sequence[str] | None],
    action: Action,
    today: datetime.date | None,
    actor: str,
    reason: str,
) -> DonorChange:
    """Make a change of one donor, record it, and publish it."""
    folder = given_path("folder", registry)
    notes: list[str] = []

    def of_donor(journal: Journal, entry: Entry) -> None:
        notes.extend(change(RecordedDonor(folder, journal, entry, donor_id)) or ())

    done = record_change(folder, of_donor, cause_now(action, today, actor, reason))
    return dataclasses.replace(done, notes=tuple(notes))


def cause_now(action: Action, today: datetime.date | None, actor: str, reason: str) -> Cause:
    """Return the cause of a change that no file makes; the day and the user are by default those of now.

    Raises:
        CriteriaError: the day is none, or the user or the reason no text.
    """
    if today is not None:
        check_day("today", today)
    check_text("actor", actor)
    check_text("reason", reason)
    return Cause(action=action, day=today or datetime.date.today(), actor=actor or user_name(), reason=reason)


def record_change(
    folder: Path, change: Callable[[Journal, Entry], Mapping[str, bytes] | None], cause: Cause
) -> DonorChange:
    """Make a change of some donors, record it, and publish it.

    Args:
        folder: the registry's.
        change: makes it, in a transaction that has begun; what it returns takes the place of the reports, None of none.
        cause: of the transaction.

    Raises:
        RegistryError: there is no registry, it is damaged, or no donor would be left.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    require_registry(folder)
    with writing_registry(folder), Journal.writing(folder) as journal:
        begin(folder, journal)
        with journal.transaction(cause) as entry:
            reports = change(journal, entry)
            check_somebody_stays(folder, entry.n_donors)
        if entry.recorded is None:
            mend(folder, journal)
            return DonorChange(None, entry.n_donors)
        publish_state(folder, journal, reports=reports)
        return DonorChange(entry.number, entry.n_donors)


class RecordedDonor:
    """What a registry knows of a donor, and the transaction that changes it."""

    def __init__(self, folder: Path, journal: Journal, entry: Entry, donor_id: str) -> None:
        self._folder, self._entry, self._donor_id = folder, entry, recorded_identifier(journal, donor_id)
        self._versions = journal.versions(self._donor_id)
        self._attributes = journal.attributes_at(entry.number)
        assert entry.settings is not None, "the record of a registry says what it is read with"
        self._settings = entry.settings
        self._nomenclature, self._codes = journal.nomenclature(entry.settings), journal.codes(entry.settings)

    def refuse_known(self) -> None:
        """Refuse an identifier that the registry knows, or knew.

        Raises:
            RegistryError: it does.
        """
        if self._versions:
            last = self._versions[-1]
            raise RegistryError(
                str(self._folder),
                found=f"a record of this identifier{_merged(last)}",
                expected="a new donor",
                hint=_OF_MERGED if last.is_merged_away else "update it; or reinstate the donor who was withdrawn",
                code=ErrorCode.REGISTRY_KNOWN_DONOR,
            )

    def present(self) -> Mapping[str, str]:
        """Return the record of the donor.

        Raises:
            RegistryError: there is no such donor now.
        """
        return present_record(self._folder, self._versions)

    def put(
        self, values: Mapping[str, str], known: Mapping[str, str], *, action: Action | None = None
    ) -> Sequence[str]:
        """Put a record with new values in place of those that are known, and return what is unusual of these.

        `action` is as in `Entry.put`.
        """
        records = read_donor(
            self._donor_id,
            values,
            known,
            self._attributes,
            nomenclature=self._nomenclature,
            codes=self._codes,
            ambiguous_nulls=self._settings.ambiguous_nulls,
            today=self._entry.cause.day,
        )
        # Cells are read without blanks around them, with which a program may have written the identifier.
        persons = records.frame.with_columns(person_id=pl.lit(self._donor_id))
        self._refuse_unreadable(persons)
        # There is no file, and no row of one.
        reported = reported_texts(persons, records.cells, records.own_names)
        self._entry.put(persons.drop("row"), action=action, reported=reported)
        return [str(note) for note in records.warnings.filter(pl.col("column").is_in(list(values)))["message"]]

    def withdraw(self, *, action: Action = "withdraw") -> None:
        """Withdraw the donor; `action` is as in `Entry.withdraw`."""
        self.present()
        self._entry.withdraw(pl.DataFrame({"person_id": [self._donor_id]}), action=action)

    def reinstate(self) -> None:
        """Bring the donor back with the last record."""
        if not self._versions:
            raise unknown_donor(self._folder)
        record = next(one.person for one in reversed(self._versions) if one.person is not None)
        persons = person_frame(self._donor_id, record, self._attributes)
        self._refuse_unreadable(persons)
        self._entry.put(persons, action="reinstate")

    def _refuse_unreadable(self, persons: pl.DataFrame) -> None:
        books = TypingBooks(self._nomenclature, self._codes, ambiguous_nulls=self._settings.ambiguous_nulls)
        unreadable = books.unreadable(books.code(persons))
        refuse_findings(unreadable_records(persons.drop("row", strict=False).with_row_index("row"), unreadable))


def recorded_identifier(journal: Journal, identifier: str) -> str:
    """Return an identifier as a donor file would give it; or as it is, where a program wrote such a one with blanks.

    Raises:
        CriteriaError: it is no text.
    """
    own = given_identifier(identifier)
    return identifier if own != identifier and journal.versions(identifier) else own


def present_record(folder: Path, versions: Sequence[Version]) -> Mapping[str, str]:
    """Return the record that holds of a donor, of all its versions.

    Raises:
        RegistryError: there is none, or the donor has left.
    """
    if not versions:
        raise unknown_donor(folder)
    last = versions[-1]
    if last.person is None:
        left = f"a record{_merged(last)}" if last.is_merged_away else f"a donor who was withdrawn{_by(last)}"
        raise RegistryError(
            str(folder),
            found=left,
            expected="a donor of the registry",
            hint=_OF_MERGED if last.is_merged_away else "reinstate the donor first",
            code=ErrorCode.REGISTRY_UNKNOWN_DONOR,
        )
    return last.person


_OF_MERGED = "take the record that stays, which the history names; reinstate this one where they are of two persons"


def _merged(version: Version) -> str:
    return f" that was merged into another one{_by(version)}" if version.is_merged_away else ""


def _by(version: Version) -> str:
    return f" by transaction {version.transaction}"


def unknown_donor(folder: Path) -> RegistryError:
    """Return the error of an identifier that a registry never knew."""
    return RegistryError(
        str(folder),
        found="no record of this identifier",
        expected="a donor of the registry",
        hint="look for a spelling mistake; identifiers are told apart by case",
        code=ErrorCode.REGISTRY_UNKNOWN_DONOR,
    )
