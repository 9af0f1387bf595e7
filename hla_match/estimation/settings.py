"""How an estimation is done: what decides its result beside the donors. It is read without the kernels."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    restarts: int = 0
    seed: int = 0
    tolerance: float = TOLERANCE
    max_iterations: int = MAX_ITERATIONS
    floor: float = FLOOR
    bootstrap: int = 0
    workers: int = 1
