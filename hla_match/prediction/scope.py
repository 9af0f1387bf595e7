"""The loci in scope of a prediction: which of them each panel covers, and which no panel explains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.panels import FallbackLevel, Panels
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import PanelScope
from hla_match.loci import OPTIONAL_GENES

_ROUNDING = 1e-9


class PredictionScope:
    """The loci in scope of predictions, prepared once for all patients.

    Args:
        panels: with which patients and donors are imputed.
        loci: the loci in scope.
        null_rule: "consensus", or "strict" where null alleles of both persons never equal each other.

    Attributes:
        panels: as above.
        loci: as above.
        strict: positions of the loci at which null alleles never equal each other.
        uncovered: positions of the loci that no frequencies know.
        row: (loci,) int64 position of each locus in scope among the loci of the panels, or -1.
        in_panels: the loci in scope in terms of the panels.
    """

    def __init__(self, panels: Panels, loci: tuple[str, ...], null_rule: str = "consensus") -> None:
        self.panels, self.loci = panels, loci
        # The absence of DRB3, DRB4 or DRB5 is no allele: no rule counts absent genes of both persons as a mismatch.
        is_strict = null_rule != "consensus"
        self.strict = tuple(column for column, locus in enumerate(loci) if is_strict and locus not in OPTIONAL_GENES)
        self.row = np.array([panels.loci.index(locus) if locus in panels.loci else -1 for locus in loci], np.int64)
        self.uncovered = tuple(
            column for column, row in enumerate(self.row.tolist()) if row >= 0 and panels.chain.locus_panel[row] < 0
        )
        self.in_panels = self._in_panels()
        self._missing = self._missing_by_bits()
        self._panel_fallback = np.where(self.in_panels.panel_scope != 0, panels.chain.panel_fallback, 0).astype(
            np.uint8
        )

    def _in_panels(self) -> PanelScope:
        column = np.full(len(self.panels.loci), -1, np.int64)
        column[self.row[self.row >= 0]] = np.flatnonzero(self.row >= 0)
        scope = np.zeros(self.panels.haplotypes.panel_start.size - 1, np.int64)
        for panel in range(scope.size):
            of_panel = column[self.panels.loci_of(panel)]
            scope[panel] = sum(1 << one for one in of_panel.tolist() if one >= 0)
        return PanelScope(scope, column)

    def _missing_by_bits(self) -> NDArray[np.uint16]:
        """Return the loci in scope, as bits, that are missing, for all values of `person_missing`."""
        bits = np.arange(1 << len(self.panels.loci), dtype=np.uint16)
        missing = np.zeros(bits.size, np.uint16)
        for column, row in enumerate(self.row.tolist()):
            of_locus = np.uint16(1) if row < 0 else bits >> np.uint16(row) & np.uint16(1)
            missing |= of_locus << np.uint16(column)
        return missing

    def missing_loci(self, person_missing: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return (n,) uint16 the loci in scope, as bits of the scope, that nothing explains in some persons."""
        return self._missing[person_missing]

    def uncertain_loci(self, p_both: NDArray[np.float64], p_one: NDArray[np.float64], cut: float) -> NDArray[np.uint16]:
        """Return (n,) uint16, as bits, the loci without frequencies at which not all genotypes match alike.

        The probability of each genotype is not known there.
        """
        uncertain = np.zeros(p_both.shape[0], np.uint16)
        for column in self.uncovered:
            both, one = p_both[:, column], p_one[:, column]
            greatest = np.maximum(np.maximum(both, one), 1.0 - cut - both - one)
            uncertain |= (greatest < 1.0 - cut - _ROUNDING).astype(np.uint16) << np.uint16(column)
        return uncertain

    def farthest_fallback(self, classes: HaplotypeClasses, person: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Return (n,) uint8 the farthest `FallbackLevel` of each person's parts that touch the scope."""
        first, last = classes.person_part[person], classes.person_part[person + 1]
        fallback = np.zeros(person.size, np.uint8)
        for ahead in range(int((last - first).max(initial=0))):
            has = first + ahead < last
            fallback[has] = np.maximum(fallback[has], self._panel_fallback[classes.part_panel[first[has] + ahead]])
        return fallback

    def open_persons(self, classes: HaplotypeClasses) -> NDArray[np.bool_]:
        """Say of which distinct persons a typing without frequencies leaves two genotypes in scope."""
        panel = classes.part_panel
        stated = (self.panels.chain.panel_fallback[panel] == FallbackLevel.CERTAIN) & (
            self.in_panels.panel_scope[panel] != 0
        )
        n_open = np.concatenate([[0], np.cumsum(stated & (np.diff(classes.part_pair) > 1))])
        is_open: NDArray[np.bool_] = np.diff(n_open[classes.person_part]) > 0
        return is_open
