"""Whether text in GB18030 is Chinese, or other bytes that decode as GB18030.

Sources: GB 2312-80, whose level 1 holds the 3,755 common characters; `registry_io.tables.frequent_hanzi`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from registry_io.tables.frequent_hanzi import FREQUENT_HANZI

GB18030 = "gb18030"
"""The encoding, as Python calls it."""

MOST_WORDS = 100_000
"""Distinct words, about, that are enough to tell."""

_COMMON, _FREQUENT, _CERTAIN, _FEW = 0.5, 1 / 3, 2 / 3, 4
"""Share of a text's distinct characters that are of level 1 of GB 2312, and of those that every text uses, at least;
and of the latter where it need not be asked what else the text may be; all of fewer characters than the last."""

# Words in Big5 (level 1), EUC-KR (Hangul), EUC-JP (level 1 and kana), Windows-1251 and KOI8-R (Cyrillic, in lower case
# but for the first letter).
_RIVALS = tuple(
    re.compile(pattern)
    for pattern in (
        rb"(?:[\xa4-\xc6][\x40-\x7e\xa1-\xfe])+",
        rb"(?:[\xb0-\xc8][\xa1-\xfe])+",
        rb"(?:[\xa4\xa5\xb0-\xcf][\xa1-\xfe])+",
        rb"[\xc0-\xdf\xa8]?[\xe0-\xff\xb8]+|[\xc0-\xdf\xa8]+",
        rb"[\xe0-\xff\xb3]?[\xc0-\xdf\xa3]+|[\xe0-\xff\xb3]+",
    )
)

# Words of GB 2312 that are UTF-8 as well: the sign for woman is a letter of Czech.
_FOREIGN_FROM = 0x80
_FOREIGN_BYTES = re.compile(rb"[\x80-\xff]+")
_LONG_SEQUENCE = re.compile(rb"[\xe0-\xf4]")
_EITHER = re.compile(rb"(?<![A-Za-z\x80-\xff])(?:[\xc2-\xdf][\xa1-\xbf])+(?![A-Za-z\x80-\xff])")
_PUNCTUATION = re.compile(
    "[\u00a0\u00ad\u00b7\u200b-\u2026\u2103\u2116\u2160-\u216b\u2460-\u249b\u3000-\u3017\uff01-\uff5e\uffe5\ufeff]"
)
_LETTERS = re.compile("[\u00b0\u00b1\u00d7\u0101-\u01dc\u0391-\u03c9]")


class Utf8Doubt:
    """Asks of a text in UTF-8, while it passes by, whether it rather is one in GB18030 of few characters."""

    def __init__(self) -> None:
        self._words: set[bytes] = set()
        self._is_sure = False

    def at(self, chunk: bytes) -> None:
        """Look at a chunk."""
        if self._is_sure or chunk.isascii():
            return
        words = _EITHER.findall(chunk)
        self._words.update(words)
        # Words at both ends may go on in other chunks.
        ends = int(chunk[0] >= _FOREIGN_FROM) + int(chunk[-1] >= _FOREIGN_FROM)
        self._is_sure = (
            _LONG_SEQUENCE.search(chunk) is not None
            or len(words) + ends < len(_FOREIGN_BYTES.findall(chunk))
            or len(self._words) > MOST_WORDS
        )

    @property
    def is_gb18030(self) -> bool:
        """Whether all its words stand by themselves and are of characters that every text in Chinese uses."""
        characters = set(b"".join(self._words).decode(GB18030)) if not self._is_sure else set()
        return bool(characters) and characters <= FREQUENT_HANZI


def is_chinese(words: Collection[str]) -> bool:
    """Whether the distinct words of a text, without those of ASCII, are Chinese.

    >>> is_chinese(["杭州", "型"]), is_chinese(["鼄榖"]), is_chinese(["\ue000杭州"]), is_chinese(["蔼动"])
    (True, False, False, False)
    """
    foreign = set("".join(words))
    if any(unicodedata.category(one) in ("Cc", "Cn", "Co", "Cs") or one == "\ufffd" for one in foreign):
        return False
    letters = [one for one in foreign if not (_PUNCTUATION.match(one) or _LETTERS.match(one))]
    common = sum(_is_common(one) or one in FREQUENT_HANZI for one in letters)
    frequent = sum(one in FREQUENT_HANZI for one in letters)
    if common < _COMMON * len(letters) or frequent < _FREQUENT * len(letters):
        return False
    if frequent >= (_CERTAIN if len(letters) >= _FEW else 1) * len(letters):
        return True
    coded = [word.encode(GB18030) for word in words]
    return not any(all(map(rival.fullmatch, coded)) for rival in _RIVALS)


def _is_common(character: str) -> bool:
    """Whether a character is of level 1 of GB 2312, whose rows are 16 to 55."""
    coded = character.encode(GB18030)
    return len(coded) == 2 and 0xB0 <= coded[0] <= 0xD7 and coded[1] >= 0xA1
