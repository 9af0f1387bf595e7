"""Each mismatch of two persons in words: the alleles, the level, the direction, and whether the patient is homozygous.

How many there are follows from the counts of the locus (`hla_match.matching`); here their alleles are found. Sources:
Bochtler et al., Bone Marrow Transplant 2011;46:338 (counts and directions; null alleles); Lee et al., Blood
2007;110:4576 (allele and antigen level); Fernández-Viña et al., Blood 2014;123:1270 (C*03:03 against C*03:04, which is
permissive). Oracle: ``tests/oracle/donor_facts.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import product
from typing import NamedTuple

from hla_match.immunogenetics.reported_sides import AlleleKind, ReportedSide, SidePair
from hla_match.kernels.codes import NEW, NULL
from hla_match.loci import SEROLOGY_PREFIX
from hla_match.typings.encoding import NullRule

UNNAMED = "?"
"""Stands for an allele that is not told."""

ALLELE, ANTIGEN, UNKNOWN_LEVEL = "allele", "antigen", "unknown"

LevelOf = Callable[[ReportedSide, ReportedSide], str]
"""Says the level of a mismatch of two sides, as `level`."""

_MOST_PAIRS = 4_096
"""Pairs of alternative genotypes that are looked through; laboratories report one in nearly all typings.

Of more none are, since what the first of them have alike may not hold for the others.
"""

Related = Callable[[ReportedSide, ReportedSide], bool]
"""Says whether two sides that were typed by serology alone can be of one antigen."""


class Mismatch(NamedTuple):
    """An allele of the patient and the allele of the donor in its place.

    Attributes:
        locus: the locus.
        patient: the patient's allele as text, by two fields where it is known; `UNNAMED` where it is not told.
        donor: the donor's.
        directions: "GvH", "HvG" or both joined by "+"; "GvH or HvG" where it is one of them, and not known which.
        level: "allele" within a family or an antigen, "antigen" between them; "unknown" where typings leave it open.
        homozygous: whether the patient is homozygous at the locus.
    """

    locus: str
    patient: str
    donor: str
    directions: str
    level: str
    homozygous: bool

    @property
    def is_permissive(self) -> bool:
        """Whether it is C*03:03 against C*03:04 (Fernández-Viña et al. 2014)."""
        return self.locus == "C" and {self.patient, self.donor} == {"03:03", "03:04"}

    def __str__(self) -> str:
        if self.patient == UNNAMED:
            return f"{self.locus}: a mismatch {self.directions}"
        homozygous = " (patient homozygous)" if self.homozygous else ""
        antigen = SEROLOGY_PREFIX.get(self.locus, UNNAMED)
        mine = self.patient if self.patient.startswith(antigen) else f"{self.locus}*{self.patient}"
        # Behind an antigen of the patient an allele of the donor has its locus, too.
        is_bare = mine != self.patient or self.donor.startswith(antigen)
        theirs = self.donor if is_bare else f"{self.locus}*{self.donor}"
        return f"{mine}/{theirs} {self.directions} {self.level}{homozygous}"


class Mismatches(tuple[Mismatch, ...]):
    """The mismatches of two persons at a locus."""

    @cached_property
    def words(self) -> str:
        """The mismatches in words, joined by semicolons."""
        return "; ".join(map(str, self))

    @cached_property
    def bracketed_words(self) -> str:
        """The same, each in brackets, as of a locus out of scope."""
        return "; ".join(f"({one})" for one in self)


class Pairing(NamedTuple):
    """Two genotypes put side by side so that most alleles match.

    Attributes:
        matched: the sides of patient and donor that can match.
        mismatched: those that cannot.
        homozygous: whether the patient has one allele twice.
        genotypes: which alternative genotypes of both they are, as a number.
    """

    matched: tuple[tuple[ReportedSide, ReportedSide], ...]
    mismatched: tuple[tuple[ReportedSide, ReportedSide], ...]
    homozygous: bool
    genotypes: int


class ToldPair(NamedTuple):
    """The names of two mismatched sides, and the level of their mismatch."""

    patient: str
    donor: str
    level: str


def pairings(
    patient: Sequence[SidePair], donor: Sequence[SidePair], matches: int, null_rule: NullRule, are_related: Related
) -> list[Pairing]:
    """Return every way to put a patient's and a donor's typing side by side that gives a number of matches.

    There are none where the genotypes are too many to look through.

    Args:
        patient: the alternative genotypes of the patient.
        donor: those of the donor.
        matches: the greatest number of alleles that can match.
        null_rule: how null alleles count.
        are_related: tells apart what serology tells apart.
    """
    found: list[Pairing] = []
    for number, ((a, b), (c, d)) in enumerate(_as_counted(patient, donor, null_rule)):
        # Where a side is there twice, both ways are one.
        for first, second in ((c, d), (d, c)) if a is not b and c is not d else ((c, d),):
            is_one = can_match(a, first, null_rule, are_related)
            is_other = can_match(b, second, null_rule, are_related)
            if is_one + is_other == matches:
                one, other = (a, first), (b, second)
                matched = (one,) * is_one + (other,) * is_other
                mismatched = (one,) * (not is_one) + (other,) * (not is_other)
                found.append(Pairing(matched, mismatched, is_homozygous((a, b)), number))
    return found


def is_homozygous(genotype: SidePair) -> bool:
    """Say whether a genotype has one allele twice."""
    first, second = genotype
    return first.codes == second.codes and len(first.codes) == 1


def _as_counted(
    patient: Sequence[SidePair], donor: Sequence[SidePair], null_rule: NullRule
) -> Sequence[tuple[SidePair, SidePair]]:
    """Return every genotype of the patient beside every one of the donor, as they count; none of too many."""
    if not _may_be_null(patient) and not _may_be_null(donor):
        return _pairs(patient, donor)
    return [
        counted
        for one, other in _pairs(_null_or_expressed(patient), _null_or_expressed(donor))
        for counted in product(_resolved(one, other, null_rule), _resolved(other, one, null_rule))
    ]


def plain_genotype(genotypes: Sequence[SidePair]) -> SidePair | None:
    """Return the one genotype that a typing leaves; None where it leaves several, or a side may be a null allele."""
    return genotypes[0] if len(genotypes) == 1 and not _may_be_null(genotypes) else None


def _pairs(patient: Sequence[SidePair], donor: Sequence[SidePair]) -> list[tuple[SidePair, SidePair]]:
    return list(product(patient, donor)) if len(patient) * len(donor) <= _MOST_PAIRS else []


def _may_be_null(genotypes: Sequence[SidePair]) -> bool:
    for first, second in genotypes:
        if NULL in first.codes or NULL in second.codes:
            return True
    return False


def _null_or_expressed(genotypes: Sequence[SidePair]) -> Sequence[SidePair]:
    """Return genotypes of which each side is a null allele or is none: both in place of one that may be either."""
    return [pair for first, second in genotypes for pair in product(first.cases, second.cases)]


def can_match(one: ReportedSide, other: ReportedSide, null_rule: NullRule, are_related: Related) -> bool:
    """Say whether two sides can be alleles of one P group; a null allele equals one by the consensus only.

    An allele reported as NEW equals none. Sides that were typed by serology alone have to be related.
    """
    if one.expressed.isdisjoint(other.expressed):
        return one.is_null and other.is_null and null_rule == "consensus"
    return not one.serology or not other.serology or are_related(one, other)


def _resolved(genotype: SidePair, other: SidePair, null_rule: NullRule) -> list[SidePair]:
    """Return a genotype as it counts beside another, in several ways where its typing is ambiguous.

    A null allele is replaced by its partner, unless both persons have one: the same allele twice, so that each that the
    partner can be makes a way.
    """
    first, second = genotype
    if not (first.is_null or second.is_null):
        return [genotype]
    if null_rule == "consensus" and (other[0].is_null or other[1].is_null):
        return [genotype]
    return [(one, one) for one in (second if first.is_null else first).alternatives]


def told_pairs(ways: Sequence[Pairing], level_of: LevelOf) -> tuple[ToldPair, ...]:
    """Return the mismatches that are told of two persons, in the order of their names.

    Two genotypes without a match can be put side by side in two ways, both of which hold: that with the fewest antigen
    mismatches is told, and of equal ones the first by names, so that no order of columns decides. Other ways are those
    of other alleles that the typings leave open: where their levels differ, no level is known.

    Args:
        ways: those with the most matches, as `pairings` gives them; at least one.
        level_of: `level`, which remembers what it found: the same sides come again and again.
    """
    if len(ways) == 1:
        return _told(ways[0], level_of)
    by_alleles: dict[tuple[int, int], list[tuple[ToldPair, ...]]] = {}
    for number, way in enumerate(ways):
        by_alleles.setdefault((way.genotypes, number if way.matched else -1), []).append(_told(way, level_of))
    return surest_pairs([min(several, key=fewest_antigens) for several in by_alleles.values()])


def surest_pairs(possible: Sequence[tuple[ToldPair, ...]]) -> tuple[ToldPair, ...]:
    """Return what is told of two persons whose typings leave several alleles open.

    Args:
        possible: the mismatches, for each choice of alleles; at least one.
    """
    told = min(possible, key=fewest_antigens)
    if len({tuple(sorted(one.level for one in pairs)) for pairs in possible}) == 1:
        return told
    return tuple(one._replace(level=UNKNOWN_LEVEL) for one in told)


def _told(way: Pairing, level_of: LevelOf) -> tuple[ToldPair, ...]:
    pairs = [ToldPair(mine.name, theirs.name, level_of(mine, theirs)) for mine, theirs in way.mismatched]
    return tuple(sorted(pairs)) if len(pairs) > 1 else tuple(pairs)


def fewest_antigens(pairs: tuple[ToldPair, ...]) -> tuple[int, int, tuple[ToldPair, ...]]:
    """Return what orders the mismatches of ways that all hold: the first is told."""
    levels = [one.level for one in pairs]
    return levels.count(ANTIGEN), levels.count(UNKNOWN_LEVEL), pairs


def level(patient: ReportedSide, donor: ReportedSide) -> str:
    """Return the level of a mismatch of two sides (Lee et al. 2007, Methods).

    It is that of the allele where every allele that one can be is of a family, as the first field has it, or of an
    antigen with every allele that the other can be; that of the antigen where none is; else unknown. A side that was
    typed by serology has antigens alone, as for position grades. A grade L wants the same antigen: C*03:03 and C*03:04
    are Cw9 and Cw10, and of grade M. At DPB1 every mismatch is one of antigens (`AntigenIndex.of_group`).
    """
    if any(NEW in side.codes or (NULL in side.codes and side.expressed) for side in (patient, donor)):
        return UNKNOWN_LEVEL
    alike = {_are_alike(one, other) for one, other in product(patient.kinds, donor.kinds)}
    if True not in alike and patient.antigens.isdisjoint(donor.antigens):
        return ANTIGEN
    return ALLELE if alike == {True} else UNKNOWN_LEVEL


def _are_alike(one: AlleleKind, other: AlleleKind) -> bool:
    return (one.family == other.family != "") or not one.antigens.isdisjoint(other.antigens)


@cache
def directions(counts: tuple[int, int]) -> str:
    """Return the directions in which a locus with a mismatch mismatches.

    Args:
        counts: least mismatches in GvH and HvG direction.
    """
    gvh, hvg = counts
    return "+".join(name for name, count in (("GvH", gvh), ("HvG", hvg)) if count) or "GvH or HvG"
