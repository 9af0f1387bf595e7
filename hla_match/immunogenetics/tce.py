"""DPB1 by T-cell epitope groups: whether a mismatch is permissive, and in which direction it is not.

Sources: Zino et al., Blood 2004;103:1417, and Fleischhauer et al., Lancet Oncol 2012;13:366 (the classes); Crivello et
al., Biol Blood Marrow Transplant 2015;21:233 (version 2 of the groups). A class needs the groups of both persons, which
an allele without a group leaves open: such a pair is unknown, never permissive. Oracle: ``tests/oracle/tce.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import BEST, NEW, NULL, NULL_RESOLVED, WITHOUT_NULL, WORST
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.patient_table import LocusComparison
from hla_match.nomenclature.tce_groups import NO_ALLELE, TCE_GROUPS, UNASSIGNED, person_groups
from hla_match.typings.encoding import AlleleSet, side_of

TCE_CLASSES = ("match", "permissive", "non-permissive HvG", "non-permissive GvH", "unknown")
"""The classes of a pair of persons, the more favourable first (Dehn et al., Blood 2019;134:924, for their order)."""

MATCH, PERMISSIVE, NON_PERMISSIVE_HVG, NON_PERMISSIVE_GVH, UNKNOWN = range(len(TCE_CLASSES))

_GROUPS = (*TCE_GROUPS, UNASSIGNED)
_N_SETS = 1 << len(_GROUPS)
_RESOLVED = WITHOUT_NULL | NULL_RESOLVED
"""The alternatives in which a null allele is replaced by its partner, which is how it counts for the group."""

Genotype = tuple[int, int]


def pair_class(patient: str, donor: str) -> str:
    """Return the class of two persons who do not match at DPB1, by their groups.

    Equal groups are permissive. The patient's group being the lower lets the graft react (GvH), the donor's the host
    (HvG) (Fleischhauer et al. 2012, Methods).

    >>> pair_class("3", "3"), pair_class("1", "3"), pair_class("3", "2"), pair_class("", "3")
    ('permissive', 'non-permissive GvH', 'non-permissive HvG', 'unknown')
    """
    if patient not in TCE_GROUPS or donor not in TCE_GROUPS:
        return TCE_CLASSES[UNKNOWN]
    if patient == donor:
        return TCE_CLASSES[PERMISSIVE]
    return TCE_CLASSES[NON_PERMISSIVE_GVH if patient < donor else NON_PERMISSIVE_HVG]


def tce_class_by_typing(result: LocusResult) -> NDArray[np.int8]:
    """Return (typings,) int8, the class of each expanded typing of DPB1 against a patient, as in `TCE_CLASSES`.

    Unknown where an allele has no group, where one of the two persons is not typed, and where the typings leave several
    classes open; `possible_tce_classes` says which.
    """
    tables = _tables(result.comparison)
    found: NDArray[np.int8] = _CLASS_OF_SETS[tables.patient_set(result), tables.of_typing]
    counts = result.counts
    found[counts[BEST] == 2] = UNKNOWN
    found[(counts[WORST] == 2) & ~result.is_new] = MATCH
    return found


def possible_tce_classes(result: LocusResult, expanded_typing: int) -> tuple[str, ...]:
    """Return every class that a patient and donors of an expanded typing can be of, in the order of `TCE_CLASSES`.

    Exact: a patient and a donor of two groups can be other than a match, unless each has one genotype only of the group
    and both have the same.
    """
    tables = _tables(result.comparison)
    mine, theirs = tables.genotypes(_patient_pairs(result)), tables.genotypes(_donor_pairs(result, expanded_typing))
    if not mine or not theirs:
        return (TCE_CLASSES[UNKNOWN],)
    equal_to_none = {NEW, NULL} if result.null_rule == "strict" else {NEW}
    can_match = result.counts[BEST, expanded_typing] == 2
    found = {TCE_CLASSES[MATCH]} if can_match else set()
    for (group, genotypes), (other, others) in product(mine.items(), theirs.items()):
        is_one = len(genotypes) == 1 and genotypes == others and equal_to_none.isdisjoint(*genotypes)
        if not (can_match and is_one):
            found.add(pair_class(group, other))
    return tuple(name for name in TCE_CLASSES if name in found)


def patient_tce_groups(result: LocusResult) -> tuple[str, ...]:
    """Return the groups that the patient can be of, "" for none; empty where not typed."""
    return _names(_tables(result.comparison).patient_set(result))


def donor_tce_groups(result: LocusResult, expanded_typing: int) -> tuple[str, ...]:
    """Return the groups that donors of an expanded typing can be of, "" for none; empty where not typed."""
    return _names(int(_tables(result.comparison).of_typing[expanded_typing]))


class TceTables:
    """The groups of the alleles and of the expanded typings of a registry, as sets of bits.

    Args:
        comparison: the registry's side of DPB1.

    Attributes:
        of_code: (codes,) uint8 the groups that each code of an allele can be of; none for a null allele.
        of_typing: (typings,) uint8 the groups that donors of each expanded typing can be of; none where not typed.
    """

    def __init__(self, comparison: LocusComparison) -> None:
        index = comparison.registry.nomenclature.index("DPB1")
        groups = [(), (UNASSIGNED,), *index.values_of_p(index.tables.tce_group)]
        self.of_code = np.array([_bits(one) for one in groups], np.uint8)
        counted = comparison.column.table.counted
        of_set = _or_of_parts(self.of_code[counted.set_member], counted.set_start)
        of_pair = _PERSON_OF_SETS[of_set[counted.alternative_set[:, 0]], of_set[counted.alternative_set[:, 1]]]
        of_pair[(counted.alternative_kind & _RESOLVED) == 0] = 0
        self.of_typing = _or_of_parts(of_pair, counted.alternative_start)

    def patient_set(self, result: LocusResult) -> int:
        """Return the groups that a patient can be of, as bits; none where not typed."""
        found = 0
        for pair in _patient_pairs(result):
            first, second = (np.bitwise_or.reduce(self.of_code[list(codes)]) for codes in pair)
            found |= int(_PERSON_OF_SETS[first, second])
        return found

    def genotypes(self, pairs: Iterable[tuple[AlleleSet, AlleleSet]]) -> dict[str, set[Genotype]]:
        """Return by group the genotypes of some pairs of sides; all where there is one, else at least two of them.

        Two alleles of one group on one side make two genotypes beside any allele of the other side, so that no more
        than two alleles of each group are looked at.
        """
        found: dict[str, set[Genotype]] = {}
        for first, second in pairs:
            for (one, group), (other, other_group) in product(self._few(first), self._few(second)):
                of_person = person_groups({group}, {other_group}) or {UNASSIGNED}
                found.setdefault(of_person.pop(), set()).add((min(one, other), max(one, other)))
        return found

    def _few(self, codes: AlleleSet) -> list[tuple[int, str]]:
        """Return alleles of a side with a group of theirs, at most two of each group."""
        found: dict[str, list[int]] = {}
        for code in codes:
            for group in _names(int(self.of_code[code])) or (NO_ALLELE,):
                known = found.setdefault(group, [])
                if len(known) < 2:
                    known.append(code)
        return [(code, group) for group, known in found.items() for code in known]


_kept: WeakKeyDictionary[LocusComparison, TceTables] = WeakKeyDictionary()


def _tables(comparison: LocusComparison) -> TceTables:
    """Return the groups of a registry, which all patients share; they are worked out once."""
    tables = _kept.get(comparison)
    return tables if tables is not None else _kept.setdefault(comparison, TceTables(comparison))


def _patient_pairs(result: LocusResult) -> Iterator[tuple[AlleleSet, AlleleSet]]:
    return ((first.codes, second.codes) for first, second, kind in result.alternatives if kind & _RESOLVED)


def _donor_pairs(result: LocusResult, expanded_typing: int) -> Iterator[tuple[AlleleSet, AlleleSet]]:
    table = result.comparison.column.table
    part = slice(*table.counted.alternative_start[expanded_typing : expanded_typing + 2])
    rows = table.counted.alternative_set[part][(table.counted.alternative_kind[part] & _RESOLVED) > 0]
    return ((side_of(table, first).codes, side_of(table, second).codes) for first, second in rows.tolist())


def _bits(groups: Iterable[str]) -> int:
    return sum(1 << _GROUPS.index(group) for group in groups)


def _names(bits: int) -> tuple[str, ...]:
    return tuple(group for place, group in enumerate(_GROUPS) if bits >> place & 1)


def _or_of_parts(values: NDArray[np.uint8], start: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the bits of each part of some values; an empty part has none."""
    found = np.zeros(start.size - 1, np.uint8)
    filled = np.flatnonzero(np.diff(start))
    if filled.size:
        found[filled] = np.bitwise_or.reduceat(values, start[filled])
    return found


def _person_of_sets() -> NDArray[np.uint8]:
    """Return the groups, as bits, that a person can be of whose alleles are of two sets of groups; no set: null."""
    sides = [_names(bits) or (NO_ALLELE,) for bits in range(_N_SETS)]
    return np.array([[_bits(person_groups(one, other) or {UNASSIGNED}) for other in sides] for one in sides], np.uint8)


def _class_of_sets() -> NDArray[np.int8]:
    """Return the class of two persons who do not match, by the groups that each can be of; unknown where several."""
    classes = np.full((_N_SETS, _N_SETS), UNKNOWN, np.int8)
    for one, other in product(range(1, _N_SETS), repeat=2):
        found = {pair_class(*pair) for pair in product(_names(one), _names(other))}
        if len(found) == 1:
            classes[one, other] = TCE_CLASSES.index(found.pop())
    return classes


_PERSON_OF_SETS, _CLASS_OF_SETS = _person_of_sets(), _class_of_sets()
