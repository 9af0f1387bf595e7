"""A registry and what changed since, as one registry.

The union is the registry that `hla_match.donors.registry.build_registry` makes of the same donors at once, array for
array: so whatever is computed of it is the same, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.arrangement import by_typing, typing_dtype, typing_orders_of
from hla_match.donors.attribute_codes import codes_of
from hla_match.donors.attributes import ATTRIBUTES
from hla_match.donors.registry import Registry
from hla_match.loci import LOCI
from hla_match.typings.typing_union import UnitedTypings, unite_typings


def unite(registries: Sequence[Registry], removed: Sequence[pl.Series]) -> Registry:
    """Return the donors of a registry after some changes, each as the last change that names them has them.

    Args:
        registries: the registry, then of each change the donors that came or became others; all read under one
            nomenclature with the same codes.
        removed: of each of `registries` the identifiers that leave before its donors come; of the first they have no
            effect.

    Returns:
        Name, provenance, notes and snapshot are those of the last change, the nomenclature and the codes those of the
        registry.
    """
    kept = list(_kept(registries, removed))
    by_identifier = _by_identifier(registries, kept)
    united = dict(_united_typings(registries, kept))
    columns = {locus: typings.column for locus, typings in united.items()}
    dtype = typing_dtype(columns)
    typing = {locus: _typing(locus, typings, registries, kept, dtype) for locus, typings in united.items()}
    id_rank = by_typing(columns, lambda locus, order: typing[locus][by_identifier[order]], by_identifier.size)
    rows = by_identifier[id_rank]
    donor_typing: Any = np.empty((len(columns), rows.size), dtype)
    for row, code in enumerate(typing.values()):
        np.take(code, rows, out=donor_typing[row])
    attributes = _attributes(registries, kept, rows)
    return replace(
        registries[-1],
        loci=tuple(columns),
        donor_typing=donor_typing,
        columns=columns,
        attributes=attributes,
        id_rank=id_rank,
        attribute_codes=codes_of(attributes),
        typing_index=tuple(typing_orders_of(columns, donor_typing)),
        nomenclature=registries[0].nomenclature,
        codes=registries[0].codes,
    )


def _kept(registries: Sequence[Registry], removed: Sequence[pl.Series]) -> Iterator[NDArray[np.bool_]]:
    """Yield of each registry (donors,) whether no later one has or removes the donor."""
    for number, registry in enumerate(registries):
        later = [removed[after] for after in range(number + 1, len(registries))]
        later += [one.attributes["donor_id"] for one in registries[number + 1 :]]
        gone = pl.concat([pl.Series(dtype=pl.String), *later]).unique()
        yield ~registry.attributes["donor_id"].is_in(gone.implode()).to_numpy()


def _by_identifier(registries: Sequence[Registry], kept: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint32]:
    """Return the donors that are kept, numbered registry by registry, in the order of their identifiers."""
    base, *recent = (
        registry.attributes["donor_id"].filter(pl.Series(keep)) for registry, keep in zip(registries, kept, strict=True)
    )
    # The registry's own ranks spare sorting its donors.
    number = np.cumsum(kept[0], dtype=np.uint32) - np.uint32(1)
    row = np.empty(kept[0].size, np.uint32)
    row[registries[0].id_rank] = np.arange(kept[0].size, dtype=np.uint32)
    ranked = number[row[kept[0][row]]]
    come = pl.concat([pl.Series(dtype=pl.String), *recent])
    order = come.arg_sort().to_numpy()
    place = base.gather(pl.Series(ranked)).search_sorted(come.gather(pl.Series(order)))
    return np.insert(ranked, np.asarray(place, np.int64), len(base) + order.astype(np.uint32))


def _united_typings(
    registries: Sequence[Registry], kept: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[str, UnitedTypings]]:
    for locus in LOCI:
        columns, used = [], []
        for registry, keep in zip(registries, kept, strict=True):
            if locus in registry.loci:
                column = registry.columns[locus]
                code = registry.donor_typing[registry.loci.index(locus)][keep]
                columns.append(column)
                used.append(np.bincount(code, minlength=column.meaning.size) > 0)
        if columns:
            yield locus, unite_typings(columns, used)


def _typing(
    locus: str,
    united: UnitedTypings,
    registries: Sequence[Registry],
    kept: Sequence[NDArray[np.bool_]],
    dtype: type[np.unsignedinteger[Any]],
) -> NDArray[np.unsignedinteger[Any]]:
    """Return (donors,) the typings at a locus of the donors that are kept, registry by registry."""
    numbers = iter(united.numbers)
    return np.concatenate(
        [
            next(numbers).astype(dtype)[registry.donor_typing[registry.loci.index(locus)][keep]]
            if locus in registry.loci
            else np.zeros(int(keep.sum()), dtype)
            for registry, keep in zip(registries, kept, strict=True)
        ]
    )


def _attributes(
    registries: Sequence[Registry], kept: Sequence[NDArray[np.bool_]], rows: NDArray[np.uint32]
) -> pl.DataFrame:
    """Return the attributes of the donors that are kept, in the order of `rows`, columns in that of the vocabulary."""
    frames = [registry.attributes.filter(pl.Series(keep)) for registry, keep in zip(registries, kept, strict=True)]
    joined = pl.concat(frames, how="diagonal")
    known = [name for name in ("donor_id", *ATTRIBUTES) if name in joined.columns]
    return joined.select(*known, pl.exclude(known))[rows]
