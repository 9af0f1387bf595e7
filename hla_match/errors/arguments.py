"""Checks of the types, numbers and names that arguments may have."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from numbers import Integral

from hla_match.errors import CriteriaError, ErrorCode


class InWords(str):
    """Words about a value, which messages print without quotation marks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def check_type(name: str, value: object, *types: type, expected: str) -> None:
    """Refuse an argument that is of none of some types.

    Args:
        name: of the argument.
        value: as given.
        types: those that it may have.
        expected: what it must be, in words.

    Raises:
        CriteriaError: it is of none of them; the value is not named.

    >>> check_type("text", None, str, expected="a text")
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: text: found None, expected a text
    >>> check_type("at", True, int, expected="a number")
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: at: found a value of type bool, expected a number
    """
    # To Python True is a number.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        found = None if value is None else InWords(f"a value of type {type(value).__name__}")
        raise CriteriaError(name, found=found, expected=expected, code=ErrorCode.CRITERIA_TYPE)


def check_day(name: str, value: object) -> None:
    """Refuse an argument that is no day, such as a time of a day.

    Raises:
        CriteriaError: it is none.

    >>> check_day("today", datetime.datetime(2026, 1, 31, 12))
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: today: found a value of type datetime, expected a date
    """
    check_type(name, value, datetime.date, expected="a date")
    if isinstance(value, datetime.datetime):
        found = InWords(f"a value of type {type(value).__name__}")
        raise CriteriaError(name, found=found, expected="a date", code=ErrorCode.CRITERIA_TYPE)


def check_text(name: str, value: object) -> None:
    r"""Refuse what is no text, or holds what no file can: bytes of a command line that are not UTF-8.

    Raises:
        CriteriaError: it is none; the value is not named.

    >>> check_text("reason", "moved\udcff")
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: reason: found bytes that are no text in UTF-8, expected a text
    """
    check_type(name, value, str, expected="a text")
    try:
        str(value).encode()
    except UnicodeEncodeError:
        found = InWords("bytes that are no text in UTF-8")
        raise CriteriaError(name, found=found, expected="a text") from None


def check_count(name: str, value: object, *, least: int = 1) -> None:
    """Refuse an argument that is no whole number of at least `least`.

    Raises:
        CriteriaError: it is none.

    >>> check_count("workers", 0)
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: workers: found 0, expected a whole number of at least 1
    """
    expected = f"a whole number of at least {least}"
    check_type(name, value, int, Integral, expected=expected)
    if isinstance(value, bool) or not isinstance(value, int | Integral) or int(value) < least:
        raise CriteriaError(name, found=value, expected=expected)


def check_names(name: str, values: object, *, expected: str) -> None:
    """Refuse what is no collection of texts, such as a single text, whose letters would count as several.

    Raises:
        CriteriaError: it is none; no value is named.

    >>> check_names("donors", "D1", expected="a list of identifiers")
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: donors: found a value of type str, expected a list of identifiers
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        found = None if values is None else InWords(f"a value of type {type(values).__name__}")
        raise CriteriaError(name, found=found, expected=expected, code=ErrorCode.CRITERIA_TYPE)
    for value in values:
        check_type(name, value, str, expected=expected)


def check_each(name: str, values: object, kind: type, *, expected: str) -> None:
    """Refuse what is no sequence of values of one type.

    Raises:
        CriteriaError: it is none; no value is named.

    >>> check_each("ages", [30, "40"], int, expected="a list of ages")
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: ages: found a value of type str, expected a list of ages
    """
    check_type(name, values, Sequence, expected=expected)
    for value in values if isinstance(values, Sequence) else ():
        check_type(name, value, kind, expected=expected)


def check_name(name: str, value: object, known: Collection[str], *, expected: str, hint: str = "") -> None:
    """Refuse an argument that is none of some names.

    Args:
        name: of the argument.
        value: as given.
        known: the names that it may have.
        expected: what it must be, in words; the names stand behind them.
        hint: what to do about it, or "".

    Raises:
        CriteriaError: it is none of them.

    >>> check_name("level", "Q", ("P", "G"), expected="one of")
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: level: found 'Q', expected one of P, G
    """
    if not isinstance(value, str) or value not in known:
        found = value if value is None or isinstance(value, str) else InWords(f"a value of type {type(value).__name__}")
        expected = f"{expected} {', '.join(known)}"
        raise CriteriaError(name, found=found, expected=expected, hint=hint, code=ErrorCode.CRITERIA_UNKNOWN)
