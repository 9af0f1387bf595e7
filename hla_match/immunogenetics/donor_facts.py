"""All facts beside the match of the donors of a list, each worked out once for those who are typed alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hla_match.immunogenetics.dpb1_mismatch import expression_levels
from hla_match.immunogenetics.dq_heterodimers import Chains, chain_group, possible_dq_groups
from hla_match.immunogenetics.kir_ligand_mismatch import (
    LIGAND_LOCI,
    POSSIBLE_AT,
    LigandSets,
    ligands_of_typing,
    typing_ligands,
)
from hla_match.immunogenetics.leader_match import leader_codes
from hla_match.immunogenetics.low_expression import low_expression_mismatches
from hla_match.immunogenetics.mismatches import (
    UNKNOWN_LEVEL,
    UNNAMED,
    Mismatch,
    Mismatches,
    Pairing,
    ToldPair,
    directions,
    is_homozygous,
    pairings,
    plain_genotype,
    told_pairs,
)
from hla_match.immunogenetics.reported_sides import LocusSides, SidePair, sides_of
from hla_match.immunogenetics.side_pairs import side_pairs
from hla_match.immunogenetics.tce import UNKNOWN, tce_class_by_typing
from hla_match.immunogenetics.tce_labels import typing_labels
from hla_match.kernels.codes import BEST, GVH_BEST, HVG_BEST, WORST
from hla_match.loci import DRB345
from hla_match.matching.criteria import Patient
from hla_match.matching.locus_result import LocusResult
from hla_match.typings.encoding import AmbiguousNulls

Donors = NDArray[np.uint32]

Value = TypeVar("Value")


class Coded(NamedTuple, Generic[Value]):
    """A value of each of some donors: the distinct ones, and which of them each has.

    Attributes:
        values: the values.
        code: (n,) indexes into `values`.
    """

    values: list[Value]
    code: NDArray[np.integer[Any]]

    def to_list(self) -> list[Value]:
        """Return the value of each donor."""
        values = self.values
        return [values[code] for code in self.code.tolist()]


class DonorFacts:
    """Facts of a patient and of donors whom a search found.

    Args:
        patient: for whom.
        loci: the patient compared with the registry, by locus.
        ambiguous_nulls: how null alleles in lists of the patient were read.
    """

    def __init__(self, patient: Patient, loci: Mapping[str, LocusResult], ambiguous_nulls: AmbiguousNulls) -> None:
        self._patient = patient
        self._loci = loci
        self._ambiguous_nulls: AmbiguousNulls = ambiguous_nulls
        self._at_locus: dict[str, _AtLocus] = {}

    def tce(self, donor: Donors) -> NDArray[np.int8]:
        """Return (n,) int8 the class of each donor, as in `hla_match.immunogenetics.tce.TCE_CLASSES`."""
        result = self._loci.get("DPB1")
        if result is None:
            return np.full(donor.size, UNKNOWN, np.int8)
        found: NDArray[np.int8] = tce_class_by_typing(result)[result.expanded_typing_of(donor)]
        return found

    def tce_labels(self, donor: Donors) -> Coded[str | None]:
        """Return the labels of each donor's DPB1 alleles by version 3 of the groups; None where not typed."""
        result = self._loci.get("DPB1")
        if result is None:
            return Coded([None], np.zeros(donor.size, np.int64))
        sides = sides_of(result.comparison)
        typings, index = np.unique(result.comparison.donor_typing[donor], return_inverse=True)
        return Coded([typing_labels(sides.of_donor(typing), sides) for typing in typings.tolist()], index)

    @cached_property
    def patient_tce_labels(self) -> str | None:
        """The labels of the patient's DPB1 alleles by version 3 of the groups; None where not typed."""
        pairs = self.patient_pairs("DPB1")
        return typing_labels(pairs, sides_of(self._loci["DPB1"].comparison)) if pairs else None

    def mismatches(self, locus: str, donor: Donors) -> Coded[Mismatches]:
        """Return the mismatches of each donor at a locus, as few as there are for certain.

        The genes of DRB345 have names of their own, so that none are told of its alleles.
        """
        result = self._loci[locus]
        expanded_typing, counts = result.expanded_typing_of(donor), result.counts
        rows = np.flatnonzero(counts[BEST].take(expanded_typing) < 2)

        def found(typings: list[int], of_typings: list[int]) -> list[Mismatches]:
            of_rows = counts.T[expanded_typing[of_typings]].tolist()
            if locus == DRB345:
                return [_unnamed(locus, one) for one in of_rows]
            return self._at(locus).mismatches(typings, of_rows)

        return _coded(result, donor, rows, Mismatches(), found)

    def leader(self, donor: Donors) -> Coded[str | None]:
        """Return the leader code of each donor with one mismatch at HLA-B; None where it is not one and known."""
        return self._of_single_mismatch("B", donor, leader_codes)

    def expression(self, donor: Donors) -> Coded[str | None]:
        """Return the level of the patient's mismatched allele at DPB1, of each donor with one mismatch there."""
        return self._of_single_mismatch("DPB1", donor, expression_levels)

    def ligands(self, donor: Donors) -> LigandSets:
        """Return the KIR ligands of some donors."""
        found = LigandSets(np.zeros(donor.size, np.uint8), np.zeros(donor.size, np.uint8))
        for locus in LIGAND_LOCI:
            result = self._loci.get(locus)
            if result is None:
                every = np.full(donor.size, POSSIBLE_AT[locus], np.uint8)
                found = found.united(LigandSets(np.zeros_like(every), every))
            else:
                typings = result.comparison.donor_typing[donor]
                found = found.united(typing_ligands(result.comparison).of(typings))
        return found

    @cached_property
    def patient_ligands(self) -> LigandSets:
        """The KIR ligands of the patient."""
        certain, possible = 0, 0
        for locus in LIGAND_LOCI:
            one = (0, POSSIBLE_AT[locus])
            if locus in self._loci:
                one = ligands_of_typing(self.patient_pairs(locus), sides_of(self._loci[locus].comparison))
            certain, possible = certain | one[0], possible | one[1]
        return LigandSets(np.array([certain], np.uint8), np.array([possible], np.uint8))

    def dq_groups(self, donor: Donors) -> Coded[str]:
        """Return the groups of the DQ heterodimers of some donors, several joined by a slash; "" where not known."""
        results = [self._loci.get(locus) for locus in ("DQB1", "DQA1")]
        none = np.zeros(donor.size, np.int64)
        codes = [none if one is None else one.comparison.donor_typing[donor].astype(np.int64) for one in results]
        distinct, index = np.unique(codes[0] << 32 | codes[1], return_inverse=True)
        values = []
        for both in distinct.tolist():
            chains = [
                () if one is None else chains_of(one.locus, sides_of(one.comparison).of_donor(typing))
                for one, typing in zip(results, (both >> 32, both & 0xFFFFFFFF), strict=True)
            ]
            values.append(possible_dq_groups(*chains))
        return Coded(values, index)

    @cached_property
    def patient_dq_groups(self) -> str:
        """The groups of the patient's DQ heterodimers, several joined by a slash; "" where not known."""
        dqb1, dqa1 = (chains_of(locus, self.patient_pairs(locus)) for locus in ("DQB1", "DQA1"))
        return possible_dq_groups(dqb1, dqa1)

    def low_expression(self, donor: Donors) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the least and the greatest number of GvH mismatches of each donor at DRB3/4/5, DQB1 and DPB1."""
        return low_expression_mismatches(self._loci, donor)

    def patient_pairs(self, locus: str) -> tuple[SidePair, ...]:
        """Return the alternative genotypes of the patient at a locus; none where not typed, or not compared."""
        return self._at(locus).patient if locus in self._loci else ()

    def _at(self, locus: str) -> _AtLocus:
        """Return the patient beside the registry at a locus that is compared."""
        found = self._at_locus.get(locus)
        if found is None:
            texts = self._patient.typings.get(locus, ("", ""))
            found = self._at_locus[locus] = _AtLocus(self._loci[locus], texts, self._ambiguous_nulls)
        return found

    def _of_single_mismatch(
        self, locus: str, donor: Donors, values: Callable[[list[Pairing], LocusSides], set[str]]
    ) -> Coded[str | None]:
        """Return the value of each donor with one certain mismatch at a locus; None for others, and where not known."""
        if locus not in self._loci:
            return Coded([None], np.zeros(donor.size, np.int64))
        at_locus = self._at(locus)
        result = at_locus.result
        expanded_typing = result.expanded_typing_of(donor)
        best, worst = result.counts[BEST].take(expanded_typing), result.counts[WORST].take(expanded_typing)
        rows = np.flatnonzero((best == 1) & (worst == 1) & ~result.is_new.take(expanded_typing))

        def only_values(typings: list[int], _rows: list[int]) -> list[str | None]:
            found = [values(at_locus.pairings(typing, 1), at_locus.sides) for typing in typings]
            return [next(iter(one)) or None if len(one) == 1 else None for one in found]

        return _coded(result, donor, rows, None, only_values)


class _AtLocus:
    """A patient beside the reported typings of a registry at a locus.

    Args:
        result: the patient compared with the registry.
        texts: the patient's typing as reported.
        ambiguous_nulls: how null alleles in its lists were read.

    Attributes:
        sides: reads the typings of the locus.
        patient: the alternative genotypes of the patient; none where not typed.
    """

    def __init__(self, result: LocusResult, texts: tuple[str, str], ambiguous_nulls: AmbiguousNulls) -> None:
        self.result = result
        self.sides = sides_of(result.comparison)
        self.patient = self.sides.pairs(*texts, ambiguous_nulls)
        self._pairs = side_pairs(result.comparison)
        self._plain = plain_genotype(self.patient)

    def mismatches(self, typings: list[int], counts: list[list[int]]) -> list[Mismatches]:
        """Return the mismatches with some reported typings, by their counts, as few as there are for certain."""
        if self._plain is None:
            return [self._of_ways(*one) for one in zip(typings, counts, strict=True)]
        homozygous = is_homozygous(self._plain)
        pairs, found = self._pairs, []
        for typing, of_typing in zip(typings, counts, strict=True):
            donor = pairs.plain_genotype(typing)
            if donor is None:
                found.append(self._of_ways(typing, of_typing))
                continue
            told = pairs.told_of_genotypes(self._plain, donor, of_typing[BEST])
            found.append(self._in_words(told, of_typing, homozygous=homozygous))
        return found

    def _of_ways(self, typing: int, counts: list[int]) -> Mismatches:
        """Return the same of one typing, of any kind."""
        ways = self.pairings(typing, counts[BEST])
        told = told_pairs(ways, self._pairs.level) if ways else ()
        return self._in_words(told, counts, homozygous=all([way.homozygous for way in ways]))

    def _in_words(self, told: tuple[ToldPair, ...], counts: list[int], *, homozygous: bool) -> Mismatches:
        if not told:
            return _unnamed(self.result.locus, counts)
        return self._pairs.mismatches(told, counts[GVH_BEST], counts[HVG_BEST], homozygous)

    def pairings(self, typing: int, matches: int) -> list[Pairing]:
        """Return the ways to put both typings side by side that give a number of matches."""
        donor, null_rule = self.sides.of_donor(typing), self.result.null_rule
        return pairings(self.patient, donor, matches, null_rule, self._pairs.are_related)


def _unnamed(locus: str, counts: list[int]) -> Mismatches:
    """Return the mismatches of a locus, by its counts, where no alleles are told of them."""
    towards = directions((counts[GVH_BEST], counts[HVG_BEST]))
    return Mismatches(
        [Mismatch(locus, UNNAMED, UNNAMED, towards, UNKNOWN_LEVEL, homozygous=False)] * (2 - counts[BEST])
    )


def _coded(
    result: LocusResult,
    donor: Donors,
    rows: NDArray[np.intp],
    default: Value,
    of: Callable[[list[int], list[int]], list[Value]],
) -> Coded[Value]:
    """Return a value of some donors, worked out once for those who are typed alike; a default of the others.

    Args:
        result: the patient compared with the registry.
        donor: rows of the registry.
        rows: of which donors there is a value.
        default: what the others have.
        of: gives the values of distinct typings; it takes these, and for each the row of one of its donors.
    """
    index = np.zeros(donor.size, np.int64)
    if not rows.size:
        return Coded([default], index)
    typings = result.comparison.donor_typing[donor[rows]].tolist()
    first: dict[int, int] = {}
    for typing, row in zip(typings, rows.tolist(), strict=True):
        first.setdefault(typing, row)
    number = {typing: place for place, typing in enumerate(first, 1)}
    index[rows] = [number[typing] for typing in typings]
    return Coded([default, *of(list(first), list(first.values()))], index)


def chains_of(locus: str, pairs: tuple[SidePair, ...]) -> Chains:
    """Return the groups that the two chains of each alternative genotype can be of."""
    return tuple((_groups(locus, first.families), _groups(locus, second.families)) for first, second in pairs)


@cache
def _groups(locus: str, families: frozenset[str]) -> frozenset[str]:
    return frozenset(chain_group(locus, family) for family in families or {""})
