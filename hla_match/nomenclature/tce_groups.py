"""The T-cell epitope group of a person, from the groups of the two DPB1 alleles.

Sources: Fleischhauer et al., Lancet Oncol 2012;13:366 (three groups, 1 the most immunogenic; a person counts by the
lower numbered of the two); Crivello et al., Biol Blood Marrow Transplant 2015;21:233 (version 2 of the groups).
"""

from __future__ import annotations

from collections.abc import Iterable

from hla_match.nomenclature.locus_index import LocusIndex

TCE_GROUPS = ("1", "2", "3")
UNASSIGNED = ""
"""Stands for the group of an allele without one."""

NO_ALLELE = "N"
"""Stands for the group of a null allele."""


def person_group(first: str, second: str) -> str:
    """Return the group of a person whose alleles are of two groups.

    The lower numbered one (Fleischhauer et al. 2012, Methods). A null allele leaves the other's, two leave `NO_ALLELE`;
    an allele without a group leaves the person without one.

    >>> person_group("3", "1"), person_group("N", "3"), person_group("", "1")
    ('1', '3', '')
    """
    return UNASSIGNED if UNASSIGNED in (first, second) else min(first, second)


def person_groups(first: Iterable[str], second: Iterable[str]) -> set[str]:
    """Return the groups that a person can belong to whose alleles are of some groups.

    >>> sorted(person_groups({"3"}, {"2", "3"})), sorted(person_groups({"1"}, {"N"})), person_groups({""}, {"3"})
    (['2', '3'], ['1'], {''})
    """
    second = tuple(second)
    return {person_group(one, other) for one in first for other in second} - {NO_ALLELE}


def allele_groups(index: LocusIndex, alleles: Iterable[int]) -> set[str]:
    """Return the groups of some alleles, given as their rows."""
    return {NO_ALLELE if index.is_null[row] else index.tables.tce_group[row] for row in alleles}
