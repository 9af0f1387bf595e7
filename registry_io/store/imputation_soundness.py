"""Whether the numbers of a kept imputation are what kernels can follow, and say the same twice.

An imputation that is not sound is computed anew, so that nothing has to be told of it but yes or no.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.panels import Panels
from hla_match.kernels.schema.array import arrays_of, declarations
from hla_match.kernels.schema.haplotypes import Imputation

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
        and bool((np.isfinite(donors.classes.part_mass) & (donors.classes.part_mass > 0)).all())
        and (not thorough or _weighs(donors, panels))
    )


def _fits(donors: Imputation, n_donors: int) -> bool:
    """Say whether types and sizes are those of an imputation, and offsets those of its arrays."""
    for name, array in arrays_of(donors).items():
        declared = declarations(Imputation)[name]
        if array.dtype not in declared.dtypes or array.ndim != len(declared.array.dimensions):
            return False
    n_distinct, n_parts = donors.classes.person_missing.size, donors.classes.part_panel.size
    if donors.person.size != n_donors or donors.classes.pair.shape[1] != 2 or donors.classes.part_mass.size != n_parts:
        return False
    offsets = (
        (donors.classes.person_part, n_distinct, n_parts),
        (donors.classes.part_class, n_parts, donors.classes.class_member.size - 1),
        (donors.classes.part_pair, n_parts, donors.classes.pair.shape[0]),
        (donors.classes.class_member, donors.classes.class_member.size - 1, donors.classes.member.size),
    )
    return all(_ascends(*one) for one in offsets)


def _stays_inside(donors: Imputation, panels: Panels) -> bool:
    """Say whether every number that is followed is one of what it points to."""
    panel = donors.classes.part_panel
    if not (
        _below(donors.person, donors.classes.person_missing.size)
        and _below(panel, panels.haplotypes.panel_start.size - 1)
        and _below(donors.classes.person_missing, 1 << len(panels.loci))
    ):
        return False
    # Haplotypes are those of the part's panel, classes of pairs those of the part.
    first, last = panels.haplotypes.panel_start[panel], panels.haplotypes.panel_start[panel + 1]
    n_classes = np.diff(donors.classes.part_class)
    return _within(
        donors.classes.member, donors.classes.class_member[donors.classes.part_class], first, last
    ) and _within(donors.classes.pair.reshape(-1), 2 * donors.classes.part_pair, np.zeros_like(n_classes), n_classes)


def _weighs(donors: Imputation, panels: Panels) -> bool:
    """Say whether the diplotypes of each part add up to its weight."""
    weight = _sums(panels.haplotypes.frequency[donors.classes.member], donors.classes.class_member)
    first = np.repeat(donors.classes.part_class[:-1], np.diff(donors.classes.part_pair))
    one, other = donors.classes.pair.T
    product = weight[first + one] * weight[first + other] * np.where(one == other, 1.0, 2.0)
    return bool(
        np.allclose(_sums(product, donors.classes.part_pair), donors.classes.part_mass, rtol=_ROUNDING, atol=0.0)
    )


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
