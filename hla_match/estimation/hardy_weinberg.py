"""Test of Hardy-Weinberg proportions at a locus: the chi-square of the persons whose genotype is certain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.estimation.sample import Sample, typing_sets

LEAST_EXPECTED = 5.0
"""Persons expected of every genotype at the least, for a chi-square to hold (Cochran, Biometrics 1954;10:417)."""


@dataclass(frozen=True, slots=True)
class HardyWeinberg:
    """The test of one locus.

    Attributes:
        locus: the locus.
        n_persons: persons whose typing states one genotype; the others cannot be counted.
        n_alleles: alleles told apart; rarer ones are pooled into one of them.
        chi_square: sum over genotypes of (observed - expected)^2 / expected.
        degrees: degrees of freedom; 0 where too few persons or alleles leave nothing to test.
        p_value: probability of a greater chi-square in Hardy-Weinberg proportions.
    """

    locus: str
    n_persons: int
    n_alleles: int
    chi_square: float
    degrees: int
    p_value: float


def hardy_weinberg(sample: Sample) -> tuple[HardyWeinberg, ...]:
    """Test every locus of a sample.

    Persons whose typing leaves a choice would have to be counted by the very proportions to be tested; they are left
    out. Where laboratories resolve homozygotes less often than heterozygotes, or the reverse, the test shows that too.
    """
    found = []
    for row, locus in enumerate(sample.loci):
        persons = np.bincount(sample.typing[row], weights=sample.weight)
        counts: dict[tuple[int, int], float] = {}
        for typing in np.flatnonzero(persons):
            sets = typing_sets(sample.tables[locus], int(typing))
            if len(sets) == 1 and len(sets[0][0]) == len(sets[0][1]) == 1:
                one, other = sorted((sets[0][0][0], sets[0][1][0]))
                counts[one, other] = counts.get((one, other), 0.0) + float(persons[typing])
        found.append(_test(locus, counts))
    return tuple(found)


def _test(locus: str, counts: Mapping[tuple[int, int], float]) -> HardyWeinberg:
    alleles = sorted({code for pair in counts for code in pair})
    position = {code: number for number, code in enumerate(alleles)}
    observed = np.zeros((len(alleles), len(alleles)))
    for (one, other), n in counts.items():
        observed[position[one], position[other]] += n / 2
        observed[position[other], position[one]] += n / 2
    n_persons = float(observed.sum())
    observed = _pooled(observed)
    share = observed.sum(axis=1) / max(n_persons, 1.0)
    n_alleles = share.size
    degrees = n_alleles * (n_alleles - 1) // 2
    if degrees == 0:
        return HardyWeinberg(locus, round(n_persons), n_alleles, 0.0, 0, 1.0)
    expected = n_persons * np.outer(share, share)
    # Halves of a heterozygote's count stand on both sides of the diagonal, and so do the halves of its expectation.
    chi_square = float(((observed - expected) ** 2 / expected).sum())
    p_value = chi_square_above(chi_square, degrees)
    return HardyWeinberg(locus, round(n_persons), n_alleles, chi_square, degrees, p_value)


def _pooled(observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pool the rarest alleles until every homozygote, the rarest of genotypes, is expected often enough."""
    n_persons = float(observed.sum())
    copies = observed.sum(axis=1)
    order = np.argsort(-copies, kind="stable")
    least = math.sqrt(LEAST_EXPECTED * n_persons)
    kept = int((copies >= least).sum())
    if kept == copies.size:
        return observed
    while kept and copies[order[kept:]].sum() < least:
        kept -= 1
    group = np.full(copies.size, kept)
    group[order[:kept]] = np.arange(kept)
    pooled = np.zeros((kept + 1, kept + 1))
    np.add.at(pooled, (group[:, None], group[None, :]), observed)
    return pooled


def chi_square_above(chi_square: float, degrees: int) -> float:
    """Return the probability that a chi-square exceeds a value (Abramowitz & Stegun 1964, 26.4.4 and 26.4.5).

    >>> round(chi_square_above(3.841459, 1), 6), round(chi_square_above(18.307038, 10), 6)
    (0.05, 0.05)
    """
    half = chi_square / 2
    if half <= 0:
        return 1.0
    total = math.erfc(math.sqrt(half)) if degrees % 2 else 0.0
    steps = range(1, degrees // 2 + 1)
    powers = (k - 0.5 for k in steps) if degrees % 2 else (k - 1.0 for k in steps)
    total += math.fsum(math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in powers)
    return min(1.0, total)
