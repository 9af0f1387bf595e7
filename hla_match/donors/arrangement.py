"""The order of a registry's donors: by their expanded typings, those alike side by side.

Texts of typings come coded in the order of a file. Once all are there, reported and expanded typings are numbered by
texts and donors are ordered by them, so that equal donors make an equal registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.typing_index import COVERED_LOCI, CYCLE, typing_orders
from hla_match.errors import Reason
from hla_match.kernels.schema.donors import TypingOrder
from hla_match.loci import LOCI
from hla_match.typings.typing_book import LocusColumn, TypingBook


@dataclass(frozen=True, slots=True)
class UnreadableTyping:
    """A reported typing that the nomenclature cannot read, and the rows of the frame that carry it."""

    locus: str
    text: str
    reason: Reason
    message: str
    hint: str
    rows: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The donors of a registry in their order, found from codes that were given in the order of their file.

    Attributes:
        rows: (donors,) uint32 rows of the persons who become donors.
        id_rank: (donors,) uint32 as in `Registry`.
        columns: the typings by locus.
        numbers: by locus the (codes,) row in the column of each code of the book.
        notes: as in `Registry`, those on typings.
    """

    rows: NDArray[np.uint32]
    id_rank: NDArray[np.uint32]
    columns: Mapping[str, LocusColumn]
    numbers: Mapping[str, NDArray[np.uint32]]
    notes: Mapping[str, int]

    @property
    def dtype(self) -> type[np.uint16] | type[np.uint32]:
        """The narrowest type that holds the codes of every locus."""
        return typing_dtype(self.columns)


def typing_dtype(columns: Mapping[str, LocusColumn]) -> type[np.uint16] | type[np.uint32]:
    """Return the narrowest type that holds the codes of reported typings at every locus."""
    widest = max((column.expanded_typing.size for column in columns.values()), default=1)
    return np.uint16 if widest <= np.iinfo(np.uint16).max else np.uint32


def unreadable_typings(
    books: Mapping[str, TypingBook], reported: Mapping[str, NDArray[np.uint32]]
) -> list[UnreadableTyping]:
    """Return the typings that cannot be read; `reported` holds by locus the (persons,) codes of the book."""
    return [
        UnreadableTyping(
            locus=locus,
            text=error.text,
            reason=error.reason,
            message=f"expected {error.expected}",
            hint=error.hint,
            rows=np.flatnonzero(reported[locus] == code).astype(np.uint32),
        )
        for locus, book in books.items()
        for code, error in book.unreadable.items()
    ]


def readable_rows(unreadable: Sequence[UnreadableTyping], rows: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return those rows of persons whose typings can all be read, in the order given."""
    if not unreadable:
        return rows
    return rows[~np.isin(rows, np.concatenate([typing.rows for typing in unreadable]))]


def arrange(
    books: Mapping[str, TypingBook],
    reported: Mapping[str, NDArray[np.uint32]],
    rows: NDArray[np.uint32],
) -> Arrangement:
    """Order some persons by their expanded typings, which are numbered by their texts.

    Args:
        books: what gave the codes, by locus.
        reported: by locus (persons,) the code of each person's typing.
        rows: the persons who become donors, ascending by identifier, which decides between equal typings.
    """
    columns: dict[str, LocusColumn] = {}
    numbers: dict[str, NDArray[np.uint32]] = {}
    for locus, book in books.items():
        n_donors = np.bincount(reported[locus][rows], minlength=book.n_codes)
        numbered = book.numbered(n_donors > 0)
        columns[locus], numbers[locus] = numbered.column, numbered.number
    notes = _donors_noted(books, {locus: reported[locus][rows] for locus in books})
    order = by_typing(columns, lambda locus, order: numbers[locus][reported[locus][rows[order]]], rows.size)
    return Arrangement(rows[order], order, columns, numbers, notes)


def by_typing(
    columns: Mapping[str, LocusColumn],
    typing: Callable[[str, NDArray[np.uint32]], NDArray[np.unsignedinteger[Any]]],
    n_donors: int,
) -> NDArray[np.uint32]:
    """Return donors that are numbered by their identifiers in the order of their expanded typings.

    Args:
        columns: the typings by locus.
        typing: returns the rows of a column that some donors have.
        n_donors: how many donors there are.
    """
    order = np.arange(n_donors, dtype=np.uint32)
    # The last locus first: a stable sort keeps the order that it finds among equals.
    for locus in reversed(by_place(columns)):
        narrow = np.uint16 if columns[locus].table.n_typings <= np.iinfo(np.uint16).max else np.uint32
        order = order[np.argsort(columns[locus].expanded_typing.astype(narrow)[typing(locus, order)], kind="stable")]
    return order


def _donors_noted(books: Mapping[str, TypingBook], reported: Mapping[str, NDArray[np.uint32]]) -> dict[str, int]:
    """Return the number of donors for whom each note holds, at one locus or at several; `reported` is (donors,)."""
    holds: dict[str, NDArray[np.bool_]] = {}
    for locus, book in books.items():
        for note, codes in book.notes.items():
            noted = np.zeros(book.n_codes, np.bool_)
            noted[codes] = True
            here = noted[reported[locus]]
            holds[note] = holds[note] | here if note in holds else here
    return {note: int(here.sum()) for note, here in holds.items()}


def typing_orders_of(
    columns: Mapping[str, LocusColumn], donor_typing: NDArray[np.unsignedinteger[Any]]
) -> Iterator[TypingOrder]:
    """Yield the orders of donors given as in `Registry`."""
    expanded_typing: dict[str, NDArray[np.unsignedinteger[Any]]] = {}
    n_expanded_typings: dict[str, int] = {}
    for row, (locus, column) in enumerate(columns.items()):
        if locus in (*CYCLE, *COVERED_LOCI):
            n_expanded_typings[locus] = column.table.n_typings
            narrow = np.uint16 if n_expanded_typings[locus] <= np.iinfo(np.uint16).max else np.uint32
            expanded_typing[locus] = column.expanded_typing.astype(narrow)[donor_typing[row]]
    return typing_orders(expanded_typing, n_expanded_typings)


def by_place(loci: Iterable[str]) -> list[str]:
    """Return loci in the order in which donors are ordered by them.

    >>> by_place(["A", "B", "C", "DPB1", "DRB1"])
    ['B', 'DRB1', 'A', 'C', 'DPB1']
    """
    return sorted(loci, key=lambda one: CYCLE.index(one) if one in CYCLE else len(CYCLE) + LOCI.index(one))
