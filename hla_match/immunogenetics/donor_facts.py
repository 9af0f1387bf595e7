"""All facts beside the match of the donors of a list, each worked out once for those who are typed alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hla_match.immunogenetics.dpb1_mismatch import expression_levels
from hla_match.immunogenetics.dq_heterodimers import chain_group, possible_dq_groups
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
    Pairing,
    ToldPair,
    directions,
    level,
    pairings,
    told_pairs,
)
from hla_match.immunogenetics.reported_sides import LocusSides, ReportedSide, SidePair, sides_of
from hla_match.immunogenetics.tce import UNKNOWN, tce_class_by_typing
from hla_match.kernels.codes import BEST, GVH_BEST, HVG_BEST, WORST
from hla_match.loci import DRB345
from hla_match.matching.criteria import Patient
from hla_match.matching.locus_result import LocusResult
from hla_match.typings.encoding import AmbiguousNulls

Donors = NDArray[np.uint32]

_UNNAMED = ToldPair(UNNAMED, UNNAMED, UNKNOWN_LEVEL)
"""Stands for two alleles where the typings were too many to look through, or are of several genes."""


Value = TypeVar("Value")


class Coded(NamedTuple, Generic[Value]):
    """A value of each of some donors: the distinct ones, and which of them each has.

    Attributes:
        values: the values.
        code: (n,) int64 indexes into `values`.
    """

    values: list[Value]
    code: NDArray[np.int64]

    def to_list(self) -> list[Value]:
        """Return the value of each donor."""
        return [self.values[code] for code in self.code.tolist()]


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
        self._pairs: dict[str, tuple[SidePair, ...]] = {}
        self._level = cache(level)

    def tce(self, donor: Donors) -> NDArray[np.int8]:
        """Return (n,) int8 the class of each donor, as in `hla_match.immunogenetics.tce.TCE_CLASSES`."""
        result = self._loci.get("DPB1")
        if result is None:
            return np.full(donor.size, UNKNOWN, np.int8)
        found: NDArray[np.int8] = tce_class_by_typing(result)[result.meaning_of(donor)]
        return found

    def mismatches(self, locus: str, donor: Donors) -> Coded[tuple[Mismatch, ...]]:
        """Return the mismatches of each donor at a locus, as few as there are for certain.

        The genes of DRB345 have names of their own, so that none are told of its alleles.
        """
        result = self._loci[locus]
        counts = result.counts[:, result.meaning_of(donor)]
        rows = np.flatnonzero(counts[BEST] < 2)
        return self._coded(
            result, donor, rows, (), lambda typing, row: self._mismatches_of(result, typing, counts[:, row].tolist())
        )

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
        found = LigandSets(np.zeros(1, np.uint8), np.zeros(1, np.uint8))
        for locus in LIGAND_LOCI:
            one = (0, POSSIBLE_AT[locus])
            if locus in self._loci:
                one = ligands_of_typing(self.patient_pairs(locus), sides_of(self._loci[locus].comparison))
            found = found.united(LigandSets(*(np.array([bits], np.uint8) for bits in one)))
        return found

    def dq_groups(self, donor: Donors) -> Coded[str]:
        """Return the groups of the DQ heterodimers of some donors, several joined by a slash; "" where not known."""
        results = [self._loci.get(locus) for locus in ("DQB1", "DQA1")]
        none = np.zeros(donor.size, np.int64)
        codes = [none if one is None else one.comparison.donor_typing[donor].astype(np.int64) for one in results]
        distinct, index = np.unique(codes[0] << 32 | codes[1], return_inverse=True)
        values = []
        for both in distinct.tolist():
            chains = [
                [] if one is None else self._chains(one, sides_of(one.comparison).of_donor(typing))
                for one, typing in zip(results, (both >> 32, both & 0xFFFFFFFF), strict=True)
            ]
            values.append("/".join(sorted(possible_dq_groups(*chains))))
        return Coded(values, index)

    @cached_property
    def patient_dq_groups(self) -> str:
        """The groups of the patient's DQ heterodimers, several joined by a slash; "" where not known."""
        chains = [
            self._chains(self._loci[locus], self.patient_pairs(locus)) if locus in self._loci else []
            for locus in ("DQB1", "DQA1")
        ]
        return "/".join(sorted(possible_dq_groups(*chains)))

    def low_expression(self, donor: Donors) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the least and the greatest number of GvH mismatches of each donor at DRB3/4/5, DQB1 and DPB1."""
        return low_expression_mismatches(self._loci, donor)

    def patient_pairs(self, locus: str) -> tuple[SidePair, ...]:
        """Return the alternative genotypes of the patient at a locus that is compared; none where not typed."""
        pairs = self._pairs.get(locus)
        if pairs is None:
            sides = sides_of(self._loci[locus].comparison)
            texts = self._patient.typings.get(locus, ("", ""))
            pairs = self._pairs[locus] = sides.pairs(*texts, self._ambiguous_nulls)
        return pairs

    def _of_single_mismatch(
        self, locus: str, donor: Donors, values: Callable[[list[Pairing], LocusSides], set[str]]
    ) -> Coded[str | None]:
        """Return the value of each donor with one certain mismatch at a locus; None for others, and where not known."""
        result = self._loci.get(locus)
        if result is None:
            return Coded([None], np.zeros(donor.size, np.int64))
        meaning = result.meaning_of(donor)
        counts = result.counts[:, meaning]
        rows = np.flatnonzero((counts[BEST] == 1) & (counts[WORST] == 1) & ~result.is_new[meaning])

        def only_value(typing: int, _row: int) -> str | None:
            found = values(self._pairings(result, typing, 1), sides_of(result.comparison))
            return next(iter(found)) or None if len(found) == 1 else None

        return self._coded(result, donor, rows, None, only_value)

    @staticmethod
    def _coded(
        result: LocusResult, donor: Donors, rows: NDArray[np.intp], default: Value, of: Callable[[int, int], Value]
    ) -> Coded[Value]:
        """Return a value of some donors, worked out once for those who are typed alike; a default of the others."""
        index = np.zeros(donor.size, np.int64)
        typings, first, inverse = np.unique(
            result.comparison.donor_typing[donor[rows]], return_index=True, return_inverse=True
        )
        index[rows] = inverse + 1
        values = [of(typing, row) for typing, row in zip(typings.tolist(), rows[first].tolist(), strict=True)]
        return Coded([default, *values], index)

    def _mismatches_of(self, result: LocusResult, typing: int, counts: list[int]) -> tuple[Mismatch, ...]:
        ways = self._pairings(result, typing, counts[BEST]) if result.locus != DRB345 else []
        towards = directions((counts[GVH_BEST], counts[HVG_BEST]))
        pairs = told_pairs(ways, self._level) if ways else (_UNNAMED,) * (2 - counts[BEST])
        homozygous = bool(ways) and all(way.homozygous for way in ways)
        return tuple(Mismatch(result.locus, mine, theirs, towards, level, homozygous) for mine, theirs, level in pairs)

    def _pairings(self, result: LocusResult, typing: int, matches: int) -> list[Pairing]:
        sides = sides_of(result.comparison)

        def are_related(one: ReportedSide, other: ReportedSide) -> bool:
            antigens, related = [*sides.index.antigens.code], sides.index.antigens.are_related
            return any(related(antigens[a], antigens[b]) for a in one.serology for b in other.serology)

        return pairings(
            self.patient_pairs(result.locus), sides.of_donor(typing), matches, result.null_rule, are_related
        )

    @staticmethod
    def _chains(result: LocusResult, pairs: tuple[SidePair, ...]) -> list[tuple[frozenset[str], frozenset[str]]]:
        """Return the groups that the two chains of each alternative genotype can be of."""
        groups = [
            [frozenset(chain_group(result.locus, family) for family in side.families or {""}) for side in pair]
            for pair in pairs
        ]
        return [(first, second) for first, second in groups]
