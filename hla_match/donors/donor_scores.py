"""How well each donor is typed: the mean of the typing resolution scores of the loci, all alleles alike frequent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import FIRST_P_GROUP, NOT_TYPED
from hla_match.loci import SCOPES
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import typing_table
from hla_match.typings.resolution_score import even_scores
from hla_match.typings.typing_book import LocusColumn

SCORED_LOCI = SCOPES["10/10"]
"""The loci of a donor's score."""


class DonorScores:
    """The resolution scores of the donors of a registry; each distinct typing is scored once, when it is asked for.

    They rest on no frequencies, so that a donor has the same score in every search. Threads may share it.

    Args:
        loci: the loci of the rows of `donor_typing`.
        donor_typing: (loci, donors) code of each reported typing.
        columns: the reported typings of each locus.
        nomenclature: the one that they were read with.
    """

    def __init__(
        self,
        loci: Sequence[str],
        donor_typing: NDArray[np.uint16] | NDArray[np.uint32],
        columns: Mapping[str, LocusColumn],
        nomenclature: Nomenclature,
    ) -> None:
        self._donor_typing = {locus: donor_typing[loci.index(locus)] for locus in SCORED_LOCI if locus in loci}
        self._columns = columns
        self._n_codes = {locus: len(nomenclature.index(locus).p_names) + FIRST_P_GROUP for locus in SCORED_LOCI}
        self._of_typing = {locus: np.full(columns[locus].table.n_typings, np.nan) for locus in self._donor_typing}
        none, not_typed = typing_table([()]), np.array([NOT_TYPED])
        self._of_untyped = {
            locus: float(even_scores(none, n_codes, not_typed)[0]) for locus, n_codes in self._n_codes.items()
        }

    def of(self, donor: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return (n,) the scores of some donors, from 0 to 1; a locus that is not typed allows every genotype."""
        total = self._known(donor)
        if np.isnan(total).any():
            for locus, typing in self._donor_typing.items():
                self._score(locus, typing[donor])
            total = self._known(donor)
        return total / len(SCORED_LOCI)

    def _known(self, donor: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return (n,) the sum of the scores of each donor's loci; NaN where one of them is not scored yet."""
        total = np.zeros(donor.size)
        for locus in SCORED_LOCI:
            if locus in self._donor_typing:
                total += self._of_typing[locus][self._columns[locus].expanded_typing[self._donor_typing[locus][donor]]]
            else:
                total += self._of_untyped[locus]
        return total

    def _score(self, locus: str, typing: NDArray[np.integer[Any]]) -> None:
        """Score those of some reported typings that are not scored yet."""
        column, scores = self._columns[locus], self._of_typing[locus]
        expanded_typing = column.expanded_typing[typing]
        lacking = np.unique(expanded_typing[np.isnan(scores[expanded_typing])])
        if lacking.size:
            scores[lacking] = even_scores(column.table, self._n_codes[locus], lacking)
