"""How many donors of a list are to be asked, so that enough of them will do.

The number of donors who match and are available is a sum of independent yes-or-no answers of different probability:
the Poisson binomial distribution (Wang, Statistica Sinica 1993;3:295). Donors are independent once the patient's
genotype is given; where a typing leaves several genotypes open, the distribution is the mean over them.

Oracle: ``tests/oracle/next_steps.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def count_distribution(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n + 1,) the probability of each number of successes of n independent trials.

    One trial after another (Wang 1993, section 2): the number stays where it fails, and rises by one where it succeeds.

    >>> count_distribution(np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    found = np.zeros(probability.size + 1)
    found[0] = 1.0
    for number, p in enumerate(probability.tolist(), 1):
        found[1 : number + 1] = found[1 : number + 1] * (1.0 - p) + found[:number] * p
        found[0] *= 1.0 - p
    return found


def certainty_by_donor(
    probability: NDArray[np.float64], weight: NDArray[np.float64], *, wanted: int = 1
) -> NDArray[np.float64]:
    """Return (donors,) the probability that so many of the first 1, 2, ... donors succeed.

    Args:
        probability: (patient genotypes, donors) that each donor succeeds, given what the patient carries.
        weight: (patient genotypes,) probability of each of these.
        wanted: how many donors must succeed.

    >>> certainty_by_donor(np.array([[0.5, 0.5]]), np.array([1.0])).tolist()
    [0.5, 0.75]
    """
    n_genotypes, n_donors = probability.shape
    if wanted > n_donors:
        return np.zeros(n_donors)
    fewer = np.zeros((n_genotypes, wanted))
    fewer[:, 0] = 1.0
    found = np.empty(n_donors)
    for donor in range(n_donors):
        p = probability[:, donor, None]
        before = fewer.copy()
        fewer *= 1.0 - p
        fewer[:, 1:] += before[:, :-1] * p
        found[donor] = weight @ (1.0 - fewer.sum(axis=1))
    return np.clip(found, 0.0, 1.0)


def donors_to_ask(certainty: NDArray[np.float64], wanted: float) -> int | None:
    """Return how many of the first donors reach a certainty; None where all together do not.

    >>> donors_to_ask(np.array([0.5, 0.75, 0.92]), 0.9), donors_to_ask(np.array([0.5]), 0.9)
    (3, None)
    """
    enough = np.flatnonzero(certainty >= wanted - 1e-12)
    return int(enough[0]) + 1 if enough.size else None
