"""The files of what changed since a snapshot: three tables, since a day's changes are few numbers in many arrays.

Bringing a file to the disk takes some milliseconds, whatever it holds, and so does opening a hundred.

    donors.arrow    one row a donor who came or became another: the attributes
    typings.arrow   one row a locus: the arrays of its typings, each as a list
    removed.arrow   identifiers of the donors who left
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.arrangement import typing_dtype
from hla_match.donors.attribute_codes import codes_of
from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import Registry
from hla_match.kernels.schema.array import arrays_of, declarations, of_arrays
from hla_match.kernels.schema.typings import ReportedTypings, TypingTable
from hla_match.typings.typing_book import LocusColumn
from registry_io.disk.array_bounds import check_below, refuse_unless
from registry_io.disk.checked_files import changed
from registry_io.store.attribute_soundness import FIRST_DAY, LAST_DAY
from registry_io.store.registry_folder import snapshot_title
from registry_io.store.snapshot_manifest import SnapshotManifest
from registry_io.store.typing_soundness import check_typings

DONORS, TYPINGS, REMOVED = "donors.arrow", "typings.arrow", "removed.arrow"

NOBODY = pl.Series("donor_id", dtype=pl.String)

_ARRAYS = MappingProxyType({**declarations(ReportedTypings), **declarations(TypingTable)})
_COLUMNS = MappingProxyType({name: "meaning" if name == "expanded_typing" else name for name in _ARRAYS})
"""The column of each array. Expanded typings keep the name of the first format; another one would be another format."""

_LISTS: dict[str, pl.DataType] = {
    "first": pl.List(pl.String),
    "second": pl.List(pl.String),
    "donor_typing": pl.List(pl.UInt32),
    **{_COLUMNS[name]: pl.List(pl.UInt8 if one.dtypes[0] == np.uint8 else pl.Int32) for name, one in _ARRAYS.items()},
}
"""The columns of typings beside the locus: texts, the row of them that each donor has, and the arrays of the schema."""


def change_tables(registry: Registry, removed: pl.Series) -> dict[str, pl.DataFrame]:
    """Return the tables of changes by the names of their files.

    Args:
        registry: the donors who came or became others.
        removed: identifiers of those who left, ascending.
    """
    rows = []
    for locus, code in zip(registry.loci, registry.donor_typing, strict=True):
        column = registry.columns[locus]
        arrays = {"expanded_typing": column.expanded_typing, **arrays_of(column.table)}
        rows.append(
            {
                "locus": locus,
                "first": column.text["first"],
                "second": column.text["second"],
                "donor_typing": pl.Series(code),
                **{_COLUMNS[name]: pl.Series(array.ravel()) for name, array in arrays.items()},
            }
        )
    typings = pl.DataFrame(
        [pl.Series(name, [row[name] for row in rows], kind) for name, kind in {"locus": pl.String(), **_LISTS}.items()]
    )
    return {DONORS: registry.attributes, TYPINGS: typings, REMOVED: removed.rename("donor_id").to_frame()}


def open_changes(snapshot: Path, manifest: SnapshotManifest, base: Registry) -> tuple[Registry, pl.Series]:
    """Return the donors who came or became others, and the identifiers of those who left.

    Args:
        snapshot: the folder, whose files are as they were written.
        manifest: read from there.
        base: the whole snapshot that it stands on.

    Raises:
        FileNotFoundError: a file is missing.
        RegistryError: a file is no such table, or not sound.
    """
    attributes = _attributes(snapshot / DONORS, manifest)
    columns, donor_typing = _typings(snapshot / TYPINGS, manifest, base)
    order = attributes["donor_id"].arg_sort().to_numpy()
    id_rank = np.empty(manifest.n_donors, np.uint32)
    id_rank[order] = np.arange(manifest.n_donors, dtype=np.uint32)
    registry = Registry(
        name=manifest.name,
        loci=manifest.loci,
        donor_typing=donor_typing,
        columns=columns,
        donor_attributes=DonorAttributes((attributes,)),
        id_rank=id_rank,
        attribute_codes=codes_of(attributes),
        typing_index=(),
        nomenclature=base.nomenclature,
        codes=base.codes,
        provenance=Provenance.of(manifest.provenance),
        notes=manifest.notes,
        snapshot=snapshot_title(snapshot),
    )
    return registry, _removed(snapshot / REMOVED, attributes["donor_id"])


def open_table(path: Path, expected: str) -> pl.DataFrame:
    """Read a small table of an Arrow file.

    Raises:
        FileNotFoundError: there is no such file.
        RegistryError: it is no table.
    """
    try:
        return pl.read_ipc(path.read_bytes())  # of a path, polars would read brackets as a pattern
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise changed(path, f"no table ({type(error).__name__})", expected) from None


def _attributes(path: Path, manifest: SnapshotManifest) -> pl.DataFrame:
    attributes = open_table(path, "attributes of donors")
    found = tuple((name, str(dtype)) for name, dtype in attributes.schema.items())
    refuse_unless(found == manifest.attributes, path, "other columns", "those of the manifest")
    refuse_unless(attributes.height == manifest.n_donors, path, "another number of rows", f"{manifest.n_donors:,}")
    identifier = attributes["donor_id"]
    is_sound = not identifier.null_count() and identifier.n_unique() == manifest.n_donors
    refuse_unless(is_sound, path, "donors without an identifier of their own", "one of each donor")
    for column in attributes:
        if column.dtype == pl.Date:
            check_below(column.drop_nulls().to_physical().to_numpy(), LAST_DAY + 1, path, least=FIRST_DAY)
    return attributes


def _typings(
    path: Path, manifest: SnapshotManifest, base: Registry
) -> tuple[dict[str, LocusColumn], NDArray[np.uint16] | NDArray[np.uint32]]:
    table = open_table(path, "typings as they were reported")
    is_schema = table.schema == {"locus": pl.String, **_LISTS}
    refuse_unless(is_schema, path, "other columns", "those of typings")
    refuse_unless(tuple(table["locus"]) == manifest.loci, path, "other loci", "those of the manifest")
    known = base.nomenclature.tables.loci.keys()
    refuse_unless(set(manifest.loci) <= known, path, "a locus without alleles", "loci of the nomenclature")
    columns: dict[str, LocusColumn] = {}
    codes: list[NDArray[np.uint32]] = []
    for row in range(table.height):
        lists = {name: table[name][row] for name in _LISTS}
        locus = manifest.loci[row]
        refuse_unless(not any(one is None or one.null_count() for one in lists.values()), path, "no list", "a list")
        columns[locus] = column = _column(path, lists)
        # The place inside of the file stands for the file that a whole snapshot has there.
        check_typings(column, locus, base.nomenclature.tables, path)
        codes.append(lists["donor_typing"].to_numpy())
        refuse_unless(codes[-1].size == manifest.n_donors, path, "another number of donors", f"{manifest.n_donors:,}")
        check_below(codes[-1], column.expanded_typing.size, path)
    donor_typing: Any = np.empty((len(codes), manifest.n_donors), typing_dtype(columns))
    for row, code in enumerate(codes):
        donor_typing[row] = code
    return columns, donor_typing


def _column(path: Path, lists: dict[str, pl.Series]) -> LocusColumn:
    """Return the typings of a locus from their lists, once they are as declared."""
    sizes: dict[str, int] = {"reported": len(lists["first"])}
    refuse_unless(len(lists["second"]) == sizes["reported"], path, "lists of other lengths", "two texts of each typing")
    arrays: dict[str, NDArray[Any]] = {}
    for name, one in _ARRAYS.items():
        array = lists[_COLUMNS[name]].to_numpy()
        is_pairs = one.array.dims.endswith(", 2")
        fits = not (is_pairs and array.size % 2)
        arrays[name] = array.reshape(-1, 2) if is_pairs and fits else array
        refuse_unless(
            fits and one.fits(arrays[name], sizes), path, "lists of other lengths", f"{name} by {one.array.dims}"
        )
    text = pl.DataFrame({"first": lists["first"], "second": lists["second"]})
    return LocusColumn(text=text, expanded_typing=arrays["expanded_typing"], table=of_arrays(TypingTable, arrays))


def _removed(path: Path, come: pl.Series) -> pl.Series:
    """Return the identifiers of donors who left; those who came or became others are not among them."""
    table = open_table(path, "identifiers of donors who left")
    refuse_unless(table.schema == {"donor_id": pl.String}, path, "another table", "a column donor_id of texts")
    removed = table["donor_id"]
    ascends = bool((removed.slice(1) > removed.slice(0, max(len(removed) - 1, 0))).all())
    refuse_unless(not removed.null_count() and ascends, path, "identifiers in another order", "ascending ones")
    refuse_unless(not removed.is_in(come.implode()).any(), path, "donors who came, too", "those who left")
    return removed
