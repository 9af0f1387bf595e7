"""The distinct reported typings of one locus, each read once, however many donors report it and in however many parts.

Codes are given in the order in which typings are met. What a registry keeps is renumbered, by the texts: so it is
the same whatever the order of the donors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import Reason, TypingError
from hla_match.kernels.codes import NOT_TYPED
from hla_match.kernels.schema.typings import TypingTable
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import Alternative, AmbiguousNulls, LocusEncoder, typing_table

MOST_CODES, MOST_CODES_A_PERSON = 2_000_000, 5
"""Codes in the sets of all distinct typings of a locus: so many, and so many more for each person."""

_ONE_ALLELE = re.compile(r"[0-9:]{0,20}[A-Z]?")


@dataclass(frozen=True, slots=True)
class LocusColumn:
    """The typings of one locus as reported, and expanded.

    Attributes:
        text: (reported, ) frame with columns `first` and `second`, one row for each distinct reported typing, by text;
            row 0 is "not typed".
        expanded_typing: (reported,) int32, the row in `table` of each reported typing.
        table: the distinct expanded typings, numbered by the first of their texts.
    """

    text: pl.DataFrame
    expanded_typing: NDArray[np.int32]
    table: TypingTable


@dataclass(frozen=True, slots=True)
class NumberedTypings:
    """The typings that a registry keeps, numbered by their texts.

    Attributes:
        column: the typings.
        number: (codes,) uint32 row of `column.text` of each code of the book; 0 for those that are not kept.
    """

    column: LocusColumn
    number: NDArray[np.uint32]


class TypingBook:
    """Gives each distinct pair of texts of a locus a code, and reads it as a `LocusEncoder` does."""

    def __init__(
        self,
        nomenclature: Nomenclature,
        locus: str,
        codes: MacTable | None = None,
        *,
        ambiguous_nulls: AmbiguousNulls = "drop",
    ) -> None:
        self.locus = locus
        self._nomenclature = nomenclature
        self._encoder = LocusEncoder(nomenclature, locus, codes, ambiguous_nulls=ambiguous_nulls)
        self._code: dict[tuple[str, str], int] = {("", ""): NOT_TYPED}
        self._with_nulls: list[tuple[Alternative, ...]] = [()]
        self._n_persons = 0
        self._n_codes_in_sets = 0
        self._unreadable: dict[int, TypingError] = {}
        self._notes: dict[str, list[int]] = {}

    @property
    def n_codes(self) -> int:
        """Number of codes so far, that of "not typed" included."""
        return len(self._with_nulls)

    @property
    def unreadable(self) -> Mapping[int, TypingError]:
        """The codes of typings that the nomenclature cannot read, and why."""
        return self._unreadable

    def code(self, first: pl.Series, second: pl.Series) -> NDArray[np.uint32]:
        """Return the (persons,) code of each person's typing, given as two columns of text, null where empty."""
        pair = pl.DataFrame({"first": first.fill_null(""), "second": second.fill_null("")})
        distinct = pair.unique(maintain_order=True)
        self._n_persons += pair.height
        known = [self._code_of(*texts) for texts in distinct.iter_rows()]
        coded = distinct.with_columns(pl.Series("code", known, pl.UInt32))
        return pair.join(coded, on=["first", "second"], how="left", maintain_order="left")["code"].to_numpy()

    @property
    def notes(self) -> Mapping[str, list[int]]:
        """What was read differently than written, with the codes of its typings."""
        return self._notes

    def numbered(self, kept: NDArray[np.bool_]) -> NumberedTypings:
        """Return the typings that are kept, (codes,), numbered by their texts; all of them can be read."""
        rows = [texts for texts, code in self._code.items() if code != NOT_TYPED and kept[code]]
        texts = [("", ""), *sorted(rows)]
        codes = [self._code[pair] for pair in texts]
        number = np.zeros(self.n_codes, np.uint32)
        number[codes] = np.arange(len(codes), dtype=np.uint32)
        book: dict[tuple[Alternative, ...], int] = {}
        expanded_typing = [book.setdefault(self._with_nulls[code], len(book)) for code in codes]
        column = LocusColumn(
            text=pl.DataFrame(texts, schema={"first": pl.String, "second": pl.String}, orient="row"),
            expanded_typing=np.array(expanded_typing, np.int32),
            table=typing_table(list(book)),
        )
        return NumberedTypings(column, number)

    def _code_of(self, first: str, second: str) -> int:
        known = self._code.get((first, second))
        if known is not None:
            return known
        code = self._code[first, second] = len(self._with_nulls)
        try:
            self._check_ambiguity(first, second)
            is_read = self._encoder.is_read(first, second)
            with_nulls, notes = self._encoder.with_nulls_and_notes(first, second)
            if not with_nulls:
                # Signs and words for not typed.
                self._code[first, second] = NOT_TYPED
                return NOT_TYPED
            self._with_nulls.append(with_nulls)
            if not is_read:
                self._n_codes_in_sets += sum(len(side.codes) for pair in with_nulls for side in pair)
            for note in notes:
                self._notes.setdefault(note, []).append(code)
        except TypingError as error:
            self._with_nulls.append(())
            self._unreadable[code] = error
        return code

    def _check_ambiguity(self, first: str, second: str) -> None:
        """Refuse a further list where the typings before it fill the memory; a single allele can always be read."""
        most = MOST_CODES + MOST_CODES_A_PERSON * self._n_persons
        if self._n_codes_in_sets <= most:
            return
        single = _ONE_ALLELE.fullmatch(first) and _ONE_ALLELE.fullmatch(second)
        if not single and not self._encoder.is_read(first, second):
            raise TypingError(
                first,
                0,
                expected=f"typings of locus {self.locus} that stand for at most {most:,} P groups in all",
                reason=Reason.TOO_AMBIGUOUS,
                hint="report ambiguous typings as multiple allele codes or as families such as 02:XX",
            )
