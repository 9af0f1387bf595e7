"""Whether two records can be of one person, by their typings: at every locus some genotype is allowed by both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.audit.allele_sets import meeting, set_alleles
from hla_match.donors.registry import Registry
from hla_match.kernels.audit.paired_typings import pair_typings
from hla_match.kernels.codes import NEW, NOT_TYPED
from hla_match.kernels.schema.typings import TypingTable

Rows = NDArray[np.integer[Any]]


class RecordComparison:
    """Compares records of a registry two by two.

    A locus at which one of the two is not typed says nothing; nor does NEW, which may have got a name since.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._typed = registry.donor_typing != NOT_TYPED
        self._common = {locus: sets_in_common(registry.columns[locus].table) for locus in registry.loci}

    def n_common_loci(self, one: Rows, other: Rows) -> NDArray[np.int64]:
        """Return (pairs,) at how many loci both records are typed."""
        common: NDArray[np.int64] = (self._typed[:, one] & self._typed[:, other]).sum(axis=0)
        return common

    def agree(self, locus: str, one: Rows, other: Rows) -> NDArray[np.bool_]:
        """Return (pairs,) whether the typings at a locus have a genotype in common."""
        column = self._registry.columns[locus]
        of_locus = self._registry.donor_typing[self._registry.loci.index(locus)]
        found = np.empty(one.size, np.bool_)
        pair_typings(
            column.meaning[of_locus[one]],
            column.meaning[of_locus[other]],
            column.table.with_nulls,
            column.table.with_nulls,
            self._common[locus],
            found,
        )
        return found

    def of_one_person(self, one: Rows, other: Rows) -> NDArray[np.bool_]:
        """Return (pairs,) whether the typings agree at every locus."""
        left = np.arange(one.size)
        for locus in self._registry.loci:
            left = left[self.agree(locus, one[left], other[left])]
        found = np.zeros(one.size, np.bool_)
        found[left] = True
        return found


def sets_in_common(table: TypingTable) -> NDArray[np.bool_]:
    """Return (sets, sets) whether two sets have an allele in common; NEW may be any allele."""
    has = set_alleles(table, int(table.counted.set_member.max(initial=NEW)) + 1)
    is_new = np.logical_not(has.any(axis=1))
    return meeting(has, has) | is_new[:, None] | is_new[None, :]
