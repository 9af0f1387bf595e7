"""The rows of a registry that hold donors who are named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_names


def donor_rows(registry: Registry, donors: Sequence[str]) -> NDArray[np.uint32]:
    """Return (n,) uint32, the rows of a registry that hold some donors.

    Args:
        registry: where they are.
        donors: identifiers.

    Raises:
        CriteriaError: a donor is not in the registry; nobody is named.
    """
    check_names("donors", donors, expected="a list of identifiers")
    named = registry.attributes["donor_id"]
    row = pl.Series(donors, dtype=pl.String).replace_strict(named, pl.int_range(len(named), eager=True), default=None)
    if row.null_count():
        raise CriteriaError(
            "donors",
            found=f"{row.null_count()} identifiers",
            expected="identifiers of donors of the registry",
            code=ErrorCode.CRITERIA_UNKNOWN,
        )
    return row.cast(pl.UInt32).to_numpy()


def all_or_named(registry: Registry, donors: Sequence[str] | None) -> NDArray[np.uint32]:
    """Return the rows of some donors as `donor_rows` does, or without names those of all.

    Raises:
        CriteriaError: a donor is not in the registry.
    """
    return np.arange(registry.n_donors, dtype=np.uint32) if donors is None else donor_rows(registry, donors)
