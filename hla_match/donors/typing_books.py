"""The typings of persons at all loci, each distinct one read once, however many parts the persons come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.arrangement import UnreadableTyping, unreadable_typings
from hla_match.donors.registry import reported_loci
from hla_match.loci import LOCI
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from hla_match.typings.typing_book import TypingBook


class TypingBooks:
    """A `TypingBook` for each locus that persons are typed at.

    Args:
        nomenclature: reads the typings.
        codes: multiple allele codes.
        ambiguous_nulls: as in `hla_match.donors.registry.build_registry`.
        loci: the loci to take, where a part has them.
    """

    def __init__(
        self,
        nomenclature: Nomenclature,
        codes: MacTable | None = None,
        *,
        ambiguous_nulls: AmbiguousNulls = "drop",
        loci: Iterable[str] = LOCI,
    ) -> None:
        self._nomenclature, self._codes = nomenclature, codes
        self._ambiguous_nulls: AmbiguousNulls = ambiguous_nulls
        self._loci = tuple(loci)
        self._books: dict[str, TypingBook] = {}

    @property
    def books(self) -> dict[str, TypingBook]:
        """The books so far, in the order of the loci."""
        return {locus: self._books[locus] for locus in LOCI if locus in self._books}

    def code(self, persons: pl.DataFrame) -> dict[str, NDArray[np.uint32]]:
        """Return by locus the (persons,) code of each person's typing; `persons` is as `build_registry` takes it."""
        found = {}
        for locus in reported_loci(persons, self._loci):
            if locus not in self._books:
                self._books[locus] = TypingBook(
                    self._nomenclature, locus, self._codes, ambiguous_nulls=self._ambiguous_nulls
                )
            found[locus] = self._books[locus].code(persons[f"{locus}_1"], persons[f"{locus}_2"])
        return found

    def unreadable(self, reported: Mapping[str, NDArray[np.uint32]]) -> list[UnreadableTyping]:
        """Return the typings that cannot be read, with the rows of the persons whose codes are given by locus."""
        return unreadable_typings({locus: self._books[locus] for locus in reported}, reported)
