"""Match probabilities of the donors found, computed for those that the ranking asks for and kept.

Most donors of a long list cannot be at its head: a donor whom the search excludes from a full match has probability 0,
and an upper bound excludes many others. What is computed is exact.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hla_match.prediction.prediction import MAX_MISMATCHES, Prediction, join_predictions

Rows = NDArray[np.uint32]

NEAR = 1
"""The greatest number of mismatches that most orders ask for."""


class _Kept:
    """The predictions of some of the donors, each computed once.

    Args:
        donor: (n,) rows of the registry; positions count in this array.
        predict: returns the predictions of some rows.
    """

    def __init__(self, donor: Rows, predict: Callable[[Rows], Prediction]) -> None:
        self._donor = donor
        self._predict = predict
        self._slot = np.full(donor.size, -1, np.int32)
        self._part: list[Prediction] = []
        self._n_predicted = 0

    def of(self, position: NDArray[np.int64]) -> Prediction:
        """Return the predictions at some positions."""
        missing = position[self._slot[position] < 0]
        if missing.size or not self._part:
            self._slot[missing] = np.arange(self._n_predicted, self._n_predicted + missing.size)
            self._n_predicted += missing.size
            self._part.append(self._predict(self._donor[missing]))
        if len(self._part) > 1:
            self._part = [join_predictions(self._part)]
        return self._part[0].take(self._slot[position])


class LazyPredictions:
    """The predictions of one patient and the donors of one search, each computed when it is asked for first.

    Args:
        donor: (n,) rows of the registry; positions below count in this array.
        predict: returns the predictions of some rows, with the probabilities of up to a number of mismatches.
        bound: returns (n, 5) upper bounds of the probabilities of at most 0, 1, 2, 3, 4 mismatches for some rows, NaN
            where nothing is known; None where a prediction costs no more.
        near_pays: whether predictions of few mismatches cost far less than whole ones.
    """

    def __init__(
        self,
        donor: Rows,
        predict: Callable[[Rows, int], Prediction],
        bound: Callable[[Rows], NDArray[np.float64]] | None,
        *,
        near_pays: bool,
    ) -> None:
        self._donor = donor
        self._bound = bound
        self._bounds = np.zeros((donor.size if bound is not None else 0, MAX_MISMATCHES + 1))
        self._bounded = np.zeros(self._bounds.shape[0], np.bool_)
        self._predict = predict
        self._near_pays = near_pays
        self._kept: dict[int, _Kept] = {}

    def of(self, position: NDArray[np.int64]) -> Prediction:
        """Return the predictions at some positions."""
        return self._up_to(MAX_MISMATCHES).of(position)

    def near(self, position: NDArray[np.int64], most: int = NEAR) -> Prediction:
        """Return the predictions at some positions, of which the numbers of mismatches up to `most` may be all.

        That is what an order asks for, and costs far less where the patient is ambiguous.
        """
        return self._up_to(most if self._near_pays else MAX_MISMATCHES).of(position)

    def _up_to(self, most: int) -> _Kept:
        """Return the predictions with the probabilities of up to a number of mismatches."""
        if most not in self._kept:
            self._kept[most] = _Kept(self._donor, lambda rows: self._predict(rows, most))
        return self._kept[most]

    def bounds(self, position: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return (n, 5) upper bounds of the probabilities of at most 0, 1, 2, 3, 4 mismatches at some positions.

        None where they cost as much as predictions.
        """
        if self._bound is None:
            return None
        missing = position[~self._bounded[position]]
        if missing.size:
            self._bounds[missing] = self._bound(self._donor[missing])
            self._bounded[missing] = True
        return self._bounds[position]
