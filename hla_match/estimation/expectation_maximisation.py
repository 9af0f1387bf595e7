"""Expectation-maximisation over a fixed set of haplotypes (Excoffier & Slatkin, Mol Biol Evol 1995;12:921).

The haplotypes that a person's typing allows do not depend on their frequencies, so they are found once; every step
then weighs all persons again by the frequencies of the step before, the ambiguous ones like the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.estimation.sample import Sample
from hla_match.imputation.imputed_registry import impute
from hla_match.imputation.panels import panel_of_support
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels.estimation.expectation import expect_haplotypes, weigh_persons
from hla_match.kernels.schema.array import new_arrays
from hla_match.kernels.schema.haplotypes import HaplotypeClasses

SLICES = 8
"""Ranges of persons that are counted apart and added up in order; fixed, so that threads do not change the sums."""

OnIteration = Callable[[int, float, float], None]
"""Called after every iteration: its number, the log-likelihood, and the largest change of an expected count."""


@dataclass(frozen=True)
class ExplainedSample:
    """The persons of a sample whom some haplotypes explain, as classes of these.

    Attributes:
        n_haplotypes: the number of haplotypes.
        kind: (parts,) int64 the kinds of persons that are explained.
        weight: (parts,) float64 number of persons.
        classes: their classes of haplotypes, one part a person.
    """

    n_haplotypes: int
    kind: NDArray[np.int64]
    weight: NDArray[np.float64]
    classes: HaplotypeClasses

    @property
    def copies(self) -> float:
        """Number of chromosomes, 2n: a frequency times this is an expected count."""
        return 2.0 * float(self.weight.sum())

    def expect(
        self, frequency: NDArray[np.float64], weight: NDArray[np.float64], workers: int
    ) -> tuple[NDArray[np.float64], float]:
        """Return (haplotypes,) expected counts and the log-likelihood; the result does not depend on `workers`."""
        load = self.classes.class_member[self.classes.part_class]
        inner = np.searchsorted(load, np.linspace(0, load[-1], SLICES + 1)[1:-1])
        bounds = [0, *inner.tolist(), weight.size]

        def run(number: int) -> tuple[NDArray[np.float64], float]:
            share = np.zeros(self.n_haplotypes)
            start, stop = bounds[number], bounds[number + 1]
            log_likelihood = expect_haplotypes(start, stop, weight, self.classes, frequency, share)
            return share, float(log_likelihood)

        if workers > 1 and self.classes.member.size > 1 << 14:
            with ThreadPoolExecutor(workers) as pool:
                found = list(pool.map(run, range(SLICES)))
        else:
            found = [run(number) for number in range(SLICES)]
        total = found[0][0]
        for share, _ in found[1:]:
            total += share
        total *= frequency
        return total, sum(log_likelihood for _, log_likelihood in found)

    def weigh(self, frequency: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (parts,) the weight of every person's diplotypes, and the entropy of their distribution in nats."""
        weight, entropy = np.zeros(self.weight.size), np.zeros(self.weight.size)
        weigh_persons(self.classes, frequency, weight, entropy)
        return weight, entropy


def explain_sample(sample: Sample, allele: NDArray[np.int32], workers: int) -> ExplainedSample:
    """Find the classes of (haplotypes, loci) distinct haplotypes for every person of a sample."""
    if not allele.shape[0] or not sample.weight.size:
        nothing = HaplotypeClasses(*map(np.zeros_like, new_arrays(HaplotypeClasses, defaultdict(int))))
        return ExplainedSample(allele.shape[0], np.zeros(0, np.int64), np.zeros(0), nothing)
    panels = panel_of_support(sample.loci, allele, sample.tables)
    population = np.zeros(sample.weight.size, np.int16)
    found = impute(sample.typing, population, panels, typing_membership(panels, sample.tables), workers=workers)
    kind_of = np.empty(sample.weight.size, np.int64)
    kind_of[found.person] = np.arange(sample.weight.size)
    kind = kind_of[np.diff(found.classes.person_part) > 0]
    return ExplainedSample(allele.shape[0], kind, sample.weight[kind], found.classes)


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the iterations ended.

    Attributes:
        frequency: (haplotypes,) float64, sum 1.
        log_likelihood: at the start and after each iteration; natural logarithms.
        converged: whether the last iteration changed no expected count by more than the tolerance.
    """

    frequency: NDArray[np.float64]
    log_likelihood: tuple[float, ...]
    converged: bool


def maximise(
    explained: ExplainedSample,
    start: NDArray[np.float64],
    *,
    tolerance: float,
    max_iterations: int,
    weight: NDArray[np.float64] | None = None,
    workers: int = 1,
    on_iteration: OnIteration | None = None,
) -> Maximum:
    """Iterate until no expected count of a haplotype changes by more than `tolerance` copies.

    Args:
        explained: the persons; at least one.
        start: (haplotypes,) first frequencies; one that is 0 stays 0.
        tolerance: in copies, that is in multiples of 1/(2n).
        max_iterations: iterations at most.
        weight: (parts,) number of persons instead of those of the sample.
        workers: threads.
        on_iteration: is called after every iteration.
    """
    weights = explained.weight if weight is None else weight
    copies = 2.0 * float(weights.sum())
    frequency = start / start.sum()
    count, log_likelihood = explained.expect(frequency, weights, workers)
    log_likelihoods = [log_likelihood]
    converged = False
    for iteration in range(1, max_iterations + 1):
        before, frequency = frequency, count / copies
        count, log_likelihood = explained.expect(frequency, weights, workers)
        log_likelihoods.append(log_likelihood)
        change = copies * float(np.abs(frequency - before).max())
        if on_iteration is not None:
            on_iteration(iteration, log_likelihood, change)
        if change <= tolerance:
            converged = True
            break
    return Maximum(frequency, tuple(log_likelihoods), converged)


def worth_keeping(explained: ExplainedSample, frequency: NDArray[np.float64], least_copies: float) -> NDArray[np.bool_]:
    """Return the haplotypes to keep when rare ones are dropped; whoever was explained before still is.

    Kept are those expected `least_copies` times or more and, of a person whom these do not explain, the most frequent
    haplotypes of the most probable pair of classes.
    """
    keep = (frequency > 0) & (frequency * explained.copies >= least_copies)
    before, _ = explained.weigh(frequency)
    after, _ = explained.weigh(np.where(keep, frequency, 0.0))
    classes = explained.classes
    for part in np.flatnonzero((before > 0) & (after <= 0)):
        first = classes.part_class[part]
        members = [
            classes.member[classes.class_member[c] : classes.class_member[c + 1]]
            for c in range(first, classes.part_class[part + 1])
        ]
        total = np.array([frequency[one].sum() for one in members])
        pairs = classes.pair[classes.part_pair[part] : classes.part_pair[part + 1]]
        for one in pairs[np.argmax(total[pairs[:, 0]] * total[pairs[:, 1]])]:
            keep[members[one][np.argmax(frequency[members[one]])]] = True
    return keep
