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
    unreadable_typings,
)
from hla_match.donors.attribute_codes import codes_of
from hla_match.donors.attributes import defaults
from hla_match.donors.person_frame import check_persons
from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry, donor_attributes, registry_notes, reported_loci
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.loci import LOCI
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from hla_match.typings.typing_book import TypingBook
from registry_io.disk.aside_folder import AsideFolder, writing_aside
from registry_io.store.attribute_columns import SLICE, write_column
from registry_io.store.growing_arrays import GrowingArray, GrowingColumn
from registry_io.store.registry_folder import refuse_any, writing_registry
from registry_io.store.registry_versions import publish
from registry_io.store.snapshot_arrays import array_of_file
from registry_io.store.snapshot_writer import (
    SnapshotDescription,
    write_meanings,
    write_orders,
    write_registry_files,
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
        self._ambiguous_nulls: AmbiguousNulls = ambiguous_nulls
        self._loci = tuple(loci)
        self._books: dict[str, TypingBook] = {}
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

    def add(self, persons: pl.DataFrame, noted: pl.DataFrame | None = None) -> None:
        """Code a part: `person_id`, the typings `A_1`, `A_2`, ... as text, then attributes.

        A part without columns that another one has is not typed there, or has the attribute missing. `noted` is what
        was understood differently than written before, a `note` for a `row` of the persons.

        Raises:
            CriteriaError: the frame lacks a column or has one of another type, or an attribute is of another type than
                in an earlier part.
        """
        check_persons(persons)
        first = self._n_persons
        if noted is not None and noted.height:
            rows = persons.select("row").with_row_index("person", offset=first).join(noted, on="row")
            for (note,), group in rows.group_by("note"):
                self._noted.setdefault(str(note), []).append(group["person"].to_numpy())
        for locus in reported_loci(persons, self._loci):
            if locus not in self._books:
                self._books[locus] = TypingBook(
                    self._nomenclature, locus, self._codes, ambiguous_nulls=self._ambiguous_nulls
                )
                self._reported[locus] = GrowingArray(self._parts / f"typing-{locus}", np.uint32)
            self._reported[locus].put(first, self._books[locus].code(persons[f"{locus}_1"], persons[f"{locus}_2"]))
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

    def build(self) -> BuiltSnapshot:
        """Write the files of all persons so far; nothing is added afterwards.

        Raises:
            CriteriaError: two persons have one identifier.
            OSError: a file cannot be written.
        """
        rows = self._by_identifier()
        books = {locus: self._books[locus] for locus in LOCI if locus in self._books}
        reported = {locus: self._reported[locus].array(self._n_persons) for locus in books}
        unreadable = unreadable_typings(books, reported)
        found = arrange(books, reported, readable_rows(unreadable, rows))
        n_by_default: dict[str, int] = {}
        if found.rows.size:
            self._write_typings(found, reported)
            n_by_default = self._write_attributes(found.rows)
            write_meanings(self._aside, found.columns, self._nomenclature, self._codes)
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


def write_registry(registry: Registry, folder: Path, *, replace: bool = False) -> Path:
    """Write a registry that is in memory as the current snapshot of a folder, and return the snapshot's folder.

    Args:
        registry: the registry.
        folder: where it is to lie; made where it is missing.
        replace: whether a registry that is there may be replaced.

    Raises:
        RegistryError: the folder holds a registry that may not be replaced, or something that is none.
        LockedError: another process writes.
        FileError: it cannot be written.
    """
    with writing_registry(folder):
        if not replace:
            refuse_any(folder)
        with writing_aside(folder) as aside:
            return publish(aside, write_registry_files(aside, registry), registry.provenance).path


def write_registry_stream(
    parts: Iterable[pl.DataFrame],
    folder: Path,
    nomenclature: Nomenclature,
    *,
    name: str,
    provenance: Mapping[str, str | int] | Provenance,
    codes: MacTable | None = None,
    ambiguous_nulls: AmbiguousNulls = "drop",
    replace: bool = False,
) -> BuiltSnapshot:
    """Write persons that come in parts as the current snapshot of a registry's folder; see `RegistryBuilder`.

    Where no donor can be read, the folder stays as it is.

    Args:
        parts: as `RegistryBuilder.add` takes them.
        folder: the registry's.
        nomenclature: reads the typings.
        name: what messages call the registry.
        provenance: as in `hla_match.donors.registry.build_registry`.
        codes: multiple allele codes.
        ambiguous_nulls: as in `hla_match.donors.registry.build_registry`.
        replace: whether a registry that is there may be replaced.

    Raises:
        RegistryError: the folder holds a registry that may not be replaced, or something that is none.
        LockedError: another process writes.
        FileError: it cannot be written.
        CriteriaError: a part is no frame of persons, or two persons have one identifier.
    """
    with writing_registry(folder):
        if not replace:
            refuse_any(folder)
        with RegistryBuilder(folder, nomenclature, name=name, codes=codes, ambiguous_nulls=ambiguous_nulls) as builder:
            for part in parts:
                builder.add(part)
            built = builder.build()
            if built.n_donors:
                made_from = dataclasses.replace(Provenance.of(provenance), ambiguous_nulls=ambiguous_nulls)
                publish(built.aside, built.description, made_from)
    return built
