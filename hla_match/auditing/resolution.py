"""How well donors are typed: a level and a score of every typing, and of a registry by year of registration.

Levels (Nunes et al., Definitions of histocompatibility typing terms, Blood 2011;118:e180): *high* resolution leaves one
genotype of P groups, that is of proteins in the antigen recognition domain, null alleles apart; *low* resolution stands
for a whole first field or an antigen; *intermediate* is between.

The score of a typing is the typing resolution score (`hla_match.typings.resolution_score`). The score of a donor is the
mean over the loci; one that is not typed allows every genotype.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.donor_scores import SCORED_LOCI
from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.kernels.codes import FIRST_P_GROUP, NOT_TYPED
from hla_match.kernels.schema.typings import TypingTable
from hla_match.nomenclature.locus_index import LocusIndex
from hla_match.typings.encoding import typing_table
from hla_match.typings.resolution_score import distinct_alternatives, typing_scores

UNTYPED, LOW, INTERMEDIATE, HIGH = range(4)
LEVELS = ("untyped", "low", "intermediate", "high")
"""The levels by their codes."""


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
        known = "registered_on" in registry.donor_attributes.schema
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
            expanded_typing, table = (
                column.expanded_typing[registry.donor_typing[registry.loci.index(locus)]],
                column.table,
            )
        else:
            expanded_typing, table = np.zeros(registry.n_donors, np.int32), typing_table([()])
        total += _scores(table, index, frequencies)[expanded_typing]
        level[row] = typing_levels(table, index)[expanded_typing]
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


def typing_levels(table: TypingTable, index: LocusIndex) -> NDArray[np.uint8]:
    """Return (typings,) the level of each typing of a locus."""
    n_codes = len(index.p_names) + FIRST_P_GROUP
    has, typing, pair = distinct_alternatives(table, n_codes, np.arange(table.n_typings))
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
