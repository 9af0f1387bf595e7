"""One patient against every distinct donor typing: the small tables that a search adds up.

The patient's typing is coded with the registry's own nomenclature; each table is one entry a distinct typing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.errors import RegistryError
from hla_match.kernels.codes import (
    COUNTS_OF_NONE,
    COUNTS_OF_UNTYPED,
    FIRST,
    FIRST_P_GROUP,
    GRADE_A,
    GRADE_P,
    NEW,
    NOT_TYPED,
    SECOND,
)
from hla_match.kernels.schema.search import PatientMarks, PatientSides, PositionGrades
from hla_match.kernels.schema.typings import CountedTypings, TypingTable
from hla_match.kernels.search.locus_count import count_alternative
from hla_match.kernels.search.position_grade import grade_alternative
from hla_match.loci import OPTIONAL_GENES, genes_of
from hla_match.typings.encoding import COMPARED, CountedAlternative, NullRule

GRADE_LETTERS = "?MLPA"
"""Letters of the codes that `hla_match.kernels.search.position_grade` gives."""

KEPT_BYTES = 1 << 23
"""Room for the tables of a locus that are kept, as patients share typings."""

_KEPT_APART = 16
"""Pairs of antigens whose unrelated sets are kept."""


class LocusComparison:
    """One locus of a registry, made ready to be compared with patients; threads may share it.

    Attributes:
        locus: the locus.
        registry: the donors.
        column: the typings of the donors.
        donor_typing: (donors,) reported typing of each donor, a row of `column.expanded_typing`.
        counts: gives (6, typings) uint8 counts, as in `hla_match.kernels.search.locus_count`, of the alternatives of a
            patient's typing by a rule of null alleles; those of the last typings are kept.
    """

    counts: Callable[[tuple[CountedAlternative, ...], NullRule], NDArray[np.uint8]]
    _apart: Callable[[tuple[int, ...], tuple[int, ...]], NDArray[np.uint8]]

    def __init__(self, registry: Registry, locus: str) -> None:
        self.locus = locus
        self.registry = registry
        self.column = registry.columns[locus]
        self.donor_typing = registry.donor_typing[registry.loci.index(locus)]
        indexes = [registry.nomenclature.index(gene) for gene in genes_of(locus)]
        self._antigens = [(index.antigens, name) for index in indexes for name in index.antigens.code]
        n_groups, n_antigens = sum(len(index.p_names) for index in indexes), len(self._antigens)
        self._n_codes = n_groups + FIRST_P_GROUP
        self._n_antigens = max(n_antigens, 1)
        typings, antigens, serology, _ = self.column.table
        greatest_antigen = max(member.max(initial=0) for member in (antigens.antigen_member, serology.serology_member))
        # Kernels mark what a patient may have by these numbers.
        if typings.set_member.max(initial=0) >= self._n_codes or greatest_antigen >= self._n_antigens:
            raise RegistryError(
                registry.name,
                found=f"typings at {locus} of P groups or antigens that {registry.nomenclature.title} does not have",
                expected=f"{n_groups:,} P groups and {n_antigens:,} antigens",
                hint="import the donors again",
            )
        self._apart_from_none = np.zeros(typings.set_start.size - 1, np.uint8)
        self.reports_new = _typings_with_new(typings)
        self.counts = lru_cache(max(1, KEPT_BYTES // (6 * self.column.table.n_typings)))(self._count)
        # The alternatives of an antigen beside a null allele differ in their alleles only.
        self._apart = lru_cache(_KEPT_APART)(self._told_apart)

    def _compared(self, null_rule: NullRule) -> Mapping[int, int]:
        """Return which kinds of alternatives are compared; an absent gene is no allele that another could match."""
        can_be_absent = genes_of(self.locus)[0] in OPTIONAL_GENES
        return COMPARED["consensus" if can_be_absent else null_rule]

    def _count(self, alternatives: tuple[CountedAlternative, ...], null_rule: NullRule) -> NDArray[np.uint8]:
        table = self.column.table
        counts = np.empty((len(COUNTS_OF_NONE), table.n_typings), np.uint8)
        counts.T[:] = COUNTS_OF_NONE if alternatives else COUNTS_OF_UNTYPED
        counts[:, NOT_TYPED] = COUNTS_OF_UNTYPED
        mark = np.zeros(self._n_codes, np.uint8)
        compared = self._compared(null_rule)
        for first, second, kind in alternatives:
            if not compared[kind]:
                continue
            count_alternative(
                np.array(first.codes, np.int32),
                np.array(second.codes, np.int32),
                compared[kind],
                self._apart(first.serology, second.serology),
                table.counted,
                mark,
                counts,
            )
        return counts

    def _told_apart(self, first: tuple[int, ...], second: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return (sets,) uint8 the sides of a patient, as bits, that each set is apart from (`locus_count`).

        Args:
            first: antigens reported on the first side, where it was typed by serology alone.
            second: those of the second side.
        """
        if not first and not second:
            return self._apart_from_none
        table = self.column.table
        bits, related = 0, np.zeros(self._n_antigens, np.uint8)
        for bit, reported in ((FIRST, first), (SECOND, second)):
            bits |= bit if reported else 0
            for code in reported:
                index, name = self._antigens[code]
                related[[of is index and index.are_related(name, other) for of, other in self._antigens]] |= bit
        typed = np.flatnonzero(np.diff(table.serology.serology_start))
        apart = self._apart_from_none.copy()
        if typed.size:
            start, member = table.serology
            found = np.bitwise_or.reduceat(related[member], start[typed])
            apart[typed] = bits & ~found
        return apart

    def grades(
        self, alternatives: tuple[CountedAlternative, ...], null_rule: NullRule, expanded_typing: NDArray[np.int32]
    ) -> NDArray[np.uint8]:
        """Return (2, n) uint8 position grades, as indexes into `GRADE_LETTERS`, for (n,) expanded typings of donors."""
        table: TypingTable = self.column.table
        if expanded_typing.size > table.n_typings:
            return self.grades(alternatives, null_rule, np.arange(table.n_typings, dtype=np.int32))[:, expanded_typing]
        n = expanded_typing.size
        grades = PositionGrades(np.zeros(n, np.uint8), np.full((2, n), GRADE_P, np.uint8), np.ones((2, n), np.bool_))
        marks = PatientMarks(np.zeros(self._n_codes, np.uint8), np.zeros(self._n_antigens, np.uint8))
        compared = self._compared(null_rule)
        for first, second, kind in alternatives:
            if not compared[kind]:
                continue
            patient = PatientSides(
                *(np.array(codes, np.int32) for codes in (first.codes, second.codes, first.antigens, second.antigens))
            )
            apart = self._apart(first.serology, second.serology)
            grade_alternative(
                patient, compared[kind], apart, table.counted, table.antigens, marks, expanded_typing, grades
            )
        grades.grade[(grades.grade == GRADE_A) & ~grades.certain] = GRADE_P
        return grades.grade


def _typings_with_new(typings: CountedTypings) -> NDArray[np.bool_]:
    """Return (typings,) bool: an allele was reported as NEW, so that no count of this typing is certain."""
    set_start, start = typings.set_start, typings.alternative_start
    new_set = {
        number
        for number, (first, last) in enumerate(pairwise(set_start.tolist()))
        if last == first + 1 and typings.set_member[first] == NEW
    }
    found = np.zeros(start.size - 1, np.bool_)
    for typing in range(found.size if new_set else 0):
        pairs = typings.alternative_set[start[typing] : start[typing + 1]]
        found[typing] = bool(new_set & set(pairs.ravel().tolist()))
    return found
