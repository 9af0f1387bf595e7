"""Whether the numbers of a kept imputation are what kernels can follow, and say the same twice.

An imputation that is not sound is computed anew, so that nothing has to be told of it but yes or no.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.imputed_registry import IMPUTATION_ARRAYS, Imputation
from hla_match.imputation.panels import Panels

_DTYPES = {
    "person": np.int32, "person_part": np.int64, "person_missing": np.uint16, "part_panel": np.int16,
    "part_mass": np.float64, "part_class": np.int64, "part_pair": np.int64, "class_member": np.int64,
    "pair": np.uint16, "member": np.uint32,
}  # fmt: skip

_ROUNDING = 1e-9
"""By how much of itself a sum in another order may differ."""


def is_sound(donors: Imputation, n_donors: int, panels: Panels, *, thorough: bool) -> bool:
    """Say whether kernels that follow the numbers of an imputation stay inside its arrays and those of the panels.

    Args:
        donors: the imputation.
        n_donors: donors of the registry.
        panels: the haplotypes that it numbers.
        thorough: add up the weights of all haplotypes, too: a member, pair or class that is another shows there.
    """
    return (
        _fits(donors, n_donors)
        and _stays_inside(donors, panels)
        and bool((np.isfinite(donors.part_mass) & (donors.part_mass > 0)).all())
        and (not thorough or _weighs(donors, panels))
    )


def _fits(donors: Imputation, n_donors: int) -> bool:
    """Say whether types and sizes are those of an imputation, and offsets those of its arrays."""
    if any(getattr(donors, name).dtype != dtype for name, dtype in _DTYPES.items()):
        return False
    if any(getattr(donors, name).ndim != 1 + (name == "pair") for name in IMPUTATION_ARRAYS):
        return False
    n_distinct, n_parts = donors.person_missing.size, donors.part_panel.size
    if donors.person.size != n_donors or donors.pair.shape[1] != 2 or donors.part_mass.size != n_parts:
        return False
    offsets = (
        (donors.person_part, n_distinct, n_parts),
        (donors.part_class, n_parts, donors.class_member.size - 1),
        (donors.part_pair, n_parts, donors.pair.shape[0]),
        (donors.class_member, donors.class_member.size - 1, donors.member.size),
    )
    return all(_ascends(*one) for one in offsets)


def _stays_inside(donors: Imputation, panels: Panels) -> bool:
    """Say whether every number that is followed is one of what it points to."""
    panel = donors.part_panel
    if not (
        _below(donors.person, donors.person_missing.size)
        and _below(panel, panels.panel_start.size - 1)
        and _below(donors.person_missing, 1 << len(panels.loci))
    ):
        return False
    # Haplotypes are those of the part's panel, classes of pairs those of the part.
    first, last = panels.panel_start[panel], panels.panel_start[panel + 1]
    n_classes = np.diff(donors.part_class)
    return _within(donors.member, donors.class_member[donors.part_class], first, last) and _within(
        donors.pair.reshape(-1), 2 * donors.part_pair, np.zeros_like(n_classes), n_classes
    )


def _weighs(donors: Imputation, panels: Panels) -> bool:
    """Say whether the diplotypes of each part add up to its weight."""
    weight = _sums(panels.frequency[donors.member], donors.class_member)
    first = np.repeat(donors.part_class[:-1], np.diff(donors.part_pair))
    one, other = donors.pair.T
    product = weight[first + one] * weight[first + other] * np.where(one == other, 1.0, 2.0)
    return bool(np.allclose(_sums(product, donors.part_pair), donors.part_mass, rtol=_ROUNDING, atol=0.0))


def _sums(numbers: NDArray[np.float64], offset: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of the numbers of each range; 0 where there are none."""
    found = np.zeros(offset.size - 1)
    some = np.flatnonzero(np.diff(offset))
    if some.size:
        found[some] = np.add.reduceat(numbers, offset[some])
    return found


def _within(
    numbers: NDArray[Any], offset: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> bool:
    """Say whether the numbers of each range are at least its `first` and less than its `last`."""
    some = np.flatnonzero(np.diff(offset))
    if not some.size:
        return True
    least, greatest = (reduce.reduceat(numbers, offset[some]) for reduce in (np.minimum, np.maximum))
    return bool((least >= first[some]).all() and (greatest < last[some]).all())


def _ascends(offset: NDArray[np.int64], n_ranges: int, end: int) -> bool:
    """Say whether offsets of some ranges start at 0, never fall and end at the length of what they point into."""
    if offset.size != n_ranges + 1 or offset[0] != 0 or offset[-1] != end:
        return False
    return bool((offset[1:] >= offset[:-1]).all())


def _below(numbers: NDArray[Any], bound: int) -> bool:
    """Say whether every number is at least 0 and less than a bound."""
    return not numbers.size or bool(numbers.min() >= 0 and numbers.max() < bound)
