"""Every exception of the project, from general to specific.

Each carries its data as attributes, and its message says what was found, where, what was expected and what to do.
No message names a person: places are rows and columns.
"""

from __future__ import annotations

import copyreg
from enum import StrEnum
from typing import Any, Self


class Reason(StrEnum):
    """Why a typing or a record could not be read: the reason codes of the quarantine report."""

    MALFORMED = "malformed"
    UNKNOWN_ALLELE = "unknown_allele"
    DELETED_ALLELE = "deleted_allele"
    UNKNOWN_GROUP = "unknown_group"
    UNKNOWN_CODE = "unknown_code"
    IMPOSSIBLE_CODE = "impossible_code"
    UNKNOWN_ANTIGEN = "unknown_antigen"
    WRONG_LOCUS = "wrong_locus"
    UNKNOWN_LOCUS = "unknown_locus"
    SECOND_WITHOUT_FIRST = "second_without_first"
    CONFLICTING_TYPINGS = "conflicting_typings"
    NOT_TYPED = "not_typed"
    MISSING_IDENTIFIER = "missing_identifier"
    DUPLICATE_IDENTIFIER = "duplicate_identifier"
    BAD_ATTRIBUTE = "bad_attribute"
    BAD_TEXT = "bad_text"
    WRONG_COLUMN_COUNT = "wrong_column_count"
    IMPLAUSIBLE_VALUE = "implausible_value"
    UNUSUAL_VALUE = "unusual_value"
    TOO_AMBIGUOUS = "too_ambiguous"


class HlaMatchError(Exception):
    """Base of everything that the project raises on purpose.

    Attributes:
        exit_status: with which a command ends that raises it.
    """

    exit_status = 2

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with all data; Python by itself would call the class with the message alone."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class TypingError(HlaMatchError, ValueError):
    """A typing, allele name or GL String that cannot be read.

    Attributes:
        text: the whole text that was read.
        position: zero-based offset in `text` where reading failed.
        expected: what could have stood there.
        reason: the reason code.
        hint: what to do about it, or "".
    """

    def __init__(
        self, text: str, position: int, *, expected: str, reason: Reason = Reason.MALFORMED, hint: str = ""
    ) -> None:
        self.text = text
        self.position = position
        self.expected = expected
        self.reason = reason
        self.hint = hint
        shown = text if len(text) <= 60 else text[:57] + "..."
        message = f"{shown!r}, position {position}: expected {expected}"
        super().__init__(f"{message}; {hint}" if hint else message)


class CriteriaError(HlaMatchError, ValueError):
    """A search criterion, option or setting with a value it cannot have.

    Attributes:
        name: the criterion.
        found: the value as given.
        expected: the values it can have.
    """

    def __init__(self, name: str, *, found: object, expected: str) -> None:
        self.name = name
        self.found = found
        self.expected = expected
        super().__init__(f"{name}: found {found!r}, expected {expected}")


class FileError(HlaMatchError):
    """A file or folder that cannot be read as what it should be.

    Attributes:
        path: the file.
        row: 1-based row (the header is row 1), or None for the whole file.
        column: the column's name, or None.
        found: what stood there.
        expected: what should stand there.
        hint: what to do about it, or "".
    """

    def __init__(
        self,
        path: str,
        *,
        found: str,
        expected: str,
        row: int | None = None,
        column: str | None = None,
        hint: str = "",
    ) -> None:
        self.path = path
        self.row = row
        self.column = column
        self.found = found
        self.expected = expected
        self.hint = hint
        where = path
        if row is not None:
            where += f", row {row}"
        if column is not None:
            where += f", column {column}"
        message = f"{where}: found {found}, expected {expected}"
        super().__init__(f"{message}; {hint}" if hint else message)

    def with_hint(self, hint: str) -> Self:
        """Return the error with one more thing to do about it."""
        hints = "; ".join(filter(None, (self.hint, hint)))
        return type(self)(
            self.path, found=self.found, expected=self.expected, row=self.row, column=self.column, hint=hints
        )


class NomenclatureError(FileError):
    """A nomenclature release that is missing, incomplete or damaged."""


class RegistryError(FileError):
    """A registry folder that is missing, of another format version, or damaged."""


class LockedError(HlaMatchError):
    """Something that another process is writing.

    Attributes:
        what: is being written.
        holder: process, user and host of the writer.
        since: when it began, as ISO 8601, or "" where that is unknown.
    """

    def __init__(self, what: str, *, holder: str, since: str) -> None:
        self.what = what
        self.holder = holder
        self.since = since
        found = f"{holder}, which writes it{f' since {since}' if since else ''}"
        super().__init__(
            f"{what}: found {found}, expected no other writer; nothing was changed; try again when it ended"
        )


class BrokenPartsError(FileError):
    """What a batch had finished is no longer what was written, or does not make up the whole."""

    exit_status = 1


class BudgetError(FileError):
    """A file that would take more memory, time or room than its budget.

    Attributes:
        budget: the name of the budget, as it can be raised.
    """

    def __init__(self, path: str, *, budget: str, found: str, expected: str, hint: str) -> None:
        self.budget = budget
        super().__init__(path, found=found, expected=expected, hint=hint)

    def with_hint(self, hint: str) -> Self:
        """Return the error with one more thing to do about it."""
        hints = f"{self.hint}; {hint}"
        return type(self)(self.path, budget=self.budget, found=self.found, expected=self.expected, hint=hints)
