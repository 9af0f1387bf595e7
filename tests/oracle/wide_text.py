"""How many columns of a terminal characters fill, one by one, by Unicode's table of East Asian widths (UAX 11)."""

from __future__ import annotations

import unicodedata


def columns(text: str) -> int:
    """Return the columns of a text: two for wide and full-width characters, none for combining ones."""
    n = 0
    for character in text:
        if unicodedata.combining(character):
            continue
        n += 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
    return n
