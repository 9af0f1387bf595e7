"""Texts whose characters are one or two columns wide on a terminal: padded, and broken into lines.

A Chinese character fills two columns, and a line can be broken between any two of them, but for the marks that belong
to the character before or behind them.
"""

from __future__ import annotations

import unicodedata

_CLINGS_TO_BEFORE = "，。；：、！？）》】”’％,.;:!?)]}%"
"""What begins no line."""

_CLINGS_TO_NEXT = "（《【“‘([{"
"""What ends no line."""


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text fills.

    >>> text_width("HLA 位点")
    8
    """
    return len(text) + sum(_extra(one) for one in text) if not text.isascii() else len(text)


def padded(text: str, width: int) -> str:
    """Return a text with spaces behind it up to a width; a longer one as it is.

    >>> padded("供者", 6) + "|", padded("donor", 6) + "|"
    ('供者  |', 'donor |')
    """
    return text + " " * (width - text_width(text))


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Return a text in lines of at most a width, broken at spaces and between wide characters.

    A word that is longer than a line stands in a line of its own.

    Args:
        text: one paragraph.
        width: of a line, in columns.
        first: what the first line begins with.
        rest: what the other lines begin with.

    >>> wrapped("找到 12 名供者，全相合。", 12)
    ['找到 12 名供', '者，全相合。']
    """
    lines, line = [], first
    filled, is_empty = text_width(first), True
    for part in _parts(text):
        room = width - filled
        if not is_empty and text_width(part.rstrip()) > room:
            lines.append(line.rstrip())
            line, filled, is_empty = rest, text_width(rest), True
        line += part
        filled += text_width(part)
        is_empty = False
    return [*lines, line.rstrip()]


def _parts(text: str) -> list[str]:
    """Return what stays together: words with the spaces behind them, and wide characters with the marks about them."""
    parts, start = [], 0
    for place in range(1, len(text)):
        before, behind = text[place - 1], text[place]
        is_wide = _extra(before) == 1 or _extra(behind) == 1
        clings = behind.isspace() or behind in _CLINGS_TO_BEFORE or before in _CLINGS_TO_NEXT
        if (before.isspace() or is_wide) and not clings:
            parts.append(text[start:place])
            start = place
    return [*parts, text[start:]]


def _extra(character: str) -> int:
    """Return by how much a character is wider than one column."""
    if unicodedata.combining(character):
        return -1
    return unicodedata.east_asian_width(character) in "WF"
