"""A registry made from donors that come in parts, in memory that does not grow with them.

Parts are coded as they come, their columns appended to files. Once all are there, the order of the donors is known and
each column is written in it, one after another. The files are those that `registry_io.store.snapshot_writer` writes of
the same donors at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.arrangement import (
    Arrangement,
    UnreadableTyping,
    arrange,
    readable_rows,
    typing_orders_of,
)
from hla_match.donors.attribute_codes import codes_of
from hla_match.donors.attributes import defaults
from hla_match.donors.person_frame import check_persons, with_empty_columns
from hla_match.donors.registry import donor_attributes, registry_notes
from hla_match.donors.typing_books import TypingBooks
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.loci import LOCI
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.disk.aside_folder import AsideFolder, writing_aside
from registry_io.store.attribute_columns import SLICE, write_column
from registry_io.store.growing_arrays import GrowingArray, GrowingColumn
from registry_io.store.snapshot_arrays import array_of_file
from registry_io.store.snapshot_writer import (
    SnapshotDescription,
    write_orders,
    write_typings,
)


@dataclasses.dataclass(frozen=True, slots=True)
class BuiltSnapshot:
    """A snapshot whose files are written, but not its manifest, and what was left out of it.

    Attributes:
        n_donors: donors in it.
        unreadable: typings that cannot be read, with the rows of the persons who carry them, counted over all parts.
        aside: its files; a report may be added.
        description: what its manifest says, without the provenance.
    """

    n_donors: int
    unreadable: list[UnreadableTyping]
    aside: AsideFolder
    description: SnapshotDescription


class RegistryBuilder:
    """Takes persons part by part and writes them as a snapshot of a registry's folder.

    A context: what was written aside is removed at its end.

    Args:
        folder: of the registry, whose lock the caller holds; readers of it do not see the snapshot before
            `registry_io.store.registry_versions.make_current`.
        nomenclature: reads the typings.
        name: what messages call the registry.
        codes: multiple allele codes.
        ambiguous_nulls: as in `hla_match.donors.registry.build_registry`; the provenance says so too.
        loci: the loci to take, where a part has them.
    """

    def __init__(
        self,
        folder: Path,
        nomenclature: Nomenclature,
        *,
        name: str,
        codes: MacTable | None = None,
        ambiguous_nulls: AmbiguousNulls = "drop",
        loci: Iterable[str] = LOCI,
    ) -> None:
        self._folder, self._nomenclature, self._name, self._codes = folder, nomenclature, name, codes
        self._typings = TypingBooks(nomenclature, codes, ambiguous_nulls=ambiguous_nulls, loci=loci)
        self._reported: dict[str, GrowingArray] = {}
        self._coded: dict[str, GrowingArray] = {}
        self._attributes: dict[str, GrowingColumn] = {}
        self._noted: dict[str, list[NDArray[np.uint32]]] = {}
        self._identifiers: list[pl.Series] = []
        self._n_persons = 0
        self._context = ExitStack()

    def __enter__(self) -> RegistryBuilder:
        with ExitStack() as context:
            self._aside = context.enter_context(writing_aside(self._folder))
            self._parts = context.enter_context(writing_aside(self._folder)).path
            self._context = context.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        growing: Iterable[GrowingArray | GrowingColumn] = chain(
            self._reported.values(), self._coded.values(), self._attributes.values()
        )
        for one in growing:
            one.close()
        self._context.close()

    @property
    def n_persons(self) -> int:
        """Number of persons so far."""
        return self._n_persons

    def add(self, persons: pl.DataFrame, noted: pl.DataFrame | None = None) -> list[UnreadableTyping]:
        """Code a part: `person_id`, the typings `A_1`, `A_2`, ... as text, then attributes.

        A part without columns that another one has is not typed there, or has the attribute missing. `noted` is what
        was understood differently than written before, a `note` for a `row` of the persons.

        Returns:
            Typings of the part that cannot be read, with its rows; who carries one does not become a donor.

        Raises:
            CriteriaError: the frame lacks a column or has one of another type, or an attribute is of another type than
                in an earlier part.
        """
        persons = with_empty_columns(persons)
        check_persons(persons)
        first = self._n_persons
        if noted is not None and noted.height:
            rows = persons.select("row").with_row_index("person", offset=first).join(noted, on="row")
            for (note,), group in rows.group_by("note"):
                self._noted.setdefault(str(note), []).append(group["person"].to_numpy())
        reported = self._typings.code(persons)
        for locus, codes in reported.items():
            if locus not in self._reported:
                self._reported[locus] = GrowingArray(self._parts / f"typing-{locus}", np.uint32)
            self._reported[locus].put(first, codes)
        attributes = donor_attributes(persons)
        for name, code in codes_of(attributes).items():
            if name not in self._coded:
                self._coded[name] = GrowingArray(self._parts / f"coded-{name}", code.dtype)
            self._coded[name].put(first, code)
        for series in attributes:
            if series.name not in self._attributes:
                self._attributes[series.name] = GrowingColumn(self._parts, f"attribute-{series.name}", series)
            self._attributes[series.name].put(first, series)
        self._identifiers.append(persons["person_id"])
        self._n_persons += persons.height
        return self._typings.unreadable(reported)

    def build(self) -> BuiltSnapshot:
        """Write the files of all persons so far; nothing is added afterwards.

        Raises:
            CriteriaError: two persons have one identifier.
            OSError: a file cannot be written.
        """
        rows = self._by_identifier()
        books = self._typings.books
        reported = {locus: self._reported[locus].array(self._n_persons) for locus in books}
        unreadable = self._typings.unreadable(reported)
        found = arrange(books, reported, readable_rows(unreadable, rows))
        n_by_default: dict[str, int] = {}
        if found.rows.size:
            self._write_typings(found, reported)
            n_by_default = self._write_attributes(found.rows)
            write_typings(self._aside, found.columns, self._nomenclature, self._codes)
        description = SnapshotDescription(
            name=self._name,
            n_donors=found.rows.size,
            loci=tuple(books),
            attributes={name: str(column.dtype) for name, column in self._attributes.items()},
            nomenclature=self._nomenclature.title,
            notes=registry_notes(found, n_by_default, self._donors_noted(found.rows)),
        )
        return BuiltSnapshot(found.rows.size, unreadable, self._aside, description)

    def _donors_noted(self, donors: NDArray[np.uint32]) -> dict[str, int]:
        """Return the number of persons who became donors for each note that came with the parts."""
        is_donor = np.zeros(self._n_persons, np.bool_)
        is_donor[donors] = True
        return {note: int(is_donor[np.unique(np.concatenate(rows))].sum()) for note, rows in self._noted.items()}

    def _by_identifier(self) -> NDArray[np.uint32]:
        """Return the rows of all persons in the order of their identifiers."""
        if not self._identifiers:
            return np.zeros(0, np.uint32)
        identifier = pl.concat(self._identifiers, rechunk=True)
        self._identifiers.clear()
        rows = identifier.arg_sort()
        for start in range(0, len(rows), SLICE):
            # One more than the slice, which compares its last with the first of the next one.
            part = identifier.gather(rows.slice(start, SLICE + 1))
            if (part.head(len(part) - 1) == part.tail(len(part) - 1)).any():
                raise CriteriaError(
                    "column person_id",
                    found=InWords("two persons with one identifier"),
                    expected="one row a person",
                    code=ErrorCode.CRITERIA_COLUMN,
                )
        return rows.to_numpy()

    def _write_typings(self, found: Arrangement, reported: Mapping[str, NDArray[np.uint32]]) -> None:
        shape = (len(found.columns), found.rows.size)
        with self._aside.array_file("donor_typing", found.dtype, shape) as file:
            for locus, number in found.numbers.items():
                narrow, code = number.astype(found.dtype), reported[locus]
                for start in range(0, found.rows.size, SLICE):
                    file.write(narrow[code[found.rows[start : start + SLICE]]].view(np.uint8))
        self._aside.write_array("donor_order", found.id_rank)
        donor_typing = array_of_file(self._aside.path, "donor_typing")
        write_orders(self._aside, typing_orders_of(found.columns, donor_typing))

    def _write_attributes(self, rows: NDArray[np.uint32]) -> dict[str, int]:
        """Write the attributes in the order of `rows`, and return `hla_match.donors.registry.n_by_default`."""
        n_by_default: dict[str, int] = {}
        for name, coded in self._coded.items():
            self._aside.write_array(name, coded.array(self._n_persons)[rows])
        for name, growing in self._attributes.items():
            column = growing.column(self._n_persons)
            write_column(self._aside, name, column, rows)
            if name in defaults():
                n_by_default[name] = int(rows.size - column.valid[rows].sum())
        return n_by_default
