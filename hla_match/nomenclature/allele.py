"""Allele names in their parts: locus, fields and expression suffix.

Source: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291), "Allele names".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from hla_match.errors import TypingError

_HLA = re.compile(r"(?:HLA-)?", re.ASCII)
_LOCUS = re.compile(r"[A-Z]{1,4}[0-9]?", re.ASCII)
_FIELDS = re.compile(r"[0-9]{2,4}(?::[0-9]{2,4}){0,3}", re.ASCII)
_SUFFIX = re.compile(r"[NLSCAQ]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AlleleName:
    """The name of one allele, whole or truncated.

    Attributes:
        locus: "A", "DRB1", ...
        fields: one to four fields, leading zeros kept.
        suffix: expression suffix, one of N L S C A Q, or "".
    """

    locus: str
    fields: tuple[str, ...]
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name such as ``HLA-A*24:09N``; ``HLA-`` may be left out, the locus may not.

        Raises:
            TypingError: the text is no name, with the position of the fault.

        >>> AlleleName.parse("HLA-A*24:02:01:02L")
        AlleleName(locus='A', fields=('24', '02', '01', '02'), suffix='L')
        """
        start = _after(_HLA, text, 0, "")
        star = _after(_LOCUS, text, start, "a locus, such as A or DRB1")
        if text[star : star + 1] != "*":
            raise TypingError(text, star, expected="'*' behind the locus")
        end = _after(_FIELDS, text, star + 1, "a field of two to four digits")
        finish = _after(_SUFFIX, text, end, "")
        if finish < len(text):
            raise TypingError(text, finish, expected="the end of the name")
        return cls(text[start:star], tuple(text[star + 1 : end].split(":")), text[end:finish])

    def __str__(self) -> str:
        return f"{self.locus}*{':'.join(self.fields)}{self.suffix}"

    @property
    def two_fields(self) -> str:
        """The first two fields, without locus and suffix: "24:09"."""
        return ":".join(self.fields[:2])


def _after(pattern: re.Pattern[str], text: str, start: int, expected: str) -> int:
    """Return where a pattern that matches at `start` ends."""
    match = pattern.match(text, start)
    if match is None:
        raise TypingError(text, start, expected=expected)
    return match.end()
