"""Whether the numbers of a kept imputation are what kernels can follow, and say the same twice.

An imputation that is not sound is computed again, so that the answer is only yes or no.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.panels import Panels
from hla_match.kernels.schema.array import arrays_of, declarations
from hla_match.kernels.schema.haplotypes import HaplotypeClasses, Imputation, PersonDigests

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
    n_panels = panels.haplotypes.panel_start.size - 1
    mass = donors.classes.part_mass
    return (
        _fits(arrays_of(donors), {"persons": n_donors, "panels": n_panels})
        and _stays_inside(donors.classes, panels)
        and bool((np.isfinite(mass) & (mass > 0)).all())
        and (not thorough or _weighs(donors.classes, panels))
    )


def is_followable(donors: Imputation, digests: PersonDigests, panels: Panels) -> bool:
    """Say whether what was imputed of persons before can be taken over, whose certain alleles had other numbers.

    Args:
        donors: the imputation.
        digests: of its distinct persons.
        panels: others of the same frequencies and loci.
    """
    sizes = {"panels": panels.haplotypes.panel_start.size - 1, "loci": len(panels.loci)}
    first_certain = panels.haplotypes.panel_start[panels.chain.certain_panel[0]]
    return (
        _fits(arrays_of(donors), sizes)
        and all(one.fits(arrays_of(digests)[name], sizes) for name, one in declarations(PersonDigests).items())
        and _ascends(digests.certain_start, digests.certain_code.size)
        and _below(donors.classes.member, int(first_certain) + digests.certain_code.size)
    )


def _fits(arrays: dict[str, NDArray[Any]], sizes: dict[str, int]) -> bool:
    """Say whether arrays are as declared, offsets are those of what they count, and numbers are below theirs."""
    declared = declarations(Imputation)
    return (
        all(one.fits(arrays[name], sizes) for name, one in declared.items())
        and all(_ascends(arrays[name], sizes[one.array.into]) for name, one in declared.items() if one.array.into)
        and all(_below(arrays[name], sizes[one.array.below]) for name, one in declared.items() if one.array.below)
    )


def _stays_inside(classes: HaplotypeClasses, panels: Panels) -> bool:
    """Say whether haplotypes are those of the part's panel, and classes of pairs those of the part."""
    if not _below(classes.person_missing, 1 << len(panels.loci)):
        return False
    start = panels.haplotypes.panel_start
    first, last = start[classes.part_panel], start[classes.part_panel + 1]
    n_classes = np.diff(classes.part_class)
    return _within(classes.member, classes.class_member[classes.part_class], first, last) and _within(
        classes.pair.reshape(-1), 2 * classes.part_pair, np.zeros_like(n_classes), n_classes
    )


def _weighs(classes: HaplotypeClasses, panels: Panels) -> bool:
    """Say whether the diplotypes of each part add up to its weight."""
    weight = _sums(panels.haplotypes.frequency[classes.member], classes.class_member)
    first = np.repeat(classes.part_class[:-1], np.diff(classes.part_pair))
    one, other = classes.pair.T
    product = weight[first + one] * weight[first + other] * np.where(one == other, 1.0, 2.0)
    return bool(np.allclose(_sums(product, classes.part_pair), classes.part_mass, rtol=_ROUNDING, atol=0.0))


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


def _ascends(offset: NDArray[np.int64], end: int) -> bool:
    """Say whether offsets start at 0, never fall and end at the number of what they count."""
    return bool(offset.size and offset[0] == 0 and offset[-1] == end and (offset[1:] >= offset[:-1]).all())


def _below(numbers: NDArray[Any], bound: int) -> bool:
    """Say whether every number is at least 0 and less than a bound."""
    return not numbers.size or bool(numbers.min() >= 0 and numbers.max() < bound)
