"""The registry: immutable columns of coded donors.

Every typing is stored once; a donor is a column of codes. Built by `build_registry` from tables of text, or opened
from disk by ``registry_io.open_registry``.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.encoding import LocusEncoder, TypingTable
from hla_match.errors import Reason, TypingError
from hla_match.loci import LOCI
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature

STATUSES = ("AV", "TU", "RS", "OP", "DE")
"""Donor status: available, temporarily unavailable, reserved, reserved for another patient, deleted (WMDA)."""

SEXES = ("F", "M")
BLOOD_GROUPS = ("A", "B", "AB", "O")
SIGNS = ("P", "N")
"""Positive and negative, of rhesus factor and cytomegalovirus."""

UNKNOWN = 255
"""Code of a missing status, sex, blood group or sign."""


@dataclass(frozen=True, slots=True)
class LocusColumn:
    """The typings of one locus as reported and what they mean.

    Attributes:
        text: (reported, ) frame with columns `first` and `second`, one row for each distinct reported typing.
        meaning: (reported,) int32, the typing code in `table` of each reported typing.
        table: the distinct meanings.
    """

    text: pl.DataFrame
    meaning: NDArray[np.int32]
    table: TypingTable


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
        nomenclature: the nomenclature that the typings were read with.
        codes: the multiple allele codes known at import.
        provenance: what it was made from, by name: texts and numbers only.
        notes: what was understood otherwise than it was written, and the number of donors; it names no person.
    """

    name: str
    loci: tuple[str, ...]
    donor_typing: NDArray[np.uint16] | NDArray[np.uint32]
    columns: Mapping[str, LocusColumn]
    attributes: pl.DataFrame
    donor_order: NDArray[np.uint32]
    nomenclature: Nomenclature
    codes: MultipleAlleleCodes | None
    provenance: Mapping[str, str | int]
    notes: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_donors(self) -> int:
        """Number of donors."""
        return int(self.donor_typing.shape[1])

    def __repr__(self) -> str:
        return f"Registry({self.name!r}, {self.n_donors:,} donors, {', '.join(self.loci)}, {self.nomenclature.title})"

    @cached_property
    def status(self) -> NDArray[np.uint8]:
        """(donors,) uint8 index into `STATUSES`; a donor without status is available."""
        codes = self._coded("status", STATUSES)
        return np.where(codes == UNKNOWN, 0, codes).astype(np.uint8)

    @cached_property
    def sex(self) -> NDArray[np.uint8]:
        """(donors,) uint8 index into `SEXES`, or `UNKNOWN`."""
        return self._coded("sex", SEXES)

    @cached_property
    def abo(self) -> NDArray[np.uint8]:
        """(donors,) uint8 index into `BLOOD_GROUPS`, or `UNKNOWN`."""
        return self._coded("abo", BLOOD_GROUPS)

    @cached_property
    def cmv(self) -> NDArray[np.uint8]:
        """(donors,) uint8 index into `SIGNS`, or `UNKNOWN`."""
        return self._coded("cmv", SIGNS)

    @cached_property
    def birth_date(self) -> NDArray[np.int32]:
        """(donors,) int32 birth date as ``year * 10000 + month * 100 + day``; 0 where missing."""
        if "birth_date" not in self.attributes.columns:
            return np.zeros(self.n_donors, np.int32)
        date = pl.col("birth_date").dt
        number = date.year() * 10000 + date.month().cast(pl.Int32) * 100 + date.day().cast(pl.Int32)
        return self.attributes.select(number.fill_null(0).cast(pl.Int32)).to_series().to_numpy()

    def _coded(self, name: str, values: tuple[str, ...]) -> NDArray[np.uint8]:
        if name not in self.attributes.columns:
            return np.full(self.n_donors, UNKNOWN, np.uint8)
        code = (
            pl.col(name)
            .cast(pl.String)
            .replace_strict(list(values), list(range(len(values))), default=UNKNOWN, return_dtype=pl.UInt8)
        )
        return self.attributes.select(code.fill_null(UNKNOWN)).to_series().to_numpy()


@dataclass(frozen=True, slots=True)
class UnreadableTyping:
    """A reported typing that the nomenclature cannot read, and the rows of the frame that carry it."""

    locus: str
    text: str
    reason: Reason
    message: str
    hint: str
    rows: NDArray[np.uint32]


def as_of_date(registry: Registry) -> datetime.date:
    """Return the date of the registry's import, at which ages are reckoned when a search names no date."""
    return datetime.date.fromisoformat(str(registry.provenance["imported_on"]))


def build_registry(
    persons: pl.DataFrame,
    nomenclature: Nomenclature,
    *,
    name: str,
    provenance: Mapping[str, str | int],
    codes: MultipleAlleleCodes | None = None,
    loci: Iterable[str] = LOCI,
) -> tuple[Registry, list[UnreadableTyping]]:
    """Code the donors of a frame; a donor with a typing that cannot be read is left out and reported.

    Args:
        persons: `person_id`, the typings `A_1`, `A_2`, ... as text (null where not typed), then attributes.
        nomenclature: reads the typings.
        name: what messages call the registry.
        provenance: what it is made from; ``imported_on`` (ISO date) is required.
        codes: multiple allele codes.
        loci: the loci to take, where the frame has them.

    Returns:
        The registry of readable donors, and the unreadable typings with the frame rows that carry them.
    """
    present = tuple(locus for locus in LOCI if locus in set(loci) and f"{locus}_1" in persons.columns)
    reported: list[NDArray[np.uint32]] = []
    columns: dict[str, LocusColumn] = {}
    unreadable: list[UnreadableTyping] = []
    noted: list[dict[str, list[int]]] = []
    readable = np.ones(persons.height, np.bool_)
    for locus in present:
        code, column, bad, notes = _code_locus(persons, locus, nomenclature, codes)
        noted.append(notes)
        reported.append(code)
        columns[locus] = column
        for typing in bad:
            readable[typing.rows] = False
        unreadable += bad
    widest = max((column.meaning.size for column in columns.values()), default=1)
    dtype = np.uint16 if widest <= np.iinfo(np.uint16).max else np.uint32
    keep = np.flatnonzero(readable)
    donor_typing = np.empty((len(present), keep.size), dtype)
    for row, code in enumerate(reported):
        donor_typing[row] = code[keep]
    typed = {f"{locus}_{side}" for locus in LOCI for side in (1, 2)}
    attributes = persons.select(pl.exclude(*typed, "row")).rename({"person_id": "donor_id"})
    attributes = attributes if keep.size == persons.height else attributes[keep]
    rank = attributes.select(pl.col("donor_id").rank("ordinal").cast(pl.UInt32) - 1).to_series().to_numpy()
    registry = Registry(
        name=name,
        loci=present,
        donor_typing=donor_typing,
        columns=columns,
        attributes=attributes,
        donor_order=rank,
        nomenclature=nomenclature,
        codes=codes,
        provenance=dict(provenance),
        notes=_count_notes(noted, donor_typing, attributes),
    )
    return registry, unreadable


def _count_notes(
    noted: list[dict[str, list[int]]], donor_typing: NDArray[np.uint16] | NDArray[np.uint32], attributes: pl.DataFrame
) -> dict[str, int]:
    """Return each note with the number of donors it holds for, the most frequent first; `noted` is by locus."""
    counts: dict[str, int] = {}
    for row, notes in enumerate(noted):
        if notes:
            n_donors = np.bincount(donor_typing[row], minlength=1 + max(map(max, notes.values())))
            counts |= {note: int(n_donors[typings].sum()) for note, typings in notes.items()}
    if "status" in attributes.columns:
        counts["without a status, counted as available"] = attributes["status"].null_count()
    return {note: n for note, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if n}


def _code_locus(
    persons: pl.DataFrame, locus: str, nomenclature: Nomenclature, codes: MultipleAlleleCodes | None
) -> tuple[NDArray[np.uint32], LocusColumn, list[UnreadableTyping], dict[str, list[int]]]:
    """Code one locus: each distinct pair of texts is read once; notes come with the texts that gave rise to them."""
    pair = persons.select(first=pl.col(f"{locus}_1").fill_null(""), second=pl.col(f"{locus}_2").fill_null(""))
    empty = pl.DataFrame({"first": [""], "second": [""]})
    text = pl.concat(
        [empty, pair.unique(maintain_order=True).filter((pl.col("first") != "") | (pl.col("second") != ""))]
    )
    coded = pair.join(text.with_row_index("code"), on=["first", "second"], how="left", maintain_order="left")["code"]
    donor = coded.cast(pl.UInt32).to_numpy()
    encoder = LocusEncoder(nomenclature, locus, codes)
    meaning = np.zeros(text.height, np.int32)
    bad: list[UnreadableTyping] = []
    notes: dict[str, list[int]] = {}
    for row, (first, second) in enumerate(text.iter_rows()):
        try:
            meaning[row] = encoder.encode(first, second)
            for note in encoder.notes(first, second):
                notes.setdefault(note, []).append(row)
        except TypingError as error:
            bad.append(
                UnreadableTyping(
                    locus=locus,
                    text=error.text,
                    reason=error.reason,
                    message=f"expected {error.expected}",
                    hint=error.hint,
                    rows=np.flatnonzero(donor == row).astype(np.uint32),
                )
            )
    return donor, LocusColumn(text=text, meaning=meaning, table=encoder.table()), bad, notes
