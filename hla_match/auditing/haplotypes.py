"""Typings that the haplotypes of a set of frequencies do not make up: at two linked loci, and as a whole.

B and C, and DRB1 and DQB1, are inherited together nearly always, so that a pair of alleles which no haplotype has is
rare or wrong (Ahmad et al., Hum Mol Genet 2003;12:647; Gragert et al., Hum Immunol 2013;74:1313).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.auditing.findings import FindingKind, findings, no_findings, reported_at
from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_registry import DonorImputation
from hla_match.imputation.panels import FallbackLevel, Panels
from hla_match.kernels.auditing.paired_typings import pair_typings
from hla_match.kernels.codes import NEW
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.typings import TypingTable
from hla_match.typings.allele_sets import meeting, set_alleles

LINKED = {FindingKind.B_C_LINKAGE: ("B", "C"), FindingKind.DRB1_DQB1_LINKAGE: ("DRB1", "DQB1")}
"""The pairs of loci that are looked at."""

SLICE = 500_000
"""Donors whose levels are worked out at a time."""


def linkage_findings(registry: Registry, frequencies: HaplotypeFrequencies, kind: FindingKind) -> pl.DataFrame:
    """Return a finding for each donor whose alleles at two linked loci no two haplotypes have.

    A donor with a typing of which no haplotype has an allele is left to `level_findings`.

    Args:
        registry: the donors.
        frequencies: coded with the registry's nomenclature.
        kind: which two loci, as `LINKED` tells; without one of them nothing is found.
    """
    one, other = LINKED[kind]
    if not {one, other}.issubset(registry.loci) or not {one, other}.issubset(frequencies.loci):
        return no_findings()
    tables = [registry.columns[locus].table for locus in (one, other)]
    first, second = (
        registry.columns[locus].expanded_typing[registry.donor_typing[registry.loci.index(locus)]]
        for locus in (one, other)
    )
    can_be = np.empty(registry.n_donors, np.bool_)
    related = seen_together(frequencies, (one, tables[0]), (other, tables[1]))
    pair_typings(first, second, tables[0].with_nulls, tables[1].with_nulls, related, can_be)
    rows = np.flatnonzero(~can_be)
    return findings(registry, kind, rows, locus=f"{one},{other}", reported=reported_at(registry, (one, other), rows))


def seen_together(
    frequencies: HaplotypeFrequencies, first: tuple[str, TypingTable], second: tuple[str, TypingTable]
) -> NDArray[np.bool_]:
    """Return (sets, other sets) whether a haplotype has an allele of each of two sets.

    Sets of which nothing is known, such as NEW or alleles that no haplotype has, count as seen with every set.

    Args:
        frequencies: the haplotypes.
        first: a locus and its typings.
        second: another locus and its typings.
    """
    (locus, table), (other, other_table) = first, second
    present = frequencies.frequency.sum(axis=0) > 0
    allele, other_allele = (frequencies.allele[present, frequencies.loci.index(name)] for name in (locus, other))
    holds = set_alleles(table, int(allele.max(initial=NEW)) + 1)
    other_holds = set_alleles(other_table, int(other_allele.max(initial=NEW)) + 1)
    together = np.zeros((holds.shape[1], other_holds.shape[1]), np.bool_)
    together[allele, other_allele] = True
    unknown = ~(holds @ together.any(axis=1))
    other_unknown = ~(other_holds @ together.any(axis=0))
    return meeting(meeting(holds, together.T), other_holds) | unknown[:, None] | other_unknown[None, :]


def level_findings(registry: Registry, levels: NDArray[np.uint8]) -> pl.DataFrame:
    """Return a finding for each donor whom no two whole haplotypes explain, with the level that it takes instead.

    Args:
        registry: the donors.
        levels: (donors,) uint8 `FallbackLevel`, as `donor_levels` returns them.
    """
    rows = np.flatnonzero(levels > FallbackLevel.GLOBAL)
    names = pl.Series([str(level) for level in FallbackLevel])
    return findings(
        registry,
        FindingKind.UNEXPLAINED,
        rows,
        reported=reported_at(registry, registry.loci, rows),
        detail=names[levels[rows]],
    )


def donor_levels(imputed: DonorImputation, frequencies: HaplotypeFrequencies, n_donors: int) -> NDArray[np.uint8]:
    """Return (donors,) uint8 `FallbackLevel` of each donor at the loci of the frequencies.

    Args:
        imputed: the donors.
        frequencies: what they were imputed with; loci that it lacks do not count.
        n_donors: number of donors.
    """
    levels = np.empty(n_donors, np.uint8)
    for start in range(0, n_donors, SLICE):
        rows = np.arange(start, min(start + SLICE, n_donors), dtype=np.uint32)
        imputation, person = imputed.of_donors(rows)
        levels[rows] = person_levels(imputation.classes, imputed.panels, frequencies.loci)[person]
    return levels


def person_levels(classes: HaplotypeClasses, panels: Panels, loci: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return (distinct persons,) uint8 the farthest `FallbackLevel` of each person's parts that touch some loci."""
    places = {panels.loci.index(locus) for locus in loci if locus in panels.loci}
    touches = np.array(
        [not places.isdisjoint(panels.loci_of(panel).tolist()) for panel in range(panels.chain.panel_fallback.size)]
    )
    of_panel = np.where(touches, panels.chain.panel_fallback, 0).astype(np.uint8)
    level = np.zeros(classes.person_missing.size, np.uint8)
    of_part = np.repeat(np.arange(level.size), np.diff(classes.person_part))
    np.maximum.at(level, of_part, of_panel[classes.part_panel])
    bits = sum(1 << place for place in places)
    level[(classes.person_missing & bits) != 0] = FallbackLevel.MISSING
    return level
