"""The registry: immutable columns of coded donors.

Every typing is stored once; a donor is a column of codes. Donors lie in the order of their typings, those alike side by
side, so that equal donors make an equal registry, whatever the order of their file. Built by `build_registry` from
tables of text, or opened from disk by ``registry_io.open_registry``.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.arrangement import (
    Arrangement,
    UnreadableTyping,
    arrange,
    readable_rows,
    typing_orders_of,
    unreadable_typings,
)
from hla_match.donors.attribute_codes import codes_of
from hla_match.donors.attributes import defaults
from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.donors.donor_scores import DonorScores
from hla_match.donors.person_frame import check_persons, with_empty_columns
from hla_match.donors.provenance import Provenance
from hla_match.donors.registry_settings import RegistrySettings
from hla_match.donors.reported_typings import ReportedTypings
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_type
from hla_match.foreign_frames import polars_frame
from hla_match.kernels.schema.donors import TypingOrder
from hla_match.loci import LOCI
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls, LocusEncoder
from hla_match.typings.typing_book import LocusColumn, TypingBook

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame


@dataclass(frozen=True)
class Registry:
    """A registry of donors, complete in itself: typings, attributes and the nomenclature they were read with.

    Attributes:
        name: what messages call it.
        loci: the loci of `donor_typing`'s rows, in the order of `hla_match.loci.LOCI`.
        donor_typing: (loci, donors) uint16 or uint32 code of each reported typing; 0 is "not typed".
        columns: the reported typings of each locus.
        donor_attributes: `donor_id`, then sex, birth_date, abo, ... where the registry has them.
        id_rank: (donors,) uint32 rank of each donor's identifier among all identifiers.
        attribute_codes: (donors,) by name the codes of the attributes that are kept as numbers too, as
            `hla_match.donors.attribute_codes.codes_of` makes them.
        typing_index: the donors by typing, for searches; none where the registry lacks a locus of their cycle.
        nomenclature: the nomenclature that the typings were read with.
        codes: the multiple allele codes known at import.
        provenance: what it was made from.
        notes: what was understood differently than written, and the number of donors; it names no person.
        settings: what the registry has set for itself.
        snapshot: name of the stored snapshot that it was opened from, a hash of what it holds; empty where it was not.
    """

    name: str
    loci: tuple[str, ...]
    donor_typing: NDArray[np.uint16] | NDArray[np.uint32]
    columns: Mapping[str, LocusColumn]
    donor_attributes: DonorAttributes
    id_rank: NDArray[np.uint32]
    attribute_codes: Mapping[str, NDArray[np.integer[Any]]]
    typing_index: tuple[TypingOrder, ...]
    nomenclature: Nomenclature
    codes: MacTable | None
    provenance: Provenance
    notes: Mapping[str, int] = field(default_factory=dict)
    snapshot: str = ""
    settings: RegistrySettings = field(default_factory=RegistrySettings)

    @property
    def attributes(self) -> pl.DataFrame:
        """The attributes as a frame, one row a donor; of a few donors `donor_attributes` gives them sooner."""
        return self.donor_attributes.frame

    @property
    def ambiguous_nulls(self) -> AmbiguousNulls:
        """What became of null alleles that lists and codes of donors name beside expressed ones."""
        return self.provenance.ambiguous_nulls or "drop"

    def encoder(self, locus: str, ambiguous_nulls: AmbiguousNulls | None = None) -> LocusEncoder:
        """Return what reads typings of a locus as the donors' were read, null alleles at choice otherwise."""
        mode = ambiguous_nulls or self.ambiguous_nulls
        return LocusEncoder(self.nomenclature, locus, self.codes, ambiguous_nulls=mode)

    @cached_property
    def donor_scores(self) -> DonorScores:
        """The resolution scores of the donors, each distinct typing scored when it is asked for first."""
        return DonorScores(self.loci, self.donor_typing, self.columns, self.nomenclature)

    @cached_property
    def reported_typings(self) -> ReportedTypings:
        """The typings of the donors as GL Strings, each distinct one written when it is asked for first."""
        return ReportedTypings(self.loci, self.donor_typing, self.columns, self.nomenclature)

    @cached_property
    def ranked(self) -> NDArray[np.uint32]:
        """(donors,) the donors in the order of their identifiers."""
        ranked = np.empty(self.n_donors, np.uint32)
        # Whole arrays are read by numbers of the machine's own width in half the time.
        ranked[self.id_rank.astype(np.intp)] = np.arange(self.n_donors, dtype=np.uint32)
        return ranked

    @property
    def n_donors(self) -> int:
        """Number of donors."""
        return int(self.donor_typing.shape[1])

    def __repr__(self) -> str:
        return f"Registry({self.name!r}, {self.n_donors:,} donors, {', '.join(self.loci)}, {self.nomenclature.title})"

    def take(self, rows: NDArray[np.integer[Any]]) -> Registry:
        """Return a registry of some donors, in the order of `rows`, with all typings and notes of this one."""
        rank = np.empty(rows.size, np.uint32)
        rank[np.argsort(self.id_rank[rows])] = np.arange(rows.size, dtype=np.uint32)
        donor_typing: Any = np.ascontiguousarray(self.donor_typing[:, rows])
        return replace(
            self,
            donor_typing=donor_typing,
            donor_attributes=self.donor_attributes.take(rows),
            id_rank=rank,
            attribute_codes={name: code[rows] for name, code in self.attribute_codes.items()},
            typing_index=tuple(typing_orders_of(self.columns, donor_typing)),
            snapshot="",
        )


def as_of_date(registry: Registry) -> datetime.date:
    """Return the date of the registry's import; a search that names no date computes ages at it.

    Raises:
        CriteriaError: the registry's provenance does not say when it was imported.
    """
    day = registry.provenance.imported_on
    if day is None:
        expected = "a date, as the provenance of the registry does not say when it was imported"
        raise CriteriaError("as_of", found=None, expected=expected, code=ErrorCode.CRITERIA_CONFLICT)
    return day


def build_registry(
    persons: IntoDataFrame | pl.LazyFrame,
    nomenclature: Nomenclature,
    *,
    name: str,
    provenance: Mapping[str, str | int] | Provenance,
    codes: MacTable | None = None,
    ambiguous_nulls: AmbiguousNulls = "drop",
    loci: Iterable[str] = LOCI,
) -> tuple[Registry, list[UnreadableTyping]]:
    """Code the donors of a frame; a donor with a typing that cannot be read is left out and reported.

    Args:
        persons: any frame: `person_id`, the typings `A_1`, `A_2`, ... as text (null where not typed), then attributes.
        nomenclature: reads the typings.
        name: what messages call the registry.
        provenance: what it is made from, or a mapping of that as `Provenance.of` reads it; `imported_on` is the date
            at which searches that name no date compute ages.
        codes: multiple allele codes.
        ambiguous_nulls: what becomes of null alleles that a list or code names beside expressed ones.
        loci: the loci to take, where the frame has them.

    Returns:
        The registry of readable donors, in the order of their typings, and the unreadable typings with the frame rows
        that carry them.

    Raises:
        CriteriaError: the frame is no such frame, or the provenance none; all that is wrong with it at once.
    """
    persons = with_empty_columns(polars_frame(persons, "persons"))
    check_persons(persons)
    check_type("nomenclature", nomenclature, Nomenclature, expected="a Nomenclature, such as Nomenclature.builtin()")
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
        donor_attributes=DonorAttributes((attributes,)),
        id_rank=found.id_rank,
        attribute_codes=codes_of(attributes),
        typing_index=tuple(typing_orders_of(found.columns, donor_typing)),
        nomenclature=nomenclature,
        codes=codes,
        provenance=replace(Provenance.of(provenance), ambiguous_nulls=ambiguous_nulls),
        notes=registry_notes(found, n_by_default(attributes)),
        snapshot="",
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


def n_by_default(attributes: pl.DataFrame) -> dict[str, int]:
    """Return by attribute the number of donors who count as its default, where others have a value."""
    return {name: attributes[name].null_count() for name in defaults() if name in attributes.columns}


def registry_notes(
    found: Arrangement, n_by_default: Mapping[str, int], of_lines: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return the notes of a registry, those that hold for a donor.

    Args:
        found: the donors.
        n_by_default: by attribute, the number of donors who count as its default.
        of_lines: notes on lines of typings.
    """
    counts = Counter(found.notes)
    counts.update(of_lines or {})
    for name, n_donors in n_by_default.items():
        counts[default_note(name)] = n_donors
    return {note: n for note, n in counts.items() if n}


def default_note(name: str) -> str:
    """Return the note on donors without an attribute that then counts as its default.

    >>> default_note("status")
    'without a status, counted as available'
    """
    return f"without a {name}, counted as {defaults()[name].word}"


def persons_of(registry: Registry) -> pl.DataFrame:
    """Return the donors of a registry as the frame of persons that `build_registry` makes it of."""
    columns = [registry.attributes["donor_id"].rename("person_id")]
    for locus, code in zip(registry.loci, registry.donor_typing, strict=True):
        texts = registry.columns[locus].text[code]
        columns += [texts[side].replace("", None).rename(f"{locus}_{n}") for n, side in ((1, "first"), (2, "second"))]
    return pl.DataFrame(columns).hstack(registry.attributes.drop("donor_id"))
