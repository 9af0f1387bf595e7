"""Signs and words that laboratories write where nothing was typed.

Registries write ``UUUU`` for unknown, and ``XXXX`` for present but not typed further (DRB3, DRB4, DRB5).
"""

from __future__ import annotations

import re

from hla_match.nomenclature.half_width import half_width

UNKNOWN = "UUUU"
"""The standard form of a typing that is not known."""

PRESENT = "XXXX"
"""The standard form of an allele that is present and not typed further."""

EMPTY_WORDS = frozenset({"na", "n/a", "n.a.", "n.a", "nan", "<na>", "blank", "空", "空白", "无", "無"})
"""Words, in lower case, for an empty cell: not typed; as a second typing, nothing beside the first."""

_EMPTY_SIGN = r"-{1,4}|\.{1,4}|\*{1,4}|_{1,4}|/|\\"

UNKNOWN_WORDS = frozenset({
    "uuuu", "not typed", "not-typed", "not_typed", "nottyped", "untyped", "not tested", "not done", "not available",
    "nt", "n.t.", "n/t", "nd", "n.d.", "n/d", "unknown", "unk", "pending", "未做", "未检", "未检测", "未测", "未分型",
    "未知", "未查", "不详", "待测", "待查", "待检",
})  # fmt: skip
"""Words, in lower case, that say that nothing is known: of a second typing that it may be any allele."""


def _any_of(words: frozenset[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# Behind a locus and a star, `A*-`, where stars, slashes and strokes have other meanings.
EMPTY_NAME = rf"-{{1,4}}|\.{{1,4}}|\*{{3,4}}|{_any_of(EMPTY_WORDS)}"
UNKNOWN_NAME = _any_of(UNKNOWN_WORDS)

_STARRED = r"(?:(?:hla-)?[a-z]{1,4}[0-9]?\*)"
_EMPTY = re.compile(rf"(?:{_EMPTY_SIGN}|{_STARRED}?(?:{EMPTY_NAME}))?")
_UNKNOWN = re.compile(rf"{_STARRED}?(?:{UNKNOWN_NAME})")
# Most cells begin with a digit, and no sign or word does.
_DIGITS = frozenset("0123456789")


def is_empty(text: str) -> bool:
    """Say whether a cell holds nothing, or a sign of it.

    >>> [is_empty(text) for text in ("", " - ", "N/A", "A*-", "NT", "02:01")]
    [True, True, True, True, False, False]
    """
    return text[:1] not in _DIGITS and _EMPTY.fullmatch(_bare(text)) is not None


def is_unknown(text: str) -> bool:
    """Say whether a cell says that nothing is known.

    >>> [is_unknown(text) for text in ("Not typed", "uuuu", "A*UUUU", "未做", "-", "NEW")]
    [True, True, True, True, False, False]
    """
    return text[:1] not in _DIGITS and _UNKNOWN.fullmatch(_bare(text)) is not None


def is_untyped(first: str, second: str = "") -> bool:
    """Say whether the two cells of a locus say that it was not typed.

    >>> is_untyped("-", "NT"), is_untyped("02:01", "-")
    (True, False)
    """
    return all(is_empty(text) or is_unknown(text) for text in (first, second))


def _bare(text: str) -> str:
    return " ".join(half_width(text).split()).lower()
