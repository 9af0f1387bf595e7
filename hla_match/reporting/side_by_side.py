"""Texts side by side on a page of 80 columns: cells are broken behind signs that join names, never inside a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest

WIDTH = 80
"""Columns of a page."""

_BREAK = r"(?<=\S) +(?![<>]?[0-9.]+%[、，；。])|[、，；。：](?=\S)"
"""Where lines may be broken: at blanks and behind a Chinese mark, but not between a name and its percentage there."""

_NAME = re.compile(rf".*?(?:[+/|^]|{_BREAK}|$)")
_WORD = re.compile(rf".*?(?:{_BREAK}|$)")
MOST_LINES = 6
"""Lines of a cell; a longer text is cut, and the cell says so."""


def side_by_side(
    cells: Sequence[str], widths: Sequence[int], *, indent: int = 0, most: int | None = MOST_LINES
) -> Iterator[str]:
    """Yield the lines of a row of cells, each cell within its width.

    >>> for line in side_by_side(["A", "A*02:01+A*24:02", "A2"], [3, 10, 10]):
    ...     print(line)
    A   A*02:01+   A2
        A*24:02

    Args:
        cells: their texts.
        widths: the columns of each.
        indent: blanks in front of each line.
        most: lines of a cell; None for all.
    """
    columns = [_lines(cell, width, _NAME, most) for cell, width in zip(cells, widths, strict=True)]
    for parts in zip_longest(*columns, fillvalue=""):
        padded = (part + " " * (width - shown_width(part)) for part, width in zip(parts, widths, strict=True))
        yield (" " * indent + " ".join(padded)).rstrip()


def paragraph(text: str, *, indent: int = 0, first: int | None = None) -> Iterator[str]:
    """Yield a text in lines of a page; those behind the first are indented.

    Args:
        text: without line breaks.
        indent: blanks in front of each line but the first.
        first: blanks in front of the first one; as of the others without it.
    """
    start = indent if first is None else first
    for number, line in enumerate(_lines(text, WIDTH - max(indent, start), _WORD, most=None)):
        yield " " * (indent if number else start) + line


def shown_width(text: str) -> int:
    """Return the columns that a text takes on a terminal.

    >>> shown_width("A2"), shown_width("杭州")
    (2, 4)
    """
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _lines(text: str, width: int, piece_of: re.Pattern[str], most: int | None = MOST_LINES) -> list[str]:
    lines = [""]
    for piece in filter(None, piece_of.findall(text)):
        if shown_width(lines[-1]) + shown_width(piece.rstrip()) > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece
        while shown_width(lines[-1].rstrip()) > width:
            cut = _cut(lines[-1], width)
            lines[-1:] = [lines[-1][:cut], lines[-1][cut:]]
    lines[-1] = lines[-1].rstrip()
    if most is not None and len(lines) > most:
        return [*lines[: most - 1], f"... {len(lines) - most + 1:,} more lines"[:width]]
    return lines


def _cut(text: str, width: int) -> int:
    """Return how many signs of a text fit into a width; at least one."""
    n = 1
    while n < len(text) and shown_width(text[: n + 1]) <= width:
        n += 1
    return n
