"""A registry and what changed since, as one registry.

The union is the registry that `hla_match.donors.registry.build_registry` makes of the same donors at once, array for
array: so whatever is computed of it is the same, too. The donors of the registry lie in their order already. Those who
came are put between them, and so are those whose typing has got another place among the typings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.arrangement import by_place, by_typing, typing_dtype, typing_orders_of
from hla_match.donors.attributes import defaults
from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.donors.identifiers import ranks_of, rows_of
from hla_match.donors.registry import Registry
from hla_match.loci import LOCI
from hla_match.typings.typing_book import LocusColumn
from hla_match.typings.typing_union import UnitedTypings, unite_typings

TypingCodes = NDArray[np.unsignedinteger[Any]]


def unite(registries: Sequence[Registry], removed: Sequence[pl.Series]) -> Registry:
    """Return the donors of a registry after some changes, each as the last change that names them has them.

    Args:
        registries: the registry, its donors in their order, then of each change the donors who came or became others;
            all read under one nomenclature with the same codes.
        removed: of each of `registries` the identifiers that leave before its donors come; of the first they have no
            effect.

    Returns:
        Name, provenance, notes and snapshot are those of the last change, the nomenclature and the codes those of the
        registry.
    """
    kept = list(_kept(registries, removed))
    united = dict(_united_typings(registries, kept))
    columns = {locus: typings.column for locus, typings in united.items()}
    dtype = typing_dtype(columns)
    typing = {locus: _typing(locus, typings, registries, dtype) for locus, typings in united.items()}
    rank = _ranks(registries, kept)
    # Whole arrays are read by numbers of the machine's own width in half the time.
    rows = _order(registries[0], kept, united, typing, rank).astype(np.intp)
    donor_typing: Any = np.empty((len(columns), rows.size), dtype)
    for row, code in enumerate(typing.values()):
        np.take(code, rows, out=donor_typing[row])
    return replace(
        registries[-1],
        loci=tuple(columns),
        donor_typing=donor_typing,
        columns=columns,
        donor_attributes=DonorAttributes([registry.attributes for registry in registries], rows),
        id_rank=rank[rows],
        attribute_codes={
            name: np.concatenate([registry.attribute_codes[name] for registry in registries])[rows]
            for name in registries[0].attribute_codes
        },
        typing_index=tuple(typing_orders_of(columns, donor_typing)),
        nomenclature=registries[0].nomenclature,
        codes=registries[0].codes,
    )


def n_by_default_united(registries: Sequence[Registry], removed: Sequence[pl.Series]) -> dict[str, int]:
    """Return what `hla_match.donors.registry.n_by_default` says of the union, which need not be made for it."""
    known = {name for registry in registries for name in registry.donor_attributes.schema}
    found = {name: 0 for name in defaults() if name in known}
    for registry, kept in zip(registries, _kept(registries, removed), strict=True):
        for name in found:
            is_missing = registry.attributes[name].is_null() if name in registry.donor_attributes.schema else None
            found[name] += int(kept.sum() if is_missing is None else (kept & is_missing.to_numpy()).sum())
    return found


def _kept(registries: Sequence[Registry], removed: Sequence[pl.Series]) -> Iterator[NDArray[np.bool_]]:
    """Yield of each registry (donors,) whether no later one has or removes the donor."""
    for number, registry in enumerate(registries):
        later = [removed[after] for after in range(number + 1, len(registries))]
        later += [one.attributes["donor_id"] for one in registries[number + 1 :]]
        kept = np.ones(registry.n_donors, np.bool_)
        if later:
            kept[rows_of(registry, pl.concat(later))] = False
        yield kept


def _united_typings(
    registries: Sequence[Registry], kept: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[str, UnitedTypings]]:
    for locus in LOCI:
        columns, used = [], []
        for registry, keep in zip(registries, kept, strict=True):
            if locus in registry.loci:
                column = registry.columns[locus]
                code = registry.donor_typing[registry.loci.index(locus)]
                n_donors = np.bincount(code, minlength=column.expanded_typing.size)
                columns.append(column)
                used.append(n_donors > np.bincount(code[~keep], minlength=column.expanded_typing.size))
        if columns:
            yield locus, unite_typings(columns, used)


def _typing(
    locus: str, united: UnitedTypings, registries: Sequence[Registry], dtype: type[np.unsignedinteger[Any]]
) -> TypingCodes:
    """Return (donors,) the typings at a locus of the donors of all registries, one registry after another."""
    numbers = iter(united.numbers)
    return np.concatenate(
        [
            next(numbers).astype(dtype).take(registry.donor_typing[registry.loci.index(locus)])
            if locus in registry.loci
            else np.zeros(registry.n_donors, dtype)
            for registry in registries
        ]
    )


def _ranks(registries: Sequence[Registry], kept: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint32]:
    """Return (donors of all registries,) the rank of each identifier among those that are kept; of others no matter."""
    base, n_base = registries[0], registries[0].n_donors
    n_before = np.zeros(n_base + 1, np.uint32)
    np.cumsum(kept[0][base.ranked], out=n_before[1:])
    come = np.flatnonzero(np.concatenate([np.zeros(n_base, np.bool_), *kept[1:]]))
    rank = np.zeros(sum(one.size for one in kept), np.uint32)
    if come.size:
        identifier = pl.concat([registry.attributes["donor_id"] for registry in registries[1:]])
        identifier = identifier.gather(pl.Series(come - n_base))
        order = identifier.arg_sort().to_numpy()
        place = ranks_of(base, identifier.gather(pl.Series(order)))
        rank[come[order]] = n_before[place] + np.arange(come.size, dtype=np.uint32)
        n_before += np.cumsum(np.bincount(place, minlength=n_base + 1)).astype(np.uint32)
    rank[:n_base] = n_before[base.id_rank]
    return rank


def _order(
    base: Registry,
    kept: Sequence[NDArray[np.bool_]],
    united: Mapping[str, UnitedTypings],
    typing: Mapping[str, TypingCodes],
    rank: NDArray[np.uint32],
) -> NDArray[np.uint32]:
    """Return the donors that are kept, counted over all registries, in the order of their typings.

    Args:
        base: the registry, whose donors are in the order of the typings that it has.
        kept: of each registry (donors,) which of them are kept.
        united: the typings of all.
        typing: by locus (donors of all registries,) rows of these.
        rank: likewise ranks of the identifiers.
    """
    columns = {locus: typings.column for locus, typings in united.items()}
    moved = _moved(base, united)
    stay = np.flatnonzero(kept[0] & ~moved).astype(np.uint32)
    put = np.flatnonzero(np.concatenate([kept[0] & moved, *kept[1:]])).astype(np.uint32)
    put = put[np.argsort(rank[put])]
    put = put[by_typing(columns, lambda locus, order: typing[locus][put[order]], put.size)]
    return np.insert(stay, _places(stay, put, columns, typing, rank), put)


def _moved(base: Registry, united: Mapping[str, UnitedTypings]) -> NDArray[np.bool_]:
    """Return (donors,) whether an expanded typing of the donor has another first text than before.

    Meanings are numbered by the first of their texts, so that the others follow one another as before.
    """
    moved = np.zeros(base.n_donors, np.bool_)
    for code, (locus, column) in zip(base.donor_typing, base.columns.items(), strict=True):
        number, now = united[locus].numbers[0], united[locus].column
        is_used = np.zeros(column.table.n_typings, np.bool_)
        is_used[column.expanded_typing[number > 0]] = True
        first = number[_first_texts(column)]
        is_moved = is_used & ((first == 0) | (_first_texts(now)[now.expanded_typing[first]] != first))
        if is_moved.any():
            moved |= is_moved[column.expanded_typing].take(code)
    return moved


def _first_texts(column: LocusColumn) -> NDArray[np.int64]:
    """Return (typings,) the first text of each expanded typing."""
    return np.unique(column.expanded_typing, return_index=True)[1]


def _places(
    stay: NDArray[np.uint32],
    put: NDArray[np.uint32],
    columns: Mapping[str, LocusColumn],
    typing: Mapping[str, TypingCodes],
    rank: NDArray[np.uint32],
) -> NDArray[np.int64]:
    """Return before which of the ordered donors `stay` each of `put` stands; the arguments are those of `_order`."""
    keys = [(columns[locus].expanded_typing, typing[locus]) for locus in by_place(columns)]
    own = [expanded_typing[code[put]] for expanded_typing, code in keys]
    low, high = np.zeros(put.size, np.int64), np.full(put.size, stay.size)
    while (searched := np.flatnonzero(low < high)).size:
        middle = (low[searched] + high[searched]) // 2
        donor = stay[middle]
        is_before = rank[donor] < rank[put[searched]]
        # The last locus first: an earlier one that differs decides.
        for (expanded_typing, code), wanted in zip(reversed(keys), reversed(own), strict=True):
            theirs, wanted_here = expanded_typing[code[donor]], wanted[searched]
            is_before = (theirs < wanted_here) | ((theirs == wanted_here) & is_before)
        low[searched[is_before]] = middle[is_before] + 1
        high[searched[~is_before]] = middle[~is_before]
    return low
