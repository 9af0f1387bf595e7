"""The registry: immutable columns of coded donors.

Every typing is stored once; a donor is a column of codes. Donors lie in the order of their typings, those alike side by
side, so that equal donors make an equal registry, whatever the order of their file. Built by `build_registry` from
tables of text, or opened from disk by ``registry_io.open_registry``.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.provenance import Provenance
from hla_match.donors.typing_index import COVERED_LOCI, CYCLE, TypingOrder, typing_orders
from hla_match.errors import CriteriaError, ErrorCode, Reason
from hla_match.loci import LOCI
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls, LocusEncoder
from hla_match.typings.typing_book import LocusColumn, TypingBook

STATUSES = ("AV", "TU", "RS", "OP", "DE")
"""Donor status: available, temporarily unavailable, reserved, reserved for another patient, deleted (WMDA)."""

SEXES = ("F", "M")
BLOOD_GROUPS = ("A", "B", "AB", "O")
SIGNS = ("P", "N")
"""Positive and negative, of rhesus factor and cytomegalovirus."""

DONOR_AGES = (16, 70)
"""Completed years between which registries keep donors; an age beyond them may be a slip of a birth date."""

UNKNOWN = 255
"""Code of a missing sex, blood group or sign."""

CODED_ATTRIBUTES: Mapping[str, type[np.generic]] = {
    "status": np.uint8, "sex": np.uint8, "abo": np.uint8, "cmv": np.uint8, "birth_date": np.int32,
}  # fmt: skip
"""The attributes of donors that are kept as numbers too."""

CODED_VALUES: Mapping[str, tuple[str, ...]] = {"status": STATUSES, "sex": SEXES, "abo": BLOOD_GROUPS, "cmv": SIGNS}
"""The values that the codes of such an attribute stand for, by name."""


@dataclass(frozen=True)
class Registry:
    """A registry of donors, complete in itself: typings, attributes and the nomenclature they were read with.

    Attributes:
        name: what messages call it.
        loci: the loci of `donor_typing`'s rows, in the order of `hla_match.loci.LOCI`.
        donor_typing: (loci, donors) uint16 or uint32 code of each reported typing; 0 is "not typed".
        columns: the reported typings of each locus.
        attributes: one row a donor: `donor_id`, then sex, birth_date, abo, ... where the registry has them.
        donor_order: (donors,) uint32 rank of each donor's identifier among all identifiers.
        status: (donors,) uint8 index into `STATUSES`; a donor without status is available.
        sex: (donors,) uint8 index into `SEXES`, or `UNKNOWN`.
        abo: (donors,) uint8 index into `BLOOD_GROUPS`, or `UNKNOWN`.
        cmv: (donors,) uint8 index into `SIGNS`, or `UNKNOWN`.
        birth_date: (donors,) int32 birth date as ``year * 10000 + month * 100 + day``; 0 where missing.
        typing_index: the donors by typing, for searches; none where the registry lacks a locus of their cycle.
        nomenclature: the nomenclature that the typings were read with.
        codes: the multiple allele codes known at import.
        provenance: what it was made from.
        notes: what was understood otherwise than it was written, and the number of donors; it names no person.
        snapshot: name of the stored snapshot that it was opened from, a hash of what it holds; empty where it was not.
    """

    name: str
    loci: tuple[str, ...]
    donor_typing: NDArray[np.uint16] | NDArray[np.uint32]
    columns: Mapping[str, LocusColumn]
    attributes: pl.DataFrame
    donor_order: NDArray[np.uint32]
    status: NDArray[np.uint8]
    sex: NDArray[np.uint8]
    abo: NDArray[np.uint8]
    cmv: NDArray[np.uint8]
    birth_date: NDArray[np.int32]
    typing_index: tuple[TypingOrder, ...]
    nomenclature: Nomenclature
    codes: MultipleAlleleCodes | None
    provenance: Provenance
    notes: Mapping[str, int] = field(default_factory=dict)
    snapshot: str = ""

    @property
    def ambiguous_nulls(self) -> AmbiguousNulls:
        """What became of null alleles that lists and codes of donors name beside expressed ones."""
        return self.provenance.ambiguous_nulls or "drop"

    def encoder(self, locus: str, ambiguous_nulls: AmbiguousNulls | None = None) -> LocusEncoder:
        """Return what reads typings of a locus as the donors' were read, null alleles at choice otherwise."""
        mode = ambiguous_nulls or self.ambiguous_nulls
        return LocusEncoder(self.nomenclature, locus, self.codes, ambiguous_nulls=mode)

    @property
    def n_donors(self) -> int:
        """Number of donors."""
        return int(self.donor_typing.shape[1])

    def __repr__(self) -> str:
        return f"Registry({self.name!r}, {self.n_donors:,} donors, {', '.join(self.loci)}, {self.nomenclature.title})"

    def take(self, rows: NDArray[np.integer[Any]]) -> Registry:
        """Return a registry of some donors, in the order of `rows`, with all typings and notes of this one."""
        rank = np.empty(rows.size, np.uint32)
        rank[np.argsort(self.donor_order[rows])] = np.arange(rows.size, dtype=np.uint32)
        coded = {name: getattr(self, name)[rows] for name in CODED_ATTRIBUTES}
        donor_typing: Any = np.ascontiguousarray(self.donor_typing[:, rows])
        return replace(
            self,
            donor_typing=donor_typing,
            attributes=self.attributes[rows],
            donor_order=rank,
            typing_index=tuple(orders_by_typing(self.columns, donor_typing)),
            snapshot="",
            **coded,
        )


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
        donor_order: (donors,) uint32 as in `Registry`.
        columns: the typings by locus.
        numbers: by locus the (codes,) row in the column of each code of the book.
        notes: as in `Registry`, those on typings.
    """

    rows: NDArray[np.uint32]
    donor_order: NDArray[np.uint32]
    columns: Mapping[str, LocusColumn]
    numbers: Mapping[str, NDArray[np.uint32]]
    notes: Mapping[str, int]

    @property
    def dtype(self) -> type[np.uint16] | type[np.uint32]:
        """The narrowest type that holds the codes of every locus."""
        widest = max((column.meaning.size for column in self.columns.values()), default=1)
        return np.uint16 if widest <= np.iinfo(np.uint16).max else np.uint32


def as_of_date(registry: Registry) -> datetime.date:
    """Return the date of the registry's import, at which ages are reckoned when a search names no date.

    Raises:
        CriteriaError: the registry's provenance does not say when it was imported.
    """
    day = registry.provenance.imported_on
    if day is None:
        expected = "a date, as the provenance of the registry does not say when it was imported"
        raise CriteriaError("as_of", found=None, expected=expected, code=ErrorCode.CRITERIA_CONFLICT)
    return day


def build_registry(
    persons: pl.DataFrame,
    nomenclature: Nomenclature,
    *,
    name: str,
    provenance: Mapping[str, str | int] | Provenance,
    codes: MultipleAlleleCodes | None = None,
    ambiguous_nulls: AmbiguousNulls = "drop",
    loci: Iterable[str] = LOCI,
) -> tuple[Registry, list[UnreadableTyping]]:
    """Code the donors of a frame; a donor with a typing that cannot be read is left out and reported.

    Args:
        persons: `person_id`, the typings `A_1`, `A_2`, ... as text (null where not typed), then attributes.
        nomenclature: reads the typings.
        name: what messages call the registry.
        provenance: what it is made from, or a mapping of that as `Provenance.of` reads it; `imported_on` is the date
            at which searches reckon ages that name none.
        codes: multiple allele codes.
        ambiguous_nulls: what becomes of null alleles that a list or code names beside expressed ones.
        loci: the loci to take, where the frame has them.

    Returns:
        The registry of readable donors, in the order of their typings, and the unreadable typings with the frame rows
        that carry them.
    """
    books = {
        locus: TypingBook(nomenclature, locus, codes, ambiguous_nulls=ambiguous_nulls)
        for locus in reported_loci(persons, loci)
    }
    reported = {locus: book.code(persons[f"{locus}_1"], persons[f"{locus}_2"]) for locus, book in books.items()}
    unreadable = unreadable_typings(books, reported)
    rows = persons["person_id"].arg_sort().to_numpy()
    found = arrange(books, reported, readable_rows(unreadable, rows))
    attributes = donor_attributes(persons)[found.rows]
    donor_typing: Any = np.empty((len(books), found.rows.size), found.dtype)
    for row, (locus, code) in enumerate(reported.items()):
        donor_typing[row] = found.numbers[locus][code[found.rows]]
    registry = Registry(
        name=name,
        loci=tuple(books),
        donor_typing=donor_typing,
        columns=found.columns,
        attributes=attributes,
        donor_order=found.donor_order,
        typing_index=tuple(orders_by_typing(found.columns, donor_typing)),
        nomenclature=nomenclature,
        codes=codes,
        provenance=replace(Provenance.of(provenance), ambiguous_nulls=ambiguous_nulls),
        notes=registry_notes(found, without_status(attributes)),
        snapshot="",
        **coded_attributes(attributes),
    )
    return registry, unreadable


def reported_loci(persons: pl.DataFrame, loci: Iterable[str] = LOCI) -> tuple[str, ...]:
    """Return those of the loci that a frame of persons has columns for, in the order of `hla_match.loci.LOCI`."""
    wanted = set(loci)
    return tuple(locus for locus in LOCI if locus in wanted and f"{locus}_1" in persons.columns)


def donor_attributes(persons: pl.DataFrame) -> pl.DataFrame:
    """Return `donor_id` and the attributes of a frame of persons."""
    typed = {f"{locus}_{side}" for locus in LOCI for side in (1, 2)}
    return persons.select(pl.exclude(*typed, "row")).rename({"person_id": "donor_id"})


def coded_attributes(attributes: pl.DataFrame) -> dict[str, NDArray[Any]]:
    """Return the arrays of `CODED_ATTRIBUTES`, as in `Registry`."""
    coded: dict[str, NDArray[Any]] = {}
    for name, dtype in CODED_ATTRIBUTES.items():
        missing = UNKNOWN if name in CODED_VALUES and name != "status" else 0
        if name not in attributes.columns:
            coded[name] = np.full(attributes.height, missing, dtype)
        elif name in CODED_VALUES:
            values = CODED_VALUES[name]
            code = (
                pl.col(name)
                .cast(pl.String)
                .replace_strict(list(values), list(range(len(values))), default=missing, return_dtype=pl.UInt8)
            )
            coded[name] = attributes.select(code.fill_null(missing)).to_series().to_numpy()
        else:
            date = pl.col(name).dt
            number = date.year() * 10000 + date.month().cast(pl.Int32) * 100 + date.day().cast(pl.Int32)
            coded[name] = attributes.select(number.fill_null(missing).cast(pl.Int32)).to_series().to_numpy()
    return coded


def without_status(attributes: pl.DataFrame) -> int:
    """Return the number of donors without a status, where the registry has any."""
    return attributes["status"].null_count() if "status" in attributes.columns else 0


def registry_notes(
    found: Arrangement, n_without_status: int, of_lines: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return the notes of a registry, those that hold for a donor; `of_lines` are those on lines of typings."""
    counts = Counter(found.notes)
    counts.update(of_lines or {})
    counts["without a status, counted as available"] = n_without_status
    return {note: n for note, n in counts.items() if n}


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
    """Order some persons by what their typings mean, which are numbered by their texts.

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
    order = np.arange(rows.size, dtype=np.uint32)
    # The last locus first: a stable sort keeps the order that it finds among equals.
    for locus in sorted(books, key=_place, reverse=True):
        narrow = np.uint16 if columns[locus].table.n_typings <= np.iinfo(np.uint16).max else np.uint32
        meaning = columns[locus].meaning.astype(narrow)[numbers[locus]]
        order = order[np.argsort(meaning[reported[locus][rows[order]]], kind="stable")]
    return Arrangement(rows[order], order, columns, numbers, notes)


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


def orders_by_typing(
    columns: Mapping[str, LocusColumn], donor_typing: NDArray[np.unsignedinteger[Any]]
) -> Iterator[TypingOrder]:
    """Yield the orders of donors given as in `Registry`."""
    meaning: dict[str, NDArray[np.unsignedinteger[Any]]] = {}
    n_meanings: dict[str, int] = {}
    for row, (locus, column) in enumerate(columns.items()):
        if locus in (*CYCLE, *COVERED_LOCI):
            n_meanings[locus] = column.table.n_typings
            narrow = np.uint16 if n_meanings[locus] <= np.iinfo(np.uint16).max else np.uint32
            meaning[locus] = column.meaning.astype(narrow)[donor_typing[row]]
    return typing_orders(meaning, n_meanings)


def _place(locus: str) -> int:
    """Return where a locus stands among those that donors are ordered by."""
    return CYCLE.index(locus) if locus in CYCLE else len(CYCLE) + LOCI.index(locus)
