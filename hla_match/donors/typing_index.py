"""Donors in the order of their typings: what a search walks instead of the whole registry.

Three loci stand in a cycle. For each of them the donors are ordered by its typing, then by that of the next locus of
the cycle; donors equal at both form a *run*. A search rules out whole runs by one look-up each and reads the other
typings of the few that are left from arrays that lie in the same order.

If at most k mismatches are spread over the three loci, some locus of the cycle and its next hold at most 2k/3 of them,
the first no more than the second (pigeonhole principle): the two that are not the greatest hold no more than that; and
where the first of these is greater than the second, the second and the greatest are such a pair, since of 0 to 2
mismatches a locus that leaves (1, 0, 1), (1, 0, 2), (2, 0, 2) and (2, 1, 2). The runs of that kind, of all three
orders, therefore hold every donor that is searched for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.schema.donors import TypingOrder

CYCLE = ("B", "DRB1", "A")
"""The loci that every registry has typed since its beginnings, the most diverse first."""

COVERED_LOCI = ("C", "DQB1")
"""Loci whose typings lie beside those of the cycle in each order."""

TypingCodes = NDArray[np.unsignedinteger[Any]]


def cycle_of(position: int) -> tuple[str, str, str]:
    """Return the first, second and third locus of an order.

    >>> cycle_of(1)
    ('DRB1', 'A', 'B')
    """
    return CYCLE[position], CYCLE[(position + 1) % 3], CYCLE[(position + 2) % 3]


def n_orders(loci: Iterable[str]) -> int:
    """Return how many orders a registry of these loci has: none where it lacks a locus of the cycle."""
    return len(CYCLE) if set(CYCLE) <= set(loci) else 0


def typing_orders(
    expanded_typing: Mapping[str, TypingCodes], n_expanded_typings: Mapping[str, int]
) -> Iterator[TypingOrder]:
    """Yield the orders of a registry by position in the cycle.

    Args:
        expanded_typing: by locus (donors,) the expanded typing of each donor.
        n_expanded_typings: by locus how many there are.
    """
    for position in range(n_orders(expanded_typing)):
        yield _order(position, expanded_typing, n_expanded_typings)


def _order(
    position: int, expanded_typing: Mapping[str, TypingCodes], n_expanded_typings: Mapping[str, int]
) -> TypingOrder:
    first, second, third = cycle_of(position)
    narrow = max(n_expanded_typings.values()) <= np.iinfo(np.uint16).max
    short = n_expanded_typings[first] * n_expanded_typings[second] <= np.iinfo(np.uint32).max
    key = np.multiply(expanded_typing[first], n_expanded_typings[second], dtype=np.uint32 if short else np.uint64)
    key += expanded_typing[second]
    is_theirs = _ascends(key)  # donors lie in this order
    if is_theirs:
        donor = np.arange(key.size)
    else:
        # By the second, then by the first: numbers of 16 bits are sorted in a fraction of the time of longer ones.
        if _ascends(expanded_typing[second]):  # as that of B does, by which donors lie
            donor = np.argsort(expanded_typing[first], kind="stable")
        else:
            donor = np.argsort(expanded_typing[second], kind="stable")
            donor = donor[np.argsort(expanded_typing[first][donor], kind="stable")]
        key = key[donor]
    new = np.ones(key.size, np.bool_)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    start = np.flatnonzero(new)
    run_first, run_second = np.divmod(key[start], n_expanded_typings[second])
    beside = (third, *COVERED_LOCI)
    typing: TypingCodes = np.zeros((len(beside), donor.size), np.uint16 if narrow else np.uint32)
    for row, locus in enumerate(beside):
        if locus in expanded_typing:
            typing[row] = expanded_typing[locus] if is_theirs else expanded_typing[locus][donor]
    return TypingOrder(
        first_run=np.searchsorted(run_first, np.arange(n_expanded_typings[first] + 1)).astype(np.uint32),
        run_second=run_second.astype(typing.dtype),
        run_donor=np.append(start, donor.size).astype(np.uint32),
        donor=donor.astype(np.uint32),
        typing=typing,
    )


def _ascends(numbers: NDArray[np.unsignedinteger[Any]]) -> bool:
    return bool((numbers[1:] >= numbers[:-1]).all())
