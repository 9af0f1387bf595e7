"""Panels: the haplotypes of every level of the chain, laid one after another for the kernels.

The chain of a person: all loci with the frequencies of the own population, with those of the registry's populations
together, with those of a global set; then each block of loci by itself; then each locus by itself; then, where a
typing leaves no choice, the genotype that it states. Alleles are renumbered, locus by locus, to keep tables small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies, merge_haplotypes
from hla_match.imputation.allele_index import allele_index
from hla_match.imputation.offsets import offsets
from hla_match.kernels.codes import NULL
from hla_match.kernels.schema.haplotypes import AlleleIndex, PanelChain, PanelHaplotypes
from hla_match.kernels.schema.typings import TypingTable
from hla_match.loci import LOCI
from hla_match.nomenclature.identity import NomenclatureIdentity

BLOCKS: tuple[tuple[str, ...], ...] = (
    ("A", "C", "B"),
    ("DRB3", "DRB4", "DRB5", "DRB1", "DQA1", "DQB1"),
    ("DPA1", "DPB1"),
)
"""Loci that are inherited together more often than with the others: between the blocks recombination is frequent
(Carrington, Immunol Rev 1999;167:245; Cullen et al., Am J Hum Genet 2002;71:759)."""


class FallbackLevel(IntEnum):
    """How far along the chain a person was explained; the order is that of the chain."""

    OWN = 0
    REGISTRY = 1
    GLOBAL = 2
    BLOCKS = 3
    LOCI = 4
    CERTAIN = 5
    MISSING = 6

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Panels:
    """The haplotypes of all panels; a panel is a range of them.

    Attributes:
        loci: the loci of the frequencies and of the registry; "locus" below is a position in this tuple.
        name: what results call the set of frequencies.
        allele_code: for each locus the ascending codes of its alleles; allele 0 is code 0.
        populations: names of the populations with a chain of their own.
        haplotypes: the haplotypes; "loci" are positions in `loci`.
        index: the haplotypes that hold each allele.
        chain: the panels in the order in which they are asked.
        coded_by: the nomenclature whose P groups `allele_code` numbers; None where nobody said.
    """

    loci: tuple[str, ...]
    name: str
    allele_code: tuple[NDArray[np.int32], ...]
    populations: tuple[str, ...]
    haplotypes: PanelHaplotypes
    index: AlleleIndex
    chain: PanelChain
    coded_by: NomenclatureIdentity | None = None

    @property
    def n_alleles(self) -> NDArray[np.int64]:
        """(loci,) int64 number of alleles."""
        return np.diff(self.haplotypes.allele_start)

    def population_row(self, name: str | None) -> int:
        """Return the row of `chain.population_panel` of a population; the last one where it is not known."""
        return self.populations.index(name) if name in self.populations else len(self.populations)

    def loci_of(self, panel: int) -> NDArray[np.int64]:
        """Return the loci of a panel, as positions in `loci`."""
        start = self.haplotypes.panel_locus_start
        return self.haplotypes.panel_locus[start[panel] : start[panel + 1]]


@dataclass(frozen=True, slots=True)
class _Panel:
    fallback: FallbackLevel
    loci: tuple[str, ...]
    allele: NDArray[np.int32]
    frequency: NDArray[np.float64]


def build_panels(
    frequencies: HaplotypeFrequencies,
    tables: Mapping[str, TypingTable],
    global_frequencies: HaplotypeFrequencies | None = None,
) -> Panels:
    """Lay out the chain of a frequency set for a registry.

    Args:
        frequencies: the registry's own set; loci that it has apart are explained each by itself.
        tables: the registry's distinct typings by locus; alleles that some typing states alone become known.
        global_frequencies: tried where the registry's set explains nothing, and for the loci that it lacks.
    """
    named = [population for population in frequencies.populations if population]
    pooled = frequencies.pooled()
    panels, own, shared = _whole_haplotypes(frequencies, pooled, global_frequencies)
    blocks = [tuple(locus for locus in frequencies.loci if locus in block) for block in BLOCKS]
    blocks = [block for block in blocks if block]
    block_panel = list(range(len(panels), len(panels) + len(blocks)))
    panels += [_marginal(FallbackLevel.BLOCKS, block, frequencies, pooled) for block in blocks]
    # Frequencies that are tried for single loci which the set lacks, the first that has them.
    others = [one for one in (frequencies.apart, global_frequencies) if one is not None]
    every = {*frequencies.loci, *tables, *(locus for one in others for locus in one.loci)}
    loci = tuple(locus for locus in LOCI if locus in every)
    locus_panel = [-1] * len(loci)
    for locus in frequencies.loci:
        locus_panel[loci.index(locus)] = len(panels)
        panels.append(_marginal(FallbackLevel.LOCI, (locus,), frequencies, pooled))
    for one in others:
        for locus in (locus for locus in one.loci if locus_panel[loci.index(locus)] < 0):
            locus_panel[loci.index(locus)] = len(panels)
            panels.append(_marginal(FallbackLevel.LOCI, (locus,), one, one.pooled()))
    codes = tuple(_allele_codes(locus, panels, tables) for locus in loci)
    certain_panel = list(range(len(panels), len(panels) + len(loci)))
    panels += [
        _Panel(FallbackLevel.CERTAIN, (locus,), code[:, None], np.ones(code.size))
        for locus, code in zip(loci, codes, strict=True)
    ]
    chains = [[panel, *shared] for panel in own]
    chains.append([-1, *shared] if own else shared)
    return _laid_out(
        name=frequencies.name,
        loci=loci,
        codes=codes,
        panels=panels,
        populations=tuple(named),
        population_panel=np.array(chains, np.int64),
        block_panel=np.array(block_panel, np.int64),
        locus_panel=np.array(locus_panel, np.int64),
        certain_panel=np.array(certain_panel, np.int64),
    )


def registry_panels(
    registry: Registry, frequencies: HaplotypeFrequencies, global_frequencies: HaplotypeFrequencies | None = None
) -> Panels:
    """Return the haplotypes of frequencies, laid out for a registry.

    Args:
        registry: the donors.
        frequencies: coded by the registry's nomenclature.
        global_frequencies: tried where the first set explains nothing, and for the loci that it lacks.

    Raises:
        CriteriaError: frequencies are coded by another nomenclature than the registry's.
    """
    frequencies.check_coded_by(registry.nomenclature)
    if global_frequencies is not None:
        global_frequencies.check_coded_by(registry.nomenclature, "global_frequencies")
    panels = build_panels(frequencies, registry_tables(registry), global_frequencies)
    return replace(panels, coded_by=registry.nomenclature.identity)


def registry_tables(registry: Registry) -> Mapping[str, TypingTable]:
    """Return the distinct typings of a registry by locus."""
    return {locus: column.table for locus, column in registry.columns.items()}


def _whole_haplotypes(
    frequencies: HaplotypeFrequencies, pooled: NDArray[np.float64], global_frequencies: HaplotypeFrequencies | None
) -> tuple[list[_Panel], list[int], list[int]]:
    """Return the panels of whole haplotypes, which of them are a population's own, and which all share."""
    panels: list[_Panel] = []
    own: list[int] = []
    for row, population in enumerate(frequencies.populations):
        if population:
            own.append(len(panels))
            panels.append(
                _positive(FallbackLevel.OWN, frequencies.loci, frequencies.allele, frequencies.frequency[row])
            )
    shared = [len(panels)]
    panels.append(_positive(FallbackLevel.REGISTRY, frequencies.loci, frequencies.allele, pooled))
    if global_frequencies is not None:
        shared.append(len(panels))
        panels.append(
            _positive(
                FallbackLevel.GLOBAL, global_frequencies.loci, global_frequencies.allele, global_frequencies.pooled()
            )
        )
    return panels, own, shared


def panel_of_support(loci: Sequence[str], allele: NDArray[np.int32], tables: Mapping[str, TypingTable]) -> Panels:
    """Lay out haplotypes of equal frequency as the only panel, for the estimation of their frequencies."""
    chosen = tuple(locus for locus in LOCI if locus in loci)
    panels = [_Panel(FallbackLevel.REGISTRY, chosen, allele, np.full(allele.shape[0], 1.0 / allele.shape[0]))]
    codes = tuple(_allele_codes(locus, panels, {}) for locus in chosen)
    none = np.full(len(chosen), -1, np.int64)
    return _laid_out(
        name="support",
        loci=chosen,
        codes=codes,
        panels=panels,
        populations=(),
        population_panel=np.zeros((1, 1), np.int64),
        block_panel=np.zeros(0, np.int64),
        locus_panel=none,
        certain_panel=none,
    )


def _positive(
    fallback: FallbackLevel, loci: tuple[str, ...], allele: NDArray[np.int32], frequency: NDArray[np.float64]
) -> _Panel:
    present = frequency > 0
    return _Panel(fallback, loci, allele[present], frequency[present])


def _marginal(
    fallback: FallbackLevel, loci: tuple[str, ...], frequencies: HaplotypeFrequencies, frequency: NDArray[np.float64]
) -> _Panel:
    """Return the haplotypes over some of the loci, frequencies added up over the others."""
    columns = [frequencies.loci.index(locus) for locus in loci]
    allele, sums = merge_haplotypes(frequencies.allele[:, columns], frequency[None, :])
    return _positive(fallback, loci, allele, sums[0])


def _allele_codes(locus: str, panels: Sequence[_Panel], tables: Mapping[str, TypingTable]) -> NDArray[np.int32]:
    """Return the codes that a panel has or that some typing of the registry states alone."""
    found = [np.array([NULL], np.int32)]
    found += [panel.allele[:, panel.loci.index(locus)] for panel in panels if locus in panel.loci]
    if locus in tables:
        table = tables[locus]
        single = np.flatnonzero(np.diff(table.counted.set_start) == 1)
        found.append(table.counted.set_member[table.counted.set_start[single]])
    return np.unique(np.concatenate(found))


def _laid_out(
    *,
    name: str,
    loci: tuple[str, ...],
    codes: tuple[NDArray[np.int32], ...],
    panels: Sequence[_Panel],
    populations: tuple[str, ...],
    population_panel: NDArray[np.int64],
    block_panel: NDArray[np.int64],
    locus_panel: NDArray[np.int64],
    certain_panel: NDArray[np.int64],
) -> Panels:
    """Return panels with alleles numbered, haplotypes joined, and the haplotypes of each allele indexed."""
    haplotypes = _numbered(loci, codes, panels)
    chain = PanelChain(
        panel_fallback=np.array([panel.fallback for panel in panels], np.uint8),
        population_panel=population_panel,
        block_panel=block_panel,
        locus_panel=locus_panel,
        certain_panel=certain_panel,
    )
    return Panels(loci, name, codes, populations, haplotypes, allele_index(haplotypes), chain)


def _numbered(loci: tuple[str, ...], codes: tuple[NDArray[np.int32], ...], panels: Sequence[_Panel]) -> PanelHaplotypes:
    """Return the haplotypes of all panels, one panel after another, with alleles numbered by locus."""
    panel_start = offsets([panel.frequency.size for panel in panels])
    haplotype_allele = np.zeros((len(loci), int(panel_start[-1])), np.uint16)
    for panel, start, end in zip(panels, panel_start[:-1], panel_start[1:], strict=True):
        for column, locus in enumerate(panel.loci):
            row = loci.index(locus)
            haplotype_allele[row, start:end] = np.searchsorted(codes[row], panel.allele[:, column])
    return PanelHaplotypes(
        allele_start=offsets([code.size for code in codes]),
        haplotype_allele=haplotype_allele,
        allele_of=np.ascontiguousarray(haplotype_allele.T),
        frequency=np.concatenate([panel.frequency for panel in panels]),
        panel_start=panel_start,
        panel_locus_start=offsets([len(panel.loci) for panel in panels]),
        panel_locus=np.array(
            [loci.index(locus) for panel in panels for locus in loci if locus in panel.loci], np.int64
        ),
    )
