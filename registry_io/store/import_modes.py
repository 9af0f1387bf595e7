"""What a donor file may do to a registry that is there: add, update, or replace; and what is refused."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hla_match.errors import CriteriaError, ErrorCode, FileError, RegistryError
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.transactions import taken_back

ImportMode = Literal["add", "update", "replace"]
"""New donors only; records added or replaced; or the file is the whole registry, and who is not in it is withdrawn."""

GREATEST_LOSS = 0.1
"""Share of the donors that a replacement may lose without being asked for: more is a cut or a wrong file."""

_NAMED_ROWS = 10


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """The records of a file beside those that the registry had.

    Attributes:
        n_new: of identifiers that were never known.
        n_equal: equal to what was known.
        n_different: known otherwise, those of donors who had left among them.
        n_withdrawn: donors who leave.
        n_absent: donors who are not in the file; None where they were not counted.
    """

    n_new: int = 0
    n_equal: int = 0
    n_different: int = 0
    n_withdrawn: int = 0
    n_absent: int | None = None

    def __str__(self) -> str:
        known = f"{self.n_new:,} new, {self.n_equal:,} known and equal, {self.n_different:,} known and different"
        return known if self.n_absent is None else f"{known}, {self.n_absent:,} not in the file"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Donors of a registry before and after a file took its place.

    Attributes:
        n_before: donors that it had; None where its files were damaged.
        n_after: donors that it has.
        n_kept: donors that it had and has; None where those before cannot be read.
    """

    n_before: int | None
    n_after: int
    n_kept: int | None

    def __str__(self) -> str:
        if self.n_before is None or self.n_kept is None:
            return f"a registry that cannot be read; {self.n_after:,} donors come"
        return (
            f"{self.n_before:,} donors: {self.n_before - self.n_kept:,} go, {self.n_kept:,} stay, "
            f"{self.n_after - self.n_kept:,} come"
        )

    @property
    def loss(self) -> float:
        """Share of the donors before who go."""
        return 1 - self.n_kept / self.n_before if self.n_before and self.n_kept is not None else 0.0


def chosen_mode(*, add: bool, update: bool, replace: bool) -> ImportMode | None:
    """Return the one mode that is asked for; None without one.

    Raises:
        CriteriaError: there are several.
    """
    asked: dict[ImportMode, bool] = {"add": add, "update": update, "replace": replace}
    chosen = [mode for mode, is_asked in asked.items() if is_asked]
    if len(chosen) > 1:
        raise CriteriaError("import", found=", ".join(chosen), expected="one of them", code=ErrorCode.CRITERIA_CONFLICT)
    return chosen[0] if chosen else None


def refuse_without_mode(folder: Path, n_before: int, counts: RecordCounts, n_unreadable: int) -> RegistryError:
    """Return the refusal of a file that comes without saying what it does to the registry."""
    rows = f"{n_unreadable:,} row{'s' * (n_unreadable != 1)}"
    return RegistryError(
        str(folder),
        found=f"a registry of {n_before:,} donors; the file: {counts}, and {rows} that cannot be read"
        if n_unreadable
        else f"a registry of {n_before:,} donors; the file: {counts}",
        expected="a new folder, or one of add, update and replace",
        hint="add takes new donors alone; update adds records and replaces them; replace takes the file for the whole "
        "registry, and withdraws whoever is not in it",
        code=ErrorCode.REGISTRY_EXISTS,
    )


def check_loss(folder: Path, replacement: Replacement) -> None:
    """Refuse a file that loses more than `GREATEST_LOSS` of the donors.

    Raises:
        RegistryError: it does.
    """
    if replacement.loss > GREATEST_LOSS:
        raise RegistryError(
            str(folder),
            found=str(replacement),
            expected=f"a donor file that loses at most {GREATEST_LOSS:.0%} of them, or leave to lose more",
            hint="check that the file is whole; if it is, allow the registry to shrink",
            code=ErrorCode.REGISTRY_SHRINKS,
        )


def check_somebody_stays(folder: Path, n_donors: int) -> None:
    """Refuse what leaves a registry without donors.

    Raises:
        RegistryError: it does.
    """
    if not n_donors:
        raise RegistryError(
            str(folder),
            found="a change that leaves no donor",
            expected="at least one donor",
            hint="nothing was changed; to give the whole registry up, remove its folder",
            code=ErrorCode.REGISTRY_SHRINKS,
        )


def check_known_rows(path: str, rows: Sequence[int]) -> None:
    """Refuse new donors whose identifiers the registry knows.

    Raises:
        FileError: there are such rows.
    """
    if rows:
        raise FileError(
            path,
            row=rows[0],
            found=f"an identifier that the registry knows{_in_rows(rows)}",
            expected="new donors, as they are added",
            hint="update records that are known; nothing was changed",
            code=ErrorCode.REGISTRY_KNOWN_DONOR,
        )


def check_unknown_rows(path: str, rows: Sequence[int]) -> None:
    """Refuse to withdraw donors whom the registry does not know.

    Raises:
        FileError: there are such rows.
    """
    if rows:
        raise FileError(
            path,
            row=rows[0],
            found=f"an identifier to withdraw that the registry does not know{_in_rows(rows)}",
            expected="identifiers of its donors",
            hint="correct the identifier, or remove the row; nothing was changed",
            code=ErrorCode.REGISTRY_UNKNOWN_DONOR,
        )


def check_order(
    path: str, journal: Journal, counts: RecordCounts, *, checksum: str, file_date: datetime.date | None
) -> None:
    """Refuse a file that is older than what the registry knows.

    Args:
        path: of the file, for messages.
        journal: the record.
        counts: its records beside those that the registry has.
        checksum: SHA-256 of the file, in hexadecimal.
        file_date: as of when the file is, or None.

    Raises:
        FileError: it is.
    """
    transactions = journal.transactions()
    undone = set(taken_back(transactions))
    before = [one for one in transactions if one.number not in undone]
    newest = max((one.file_date for one in before if one.file_date is not None), default=None)
    if file_date is not None and newest is not None and file_date < newest:
        raise _out_of_order(path, f"a file as of {file_date}", f"none before {newest}, as the newest imported")
    earlier = [one.number for one in before if one.source_sha256 == checksum]
    if not earlier:
        return
    expected = "a file that is newer than what the registry knows"
    if counts.n_different + counts.n_withdrawn + (counts.n_absent or 0) > 0:
        found = f"the file of transaction {earlier[-1]} again, and donors whom later ones changed"
        raise _out_of_order(path, found, expected)
    # Nobody knows any more who was erased; that an earlier file has somebody new tells it.
    if counts.n_new and journal.erasures(earlier[-1]):
        found = f"the file of transaction {earlier[-1]} again, with persons who may have been erased since"
        raise _out_of_order(path, found, expected)


def _out_of_order(path: str, found: str, expected: str) -> FileError:
    hint = "take it again where its records are the right ones; nothing was changed"
    return FileError(path, found=found, expected=expected, hint=hint, code=ErrorCode.REGISTRY_OUT_OF_ORDER)


def _in_rows(rows: Sequence[int]) -> str:
    if len(rows) == 1:
        return ""
    named = ", ".join(map(str, rows[1:_NAMED_ROWS]))
    return f", and so in row {named}{f' and {len(rows) - _NAMED_ROWS:,} more' if len(rows) > _NAMED_ROWS else ''}"
