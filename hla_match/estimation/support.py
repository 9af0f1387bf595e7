"""The support: the haplotypes whose frequencies are estimated. All others are taken as 0.

Where the haplotypes that all persons' typings allow are few enough, listed person by person, the support is all of
them; this is the plain algorithm of Excoffier & Slatkin (Mol Biol Evol 1995;12:921). A registry with old typings allows
many more than there are chromosomes: one serological typing at three of five loci allows millions. Then

1. the support is what the *contributing* persons allow, those whose typings leave at most `CONTRIBUTION` haplotypes;
2. a few iterations over these persons show which haplotypes are used: those expected less than `LEAST_COPIES`
   times are dropped, unless a person would remain without explanation. Rare but true haplotypes stay, since a carrier
   gives them more than that: the number is far below one copy, and a person who allows 2^5 haplotypes without any
   knowledge spreads two copies over them;
3. persons whom what remains does not explain join the contributing ones, with at most `CONTRIBUTION` haplotypes each,
   of the alleles that are most frequent so far; of these haplotypes the unused ones are dropped as in step 2.

All persons, however ambiguous, then take part in every iteration. That ambiguous persons add no haplotypes of their own
loses the rare ones that only they carry, which no algorithm could tell from the many others that they may carry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hla_match.estimation.expectation_maximisation import (
    ExplainedSample,
    OnIteration,
    explain_sample,
    maximise,
    worth_keeping,
)
from hla_match.estimation.sample import Sample, typing_sets
from hla_match.frequencies.haplotype_frequencies import merge_haplotypes
from hla_match.kernels.codes import NULL
from hla_match.kernels.estimation.allowed_haplotypes import list_allowed
from hla_match.kernels.schema.estimation import AlleleChoices
from hla_match.loci import OPTIONAL_GENES

FULL_ENTRIES = 2_000_000
"""Haplotypes that all persons together allow, up to which all of them are the support."""

CONTRIBUTION = 256
"""Haplotypes up to which a person contributes all that the typings allow; 2^n for n loci where that is more."""

MAX_ENTRIES = 8_000_000
"""Haplotypes that the contributing persons list at most, the least ambiguous persons first."""

LEAST_CONTRIBUTING = 0.1
"""Share of persons who contribute at least: where fewer are so well typed, the least ambiguous ones join them."""

PRUNING_ITERATIONS = 8
"""Iterations after which unused haplotypes of the contributing persons are dropped."""

LEAST_COPIES = 1e-3
"""Expected copies below which a haplotype is unused."""

WARM = 0.99
"""Weight of frequencies to start from; the rest is spread evenly, since what starts at 0 stays there."""


@dataclass(frozen=True)
class Support:
    """The haplotypes to estimate.

    Attributes:
        allele: (haplotypes, loci) int32 codes, each haplotype once.
        start: (haplotypes,) float64 frequencies to start from.
        explained: the sample under them.
        complete: whether they are all that the typings allow.
        n_contributing: persons who contributed haplotypes.
    """

    allele: NDArray[np.int32]
    start: NDArray[np.float64]
    explained: ExplainedSample
    complete: bool
    n_contributing: int


def choose_support(
    sample: Sample,
    *,
    start: tuple[NDArray[np.int32], NDArray[np.float64]] | None = None,
    workers: int = 1,
    on_iteration: OnIteration | None = None,
) -> Support:
    """Choose the haplotypes to estimate for a sample.

    Args:
        sample: the persons.
        start: (haplotypes, loci) codes and (haplotypes,) frequencies from an earlier estimate; they join the support.
        workers: threads.
        on_iteration: is called after every iteration of step 2.
    """
    n_allowed = sample.n_allowed()
    everybody = np.arange(n_allowed.size)
    if n_allowed.sum() <= FULL_ENTRIES:
        allele, frequency = _with_start(allowed_haplotypes(sample, everybody), start)
        explained = explain_sample(sample, allele, workers)
        return Support(allele, frequency, explained, True, sample.n_persons)
    most = max(CONTRIBUTION, 1 << len(sample.loci))
    contributing = contributing_kinds(sample, n_allowed, most)
    allele, frequency = _with_start(allowed_haplotypes(sample, contributing), start)
    allele, frequency = _pruned(sample, contributing, allele, frequency, workers, on_iteration)
    explained = explain_sample(sample, allele, workers)
    unexplained = np.setdiff1d(everybody, explained.kind)
    if unexplained.size:
        own, own_frequency = _own_haplotypes(sample, unexplained, allele, frequency, most)
        rows = np.zeros((2, frequency.size + own_frequency.size))
        rows[0] = np.concatenate([frequency, own_frequency])
        rows[1, : frequency.size] = 1.0
        allele, (frequency, before) = merge_haplotypes(np.concatenate([allele, own]), rows)
        contributing = np.union1d(contributing, unexplained)
        # What was of use before stays: it may be all that explains some who do not contribute.
        allele, frequency = _pruned(sample, contributing, allele, frequency, workers, on_iteration, stay=before > 0)
        explained = explain_sample(sample, allele, workers)
    return Support(allele, frequency, explained, False, int(sample.weight[contributing].sum()))


def contributing_kinds(sample: Sample, n_allowed: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return the kinds of persons who contribute all haplotypes that their typings allow, ascending.

    Args:
        sample: the persons.
        n_allowed: (kinds,) haplotypes that each kind of persons allows.
        most: haplotypes up to which a person contributes.
    """
    order = np.argsort(n_allowed, kind="stable")
    listed = np.cumsum(n_allowed[order])
    n_contributing = int(((n_allowed[order] <= most) & (listed <= MAX_ENTRIES)).sum())
    if sample.weight[order[:n_contributing]].sum() < LEAST_CONTRIBUTING * sample.n_persons:
        n_contributing = max(n_contributing, int((listed <= FULL_ENTRIES).sum()))
    return np.sort(order[:n_contributing])


def allowed_haplotypes(sample: Sample, kinds: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return (haplotypes, loci) the distinct haplotypes that some kinds of persons allow, in ascending order.

    Two of the genes of which a chromosome carries at most one (`hla_match.loci.OPTIONAL_GENES`) make no haplotype.
    """
    if not kinds.size:
        return np.zeros((0, len(sample.loci)), np.int32)
    starts = [0]
    alleles: list[int] = []
    choice = np.zeros((kinds.size, len(sample.loci)), np.int64)
    for row, allowed in enumerate(sample.allowed):
        typings, of_kind = np.unique(sample.typing[row, kinds], return_inverse=True)
        choice[:, row] = len(starts) - 1 + of_kind
        for typing in typings.tolist():
            alleles += allowed[typing]
            starts.append(len(alleles))
    choice_start = np.array(starts, np.int64)
    person_start = np.zeros(kinds.size + 1, np.int64)
    np.cumsum(np.diff(choice_start)[choice].prod(axis=1), out=person_start[1:])
    haplotype = np.empty((int(person_start[-1]), len(sample.loci)), np.int32)
    list_allowed(AlleleChoices(choice, choice_start, np.array(alleles, np.int32)), person_start, haplotype)
    optional = [row for row, locus in enumerate(sample.loci) if locus in OPTIONAL_GENES]
    if len(optional) > 1:
        haplotype = haplotype[(haplotype[:, optional] != NULL).sum(axis=1) <= 1]
    return distinct_haplotypes(haplotype)


def distinct_haplotypes(haplotype: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the distinct rows of (haplotypes, loci) codes in ascending order."""
    key = np.zeros(haplotype.shape[0], np.int64)
    size = 1
    for column in haplotype.T:
        radix = int(column.max(initial=0)) + 1
        if size * radix >= 1 << 62:
            # The keys so far are renumbered to make room for those of the next locus.
            known, key = np.unique(key, return_inverse=True)
            size = known.size
        key = key * radix + column
        size *= radix
    _, first = np.unique(key, return_index=True)
    return haplotype[first]


def _with_start(
    allele: NDArray[np.int32], start: tuple[NDArray[np.int32], NDArray[np.float64]] | None
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the haplotypes, and those to start from, with the frequencies to start with."""
    frequency = np.full(allele.shape[0], 1.0 / max(1, allele.shape[0]))
    if start is None:
        return allele, frequency
    merged, sums = merge_haplotypes(
        np.concatenate([allele, start[0]]),
        np.concatenate([(1 - WARM) * frequency, WARM * start[1] / start[1].sum()])[None, :],
    )
    return merged, sums[0]


def _pruned(
    sample: Sample,
    kinds: NDArray[np.int64],
    allele: NDArray[np.int32],
    frequency: NDArray[np.float64],
    workers: int,
    on_iteration: OnIteration | None,
    stay: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the haplotypes that are of use after a few iterations over some persons, and those that have to stay."""
    part = replace(sample, typing=np.ascontiguousarray(sample.typing[:, kinds]), weight=sample.weight[kinds])
    explained = explain_sample(part, allele, workers)
    if not explained.weight.size:
        return allele, frequency
    found = maximise(
        explained,
        frequency,
        tolerance=0.0,
        max_iterations=PRUNING_ITERATIONS,
        workers=workers,
        on_iteration=on_iteration,
    )
    keep = worth_keeping(explained, found.frequency, LEAST_COPIES)
    frequency = found.frequency
    if stay is not None:
        keep |= stay
        # A frequency of 0 could not rise again.
        frequency = np.maximum(frequency, LEAST_COPIES / explained.copies)
    return np.ascontiguousarray(allele[keep]), frequency[keep] / frequency[keep].sum()


def _own_haplotypes(
    sample: Sample,
    kinds: NDArray[np.int64],
    allele: NDArray[np.int32],
    frequency: NDArray[np.float64],
    most: int,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return haplotypes that explain some kinds of persons, and what is to be expected of them at linkage equilibrium.

    At every locus the most frequent allele of either chromosome is allowed, and as many others as `most` haplotypes
    leave room for.
    """
    score = [_allele_scores(sample, row, allele[:, row], frequency) for row in range(len(sample.loci))]
    narrowed: list[dict[int, tuple[int, ...]]] = [{} for _ in sample.loci]
    typing = np.zeros((len(sample.loci), kinds.size), np.int32)
    for number, kind in enumerate(kinds):
        for row, alleles in enumerate(_narrow(sample, int(kind), score, most)):
            narrowed[row][number] = alleles
            typing[row, number] = number
    part = replace(sample, typing=typing, weight=sample.weight[kinds], allowed=tuple(narrowed))
    own = allowed_haplotypes(part, np.arange(kinds.size))
    own_frequency = np.ones(own.shape[0])
    for row, scores in enumerate(score):
        codes = np.array(sorted(scores), np.int32)
        own_frequency *= np.array([scores[int(code)] for code in codes])[np.searchsorted(codes, own[:, row])]
    # Two copies of each person, in a scale where the persons explained so far have all.
    share = sample.weight[kinds].sum() / sample.weight.sum()
    return own, own_frequency * (share / own_frequency.sum())


def _allele_scores(
    sample: Sample, row: int, allele: NDArray[np.int32], frequency: NDArray[np.float64]
) -> dict[int, float]:
    """Return the frequency of each allele of a locus; those not seen so far have a small part of the typings' share."""
    persons = np.bincount(sample.typing[row], weights=sample.weight) / sample.n_persons
    scores: dict[int, float] = {}
    for typing, alleles in sample.allowed[row].items():
        share = 1e-6 * float(persons[typing]) / len(alleles) if typing and alleles else 0.0
        for code in alleles:
            scores[code] = scores.get(code, 0.0) + share
    codes, of_haplotype = np.unique(allele, return_inverse=True)
    for code, mass in zip(codes.tolist(), np.bincount(of_haplotype, frequency, codes.size).tolist(), strict=True):
        scores[code] = scores.get(code, 0.0) + mass
    return scores


def _narrow(sample: Sample, kind: int, score: Sequence[dict[int, float]], most: int) -> list[tuple[int, ...]]:
    """Return the alleles at each locus that a person's own haplotypes are made of."""
    kept: list[list[int]] = []
    others: list[tuple[float, int, int]] = []
    for row, locus in enumerate(sample.loci):
        scores = score[row]
        typing = int(sample.typing[row, kind])
        allowed = sample.allowed[row][typing]
        pairs = typing_sets(sample.tables[locus], typing) if typing else [(allowed, allowed)]
        best = [[max(side, key=scores.__getitem__) for side in pair] for pair in pairs]
        need = set(max(best, key=lambda pair: math.prod(scores[code] for code in pair)))
        kept.append(sorted(need))
        top = max(scores[code] for code in need)
        others += [(-scores[code] / top, row, code) for code in allowed if code not in need]
    n_haplotypes = math.prod(len(alleles) for alleles in kept)
    for _, row, code in sorted(others):
        larger = n_haplotypes // len(kept[row]) * (len(kept[row]) + 1)
        if larger > most:
            break
        kept[row].append(code)
        n_haplotypes = larger
    return [tuple(sorted(alleles)) for alleles in kept]
