"""Every exception of the project, from general to specific.

Each carries a code (`hla_match.errors.codes`) and its data as attributes, and its message says what was found, where,
what was expected and what to do. No message names a person: places are rows and columns. Errors travel whole between
processes.
"""

from __future__ import annotations

import copyreg
from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, Self

from hla_match.errors.codes import ErrorCode as ErrorCode
from hla_match.errors.reasons import Reason as Reason


class HlaMatchError(Exception):
    """Base of everything that the project raises on purpose.

    Attributes:
        code: what went wrong, as a short, stable name.
        hint: what to do about it here, or "".
        exit_status: with which a command ends that raises it.
    """

    exit_status = 2
    hint = ""
    default_code: ClassVar[ErrorCode] = ErrorCode.PROGRAM_ENDED
    """The code of an error that is raised without one."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        self.code: str = self.default_code if code is None else code
        super().__init__(message)

    @property
    def to_do(self) -> str:
        """What to do about it: the hint, or else what helps wherever the code is raised."""
        return self.hint or ErrorCode(self.code).to_do

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
        super().__init__(f"{message}; {hint}" if hint else message, code=reason.code)

    @property
    def to_do(self) -> str:
        """What to do about it: the hint, or else what helps wherever the reason is given."""
        return self.hint or self.reason.to_do


class CriteriaError(HlaMatchError, ValueError):
    """A search criterion, option, setting or argument with a value it cannot have.

    Attributes:
        name: the criterion.
        found: the value as given, or words about one that may name a person.
        expected: the values it can have.
        hint: what to do about it, or "".
    """

    default_code = ErrorCode.CRITERIA_VALUE

    def __init__(
        self, name: str, *, found: object, expected: str, hint: str = "", code: ErrorCode | None = None
    ) -> None:
        self.name = name
        self.found = found
        self.expected = expected
        self.hint = hint
        message = f"{name}: found {found!r}, expected {expected}"
        super().__init__(f"{message}; {hint}" if hint else message, code=code)

    @property
    def faults(self) -> tuple[CriteriaError, ...]:
        """The error of each criterion that is wrong: this one."""
        return (self,)


class SeveralCriteriaError(CriteriaError):
    """Several criteria or arguments with values that they cannot have.

    Attributes:
        name: the names of the criteria, separated by commas.
        found: the values as given.
        expected: the values that they can have.
    """

    default_code = ErrorCode.CRITERIA_SEVERAL

    def __init__(self, faults: Sequence[CriteriaError]) -> None:
        self._faults = tuple(faults)
        super().__init__(
            ", ".join(dict.fromkeys(fault.name for fault in faults)),
            found=tuple(fault.found for fault in faults),
            expected="; ".join(fault.expected for fault in faults),
        )
        self.args = ("; ".join(map(str, faults)),)

    @property
    def faults(self) -> tuple[CriteriaError, ...]:
        """The error of each criterion that is wrong."""
        return self._faults


def criteria_error(faults: Sequence[CriteriaError]) -> CriteriaError:
    """Return one error that tells of all faults, of which there is at least one."""
    return faults[0] if len(faults) == 1 else SeveralCriteriaError(faults)


class DonorNotListedError(CriteriaError, KeyError):
    """A donor who is asked for by an identifier that none of a list has; a `KeyError`, too, as a look-up raises it."""

    default_code = ErrorCode.CRITERIA_DONOR

    __str__ = Exception.__str__  # that of a `KeyError` would quote the message


class FileError(HlaMatchError):
    """A file or folder that cannot be read as what it should be, or cannot be written.

    Attributes:
        path: the file.
        row: 1-based row (the header is row 1), or None for the whole file.
        column: the column's name, or None.
        found: what stood there.
        expected: what should stand there.
        hint: what to do about it, or "".
    """

    default_code = ErrorCode.FILE_VALUE

    def __init__(
        self,
        path: str,
        *,
        found: str,
        expected: str,
        row: int | None = None,
        column: str | None = None,
        hint: str = "",
        code: ErrorCode | None = None,
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
        super().__init__(f"{message}; {hint}" if hint else message, code=code)

    def with_hint(self, hint: str) -> Self:
        """Return the error with one more thing to do about it."""
        told = copy(self)
        told.hint = "; ".join(filter(None, (self.hint, hint)))
        told.args = (f"{self}; {hint}",)
        return told


class NomenclatureError(FileError):
    """A nomenclature release that is missing, incomplete or damaged."""

    default_code = ErrorCode.NOMENCLATURE_CONTENT


class RegistryError(FileError):
    """A registry folder that is missing, of another format version, or damaged."""

    default_code = ErrorCode.REGISTRY_DAMAGED


class LockedError(HlaMatchError):
    """Something that another process is writing.

    Attributes:
        what: is being written.
        holder: process, user and host of the writer.
        since: when it began, as ISO 8601, or "" where that is unknown.
    """

    default_code = ErrorCode.WRITER_BUSY

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
    default_code = ErrorCode.BATCH_BROKEN


class BudgetError(FileError):
    """A file that would take more memory, time or room than its budget.

    Attributes:
        budget: the name of the budget, as it can be raised.
    """

    default_code = ErrorCode.FILE_BUDGET

    def __init__(self, path: str, *, budget: str, found: str, expected: str, hint: str) -> None:
        self.budget = budget
        super().__init__(path, found=found, expected=expected, hint=hint)
