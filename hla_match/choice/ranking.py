"""The first donors of a policy's order, without working out every key of every donor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.policies import Candidates, RankingPolicy

_COUNTED_BITS = 8
"""Keys of at most so many bits are counted by value."""


def first_donors(policy: RankingPolicy, candidates: Candidates, limit: int | None) -> NDArray[np.int64]:
    """Return the positions of the first candidates in the order of a policy, at most `limit` of them.

    Key by key, those that are certainly among the first are put aside and those that are certainly not are dropped;
    the next key is asked for the others only.
    """
    n = candidates.donor.size
    if limit is None or limit >= n:
        chosen = np.arange(n)
    else:
        contested, wanted, inside = np.arange(n), limit, []
        for key in policy.keys:
            # Copying everything of a long list costs as much as finding it.
            everybody = contested.size == n
            value = key.rule(replace(candidates, wanted=wanted) if everybody else candidates.take(contested, wanted))
            last = _smallest(value, wanted, key.bits)
            inside.append(contested[value < last])
            contested = contested[value == last]
            wanted -= inside[-1].size
            if contested.size == wanted:
                break
        chosen = np.concatenate([*inside, contested])
    return chosen[np.argsort(policy.pack(candidates.take(chosen, None)))]


def _smallest(value: NDArray[np.int64], rank: int, bits: int) -> int:
    """Return the value of the given rank, from 1, in ascending order."""
    if bits <= _COUNTED_BITS:
        return int(np.searchsorted(np.cumsum(np.bincount(value)), rank))
    return int(np.partition(value, rank - 1)[rank - 1])
