"""The search and the match probabilities in plain NumPy and Python: simple, independent of the kernels, checked equal.

Only the reading of typings is shared with the product. Rules as in the README: the count of a locus is the better
pairing, of ambiguous typings the best that can be; a locus that is not typed is two matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hla_match import HaplotypeFrequencies, Patient, Registry
from hla_match.kernels.codes import NEW, NULL, WITH_NULL
from hla_match.typings.encoding import COMPARED, Alternative, LocusEncoder, counted

MOST_HAPLOTYPES = 1500
MOST_PAIRS = 2_000_000
"""Haplotypes that a person may be consistent with, and pairs of genotypes, up to which pairs are enumerated."""

Genotypes = tuple[NDArray[np.int64], NDArray[np.float64]]
"""(n, loci, 2) allele codes, null alleles replaced by their partners, and (n,) probabilities."""


@dataclass(frozen=True)
class _Locus:
    """The distinct typings of a locus: sets of alleles end to end, pairs of sets, and whose pairs they are."""

    encoder: LocusEncoder
    member: NDArray[np.int32]
    start: NDArray[np.int64]
    pair: NDArray[np.int64]
    kind: NDArray[np.int64]
    typing: NDArray[np.int64]
    code: NDArray[np.unsignedinteger]
    n_typings: int


class PlainSearch:
    """Finds donors by one pass of NumPy over the typing columns.

    Args:
        registry: the donors.
        loci: the scope; all are typed in the registry.
    """

    def __init__(self, registry: Registry, loci: Sequence[str]) -> None:
        self.registry = registry
        self._loci = {locus: self._read(locus) for locus in loci}
        self._available = registry.attribute_codes["status"] == 0

    def search(self, patient: Patient, max_mismatches: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return the available donors with at most so many mismatches, ascending, and how many each has at best."""
        total = np.zeros(self.registry.n_donors, np.uint8)
        for name, locus in self._loci.items():
            total += self._mismatches(locus, patient.typings.get(name, ("", "")))[locus.code]
        found = np.flatnonzero((total <= max_mismatches) & self._available)
        return found, total[found]

    def alternatives(self, locus: str, first: str, second: str) -> tuple[Alternative, ...]:
        """Return what a typing may be, as the chromosomes carry it; nothing where it is not typed."""
        return self._loci[locus].encoder.with_nulls(first, second)

    def donor_alternatives(self, locus: str, donor: int) -> tuple[Alternative, ...]:
        """Return the same of a donor of the registry."""
        return self.alternatives(locus, *self.registry.columns[locus].text.row(int(self._loci[locus].code[donor])))

    def _read(self, name: str) -> _Locus:
        encoder = self.registry.encoder(name)
        sets: dict[tuple[int, ...], int] = {}
        pair, kinds, typing = [], [], []
        text = self.registry.columns[name].text
        for row, (first, second) in enumerate(text.iter_rows()):
            for one, other, kind in counted(encoder.with_nulls(first, second)):
                pair.append([sets.setdefault(side.codes, len(sets)) for side in (one, other)])
                kinds.append(kind)
                typing.append(row)
        sizes = np.array([len(one) for one in sets], np.int64)
        return _Locus(
            encoder=encoder,
            member=np.array([code for one in sets for code in one], np.int32),
            start=np.cumsum(sizes) - sizes,
            pair=np.array(pair, np.int64).reshape(-1, 2),
            kind=np.array(kinds, np.int64),
            typing=np.array(typing, np.int64),
            code=self.registry.donor_typing[self.registry.loci.index(name)],
            n_typings=text.height,
        )

    @staticmethod
    def _mismatches(locus: _Locus, reported: tuple[str, str]) -> NDArray[np.uint8]:
        """Return the least mismatches of each distinct typing with what the patient was reported."""
        alternatives = counted(locus.encoder.with_nulls(*reported))
        if not alternatives or not locus.pair.size:
            return np.zeros(locus.n_typings, np.uint8)
        best = np.zeros(locus.typing.size, np.int64)
        for one, other, kind in alternatives:
            unequal = {NEW} if kind == WITH_NULL else {NEW, NULL}
            meets, also = (
                np.add.reduceat(np.isin(locus.member, list(set(side.codes) - unequal)), locus.start) > 0
                for side in (one, other)
            )
            first, second = locus.pair.T
            direct = meets[first].astype(np.int64) + also[second]
            crossed = meets[second].astype(np.int64) + also[first]
            compared = (locus.kind & COMPARED["consensus"][kind]) != 0
            best = np.maximum(best, np.where(compared, np.maximum(direct, crossed), 0))
        # A typing without alternatives is not typed.
        of_typing = np.full(locus.n_typings, -1, np.int64)
        np.maximum.at(of_typing, locus.typing, best)
        return np.where(of_typing < 0, 0, 2 - of_typing).astype(np.uint8)


def plain_genotypes(
    frequencies: HaplotypeFrequencies, alternatives: dict[str, tuple[Alternative, ...]]
) -> Genotypes | None:
    """Return a person's genotypes at the loci of the set: Hardy-Weinberg over all pairs of haplotypes.

    Args:
        frequencies: of all populations together.
        alternatives: by locus what the chromosomes may carry; empty where the locus is not typed.

    Returns:
        Nothing where there are too many haplotypes to enumerate, or none that explain the person.
    """
    frequency = frequencies.pooled()
    possible = np.ones(frequency.size, np.bool_)
    for column, locus in enumerate(frequencies.loci):
        if alternatives.get(locus):
            either = {code for pair in alternatives[locus] for side in pair for code in side.codes}
            possible &= np.isin(frequencies.allele[:, column], list(either))
    row = np.flatnonzero(possible)
    if not 0 < row.size <= MOST_HAPLOTYPES:
        return None
    weight = np.outer(frequency[row], frequency[row])
    for column, locus in enumerate(frequencies.loci):
        if alternatives.get(locus):
            allowed = np.zeros_like(weight, np.bool_)
            for first, second in alternatives[locus]:
                in_first, in_second = (np.isin(frequencies.allele[row, column], side.codes) for side in (first, second))
                allowed |= np.outer(in_first, in_second) | np.outer(in_second, in_first)
            weight[~allowed] = 0.0
    one, other = np.nonzero(weight)
    if not one.size:
        return None
    both = np.stack([frequencies.allele[row[one]], frequencies.allele[row[other]]], axis=2)
    both = np.where(both == NULL, both[:, :, ::-1], both)
    distinct, inverse = np.unique(np.sort(both, axis=2), axis=0, return_inverse=True)
    probability = np.bincount(inverse.reshape(-1), weight[one, other])
    return distinct.astype(np.int64), probability / probability.sum()


def plain_probabilities(patient: Genotypes, donor: Genotypes, n_counts: int) -> NDArray[np.float64] | None:
    """Return the probabilities of 0, 1, ... mismatches, or nothing where there are too many pairs to enumerate."""
    if patient[1].size * donor[1].size > MOST_PAIRS:
        return None
    found = np.zeros(n_counts)
    mine, theirs = patient[0][:, None], donor[0][None]
    same = {
        (side, other): (mine[..., side] == theirs[..., other]) & (mine[..., side] != NULL)
        for side, other in product((0, 1), repeat=2)
    }
    direct = same[0, 0].astype(np.int8) + same[1, 1]
    crossed = same[0, 1].astype(np.int8) + same[1, 0]
    mismatches = (2 - np.maximum(direct, crossed)).sum(axis=2)
    weight = np.outer(patient[1], donor[1])
    for count in range(n_counts):
        found[count] = weight[mismatches == count].sum()
    return found
