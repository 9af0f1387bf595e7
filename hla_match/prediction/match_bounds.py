"""Upper bounds of the probability of few mismatches, from what matches at each locus by itself.

The loci of a person depend on each other, and to work that out is what a prediction costs; the probabilities of each
locus alone cost a hundredth. Whatever the dependence, with X matching alleles at a locus and any c from 0 to 2 of each

    P(matches in all >= s)  <=  sum over loci of E[max(X - c, 0)]  /  (s - sum of c),

since matches above the c of their locus add up to s - sum of c at least where there are s of them (Markov's
inequality). The bound is the least over all choices of c.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POSITIONS = 2
"""Alleles of a locus."""


def few_mismatch_bounds(p_both: NDArray[np.float64], p_one: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return (n, most + 1) upper bounds of the probabilities of at most 0, 1, ..., `most` mismatches.

    Args:
        p_both: (n, loci) probability that both alleles of a locus match.
        p_one: (n, loci) probability that exactly one does.
        most: greatest number of mismatches.

    >>> few_mismatch_bounds(np.array([[0.5, 0.25]]), np.array([[0.5, 0.25]]), 2)
    array([[0.25, 0.5 , 1.  ]])
    """
    n, n_loci = p_both.shape
    n_positions = POSITIONS * n_loci
    # The least sum of expectations of the loci so far for each sum of c.
    least = np.full((n, n_positions + 1), np.inf)
    least[:, 0] = 0.0
    for column in range(n_loci):
        both, one = p_both[:, column], p_one[:, column]
        nothing_off = least + (one + 2.0 * both)[:, None]
        nothing_off[:, 1:] = np.minimum(nothing_off[:, 1:], least[:, :-1] + both[:, None])
        nothing_off[:, 2:] = np.minimum(nothing_off[:, 2:], least[:, :-2])
        least = nothing_off
    bounds = np.ones((n, most + 1))
    for mismatches in range(min(most, n_positions - 1) + 1):
        wanted = n_positions - mismatches
        bounds[:, mismatches] = (least[:, :wanted] / np.arange(wanted, 0, -1)).min(axis=1)
    # No more than one mismatch is no more probable than one matching allele at any locus.
    bounds[:, 0] = np.minimum(bounds[:, 0], p_both.min(axis=1))
    if most:
        bounds[:, 1] = np.minimum(bounds[:, 1], (p_both + p_one).min(axis=1))
    capped: NDArray[np.float64] = np.minimum(bounds, 1.0)
    return capped
