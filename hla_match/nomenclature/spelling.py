"""A text that is rewritten, with the place of the original from which each of its characters comes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hla_match.errors import TypingError
from hla_match.nomenclature.spreadsheet_times import spreadsheet_hint


@dataclass(frozen=True, slots=True)
class StandardText:
    """A text in standard form, and where it comes from.

    Attributes:
        written: the text as it was written.
        text: the standard form.
        origin: (len(text) + 1,) positions in `written` of each character of `text` and of its end; empty where the
            two are the same.
        notes: what was understood differently than written, each once.
    """

    written: str
    text: str
    origin: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def refusal(self, error: TypingError) -> TypingError:
        """Return an error of the standard form as one of the text as it was written."""
        position = self.origin[error.position] if self.origin else error.position
        hint = spreadsheet_hint(self.written) or error.hint
        return TypingError(self.written, position, expected=error.expected, reason=error.reason, hint=hint)


class Spelling:
    """A text on its way to the standard form: each rewriting keeps the place from which every character comes.

    Attributes:
        written: the text as it was written.
        text: the text so far.
        notes: what was understood differently than written.
    """

    def __init__(self, written: str) -> None:
        self.written = written
        self.text = written
        self.notes: dict[str, None] = {}
        self._origin = list(range(len(written) + 1))

    def standard(self) -> StandardText:
        """Return the text as it is now."""
        return StandardText(self.written, self.text, tuple(self._origin), tuple(self.notes))

    def position(self, at: int) -> int:
        """Return the position in the text as it was written."""
        return self._origin[at]

    def rewrite(self, pattern: re.Pattern[str], *pieces: int | str, note: str = "") -> None:
        """Replace each match by pieces: numbers of groups, which keep their places, and texts."""
        parts: list[str] = []
        origin: list[int] = []
        end = 0
        for match in pattern.finditer(self.text):
            parts.append(self.text[end : match.start()])
            origin += self._origin[end : match.start()]
            for piece in pieces:
                if isinstance(piece, str):
                    parts.append(piece)
                    origin += [self._origin[match.start()]] * len(piece)
                elif match[piece]:
                    parts.append(match[piece])
                    origin += self._origin[slice(*match.span(piece))]
            end = match.end()
        if parts:
            text = "".join([*parts, self.text[end:]])
            if note and text != self.text:
                self.notes[note] = None
            self.text, self._origin = text, origin + self._origin[end:]

    def insert(self, places: Sequence[tuple[int, str]]) -> None:
        """Insert texts, each before a position, which ascend; a text comes from the place before which it stands."""
        parts: list[str] = []
        origin: list[int] = []
        end = 0
        for at, text in places:
            parts += self.text[end:at], text
            origin += self._origin[end:at]
            origin += [self._origin[at]] * len(text)
            end = at
        self.text = "".join([*parts, self.text[end:]])
        self._origin = origin + self._origin[end:]

    def arrange(self, loci: Sequence[Sequence[tuple[str, tuple[int, int]]]]) -> None:
        """Replace the text by a GL String of parts of it: by locus, its names, each with what lacks in front of it."""
        pieces: list[tuple[str, list[int]]] = []
        for names in loci:
            for number, (head, (start, end)) in enumerate(names):
                joint = ("+" if number else "^") if pieces else ""
                places = [self._origin[start]] * len(joint + head) + self._origin[start:end]
                pieces.append((joint + head + self.text[start:end], places))
        self._origin = [place for _, places in pieces for place in places] + self._origin[-1:]
        self.text = "".join(text for text, _ in pieces)

    def replace(self, text: str, note: str = "") -> None:
        """Take a text of the same length, each character in the place of its own."""
        if note and text != self.text:
            self.notes[note] = None
        self.text = text
