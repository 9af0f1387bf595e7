"""The typings of one locus of several registries as one column.

It is the column that `hla_match.typings.typing_book` makes of the same texts at once: each text once, in the order of
texts; each expanded typing once, numbered by the first of its texts; each set once, in the order in which they name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.kernels.schema.array import arrays_of, declarations, of_arrays
from hla_match.kernels.schema.typings import AntigenSets, CountedTypings, SerologySets, TypingsWithNulls, TypingTable
from hla_match.typings.typing_book import LocusColumn

_TEXT = ["first", "second"]


@dataclass(frozen=True, slots=True)
class UnitedTypings:
    """The typings of a locus that some registries keep.

    Attributes:
        column: the typings.
        numbers: of each registry (reported,) uint32 the row of `column.text` of each of its texts; 0 of those that are
            not kept.
    """

    column: LocusColumn
    numbers: tuple[NDArray[np.uint32], ...]


def unite_typings(columns: Sequence[LocusColumn], kept: Sequence[NDArray[np.bool_]]) -> UnitedTypings:
    """Return the typings of a locus that are kept of some registries.

    Args:
        columns: of each registry, all read under one nomenclature with the same codes; at least one.
        kept: of each registry (reported,) whether a text is kept; that of "not typed" is in any case.
    """
    texts = pl.concat([_kept_texts(*part) for part in enumerate(zip(columns, kept, strict=True))])
    distinct = texts.unique(_TEXT, keep="first", maintain_order=True).sort(_TEXT).with_row_index("number", offset=1)
    numbered = texts.join(distinct.select(*_TEXT, "number"), on=_TEXT, how="left")
    numbers = tuple(np.zeros(column.text.height, np.uint32) for column in columns)
    for (part,), rows in numbered.group_by("part"):
        numbers[int(str(part))][rows["row"].to_numpy()] = rows["number"].to_numpy()
    first_typing = np.cumsum([0, *(column.table.n_typings for column in columns)])
    expanded_typing = np.concatenate(
        [column.expanded_typing + first for column, first in zip(columns, first_typing, strict=False)]
    )
    first_row = np.cumsum([0, *(column.text.height for column in columns)])
    # "Not typed" is row and typing 0 of every registry.
    typing = np.append(0, expanded_typing[first_row[distinct["part"].to_numpy()] + distinct["row"].to_numpy()])
    united, table = _distinct_typings(typing, _joined([column.table for column in columns]))
    untyped = columns[0].text.head(1)
    return UnitedTypings(LocusColumn(pl.concat([untyped, distinct.select(_TEXT)]), united, table), numbers)


def _kept_texts(part: int, of_part: tuple[LocusColumn, NDArray[np.bool_]]) -> pl.DataFrame:
    column, kept = of_part
    rows = np.flatnonzero(kept[1:]).astype(np.uint32) + np.uint32(1)
    return column.text[rows].with_columns(pl.Series("row", rows), part=pl.lit(part, pl.UInt32))


def _joined(tables: Sequence[TypingTable]) -> TypingTable:
    """Return tables one after another; sets and typings of all but the first are numbered on."""
    joined: dict[str, NDArray[Any]] = {}
    parts = [arrays_of(table) for table in tables]
    for name, one in declarations(TypingTable).items():
        arrays = [part[name] for part in parts]
        if one.array.into:
            joined[name] = _offsets(np.concatenate([np.diff(array) for array in arrays]))
            continue
        if one.array.below:
            n_sets = np.cumsum([0, *(table.counted.set_start.size - 1 for table in tables)])
            arrays = [array + first for array, first in zip(arrays, n_sets.tolist(), strict=False)]
        joined[name] = np.concatenate(arrays)
    return of_arrays(TypingTable, joined)


def _distinct_typings(typing: NDArray[np.int64], table: TypingTable) -> tuple[NDArray[np.int32], TypingTable]:
    """Return the expanded typing of each text, numbered by the first of their texts, and the table of them.

    Args:
        typing: (texts,) typing of each text.
        table: expanded typings and sets, which may stand several times.
    """
    lists = (table.counted[:2], table.antigens, table.serology)
    n_sets = table.counted.set_start.size - 1
    sets = np.stack([_first_equal(*one, np.arange(n_sets)) for one in lists], axis=1)
    same_set = _first_equal(np.arange(n_sets + 1) * len(lists), sets.ravel(), np.arange(n_sets))
    used, of_text = np.unique(typing, return_inverse=True)
    start, pair = table.with_nulls
    same = _first_equal(2 * start, same_set[pair].ravel(), used)[of_text]
    _, first, of_typing = np.unique(same, return_index=True, return_inverse=True)
    place = np.argsort(first)
    number = np.empty(place.size, np.int32)
    number[place] = np.arange(place.size)
    return number[of_typing], _taken(table, same[first[place]], same_set)


def _first_equal(
    start: NDArray[np.integer[Any]], member: NDArray[np.integer[Any]], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each of some lists, given by offsets and members, the first of them that is equal to it."""
    seen: dict[bytes, int] = {}
    data, width = np.ascontiguousarray(member).tobytes(), member.itemsize
    begin, end = (start[rows] * width).tolist(), (start[rows + 1] * width).tolist()
    bounds = zip(rows.tolist(), begin, end, strict=True)
    return np.array([seen.setdefault(data[one:other], row) for row, one, other in bounds], np.int64)


def _taken(table: TypingTable, typing: NDArray[np.int64], same_set: NDArray[np.int64]) -> TypingTable:
    """Return the table of some typings, their sets numbered in the order in which they are named.

    Args:
        table: holds the typings.
        typing: which of them.
        same_set: (sets,) which of equal sets stands for each.
    """
    counted, with_nulls = table.counted, table.with_nulls
    alternative_start, alternative = _ranges(counted.alternative_start, typing)
    pair_start, pair = _ranges(with_nulls.pair_start, typing)
    named = same_set[np.concatenate([counted.alternative_set[alternative], with_nulls.pair_set[pair]])]
    _, first, of_named = np.unique(named.ravel(), return_index=True, return_inverse=True)
    place = np.argsort(first)
    number = np.empty(place.size, np.int32)
    number[place] = np.arange(place.size)
    sets = number[of_named].reshape(named.shape)
    chosen = named.ravel()[first[place]]
    set_start, member = _ranges(counted.set_start, chosen)
    antigen_start, antigen = _ranges(table.antigens.antigen_start, chosen)
    serology_start, serology = _ranges(table.serology.serology_start, chosen)
    return TypingTable(
        counted=CountedTypings(
            set_start,
            counted.set_member[member],
            alternative_start,
            sets[: alternative.size],
            counted.alternative_kind[alternative],
        ),
        antigens=AntigenSets(antigen_start, table.antigens.antigen_member[antigen]),
        serology=SerologySets(serology_start, table.serology.serology_member[serology]),
        with_nulls=TypingsWithNulls(pair_start, sets[alternative.size :]),
    )


def _ranges(start: NDArray[np.int32], rows: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return some ranges one after another: their new offsets, and the places of what they hold."""
    offset = _offsets(start[rows + 1] - start[rows])
    shift = np.repeat(start[rows].astype(np.int64) - offset[:-1], np.diff(offset))
    return offset, shift + np.arange(offset[-1])


def _offsets(sizes: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    starts = np.zeros(sizes.size + 1, np.int32)
    np.cumsum(sizes, out=starts[1:])
    return starts
