"""Donors found by their identifiers, by the order of these that a registry knows, so that few of them are read."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.registry import Registry


def ranks_of(registry: Registry, identifiers: pl.Series) -> NDArray[np.int64]:
    """Return (identifiers,) how many donors of a registry have a lesser identifier than each of some, all not null.

    >>> from hla_match.donors.registry import build_registry
    >>> from hla_match.nomenclature.release import Nomenclature
    >>> persons = pl.DataFrame({"person_id": ["D2", "D4"], "A_1": ["02:01", "01:01"], "A_2": ["24:02", "24:02"]})
    >>> registry, _ = build_registry(persons, Nomenclature.builtin(), name="two", provenance={})
    >>> ranks_of(registry, pl.Series(["D1", "D2", "D3", "D5"])).tolist()
    [0, 0, 1, 2]
    """
    low = np.zeros(len(identifiers), np.int64)
    high = np.full(len(identifiers), registry.n_donors)
    while (searched := np.flatnonzero(low < high)).size:
        middle = (low[searched] + high[searched]) // 2
        theirs = _identifiers(registry, registry.ranked[middle])
        is_before = (theirs < identifiers.gather(pl.Series(searched))).to_numpy()
        low[searched[is_before]] = middle[is_before] + 1
        high[searched[~is_before]] = middle[~is_before]
    return low


def rows_of(registry: Registry, identifiers: pl.Series) -> NDArray[np.uint32]:
    """Return the rows of those donors of a registry who have one of some identifiers, one by one as these are given."""
    wanted = identifiers.drop_nulls()
    rank = ranks_of(registry, wanted)
    is_within = rank < registry.n_donors
    rows = registry.ranked[rank[is_within]]
    is_same = _identifiers(registry, rows) == wanted.filter(pl.Series(is_within))
    found: NDArray[np.uint32] = rows[is_same.to_numpy()]
    return found


def _identifiers(registry: Registry, rows: NDArray[np.uint32]) -> pl.Series:
    return registry.donor_attributes.of("donor_id", pl.Series(rows))
