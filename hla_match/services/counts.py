"""Numbers with their nouns, for messages."""

from __future__ import annotations


def counted(n: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "patient"), counted(1200, "row")
    ('1 patient', '1,200 rows')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"
