"""The result of comparing a patient with a registry at one locus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import BEST, COUNTS_OF_UNTYPED, WORST
from hla_match.matching.patient_table import LocusComparison
from hla_match.typings.encoding import CountedAlternative, NullRule


@dataclass(frozen=True)
class LocusResult:
    """One patient at one locus: counts against every expanded typing of the registry there.

    Attributes:
        locus: the locus.
        comparison: the registry's side of it.
        alternatives: the patient's typing; empty where not typed.
        null_rule: how null alleles count.
        notes: what of the patient's typing was understood differently than written.
    """

    locus: str
    comparison: LocusComparison
    alternatives: tuple[CountedAlternative, ...]
    null_rule: NullRule
    notes: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> NDArray[np.uint8]:
        """(6, typings) uint8 as in `hla_match.kernels.search.locus_count`."""
        return self.comparison.counts(self.alternatives, self.null_rule)

    def grades(self, expanded_typing: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Return (2, n) uint8 as `LocusComparison.grades`, for (n,) expanded typings."""
        return self.comparison.grades(self.alternatives, self.null_rule, expanded_typing)

    @property
    def is_serology(self) -> bool:
        """Whether a side of the patient was typed by serology alone, so that a donor's antigen can exclude a match."""
        return any(side.serology for first, second, _ in self.alternatives for side in (first, second))

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """(typings,) bool: an allele of patient or donor was reported as NEW, so that no count is certain."""
        if any(alternative.has_new for alternative in self.alternatives):
            return np.ones(self.comparison.reports_new.size, np.bool_)
        return self.comparison.reports_new

    def expanded_typing_of(self, donor: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return (n,) int32, the expanded typing of each of some donors."""
        # An array is read by `take` twice as fast as by an index.
        expanded_typing: NDArray[np.int32] = self.comparison.column.expanded_typing.take(
            self.comparison.donor_typing.take(donor)
        )
        return expanded_typing


def certain_matches(
    result: LocusResult | None, donor: NDArray[np.uint32]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the best counts of a locus with some donors, and whether each is certain; None: no donor is typed."""
    if result is None:
        return np.full(donor.size, 2, np.uint8), np.zeros(donor.size, np.bool_)
    expanded_typing = result.expanded_typing_of(donor)
    best: NDArray[np.uint8] = result.counts[BEST].take(expanded_typing)
    return best, (result.counts[WORST].take(expanded_typing) == best) & ~result.is_new.take(expanded_typing)


def summed_counts(scope: Sequence[LocusResult], n_missing: int, donor: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return (6, n) uint8 counts of some donors over the scope.

    Args:
        scope: the loci that the registry has.
        n_missing: loci in scope at which no donor is typed.
        donor: (n,) rows.
    """
    total = np.zeros((6, donor.size), np.uint8)
    for result in scope:
        total += result.counts.take(result.expanded_typing_of(donor), axis=1)
    return total + n_missing * _UNTYPED if n_missing else total


_UNTYPED = np.array(COUNTS_OF_UNTYPED, np.uint8)[:, None]
