"""What the typing of some loci of one donor is expected to tell, and to gain.

Before a typing each of its outcomes has a probability, and each leaves another distribution of the number of
mismatches. These figures say what the typing is worth:

- its *information*, in bits: by how much it is expected to lower the entropy of the number of mismatches. That is the
  mutual information of the outcome and the number (Cover & Thomas, Elements of Information Theory, 2nd ed. 2006,
  section 2.3). A typing that makes the number certain has all of its entropy. The *match information* is the same of
  whether the donor matches, which is what a choice needs.
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


def entropy(probability: NDArray[np.float64]) -> float:
    """Return the entropy of a distribution, of any shape and with a sum of 1, in bits.

    Source: Shannon, Bell Syst Tech J 1948;27:379, section 6.

    >>> entropy(np.array([0.5, 0.5, 0.0])), entropy(np.array([1.0, 0.0]))
    (1.0, 0.0)
    """
    known = probability[probability > 0.0]
    return max(0.0, -float((known * np.log2(known)).sum()))


def expected_information(joint: NDArray[np.float64]) -> float:
    """Return by how many bits a typing is expected to lower the entropy of the number of mismatches.

    It is the entropy of the results, plus that of the numbers, less that of both together (Cover & Thomas 2006,
    section 2.4).

    Args:
        joint: (results, numbers) probability of each result of the typing together with each number of mismatches.

    >>> expected_information(np.array([[0.5, 0.0], [0.0, 0.5]]))
    1.0
    """
    return max(0.0, entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint))


def joint_table(joint: NDArray[np.float64], group: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return (results, numbers) sums of the rows of (outcomes, numbers) probabilities, by the result that each gives.

    >>> joint_table(np.array([[0.25, 0.0], [0.25, 0.25], [0.0, 0.25]]), np.array([0, 1, 0])).tolist()
    [[0.25, 0.25], [0.25, 0.25]]
    """
    found = np.zeros((int(group.max()) + 1, joint.shape[1]))
    for number in np.flatnonzero(joint.any(axis=0)):
        found[:, number] = np.bincount(group, joint[:, number])
    return found


def expected_best(probability: NDArray[np.float64], matched: NDArray[np.float64], other: float) -> float:
    """Return the expected probability of a match of the best donor once the result of a typing is known.

    Args:
        probability: (results,) of each result.
        matched: (results,) of each result together with a match.
        other: the greatest probability of a match among the other donors.

    >>> expected_best(np.array([0.5, 0.5]), np.array([0.5, 0.0]), other=0.5)
    0.75
    """
    return float(np.maximum(matched, probability * other).sum())


@dataclass(frozen=True, slots=True)
class TypingResults:
    """The results that the typing of some loci of a person can have.

    Attributes:
        loci: positions of the loci.
        probability: (results,) of each result; those without a match stand together as the last one.
        matched: (results,) of each result together with a match.
        match_information: bits that it is expected to tell of whether the donor matches.
        information: bits that it is expected to tell of the number of mismatches.
        left: entropy of the number of mismatches that is expected to be left, in bits.
    """

    loci: tuple[int, ...]
    probability: NDArray[np.float64]
    matched: NDArray[np.float64]
    match_information: float
    information: float
    left: float

    def gain(self, best: float, other: float) -> float:
        """Return the expected rise of the probability that the best donor matches.

        Args:
            best: that probability now.
            other: the greatest probability of a match among the donors of whom the typing does not tell.
        """
        return max(0.0, expected_best(self.probability, self.matched, other) - best)


def typing_results(
    distribution: NDArray[np.float64],
    probability: NDArray[np.float64],
    outcome: NDArray[np.integer[Any]],
    sets: Sequence[tuple[int, ...]],
    *,
    most: int,
) -> list[TypingResults]:
    """Return what the typing of each of some sets of loci of one donor can result in.

    Args:
        distribution: (outcomes, numbers) probability of each number of mismatches, given an outcome of all loci.
        probability: (outcomes,) of each of these.
        outcome: (outcomes, loci) the outcome of each locus by itself.
        sets: positions of loci.
        most: mismatches of a donor who matches at most.
    """
    joint = distribution * probability[:, None]
    before = entropy(joint.sum(axis=0))
    found = []
    for loci in sets:
        table = joint_table(joint, grouped_outcomes(outcome[:, list(loci)]))
        matched, unmatched = table[:, : most + 1].sum(axis=1), table[:, most + 1 :].sum(axis=1)
        can_match = matched > 0.0
        of_match = expected_information(np.stack([matched, unmatched], axis=1))
        found.append(
            TypingResults(
                loci,
                np.append((matched + unmatched)[can_match], unmatched[~can_match].sum()),
                np.append(matched[can_match], 0.0),
                of_match,
                information := expected_information(table),
                max(0.0, before - information),
            )
        )
    return found


def patient_typing_results(
    distribution: NDArray[np.float64],
    probability: NDArray[np.float64],
    outcome: NDArray[np.integer[Any]],
    sets: Sequence[tuple[int, ...]],
    *,
    most: int,
) -> list[TypingResults]:
    """Return what the typing of each of some sets of loci of the patient can result in: it tells of all donors.

    A match is that of the best of the donors; the information is the sum of what is told of each donor by itself.

    Args:
        distribution: (donors, patient genotypes, numbers) probability of each number of mismatches of a donor, given
            what the patient carries.
        probability: (patient genotypes,) of each of these.
        outcome: (patient genotypes, loci) which genotype of a locus each one has.
        sets: positions of loci.
        most: mismatches of a donor who matches at most.
    """
    joint = distribution * probability[None, :, None]
    before = sum(entropy(of_donor) for of_donor in joint.sum(axis=1))
    found = []
    for loci in sets:
        group = grouped_outcomes(outcome[:, list(loci)])
        tables = [joint_table(of_donor, group) for of_donor in joint]
        told = sum(expected_information(table) for table in tables)
        matched = np.stack([table[:, : most + 1].sum(axis=1) for table in tables])
        of_group = np.bincount(group, probability).astype(np.float64, copy=False)
        of_match = sum(expected_information(np.stack([one, of_group - one], axis=1)) for one in matched)
        found.append(TypingResults(loci, of_group, matched.max(axis=0), of_match, told, max(0.0, before - told)))
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
