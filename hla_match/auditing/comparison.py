"""Whether two records can be of one person, by their typings: at every locus some genotype is allowed by both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.kernels.auditing.paired_typings import pair_typings
from hla_match.kernels.codes import NEW, NOT_TYPED
from hla_match.kernels.schema.typings import TypingTable
from hla_match.nomenclature.antigen_index import AntigenIndex
from hla_match.typings.allele_sets import meeting, set_alleles

Rows = NDArray[np.integer[Any]]


class RecordComparison:
    """Compares records of a registry two by two.

    A locus at which one of the two is not typed says nothing; nor does NEW, which may have got a name since.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._typed = registry.donor_typing != NOT_TYPED
        self._common = {
            locus: sets_in_common(registry.columns[locus].table, registry.nomenclature.index(locus).antigens)
            for locus in registry.loci
        }

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
            column.expanded_typing[of_locus[one]],
            column.expanded_typing[of_locus[other]],
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


def sets_in_common(table: TypingTable, antigens: AntigenIndex) -> NDArray[np.bool_]:
    """Return (sets, sets) whether two sets can be of one chromosome.

    They have an allele in common, and antigens that are related where both were typed by serology: a laboratory that
    reports B38 has told it from B39. NEW may be any allele.
    """
    has = set_alleles(table, int(table.counted.set_member.max(initial=NEW)) + 1)
    is_new = np.logical_not(has.any(axis=1))
    common = meeting(has, has) | is_new[:, None] | is_new[None, :]
    return common & ~told_apart(table, antigens)


def told_apart(table: TypingTable, antigens: AntigenIndex) -> NDArray[np.bool_]:
    """Return (sets, sets) whether both were typed by serology, as antigens that are not related."""
    start, member = table.serology
    number = np.unique(member)
    name = {code: antigen for antigen, code in antigens.code.items()}
    related = np.array(
        [[antigens.are_related(name[one], name[other]) for other in number.tolist()] for one in number.tolist()],
        np.bool_,
    ).reshape(number.size, number.size)
    reported = np.zeros((start.size - 1, number.size), np.bool_)
    reported[np.repeat(np.arange(start.size - 1), np.diff(start)), np.searchsorted(number, member)] = True
    typed = np.diff(start) > 0
    return np.logical_and.outer(typed, typed) & ~meeting(meeting(reported, related), reported)
