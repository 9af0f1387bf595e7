"""How well donors are typed: a level and a score of every typing, and of a registry by year of registration.

Levels (Nunes et al., Definitions of histocompatibility typing terms, Blood 2011;118:e180): *high* resolution leaves one
genotype of P groups, that is of proteins in the antigen recognition domain, null alleles apart; *low* resolution stands
for a whole first field or an antigen; *intermediate* is between.

The score of a typing is the typing resolution score (Paunic et al., Hum Immunol 2016;77:542): the probability that two
draws from the genotypes that the typing allows are equal, the sum of their squared probabilities; 1 for one genotype.
The probabilities are those of Hardy-Weinberg proportions at the locus, so that the score is one of the typing, not of
what its neighbours add. The score of a donor is the mean over the loci; one that is not typed allows every genotype.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.auditing.allele_sets import set_alleles
from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.kernels.codes import FIRST_P_GROUP, NOT_TYPED
from hla_match.kernels.schema.typings import TypingTable
from hla_match.loci import SCOPES
from hla_match.nomenclature.locus_index import LocusIndex
from hla_match.typings.encoding import typing_table

UNTYPED, LOW, INTERMEDIATE, HIGH = range(4)
LEVELS = ("untyped", "low", "intermediate", "high")
"""The levels by their codes."""

SCORED_LOCI = SCOPES["10/10"]
"""The loci of a donor's score."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """How well the donors of a registry are typed.

    Attributes:
        loci: the loci.
        level: (loci, donors) uint8 place of each typing in `LEVELS`.
        score: (donors,) float64 mean of the scores at the loci, from 0 to 1.
        weighed_by: the frequencies that the score rests on; "" where all alleles are taken as equally frequent.
    """

    loci: tuple[str, ...]
    level: NDArray[np.uint8]
    score: NDArray[np.float64]
    weighed_by: str

    def by_donor(self, registry: Registry) -> pl.DataFrame:
        """Return one row a donor: `donor_id`, `score`, and the level at each locus."""
        names = pl.Series([*LEVELS], dtype=pl.Enum(LEVELS))
        levels = [names[self.level[row]].alias(f"{locus}_level") for row, locus in enumerate(self.loci)]
        return pl.DataFrame([registry.attributes["donor_id"], pl.Series("score", self.score), *levels])

    def by_year(self, registry: Registry) -> pl.DataFrame:
        """Return one row a year of registration, null where it is not stated.

        Its columns are `year`, `donors`, by level the number of typings, one for each donor and locus, and the mean
        `score`.
        """
        known = "registered_on" in registry.attributes.columns
        year = registry.attributes["registered_on"].dt.year() if known else pl.Series([None] * registry.n_donors)
        counts = {name: (self.level == code).sum(axis=0).astype(np.int64) for code, name in enumerate(LEVELS)}
        frame = pl.DataFrame({"year": year.cast(pl.Int32), **counts, "score": self.score})
        return (
            frame.group_by("year")
            .agg(pl.len().cast(pl.Int64).alias("donors"), pl.col(*LEVELS).sum(), pl.col("score").mean())
            .sort("year")
        )


def resolution(
    registry: Registry, frequencies: HaplotypeFrequencies | None = None, loci: Sequence[str] = SCORED_LOCI
) -> Resolution:
    """Return levels and scores of all typings of a registry.

    Args:
        registry: the donors.
        frequencies: coded with the registry's nomenclature; without them, at a locus that they lack, and for a typing
            of which they have no genotype, all alleles are taken as equally frequent.
        loci: the loci of levels and scores.
    """
    level = np.full((len(loci), registry.n_donors), UNTYPED, np.uint8)
    total = np.zeros(registry.n_donors)
    for row, locus in enumerate(loci):
        index = registry.nomenclature.index(locus)
        if locus in registry.loci:
            column = registry.columns[locus]
            meaning, table = column.meaning[registry.donor_typing[registry.loci.index(locus)]], column.table
        else:
            meaning, table = np.zeros(registry.n_donors, np.int32), typing_table([()])
        total += _scores(table, index, frequencies)[meaning]
        level[row] = typing_levels(table, index)[meaning]
    return Resolution(tuple(loci), level, total / len(loci), frequencies.name if frequencies is not None else "")


def _scores(table: TypingTable, index: LocusIndex, frequencies: HaplotypeFrequencies | None) -> NDArray[np.float64]:
    n_codes = len(index.p_names) + FIRST_P_GROUP
    weight = allele_frequencies(frequencies, index.locus, n_codes) if frequencies is not None else None
    scores = typing_scores(table, weight) if weight is not None else np.full(table.n_typings, np.nan)
    unknown = np.isnan(scores)
    return np.where(unknown, typing_scores(table, np.ones(n_codes)), scores) if unknown.any() else scores


def allele_frequencies(frequencies: HaplotypeFrequencies, locus: str, n_codes: int) -> NDArray[np.float64] | None:
    """Return (codes,) the frequency of each allele of a locus in all populations together, or None where it lacks."""
    if locus not in frequencies.loci:
        return None
    allele = frequencies.allele[:, frequencies.loci.index(locus)]
    return np.bincount(allele, frequencies.pooled(), n_codes).astype(np.float64)


def typing_scores(table: TypingTable, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (typings,) the typing resolution score of each typing of a locus, "not typed" being any genotype.

    It is NaN where no genotype that a typing allows has a weight. A genotype of several alternatives counts in each.

    Args:
        table: the typings.
        weight: (codes,) weights of the alleles, from 0.
    """
    everything = np.ones((1, weight.size), np.bool_)
    whole, squares = genotype_weights(everything, weight)
    has, typing, pair = _alternatives(table, weight.size)
    of_pairs = [sums[pair[:, 0], pair[:, 1]] for sums in genotype_weights(has, weight)]
    wholes, all_squares = (np.bincount(typing, sums, table.n_typings) for sums in of_pairs)
    wholes[NOT_TYPED], all_squares[NOT_TYPED] = whole[0, 0], squares[0, 0]
    with np.errstate(invalid="ignore"):
        scores: NDArray[np.float64] = all_squares / np.where(wholes > 0, wholes, np.nan) ** 2
    return scores


def genotype_weights(
    sets: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (sets, sets) the weight of the genotypes that each two sets allow, and the sum of the squared weights.

    A heterozygote weighs twice the product of its alleles' weights, a homozygote the square. With S1, S2 and S4 the
    sums of the weights of a set, of their squares and of their fourth powers, the genotypes of two sets a and b with
    the common alleles c weigh 2 S1(a) S1(b) - S1(c)^2, and their squares 4 S2(a) S2(b) - 2 S2(c)^2 - S4(c).

    >>> weights, squares = genotype_weights(np.array([[True, True, False], [False, False, True]]), np.array([3, 1, 6]))
    >>> weights[0, 1].item(), squares[0, 1].item()
    (48.0, 1440.0)
    """
    weighs = weight > 0
    has, weight = sets[:, weighs].astype(np.float64), weight[weighs]
    common = [(has * weight**power) @ has.T for power in (1, 2, 4)]
    s1, s2 = (np.diagonal(sums) for sums in common[:2])
    weights = 2 * s1[:, None] * s1 - common[0] ** 2
    squares = 4 * s2[:, None] * s2 - 2 * common[1] ** 2 - common[2]
    return weights, squares


def typing_levels(table: TypingTable, index: LocusIndex) -> NDArray[np.uint8]:
    """Return (typings,) the level of each typing of a locus."""
    has, typing, pair = _alternatives(table, len(index.p_names) + FIRST_P_GROUP)
    of_set = set_levels(has, index)
    start = table.serology.serology_start
    by_serology = np.flatnonzero(np.diff(start) > 0)
    level = np.full(table.n_typings, HIGH, np.uint8)
    np.minimum.at(level, typing, of_set[pair].min(axis=1))
    several = np.bincount(typing, minlength=level.size) > 1
    level[several] = np.minimum(level[several], INTERMEDIATE)
    serology = np.isin(table.with_nulls.pair_set, by_serology).any(axis=1)
    level[np.repeat(np.arange(level.size), np.diff(table.with_nulls.pair_start))[serology]] = LOW
    level[NOT_TYPED] = UNTYPED
    return level


def set_levels(sets: NDArray[np.bool_], index: LocusIndex) -> NDArray[np.uint8]:
    """Return (sets,) the level of each set of alleles: one is high, every P group of a first field is low.

    A first field of a single P group is high.
    """
    families, family = np.unique([name.partition(":")[0] for name in index.p_names], return_inverse=True)
    of_family = np.zeros((len(index.p_names), families.size), np.float32)
    of_family[np.arange(family.size), family] = 1
    n_members = sets[:, FIRST_P_GROUP:].astype(np.float32) @ of_family
    whole = ((n_members == of_family.sum(axis=0)) & (n_members > 1)).any(axis=1)
    several = sets.sum(axis=1) > 1
    return np.where(whole, LOW, np.where(several, INTERMEDIATE, HIGH)).astype(np.uint8)


def _alternatives(table: TypingTable, n_codes: int) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Return distinct sets of alleles, and the typing and the two sets of each alternative, equal ones once."""
    has = set_alleles(table, n_codes)
    # Equal sets may differ in the antigens that they count as.
    book: dict[bytes, int] = {}
    number = np.array([book.setdefault(row.tobytes(), len(book)) for row in np.packbits(has, axis=1)], np.int64)
    distinct = has[np.unique(number, return_index=True)[1]]
    start, pair_set = table.with_nulls
    typing = np.repeat(np.arange(table.n_typings), np.diff(start))
    pair = np.sort(number[pair_set], axis=1)
    _, first = np.unique((typing * len(book) + pair[:, 0]) * len(book) + pair[:, 1], return_index=True)
    return distinct, typing[first], pair[first]
