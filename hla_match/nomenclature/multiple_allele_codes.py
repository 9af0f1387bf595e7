"""NMDP multiple allele codes: a few letters that stand for a list of alleles.

Columns, not a dictionary: the full file has more than a million codes and stays memory-mapped on disk.
Source: NMDP, "Allele code lists" (alpha.v3 layout).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray


class MacTable:
    """Immutable code book from code to expansion text.

    Attributes:
        name: (n,) ascending bytes, the codes.
        offset: (n + 1,) int64 offsets into `text`.
        text: uint8 UTF-8 bytes of all expansions.
    """

    def __init__(self, name: NDArray[np.bytes_], offset: NDArray[np.int64], text: NDArray[np.uint8]) -> None:
        self.name = name
        self.offset = offset
        self.text = text

    @classmethod
    def from_items(cls, items: Iterable[tuple[str, str]]) -> Self:
        """Make a book from pairs of code and expansion; a later pair replaces an earlier one.

        >>> book = MacTable.from_items([("ZAAB", "01/02")])
        >>> book.lookup("ZAAB"), book.lookup("QQ")
        ('01/02', None)
        """
        pairs = sorted(dict(items).items())
        return cls.from_columns([code for code, _ in pairs], [expansion for _, expansion in pairs])

    @classmethod
    def from_columns(cls, codes: Sequence[str], expansions: Sequence[str]) -> Self:
        """Make a book from ascending codes, each once, and their expansions."""
        offset = np.zeros(len(codes) + 1, np.int64)
        np.cumsum(np.fromiter((len(text.encode()) for text in expansions), np.int64, len(codes)), out=offset[1:])
        # The array of bytes takes text as far as it is ASCII, as codes are.
        return cls(np.array(codes, "S"), offset, np.frombuffer("".join(expansions).encode(), np.uint8))

    def __len__(self) -> int:
        return int(self.name.size)

    def lookup(self, code: str) -> str | None:
        """Return the expansion of a code: "01/02" (second fields) or "24:02/25:01" (names); None where unknown."""
        wanted = code.encode()
        position = int(np.searchsorted(self.name, np.bytes_(wanted))) if len(self) else 0
        if position >= len(self) or bytes(self.name[position]) != wanted:
            return None
        return self.text[self.offset[position] : self.offset[position + 1]].tobytes().decode()
