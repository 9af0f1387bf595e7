"""Sides of patients beside those of donors, each pair looked at once, as alleles are few and come again in each list.

LocusComparison --> side_pairs --> SidePairs: can_match, told, level  of two sides
                                              told_of_genotypes       of two genotypes without null alleles
                                              mismatches              in words
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from weakref import WeakKeyDictionary

from hla_match.immunogenetics.mismatches import (
    LevelOf,
    Mismatch,
    Mismatches,
    ToldPair,
    can_match,
    directions,
    fewest_antigens,
    level,
    plain_genotype,
    surest_pairs,
)
from hla_match.immunogenetics.reported_sides import KEPT, ReportedSide, SidePair, sides_of
from hla_match.matching.patient_table import LocusComparison


class SidePairs:
    """What is known of pairs of sides of a locus; threads may share it.

    Args:
        comparison: the registry's side of the locus.

    Attributes:
        level: gives the level of a mismatch of two sides, as `hla_match.immunogenetics.mismatches.level`.
        told: gives their names and that level.
        can_match: says whether two sides that are no null alleles can be alleles of one P group.
        plain_genotype: gives the genotype of a reported typing of the registry, as
            `hla_match.immunogenetics.mismatches.plain_genotype`.
        mismatches: gives mismatches in words, from their names and levels, the least numbers in GvH and HvG direction,
            and whether the patient is homozygous.
    """

    level: LevelOf
    told: Callable[[ReportedSide, ReportedSide], ToldPair]
    can_match: Callable[[ReportedSide, ReportedSide], bool]
    plain_genotype: Callable[[int], SidePair | None]
    mismatches: Callable[[tuple[ToldPair, ...], int, int, bool], Mismatches]

    def __init__(self, comparison: LocusComparison) -> None:
        self._locus = comparison.locus
        self._sides = sides_of(comparison)
        antigens = self._sides.index.antigens
        self._antigens, self._related = [*antigens.code], antigens.are_related
        self.level = lru_cache(KEPT)(level)
        self.told = lru_cache(KEPT)(self._told)
        self.can_match = lru_cache(KEPT)(self._can_match)
        self.plain_genotype = lru_cache(KEPT)(self._plain_genotype)
        self.mismatches = lru_cache(KEPT)(self._mismatches)

    def told_of_genotypes(self, patient: SidePair, donor: SidePair, matches: int) -> tuple[ToldPair, ...]:
        """Return the mismatches that are told of two genotypes; none where no way gives so many matches.

        They are those of `hla_match.immunogenetics.mismatches.told_pairs`, at a fraction of the time.

        Args:
            patient: the patient's genotype, without a side that may be a null allele.
            donor: the donor's, likewise.
            matches: the greatest number of alleles that can match, at most one.
        """
        (a, b), (c, d) = patient, donor
        can_match, told = self.can_match, self.told
        ways: list[tuple[ToldPair, ...]] = []
        for first, second in ((c, d), (d, c)) if a is not b and c is not d else ((c, d),):
            is_one, is_other = can_match(a, first), can_match(b, second)
            if is_one + is_other != matches:
                continue
            if matches:
                ways.append((told(b, second) if is_one else told(a, first),))
            else:
                one, other = told(a, first), told(b, second)
                ways.append((one, other) if one <= other else (other, one))
        if len(ways) < 2:
            return ways[0] if ways else ()
        # Two ways without a match hold both; with one they are those of different alleles.
        return surest_pairs(ways) if matches else min(ways, key=fewest_antigens)

    def are_related(self, one: ReportedSide, other: ReportedSide) -> bool:
        """Say whether two sides that were typed by serology alone can be of one antigen."""
        antigens, related = self._antigens, self._related
        return any(related(antigens[a], antigens[b]) for a in one.serology for b in other.serology)

    def _can_match(self, one: ReportedSide, other: ReportedSide) -> bool:
        # Rules of null alleles say nothing of sides that are none.
        return can_match(one, other, "consensus", self.are_related)

    def _told(self, patient: ReportedSide, donor: ReportedSide) -> ToldPair:
        return ToldPair(patient.name, donor.name, self.level(patient, donor))

    def _plain_genotype(self, typing: int) -> SidePair | None:
        return plain_genotype(self._sides.of_donor(typing))

    def _mismatches(self, told: tuple[ToldPair, ...], gvh: int, hvg: int, homozygous: bool) -> Mismatches:
        locus, towards = self._locus, directions((gvh, hvg))
        return Mismatches([Mismatch(locus, one.patient, one.donor, towards, one.level, homozygous) for one in told])


_kept: WeakKeyDictionary[LocusComparison, SidePairs] = WeakKeyDictionary()


def side_pairs(comparison: LocusComparison) -> SidePairs:
    """Return what is known of the pairs of a locus, which all patients share; not for DRB345, which nobody reports."""
    pairs = _kept.get(comparison)
    return pairs if pairs is not None else _kept.setdefault(comparison, SidePairs(comparison))
