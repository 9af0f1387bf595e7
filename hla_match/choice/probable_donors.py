"""Donors whose probability of few mismatches is as great as asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.prediction.lazy_predictions import NEAR

ROUNDING = 1e-9
"""By which a sum of probabilities may fall short of what it is."""


def probable_donors(candidates: Candidates, least: float, mismatches: int) -> NDArray[np.int64]:
    """Return the positions of the candidates who have at most so many mismatches with the least probability, or more.

    Candidates of whom the probability is not known stay, and so do those of whom so much was cut that it may be as
    great.

    Args:
        candidates: the donors found.
        least: the least probability.
        mismatches: the greatest number of mismatches.
    """
    predictions = candidates.predictions
    if predictions is None:
        raise ValueError("these candidates have no predictions")
    rows = np.arange(candidates.donor.size)
    bound = predictions.bounds(candidates.position)
    if bound is not None:
        rows = np.flatnonzero(~(bound[:, mismatches] < least - ROUNDING))
    position = candidates.position[rows]
    found = predictions.near(position, max(mismatches, NEAR))
    greatest = found.mismatches[:, : mismatches + 1].sum(axis=1) + found.cut
    # A comparison with what is missing is false.
    kept: NDArray[np.int64] = rows[~(greatest < least - ROUNDING)]
    return kept
