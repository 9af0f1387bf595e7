"""How many pairs of a person's haplotypes are probable enough to be listed, found without listing them.

Words fall by weight within a class, so that the partners of a word that reach a threshold are the first ones of the
other class, and the more weight a word has, the more they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, inner_kernel
from hla_match.kernels.schema.prediction import PackedPart

LISTED_WHOLE = 1 << 14
"""Pairs of a person's haplotypes up to which all are listed."""

TAIL = 2e-3
"""Of more pairs, the probability of the least probable ones that are cut: they are most of all, and tell little."""

_HALVINGS = 50


@inner_kernel
def count_pairs(threshold: float, part: PackedPart) -> int:
    """Count the unordered pairs of words in compatible classes whose weights multiply to at least a threshold."""
    pair, class_first, weight = part.pair, part.class_first, part.weight
    found = 0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        v = class_first[d + 1]
        own = 0
        ordered = 0
        for u in range(class_first[c], class_first[c + 1]):
            while v > class_first[d] and weight[u] * weight[v - 1] < threshold:
                v -= 1
            ordered += v - class_first[d]
            own += v > u
        found += (ordered + own) // 2 if c == d else ordered
    return found


@inner_kernel
def weigh_pairs(threshold: float, part: PackedPart, before: NDArray[np.float64]) -> float:
    """Return the weight of the ordered pairs of words in compatible classes that reach a threshold.

    `before` is (words + 1,) the sum of the weights before each word.
    """
    pair, class_first, weight = part.pair, part.class_first, part.weight
    found = 0.0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        v = class_first[d + 1]
        of_pair = 0.0
        for u in range(class_first[c], class_first[c + 1]):
            while v > class_first[d] and weight[u] * weight[v - 1] < threshold:
                v -= 1
            of_pair += weight[u] * (before[v] - before[class_first[d]])
        found += of_pair if c == d else 2.0 * of_pair
    return found


@array_kernel
def pair_threshold(limit: int, part: PackedPart) -> tuple[float, float]:
    """Return the product of weights from which on pairs are listed, and what part of all diplotypes is cut.

    Up to `LISTED_WHOLE` pairs all are listed. Of more, the least probable ones are cut that are no more than `TAIL` of
    all, and as many more as are needed for no more than `limit` to be left.
    """
    if count_pairs(0.0, part) <= min(limit, LISTED_WHOLE):
        return 0.0, 0.0
    before = np.zeros(part.weight.size + 1)
    for k in range(part.class_first[part.class_first.size - 1]):
        before[k + 1] = before[k] + part.weight[k]
    low, high = -1500.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if weigh_pairs(np.exp(middle), part, before) >= (1.0 - TAIL) * part.mass:
            low = middle
        else:
            high = middle
    if count_pairs(np.exp(low), part) > limit:
        high = 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if count_pairs(np.exp(middle), part) > limit:
                low = middle
            else:
                high = middle
        low = high
    threshold = float(np.exp(low))
    return threshold, max(0.0, 1.0 - weigh_pairs(threshold, part, before) / part.mass)
