"""What the typing of some loci of one donor is expected to tell, and to gain.

Before a typing each of its outcomes has a probability, and each leaves another distribution of the number of
mismatches. Two figures say what the typing is worth:

- its *information*, in bits: by how much it is expected to lower the entropy of the number of mismatches. That is the
  mutual information of the outcome and the number (Cover & Thomas, Elements of Information Theory, 2nd ed. 2006,
  section 2.3). A typing that makes the number certain has all of its entropy.
- its *gain*: by how much it is expected to raise the probability that the best donor matches. After the typing whoever
  is best then can be taken, so that it is never below 0. It is the expected value of information of a decision (Howard,
  IEEE Trans Syst Sci Cybern 1966;2:22), here of the choice of one donor.

Oracle: ``tests/oracle/next_steps.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_SETS_OF_ALL = 6
"""Loci of which all sets are looked at; of more only single loci, pairs and all together."""


def entropy(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy of distributions in bits, each along the last axis and with a sum of 1.

    Source: Shannon, Bell Syst Tech J 1948;27:379, section 6.

    >>> entropy(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    known = np.where(probability > 0.0, probability, 1.0)
    found: NDArray[np.float64] = 0.0 - (known * np.log2(known)).sum(axis=-1)
    return np.maximum(found, 0.0)


def expected_information(
    distribution: NDArray[np.float64], probability: NDArray[np.float64], group: NDArray[np.integer[Any]]
) -> float:
    """Return by how many bits a typing is expected to lower the entropy of the number of mismatches.

    Args:
        distribution: (outcomes, numbers) probability of each number of mismatches, given an outcome.
        probability: (outcomes,) of each outcome.
        group: (outcomes,) which result of the typing each outcome gives, from 0.

    >>> expected_information(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.5, 0.5]), np.array([0, 1]))
    1.0
    """
    joint = distribution * probability[:, None]
    grouped = np.stack([np.bincount(group, of_number) for of_number in joint.T], axis=1)
    of_group = grouped.sum(axis=1)
    kept = of_group > 0.0
    after = float(of_group[kept] @ entropy(grouped[kept] / of_group[kept, None]))
    return max(0.0, float(entropy(joint.sum(axis=0))) - after)


def expected_best(
    match: NDArray[np.float64], probability: NDArray[np.float64], group: NDArray[np.integer[Any]], other: float
) -> float:
    """Return the expected probability of a match of the best donor once a typing is known.

    Args:
        match: (outcomes,) probability that the donor matches, given an outcome.
        probability: (outcomes,) of each outcome.
        group: (outcomes,) which result of the typing each outcome gives, from 0.
        other: the greatest probability of a match among the other donors.

    >>> expected_best(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([0, 1]), other=0.5)
    0.75
    """
    of_group = np.bincount(group, probability)
    matched = np.bincount(group, probability * match)
    return float(np.maximum(matched, of_group * other).sum())


@dataclass(frozen=True, slots=True)
class TypingValue:
    """What the typing of some loci of a donor is worth.

    Attributes:
        loci: positions of the loci.
        information: bits.
        gain: rise of the probability that the best donor matches.
        left: entropy of the number of mismatches that is expected to be left, in bits.
    """

    loci: tuple[int, ...]
    information: float
    gain: float
    left: float


def typing_values(
    distribution: NDArray[np.float64],
    probability: NDArray[np.float64],
    outcome: NDArray[np.integer[Any]],
    sets: Sequence[tuple[int, ...]],
    *,
    most: int,
    other: float,
) -> list[TypingValue]:
    """Return what each of some sets of loci of one donor is worth.

    Args:
        distribution: (outcomes, numbers) probability of each number of mismatches, given an outcome of all loci.
        probability: (outcomes,) of each of these.
        outcome: (outcomes, loci) the outcome of each locus by itself.
        sets: positions of loci.
        most: mismatches of a donor who matches at most.
        other: the greatest probability of a match among the other donors.
    """
    match = distribution[:, : most + 1].sum(axis=1)
    best = max(other, float(match @ probability))
    before = float(entropy(probability @ distribution))
    found = []
    for loci in sets:
        group = grouped_outcomes(outcome[:, list(loci)])
        information = expected_information(distribution, probability, group)
        gain = expected_best(match, probability, group, other) - best
        found.append(TypingValue(loci, information, max(0.0, gain), max(0.0, before - information)))
    return found


def grouped_outcomes(outcome: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return (n,) numbers of the distinct rows of (n, loci) outcomes, from 0.

    >>> grouped_outcomes(np.array([[0, 1], [2, 1], [0, 1]])).tolist()
    [0, 1, 0]
    """
    key, size = np.zeros(outcome.shape[0], np.int64), 1
    for column in outcome.T:
        n = int(column.max()) + 1
        if size * n > np.iinfo(np.int64).max:
            _, key = np.unique(key, return_inverse=True)
            size = int(key.max()) + 1
        key, size = key * n + column, size * n
    return np.unique(key, return_inverse=True)[1].astype(np.int64, copy=False)


def sets_of_loci(loci: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the sets of loci that a laboratory may be asked for: all sets, or of many loci the small ones and all.

    >>> sets_of_loci((0, 3))
    [(0,), (3,), (0, 3)]
    >>> len(sets_of_loci(range(8)))
    37
    """
    n = len(loci)
    sizes = range(1, n + 1) if n <= MAX_SETS_OF_ALL else (1, 2, n)
    return [chosen for size in sizes for chosen in combinations(loci, size)]


def patient_typing_values(
    distribution: NDArray[np.float64],
    probability: NDArray[np.float64],
    outcome: NDArray[np.integer[Any]],
    sets: Sequence[tuple[int, ...]],
    *,
    most: int,
    other: float,
) -> list[TypingValue]:
    """Return what each of some sets of loci of the patient is worth: one typing tells of all donors.

    Its information is the sum of what it tells of each donor by itself.

    Args:
        distribution: (donors, patient genotypes, numbers) probability of each number of mismatches of a donor, given
            what the patient carries.
        probability: (patient genotypes,) of each of these.
        outcome: (patient genotypes, loci) which genotype of a locus each one has.
        sets: positions of loci.
        most: mismatches of a donor who matches at most.
        other: the greatest probability of a match among donors who are not among these.
    """
    match = distribution[:, :, : most + 1].sum(axis=2)
    best = max(other, float((match @ probability).max(initial=0.0)))
    before = sum(float(entropy(probability @ of_donor)) for of_donor in distribution)
    found = []
    for loci in sets:
        group = grouped_outcomes(outcome[:, list(loci)])
        information = sum(expected_information(of_donor, probability, group) for of_donor in distribution)
        of_group = np.bincount(group, probability)
        matched = [np.bincount(group, probability * of_donor) for of_donor in match]
        after = float(np.max([of_group * other, *matched], axis=0).sum())
        found.append(TypingValue(loci, information, max(0.0, after - best), max(0.0, before - information)))
    return found
