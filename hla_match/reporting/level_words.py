"""The levels of resolution of a typing in words."""

from __future__ import annotations

from hla_match.language import translatable_in, translated_in

_OF = "resolution"
LEVEL_WORDS = (
    translatable_in("resolution", "untyped"),
    translatable_in("resolution", "low"),
    translatable_in("resolution", "intermediate"),
    translatable_in("resolution", "high"),
)
"""The words of `hla_match.auditing.resolution.LEVELS`, in their order: high is also what an expression can be."""


def level_word(level: str) -> str:
    """Return a level in the language of the moment.

    >>> [level_word(level) for level in LEVEL_WORDS]
    ['untyped', 'low', 'intermediate', 'high']
    """
    return translated_in(_OF, level)
