"""What an error says, in the language of the moment: to a person at a terminal, or on a page.

Messages are composed in English, from what an error carries: place, what was found, what was expected, what to do. In
another language the frame is told anew, each piece by the template that it has (`hla_match.language.retelling`). A
message that is more than its pieces is told as it is.
"""

from __future__ import annotations

from hla_match.errors import CriteriaError, ErrorCode, FileError, HlaMatchError, LockedError, Reason, TypingError
from hla_match.errors.arguments import InWords
from hla_match.language import DEFAULT, language, translated
from hla_match.language.retelling import retold

_TYPING = "typing."


def meaning(error: HlaMatchError) -> str:
    """Return what the code of an error stands for."""
    return translated(code_of(error).means)


def detail(error: HlaMatchError) -> str:
    """Return the message of an error."""
    if language() == DEFAULT:
        return str(error)
    told = _from_pieces(error)
    return retold(str(error)) if told is None else told


def faults_of(error: HlaMatchError) -> tuple[HlaMatchError, ...]:
    """Return the errors that an error is made of: of criteria each that is wrong, else itself."""
    return error.faults if isinstance(error, CriteriaError) else (error,)


def told(error: HlaMatchError) -> str:
    """Return an error in one line; what has no words in the language stands behind what its code means."""
    if language() == DEFAULT:
        return str(error)
    faults = faults_of(error)
    lines = [detail(one) for one in faults]
    message = translated("; ").join(lines)
    unchanged = any(line == str(one) for line, one in zip(lines, faults, strict=True))
    return translated("{means} ({message})", means=meaning(error), message=message) if unchanged else message


def code_of(error: HlaMatchError) -> ErrorCode | Reason:
    """Return what the code of an error names."""
    if error.code.startswith(_TYPING):
        return Reason(error.code.removeprefix(_TYPING).replace("-", "_"))
    return ErrorCode(error.code)


def _from_pieces(error: HlaMatchError) -> str | None:
    """Return the message from the pieces that an error carries; None where it is more than they are."""
    match error:
        case TypingError():
            shown = error.text if len(error.text) <= 60 else error.text[:57] + "..."
            english = f"{shown!r}, position {error.position}: expected {error.expected}"
            told = translated(
                "{text}, position {position}: expected {expected}",
                text=repr(shown),
                position=error.position,
                expected=retold(error.expected),
            )
        case FileError():
            english = f"{_place(error)}: found {error.found}, expected {error.expected}"
            told = _found(_told_place(error), retold(error.found), error.expected)
        case CriteriaError():
            english = f"{error.name}: found {error.found!r}, expected {error.expected}"
            found = retold(error.found) if isinstance(error.found, InWords) else repr(error.found)
            told = _found(error.name, found, error.expected)
        case LockedError():
            return translated(
                "{what}: {holder} writes it{since}; nothing was changed; try again when it ended",
                what=error.what,
                holder=error.holder,
                since=translated(" since {time}", time=error.since) if error.since else "",
            )
        case _:
            return None
    hint = f"; {error.hint}" if error.hint else ""
    if str(error) != f"{english}{hint}":
        return None
    return translated("{told}; {hint}", told=told, hint=retold(error.hint)) if hint else told


def _found(place: str, found: str, expected: str) -> str:
    return translated(
        "{place}: found {found}, expected {expected}", place=place, found=found, expected=retold(expected)
    )


def _place(error: FileError) -> str:
    row = "" if error.row is None else f", row {error.row}"
    return f"{error.path}{row}{'' if error.column is None else f', column {error.column}'}"


def _told_place(error: FileError) -> str:
    told = error.path
    if error.row is not None:
        told = translated("{place}, row {row}", place=told, row=error.row)
    return told if error.column is None else translated("{place}, column {column}", place=told, column=error.column)
