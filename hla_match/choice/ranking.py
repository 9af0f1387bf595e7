"""The first donors of a policy's order, without working out every key of every donor.

Key by key, donors that are certainly among the first are put aside and those that are certainly not are dropped; the
next key is asked for the contested ones only. Where a value costs a prediction, bounds decide whom to predict: donors
are predicted in the order of the best code that they can have, until so many are known that no other donor can be
among the first. Such donors keep their best code, which is greater than the code of the last of the first ones, so that
the result is that of a full evaluation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.policies import KeyColumns, RankingPolicy
from hla_match.choice.ranking_key import RankingKey

_MIN_BLOCK = 128
"""Donors that are predicted together at least: they share work."""

_SORTED = 64
"""Donors beyond those that are wanted, of whom all codes cost less than to contest one more key."""


def rank_donors(
    policy: RankingPolicy, candidates: Candidates, limit: int | None
) -> tuple[NDArray[np.int64], KeyColumns]:
    """Return the first candidates in the order of a policy, at most `limit` of them, and their codes.

    Returns:
        (n,) int64 positions, best first, and the codes of these candidates for each key.
    """
    first = _first_donors(policy, candidates, limit)
    listed = replace(candidates.take(first), listed=True)
    if listed.predictions is not None and listed.donor.size:
        # All of them at once: keys ask for some, one after another.
        listed.predictions.of(listed.position)
    columns = policy.columns(listed)
    order = np.lexsort(columns[::-1])[:limit]
    return first.take(order), tuple(column.take(order) for column in columns)


def _first_donors(policy: RankingPolicy, candidates: Candidates, limit: int | None) -> NDArray[np.int64]:
    """Return the positions of the first candidates, perhaps with some of those behind them, in no particular order."""
    n = candidates.donor.size
    if limit is None or limit >= n:
        return np.arange(n)
    contested, wanted, inside = np.arange(n), limit, []
    # A donor who is not listed after all would be predicted for nothing.
    spare = _SORTED if candidates.predictions is None else 0
    for key in policy.keys:
        # A copy of everything of a long list costs as much as its search.
        some = candidates if contested.size == n else candidates.take(contested)
        code = _head_column(key, some, wanted)
        last = _smallest(code, wanted)
        inside.append(contested[code < last])
        contested = contested[code == last]
        wanted -= inside[-1].size
        if contested.size <= wanted + spare:
            break
    return np.concatenate([*inside, contested])


def _head_column(key: RankingKey, candidates: Candidates, wanted: int) -> NDArray[np.unsignedinteger[Any]]:
    """Return (n,) codes for a key, exact for the `wanted` least of them and those equal to the greatest of these."""
    feature = key.declared
    bound = None if feature.bounds is None else feature.bounds(candidates, wanted)
    if bound is None:
        return key.column(feature.values(candidates))
    code, n_codes = key.best_column(bound), key.n_codes
    # A bound of 0 leaves one value.
    n_known = np.bincount(code[bound == 0], minlength=n_codes)
    pending = np.flatnonzero(bound != 0)
    pending = pending[np.argsort(code[pending], kind="stable")]
    done = 0
    while done < pending.size and code[pending[done]] <= _code_of_rank(n_known, wanted):
        # Blocks grow, since donors that are predicted together share work.
        block = pending[done : done + max(wanted, _MIN_BLOCK, done)]
        code[block] = key.column(feature.values(candidates.take(block)))
        n_known += np.bincount(code[block], minlength=n_codes)
        done += block.size
    return code


def _smallest(code: NDArray[np.unsignedinteger[Any]], rank: int) -> int:
    """Return the code of the given rank, from 1, in ascending order."""
    if code.dtype.itemsize == 1:
        return _code_of_rank(np.bincount(code), rank)
    return int(np.partition(code, rank - 1)[rank - 1])


def _code_of_rank(n_of_code: NDArray[np.int64], rank: int) -> int:
    """Return the code of the given rank, from 1, where so many have each code; beyond them, more than any code."""
    return int(n_of_code.cumsum().searchsorted(rank))
