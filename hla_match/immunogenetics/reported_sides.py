"""The two sides of a typing as they were reported, with the alleles behind each: what facts of persons are read from.

Matching knows a side as P groups. Leader and expression tell alleles of one P group apart, so that facts go back to the
names that the laboratory reported. Each distinct typing of a registry is read once, when a list shows a donor with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from hla_match.kernels.codes import FIRST_P_GROUP, NEW, NOT_TYPED, NULL
from hla_match.loci import SEROLOGY_PREFIX
from hla_match.matching.patient_table import LocusComparison
from hla_match.nomenclature.allele_facts import AlleleFact
from hla_match.nomenclature.gl_string import genotypes, is_absent_gene
from hla_match.typings.encoding import AmbiguousNulls, allele_set

UNKNOWN_VALUE = ""
"""A fact that is not known, of an allele without sequence and family, or reported as NEW."""

NO_PRODUCT = "N"
"""Stands for the fact of a null allele among those that a side can be."""

_NAME = re.compile(r"([0-9]+:[0-9]+)(?::[0-9]+){0,2}([NLSCAQ]?)[GP]?")
KEPT = 65_536
"""Typings of a locus that are kept as read."""


class AlleleKind(NamedTuple):
    """What alleles of a side have alike.

    Attributes:
        family: their first field; "" where it says nothing, as at DPB1, and behind an antigen.
        antigens: those of their P group that the side was typed as.
    """

    family: str
    antigens: frozenset[int]


class Member(NamedTuple):
    """One P group of a side: the rows of its alleles there, and their kinds."""

    alleles: tuple[int, ...]
    kinds: frozenset[AlleleKind]


MemberOf = Callable[[int], Member]


def _no_member(code: int) -> Member:
    raise KeyError(code)


@dataclass(frozen=True, eq=False)
class ReportedSide:
    """One side of a typing.

    Attributes:
        text: as it was reported.
        name: the same by two fields, or its first name and the number of others; antigens with their letters, "B39".
        codes: codes of P groups, NULL or NEW, as matching counts them.
        expressed: those of P groups alone.
        antigens: those that it counts as.
        serology: those reported, where it was typed by serology alone.
        alleles: the alleles behind it, as rows of the nomenclature; none for NEW and for an absent gene.
        families: the first fields of those that are expressed.
        kinds: the kinds of those that are expressed; each antigen it counts as where it was typed by serology alone.
        is_null: whether it is a null allele, or an absent gene, and nothing else.
        member: gives what is known of one of its P groups, by code.
    """

    text: str
    name: str
    codes: frozenset[int]
    expressed: frozenset[int]
    antigens: frozenset[int]
    serology: frozenset[int]
    alleles: tuple[int, ...]
    families: frozenset[str]
    kinds: frozenset[AlleleKind]
    is_null: bool
    member: MemberOf = field(repr=False)

    @classmethod
    def of(
        cls,
        text: str,
        codes: Iterable[int],
        antigens: Iterable[int] = (),
        serology: Iterable[int] = (),
        alleles: Iterable[int] = (),
        families: Iterable[str] = (),
        kinds: Iterable[AlleleKind] = (),
        member: MemberOf = _no_member,
    ) -> ReportedSide:
        """Return a side from what it was read as."""
        known = frozenset(codes)
        return cls(
            text=text,
            name=short_name(text),
            codes=known,
            expressed=known - {NEW, NULL},
            antigens=frozenset(antigens),
            serology=frozenset(serology),
            alleles=tuple(alleles),
            families=frozenset(families),
            kinds=frozenset(kinds),
            is_null=known == {NULL},
            member=member,
        )

    @cached_property
    def cases(self) -> tuple[ReportedSide, ...]:
        """The side as a null allele and as an expressed one, where it can be both."""
        if NULL not in self.codes or not self.expressed:
            return (self,)
        expressed = tuple(row for code in sorted(self.expressed) for row in self.member(code).alleles)
        nulls = tuple(row for row in self.alleles if row not in expressed)
        none: frozenset[Any] = frozenset()
        is_null = replace(
            self,
            codes=frozenset({NULL}), expressed=none, antigens=none, serology=none, alleles=nulls, families=none,
            kinds=none, is_null=True, member=_no_member,
        )  # fmt: skip
        return replace(self, codes=self.codes - {NULL}, alleles=expressed), is_null

    @cached_property
    def alternatives(self) -> tuple[ReportedSide, ...]:
        """The side as each of its P groups, where it has several."""
        if len(self.expressed) < 2:
            return (self,)
        return tuple(
            replace(self, codes=frozenset({code}), expressed=frozenset({code}), alleles=rows, kinds=kinds)
            for code in sorted(self.expressed)
            for rows, kinds in (self.member(code),)
        )


def short_name(text: str) -> str:
    """Return a typing of a side by two fields, or its first name and the number of others.

    >>> [short_name(text) for text in ("03:04:01:02", "03:04:01G", "24:09N", "03:XX", "03:03/03:04")]
    ['03:04', '03:04', '24:09N', '03:XX', '03:03 or 1 other']
    """
    first, *others = text.split("/")
    found = _NAME.fullmatch(first)
    name = found[1] + found[2] if found is not None else first
    if not others:
        return name
    return f"{name} or {len(others)} other{'s' * (len(others) > 1)}"


SidePair = tuple[ReportedSide, ReportedSide]


class LocusSides:
    """Reads the typings of a locus; threads may share it.

    Args:
        comparison: the registry's side of the locus.
    """

    def __init__(self, comparison: LocusComparison) -> None:
        self.locus = comparison.locus
        self._registry = comparison.registry
        self._column = comparison.column
        self.index = self._registry.nomenclature.index(self.locus)
        self.side = lru_cache(KEPT)(self._read)
        self.of_donor = lru_cache(KEPT)(self._of_donor)
        self.values = lru_cache(KEPT)(self._values)
        self._antigens_named = lru_cache(KEPT)(self._named)

    def pairs(self, first: str, second: str, ambiguous_nulls: AmbiguousNulls) -> tuple[SidePair, ...]:
        """Return the alternative genotypes of a typing as reported in two columns; none where it is not typed."""
        return tuple(
            (self.side(one, ambiguous_nulls), self.side(other, ambiguous_nulls))
            for one, other in genotypes(first, second)
        )

    def _of_donor(self, typing: int) -> tuple[SidePair, ...]:
        """Return those of a reported typing of the registry."""
        if typing == NOT_TYPED:
            return ()
        first, second = self._column.text.row(typing)
        return self.pairs(first, second, self._registry.ambiguous_nulls)

    def _read(self, text: str, ambiguous_nulls: AmbiguousNulls) -> ReportedSide:
        if is_absent_gene(self.locus, text):
            return ReportedSide.of(text, (NULL,))
        expansion = self._registry.nomenclature.expand(self.locus, text, self._registry.codes)
        number = self.index.antigens.code
        antigens, serology = ([number[name] for name in names] for names in (expansion.antigens, expansion.serology))
        codes = allele_set(expansion, ambiguous_nulls)
        is_null, family_and_group = self.index.is_null, self._family_and_group
        expressed = [row for row in expansion.alleles if not is_null[row]]
        groups = {family_and_group[row] for row in expressed}
        families = {family for family, _ in groups}

        def kinds_of(some: Iterable[tuple[str, int]]) -> frozenset[AlleleKind]:
            return frozenset(self._kinds(some, frozenset(antigens), by_serology=bool(serology)))

        def member(code: int) -> Member:
            group = code - FIRST_P_GROUP
            rows = tuple(row for row in expressed if self.index.p_code[row] == group)
            return Member(rows, kinds_of(pair for pair in groups if pair[1] == group))

        side = ReportedSide.of(text, codes, antigens, serology, expansion.alleles, families, kinds_of(groups), member)
        if not expansion.serology:
            return side
        prefix = SEROLOGY_PREFIX.get(self.locus, "")
        return replace(side, name="/".join(f"{prefix}{antigen}" for antigen in sorted(expansion.serology)))

    def _kinds(
        self, groups: Iterable[tuple[str, int]], antigens: frozenset[int], *, by_serology: bool
    ) -> set[AlleleKind]:
        """Return the kinds of the alleles of a side.

        Rare alleles of other antigens stand behind nearly every antigen and family, so that the antigens are those that
        the side was typed as, as for position grades.

        Args:
            groups: first field and P group of each allele.
            antigens: those that the side counts as.
            by_serology: whether antigens are all that is known of it.
        """
        if by_serology:
            return {AlleleKind("", frozenset({antigen})) for antigen in antigens}
        of_group, is_dpb1 = self.index.antigens.of_group, self.locus == "DPB1"
        # Of the many groups behind a family or a code most are of the same antigens.
        distinct = {("" if is_dpb1 else family, of_group[code]) for family, code in groups}
        return {AlleleKind(family, antigens & self._antigens_named(names)) for family, names in distinct}

    @cached_property
    def _family_and_group(self) -> list[tuple[str, int]]:
        """The first field and the P group of each allele."""
        return [
            (name.partition(":")[0], code)
            for name, code in zip(self.index.tables.allele, self.index.p_code, strict=True)
        ]

    def _named(self, antigens: tuple[str, ...]) -> frozenset[int]:
        """Return antigens by their names."""
        number = self.index.antigens.code
        return frozenset([number[name] for name in antigens])

    def _values(self, side: ReportedSide, fact: AlleleFact, among: frozenset[int] | None = None) -> frozenset[str]:
        """Return the values of a fact that a side can have.

        Args:
            side: one side of this locus.
            fact: one that the locus has.
            among: the codes of the alleles that are meant; None for all of the side.
        """
        if NEW in side.codes:
            return frozenset({UNKNOWN_VALUE})
        alleles = side.alleles
        if among is not None:
            alleles = tuple(row for row in alleles if self.index.p_code[row] + FIRST_P_GROUP in among)
        found = self.index.fact(fact).of(alleles)
        return found | {NO_PRODUCT} if NULL in side.codes and among is None else found


_kept: WeakKeyDictionary[LocusComparison, LocusSides] = WeakKeyDictionary()


def sides_of(comparison: LocusComparison) -> LocusSides:
    """Return what reads the typings of a locus, which all patients share; not for DRB345, which nobody reports."""
    sides = _kept.get(comparison)
    return sides if sides is not None else _kept.setdefault(comparison, LocusSides(comparison))
