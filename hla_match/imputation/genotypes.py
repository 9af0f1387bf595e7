"""The genotypes and diplotypes of one person with their probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.panels import FallbackLevel, Panels
from hla_match.kernels.codes import NULL
from hla_match.kernels.imputation.diplotypes import list_diplotypes
from hla_match.kernels.schema.haplotypes import Imputation

MAX_DIPLOTYPES = 1 << 22
"""Diplotypes of a part that are listed at most, the most frequent ones; the rest is cut and reported as mass."""

DIPLOTYPES_A_GENOTYPE = 64
"""Diplotypes that are looked at for each genotype to keep."""


@dataclass(frozen=True)
class Diplotypes:
    """The diplotypes of one part of a person, most probable first.

    Attributes:
        loci: the loci of the part.
        haplotype: (n, 2, loci) int32 allele codes (`hla_match.typings.encoding`), 0 for a null allele or an absent
            gene.
        probability: (n,) float64.
        cut: probability of the diplotypes that are not listed.
        fallback: how far along the chain the part was explained.
    """

    loci: tuple[str, ...]
    haplotype: NDArray[np.int32]
    probability: NDArray[np.float64]
    cut: float
    fallback: FallbackLevel


@dataclass(frozen=True)
class GenotypeDistribution:
    """The unphased genotypes of one person over some loci, most probable first.

    Attributes:
        loci: the loci.
        allele: (n, loci, 2) int32 allele codes, the lesser first.
        probability: (n,) float64; with `cut` they sum to 1.
        cut: probability of the genotypes that are not listed.
        fallback: the farthest level along the chain of any part.
        missing: loci of these at which nothing explains the person; their alleles are 0.
    """

    loci: tuple[str, ...]
    allele: NDArray[np.int32]
    probability: NDArray[np.float64]
    cut: float
    fallback: FallbackLevel
    missing: tuple[str, ...]


def diplotypes(
    imputation: Imputation, panels: Panels, person: int, *, limit: int = MAX_DIPLOTYPES
) -> tuple[Diplotypes, ...]:
    """Return the diplotypes of a person, one entry for each independent part.

    Args:
        imputation: the persons.
        panels: the panels they were imputed with.
        person: row of `Imputation.person`.
        limit: diplotypes of a part to list, the most frequent first.
    """
    row = imputation.person[person]
    parts = range(int(imputation.classes.person_part[row]), int(imputation.classes.person_part[row + 1]))
    return tuple(_part_diplotypes(imputation, panels, part, limit) for part in parts)


def _part_diplotypes(imputation: Imputation, panels: Panels, part: int, limit: int) -> Diplotypes:
    first, second, weight = part_diplotypes(imputation, panels, part, limit)
    mass = float(imputation.classes.part_mass[part])
    order = np.argsort(-weight, kind="stable")
    panel = int(imputation.classes.part_panel[part])
    rows = panels.loci_of(panel)
    haplotype = np.empty((order.size, 2, rows.size), np.int32)
    for column, locus in enumerate(rows):
        code = panels.allele_code[locus]
        haplotype[:, 0, column] = code[panels.haplotypes.haplotype_allele[locus, first[order]]]
        haplotype[:, 1, column] = code[panels.haplotypes.haplotype_allele[locus, second[order]]]
    return Diplotypes(
        loci=tuple(panels.loci[locus] for locus in rows),
        haplotype=haplotype,
        probability=weight[order] / mass,
        cut=max(0.0, 1.0 - float(weight.sum()) / mass),
        fallback=FallbackLevel(int(panels.chain.panel_fallback[panel])),
    )


def part_diplotypes(
    imputation: Imputation, panels: Panels, part: int, limit: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float64]]:
    """Return both haplotypes and the weight of a part's diplotypes; of more than `limit` the most frequent ones."""
    classes, frequency = imputation.classes, panels.haplotypes.frequency
    first_class, last_class = int(classes.part_class[part]), int(classes.part_class[part + 1])
    bounds = classes.class_member[first_class : last_class + 1]
    member = classes.member[bounds[0] : bounds[-1]]
    class_member = bounds - bounds[0]
    pair = np.ascontiguousarray(classes.pair[classes.part_pair[part] : classes.part_pair[part + 1]])
    of_class = np.repeat(np.arange(class_member.size - 1), np.diff(class_member))
    ordered = member[np.lexsort((-frequency[member], of_class))]
    no_room = (np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0))

    def write(threshold: float, ceiling: float, arrays: tuple[NDArray[Any], ...]) -> int:
        return int(list_diplotypes(threshold, ceiling, class_member, pair, ordered, frequency, *arrays))

    found = write(0.0, np.inf, no_room)
    low = high = 0.0
    if found > limit:
        # Two weights, close together: more than `limit` diplotypes reach the lesser, no more the greater.
        least, most = np.log(frequency.min()) * 2 - 1, np.log(frequency.max()) * 2 + 1
        for _ in range(50):
            middle = (least + most) / 2
            least, most = (middle, most) if write(float(np.exp(middle)), np.inf, no_room) > limit else (least, middle)
        low, high = float(np.exp(least)), float(np.exp(most))
    size = min(found, limit)
    room = (np.empty(size, np.uint32), np.empty(size, np.uint32), np.empty(size))
    listed = write(high, np.inf, room)
    if found > limit:
        # What room is left is for diplotypes of equal weight between the two.
        write(low, high, (room[0][listed:], room[1][listed:], room[2][listed:]))
        listed = limit
    return room[0][:listed], room[1][:listed], room[2][:listed]


def genotype_distribution(
    imputation: Imputation,
    panels: Panels,
    person: int,
    loci: Sequence[str],
    *,
    limit: int = MAX_DIPLOTYPES,
    keep_nulls: bool = False,
) -> GenotypeDistribution:
    """Return the genotypes of a person over some loci.

    Args:
        imputation: the persons.
        panels: the panels they were imputed with.
        person: row of `Imputation.person`.
        loci: the loci, in any order.
        limit: genotypes to keep, the most probable ones; several diplotypes make up one genotype, and at most
            `DIPLOTYPES_A_GENOTYPE` times as many are looked at.
        keep_nulls: give the alleles as they are carried, a null one as 0; else its carrier is homozygous for the other.
    """
    row = imputation.person[person]
    lacking = int(imputation.classes.person_missing[row])
    missing = tuple(locus for locus in loci if locus not in panels.loci or lacking >> panels.loci.index(locus) & 1)
    allele = np.zeros((1, len(loci), 2), np.int32)
    probability = np.ones(1)
    fallback = FallbackLevel.MISSING if missing else FallbackLevel.OWN
    for part in range(int(imputation.classes.person_part[row]), int(imputation.classes.person_part[row + 1])):
        panel = int(imputation.classes.part_panel[part])
        rows = panels.loci_of(panel)
        chosen = [(loci.index(panels.loci[locus]), int(locus)) for locus in rows if panels.loci[locus] in loci]
        if not chosen:
            continue
        fallback = max(fallback, FallbackLevel(int(panels.chain.panel_fallback[panel])))
        first, second, weight = part_diplotypes(
            imputation, panels, part, min(limit * DIPLOTYPES_A_GENOTYPE, MAX_DIPLOTYPES)
        )
        of_part, weights = _genotypes(panels, [locus for _, locus in chosen], first, second, weight, keep_nulls)
        joint = (probability[:, None] * (weights / imputation.classes.part_mass[part])[None, :]).ravel()
        largest = np.argsort(-joint, kind="stable")[:limit]
        before, now = np.divmod(largest, weights.size)
        allele = allele[before]
        allele[:, [column for column, _ in chosen]] = of_part[now]
        probability = joint[largest]
    return GenotypeDistribution(
        tuple(loci), allele, probability, max(0.0, 1.0 - float(probability.sum())), fallback, missing
    )


def _genotypes(
    panels: Panels,
    rows: Sequence[int],
    first: NDArray[np.uint32],
    second: NDArray[np.uint32],
    weight: NDArray[np.float64],
    keep_nulls: bool,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the distinct genotypes of some diplotypes at some loci, and the sums of their weights."""
    key = np.zeros(weight.size, np.int64)
    size = 1
    pairs = np.empty((weight.size, len(rows), 2), np.int32)
    for column, locus in enumerate(rows):
        code = panels.allele_code[locus]
        one, other = (
            code[panels.haplotypes.haplotype_allele[locus, first]],
            code[panels.haplotypes.haplotype_allele[locus, second]],
        )
        if not keep_nulls:
            one, other = np.where(one == NULL, other, one), np.where(other == NULL, one, other)
        pairs[:, column, 0], pairs[:, column, 1] = np.minimum(one, other), np.maximum(one, other)
        radix = int(code[-1]) + 1
        if size * radix * radix >= 1 << 62:
            _, key = np.unique(key, return_inverse=True)
            size = int(key.max()) + 1
        key = (key * radix + pairs[:, column, 0]) * radix + pairs[:, column, 1]
        size *= radix * radix
    _, representative, group = np.unique(key, return_index=True, return_inverse=True)
    return pairs[representative], np.bincount(group, weight).astype(np.float64, copy=False)
