"""The KIR ligands of a person, and those that one of two persons has and the other lacks.

Source: Ruggeri et al., Science 2002;295:2097: a ligand of the donor that the patient lacks lets the donor's NK cells
react (graft versus host), one of the patient that the donor lacks the patient's. The two kinds of Bw4 are bound by one
receptor and told apart, as position 80 decides how well. Oracle: ``tests/oracle/donor_facts.py``.

A ligand is *certain* where each genotype that the typing allows has it, and *possible* where one of them has it. Sets
of ligands are bits, in the order of `hla_match.nomenclature.kir_ligands.LIGANDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hla_match.immunogenetics.reported_sides import UNKNOWN_VALUE, LocusSides, SidePair, sides_of
from hla_match.matching.patient_table import LocusComparison
from hla_match.nomenclature.kir_ligands import LIGANDS

LIGAND_LOCI = ("A", "B", "C")

POSSIBLE_AT: Mapping[str, int] = MappingProxyType({"A": 0b1100, "B": 0b1101, "C": 0b0011})
"""By locus the ligands that its alleles can be; those of a locus that is not typed."""

_N_SETS = 1 << len(LIGANDS)


class LigandSets(NamedTuple):
    """The ligands of some persons, each a set of bits.

    Attributes:
        certain: (n,) uint8 those that each person has.
        possible: (n,) uint8 those that each may have.
    """

    certain: NDArray[np.uint8]
    possible: NDArray[np.uint8]

    def united(self, other: LigandSets) -> LigandSets:
        """Return the ligands of two loci together: loci are independent of each other."""
        return LigandSets(self.certain | other.certain, self.possible | other.possible)


def ligands_of_typing(pairs: Sequence[SidePair], sides: LocusSides) -> tuple[int, int]:
    """Return the certain and the possible ligands of a typing of a locus, as bits.

    Args:
        pairs: the alternative genotypes; none where it is not typed.
        sides: gives the ligands of the locus.
    """
    if not pairs:
        return 0, POSSIBLE_AT[sides.locus]
    certain, possible, every = _N_SETS - 1, 0, POSSIBLE_AT[sides.locus]
    for first, second in pairs:
        one = _side_ligands(sides.values(first, "kir_ligand"), every)
        other = _side_ligands(sides.values(second, "kir_ligand"), every)
        certain &= one.certain | other.certain
        possible |= one.possible | other.possible
    return certain, possible


class SideLigands(NamedTuple):
    """The ligands of one side of a typing, as bits: the one that it has, where that is known, and those it may be."""

    certain: int
    possible: int


@cache
def _side_ligands(values: frozenset[str], every: int) -> SideLigands:
    """Return the ligands of a side by the values of its alleles; one that is not known can be every one of a locus."""
    found = _bits(values)
    return SideLigands(found if len(values) == 1 else 0, found | (every if UNKNOWN_VALUE in values else 0))


class TypingLigands:
    """The ligands of the reported typings of a locus, each worked out when a list shows a donor with it.

    Args:
        comparison: the registry's side of the locus.
    """

    def __init__(self, comparison: LocusComparison) -> None:
        self._sides = sides_of(comparison)
        n_typings = comparison.column.expanded_typing.size
        self._known = np.zeros(n_typings, np.bool_)
        self._sets = LigandSets(np.zeros(n_typings, np.uint8), np.zeros(n_typings, np.uint8))

    def of(self, typing: NDArray[np.integer[Any]]) -> LigandSets:
        """Return the ligands of some reported typings."""
        known = self._known[typing]
        if not known.all():
            for one in set(typing[~known].tolist()):
                self._sets.certain[one], self._sets.possible[one] = ligands_of_typing(
                    self._sides.of_donor(one), self._sides
                )
                self._known[one] = True
        return LigandSets(self._sets.certain[typing], self._sets.possible[typing])


_kept: WeakKeyDictionary[LocusComparison, TypingLigands] = WeakKeyDictionary()


def typing_ligands(comparison: LocusComparison) -> TypingLigands:
    """Return the ligands of the typings of a locus, which all patients share."""
    ligands = _kept.get(comparison)
    return ligands if ligands is not None else _kept.setdefault(comparison, TypingLigands(comparison))


def missing_ligands(has: LigandSets, lacks: LigandSets) -> NDArray[np.uint8]:
    """Return (n,) uint8 the ligands that one of two persons has and the other lacks, as indexes into `MISSING_WORDS`.

    >>> donor = LigandSets(np.array([0b0011], np.uint8), np.array([0b0111], np.uint8))
    >>> patient = LigandSets(np.array([0b0010], np.uint8), np.array([0b0010], np.uint8))
    >>> [MISSING_WORDS[code] for code in missing_ligands(donor, patient)]
    ['C1, Bw4-80I?']
    """
    code: NDArray[np.uint8] = (has.certain & ~lacks.possible) * np.uint8(_N_SETS) | (has.possible & ~lacks.certain)
    return code


def _bits(values: Iterable[str]) -> int:
    found = 0
    for value in values:
        found |= 1 << LIGANDS.index(value) if value in LIGANDS else 0
    return found


def _words(certain: int, possible: int) -> str:
    texts = []
    for place, name in enumerate(LIGANDS):
        if certain >> place & 1:
            texts.append(name)
        elif possible >> place & 1:
            texts.append(f"{name}?")
    return ", ".join(texts) or "none"


MISSING_WORDS = tuple(_words(certain, possible) for certain in range(_N_SETS) for possible in range(_N_SETS))
"""Missing ligands in words, joined by commas, with "?" behind those that may be missing; "none" where none can be."""
