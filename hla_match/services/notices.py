"""Notices of a use case beside its result: each has a kind, is passed on at once, and is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice is for."""

    STATE = "state"
    """What is being done, where that takes long, or where a batch goes on."""

    NOTE = "note"
    """What was understood differently than written, or left out."""

    CAUTION = "caution"
    """What may have gone wrong without an error."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say; it names rows and columns, never a person.

    Attributes:
        kind: what it is for.
        text: a sentence.
        about: the argument or file that it is about; empty where the text says it.

    >>> str(Notice(NoticeKind.NOTE, "2 of 5 identifiers are not in the registry", "only_donors"))
    'only_donors: 2 of 5 identifiers are not in the registry'
    """

    kind: NoticeKind
    text: str
    about: str = ""

    def __str__(self) -> str:
        return f"{self.about}: {self.text}" if self.about else self.text


OnNotice = Callable[[Notice], None]
"""Is called with each notice, as soon as there is one."""

OnProgress = Callable[[int, int], None]
"""Is called with the number of patients or persons that are done, and of all of them."""


class Notices:
    """The notices of one use case.

    Args:
        on_notice: is called with each.
    """

    def __init__(self, on_notice: OnNotice | None = None) -> None:
        self._on_notice = on_notice
        self._kept: list[Notice] = []

    def add(self, kind: NoticeKind, text: str, about: str = "") -> None:
        """Keep a notice and hand it on."""
        notice = Notice(kind, text, about)
        self._kept.append(notice)
        if self._on_notice is not None:
            self._on_notice(notice)

    @property
    def all(self) -> tuple[Notice, ...]:
        """The notices so far, in their order."""
        return tuple(self._kept)
