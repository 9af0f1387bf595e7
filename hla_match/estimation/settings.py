"""Settings of an estimation, which decide its result together with the donors. Reading them needs no kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_count, check_type

TOLERANCE = 0.05
"""Largest change of an expected count, in copies, at which the iterations end."""

MAX_ITERATIONS = 2000
"""Iterations of a run at most."""

FLOOR = 0.01
"""Expected copies below which a haplotype is left out of the result: a frequency of a hundredth of 1/(2n)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimationSettings:
    """How an estimation is done.

    Attributes:
        restarts: further runs from random frequencies, of which the best is taken.
        seed: of the random numbers.
        tolerance: largest change of an expected count, in copies, at which the iterations end.
        max_iterations: iterations of a run at most.
        floor: expected copies, less than 1, below which a haplotype is left out of the result.
        bootstrap: samples drawn with replacement from the persons to take standard errors from; 0 for none. Their
            iterations start from the estimate, over the same haplotypes.
        workers: threads; the result does not depend on them.

    Raises:
        CriteriaError: a number is out of its range.
    """

    restarts: int = 0
    seed: int = 0
    tolerance: float = TOLERANCE
    max_iterations: int = MAX_ITERATIONS
    floor: float = FLOOR
    bootstrap: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        for name, least in (("restarts", 0), ("seed", 0), ("max_iterations", 1), ("bootstrap", 0), ("workers", 1)):
            check_count(name, getattr(self, name), least=least)
        for name in ("tolerance", "floor"):
            check_type(name, getattr(self, name), int, float, expected="a number")
        if not 0 <= self.tolerance < math.inf:
            raise CriteriaError("tolerance", found=self.tolerance, expected="a number of copies of at least 0")
        if not 0 <= self.floor < 1:
            expected = "less than 1 copy, that is a frequency below 1/(2n)"
            raise CriteriaError("floor", found=self.floor, expected=expected)
