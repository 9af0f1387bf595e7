"""Digests of what persons are typed as, as sets of P groups under a nomenclature, whatever typings are numbered by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.schema.typings import TypingTable

_SIZE = 16


def typing_digests(table: TypingTable, locus: str, nomenclature: str) -> NDArray[np.uint64]:
    """Return (typings, 2) digests of what the chromosomes carry at a locus; 0 where not typed.

    Args:
        table: the typings.
        locus: the locus.
        nomenclature: checksum of what numbers the P groups.
    """
    start, pairs = table.with_nulls
    member, bounds = table.counted.set_member, table.counted.set_start.tolist()
    sets = [_digest(member[one:end].tobytes()) for one, end in pairwise(bounds)]
    flat = np.array(sets, np.uint64).reshape(-1, 2)[pairs].tobytes()
    key = hashlib.blake2b(f"{nomenclature} {locus}".encode(), digest_size=_SIZE).digest()
    found = np.zeros((table.n_typings, 2), np.uint64)
    size = 2 * _SIZE
    for number, (one, end) in enumerate(pairwise(start[1:].tolist()), start=1):
        found[number] = _digest(flat[one * size : end * size], key)
    return found


def population_digests(populations: Sequence[str]) -> NDArray[np.uint64]:
    """Return (populations + 1, 2) digests of the names of populations; the last one of none of them."""
    return np.stack([_digest(f"population {name}".encode()) for name in (*populations, "")])


def _digest(content: bytes, key: bytes = b"") -> NDArray[np.uint64]:
    return np.frombuffer(hashlib.blake2b(content, digest_size=_SIZE, key=key).digest(), "<u8")
