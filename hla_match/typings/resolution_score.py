"""The typing resolution score: how little a typing leaves open, from 0 to 1.

It is the probability that two draws from the genotypes that the typing allows are equal, the sum of their squared
probabilities; 1 for one genotype (Paunic et al., Hum Immunol 2016;77:542). The probabilities are those of
Hardy-Weinberg proportions at the locus, so that the score is one of the typing, not of what its neighbours add.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import NOT_TYPED
from hla_match.kernels.schema.typings import TypingTable
from hla_match.typings.allele_sets import set_alleles

_PAIRS_AT_ONCE = 1_000
"""Pairs of sets whose common alleles are in memory together."""


def typing_scores(
    table: TypingTable, weight: NDArray[np.float64], typing: NDArray[np.integer[Any]] | None = None
) -> NDArray[np.float64]:
    """Return (n,) the typing resolution score of some typings of a locus, "not typed" being any genotype.

    It is NaN where no genotype that a typing allows has a weight. A genotype of several alternatives counts in each;
    an allele reported as NEW is one of its own.

    Args:
        table: the typings.
        weight: (codes,) weights of the alleles, from 0.
        typing: (n,) the typings that are asked for, each once; None for all.
    """
    chosen = np.arange(table.n_typings) if typing is None else typing.astype(np.int64)
    has, place, pair = distinct_alternatives(table, weight.size, chosen)
    wholes, squares = (np.bincount(place, sums, chosen.size) for sums in genotype_weights(has, pair, weight))
    if (untyped := chosen == NOT_TYPED).any():
        everything = genotype_weights(np.ones((1, weight.size), np.bool_), np.zeros((1, 2), np.int64), weight)
        wholes[untyped], squares[untyped] = (sums[0] for sums in everything)
    return _scores(wholes, squares)


def even_scores(table: TypingTable, n_codes: int, typing: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return `typing_scores` to the bit where all alleles weigh 1, in a fraction of the time for a few typings.

    The sums of the weights of a set are then its size, whole numbers that are exact in any order.

    Args:
        table: the typings.
        n_codes: how many alleles there are.
        typing: (n,) the typings that are asked for, each once.
    """
    set_start, set_member = table.counted.set_start, table.counted.set_member
    start, pair_set = table.with_nulls

    @cache
    def alleles(number: int) -> frozenset[int]:
        return frozenset(set_member[set_start[number] : set_start[number + 1]].tolist())

    every = n_codes * n_codes
    sums = []
    for one, first, last in zip(typing.tolist(), start[typing].tolist(), start[typing + 1].tolist(), strict=True):
        if one == NOT_TYPED:
            sums.append((every, 2 * every - n_codes))
            continue
        pairs = [(alleles(a), alleles(b)) for a, b in pair_set[first:last].tolist()]
        # Equal alternatives count once, whichever side is written first.
        distinct = pairs if len(pairs) == 1 else {frozenset(pair): pair for pair in pairs}.values()
        whole, square = 0, 0
        for a, b in distinct:
            product, common = len(a) * len(b), len(a & b)
            whole += 2 * product - common * common
            square += 4 * product - 2 * common * common - common
        sums.append((whole, square))
    return _scores(*np.array(sums, np.float64).reshape(-1, 2).T)


def _scores(wholes: NDArray[Any], squares: NDArray[Any]) -> NDArray[np.float64]:
    """Return the scores of typings by the sums of their genotypes' weights, and of the squares of these."""
    with np.errstate(invalid="ignore"):
        scores: NDArray[np.float64] = squares / np.where(wholes > 0, wholes, np.nan) ** 2
    return scores


def genotype_weights(
    sets: NDArray[np.bool_], pair: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n,) the weight of the genotypes that each pair of sets allows, and the sum of the squared weights.

    A heterozygote weighs twice the product of its alleles' weights, a homozygote the square. With S1, S2 and S4 the
    sums of the weights of a set, of their squares and of their fourth powers, the genotypes of two sets a and b with
    the common alleles c weigh 2 S1(a) S1(b) - S1(c)^2, and their squares 4 S2(a) S2(b) - 2 S2(c)^2 - S4(c).

    Args:
        sets: (sets, codes) the alleles of each set.
        pair: (n, 2) rows of `sets`.
        weight: (codes,) weights of the alleles.

    >>> sets = np.array([[True, True, False], [False, False, True]])
    >>> weights, squares = genotype_weights(sets, np.array([[0, 1]]), np.array([3.0, 1.0, 6.0]))
    >>> weights.item(), squares.item()
    (48.0, 1440.0)
    """
    of_set, member = np.nonzero(sets)
    powers = np.stack([weight, weight**2, weight**4])
    own = np.stack([np.bincount(of_set, power[member], sets.shape[0]) for power in powers[:2]])
    s1, s2 = own[:, pair[:, 0]] * own[:, pair[:, 1]]
    size = np.bincount(of_set, minlength=sets.shape[0])
    # Of most pairs one set is of few alleles, and each of these is looked for in the other.
    fewer, more = np.take_along_axis(pair, np.argsort(size[pair], axis=1), axis=1).T
    common = np.zeros((3, pair.shape[0]))
    for start in range(0, pair.shape[0], _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        of_pair, place = _expanded(size[fewer[part]])
        code = member[(np.cumsum(size) - size)[fewer[part]][of_pair] + place]
        is_common = sets[more[part][of_pair], code]
        for row, power in zip(common, powers, strict=True):
            row[part] = np.bincount(of_pair[is_common], power[code[is_common]], row[part].size)
    return 2 * s1 - common[0] ** 2, 4 * s2 - 2 * common[1] ** 2 - common[2]


def _expanded(size: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each member of some lists, given by their sizes, its list and its place in it."""
    of_list = np.repeat(np.arange(size.size), size)
    return of_list, np.arange(of_list.size) - np.repeat(np.cumsum(size) - size, size)


def distinct_alternatives(
    table: TypingTable, n_codes: int, typing: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct sets of alleles of some typings, and their alternatives, equal ones once.

    Returns:
        (sets, codes) the sets; the place in `typing` of each alternative; (alternatives, 2) its two sets.
    """
    start, pair_set = table.with_nulls
    n_alternatives = start[typing + 1] - start[typing]
    place, number = _expanded(n_alternatives)
    pairs = pair_set[start[typing][place] + number]
    used, pair = np.unique(pairs, return_inverse=True)
    has = set_alleles(table, n_codes, used, with_new=True)
    # Equal sets may differ in the antigens that they count as.
    book: dict[bytes, int] = {}
    number = np.array([book.setdefault(row.tobytes(), len(book)) for row in np.packbits(has, axis=1)], np.int64)
    distinct = has[np.unique(number, return_index=True)[1]]
    pair = np.sort(number[pair.reshape(pairs.shape)], axis=1)
    _, kept = np.unique((place * len(book) + pair[:, 0]) * len(book) + pair[:, 1], return_index=True)
    return distinct, place[kept], pair[kept]
