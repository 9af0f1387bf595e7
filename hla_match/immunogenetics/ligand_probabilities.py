"""How probable each set of KIR ligands of a person is, and each set of those that one of two persons lacks.

HLA-A, B and C are inherited together, so that the sets are those of whole diplotypes. Sources: those of
`hla_match.immunogenetics.kir_ligand_mismatch`. Oracle: ``tests/oracle/fact_probabilities.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hla_match.immunogenetics.carried_genotypes import CarriedGenotypes
from hla_match.immunogenetics.kir_ligand_mismatch import MISSING_WORDS
from hla_match.immunogenetics.reported_sides import UNKNOWN_VALUE
from hla_match.imputation.genotypes import Diplotypes
from hla_match.nomenclature.kir_ligands import LIGANDS

_N_SETS = 1 << len(LIGANDS)
_UNKNOWN = _N_SETS
"""The place of what is not known, behind all sets of ligands."""

LigandOf = Callable[[str, int], str]
"""Gives the ligand of an allele of a locus by its code, as `GroupFacts.of`."""


def ligand_probabilities(
    carried: CarriedGenotypes, known: Mapping[str, tuple[int, int]], ligand: LigandOf
) -> NDArray[np.float64] | None:
    """Return (17,) float64 the probability of each set of ligands as bits, and of not known; None where unexplained.

    Args:
        carried: what the person may carry.
        known: by locus the certain and the possible ligands of the typing.
        ligand: gives the ligand of an allele.
    """
    certain = 0
    by_part: dict[int, tuple[Diplotypes, list[str]]] = {}
    for locus, (least, most) in known.items():
        if least == most:
            certain |= least
            continue
        part = carried.part_of(locus)
        if part is None:
            return None
        by_part.setdefault(id(part), (part, []))[1].append(locus)
    found = np.zeros(_N_SETS + 1)
    found[certain] = 1.0
    for part, loci in by_part.values():
        found = _united(found, _of_part(part, loci, ligand))
    return found


def _of_part(part: Diplotypes, loci: list[str], ligand: LigandOf) -> NDArray[np.float64]:
    """Return the probability of each set of ligands of some loci of a part."""
    n = part.probability.size
    sets, is_unknown = np.zeros(n, np.int64), np.zeros(n, np.bool_)
    for locus in loci:
        codes, number = np.unique(part.haplotype[:, :, part.loci.index(locus)], return_inverse=True)
        values = [ligand(locus, code) for code in codes.tolist()]
        bits = np.array([1 << LIGANDS.index(one) if one in LIGANDS else 0 for one in values], np.int64)
        unknown = np.array([one == UNKNOWN_VALUE for one in values], np.bool_)
        number = number.reshape(n, 2)
        sets |= np.bitwise_or.reduce(bits[number], axis=1)
        is_unknown |= unknown[number].any(axis=1)
    found = np.bincount(np.where(is_unknown, _UNKNOWN, sets), part.probability, minlength=_N_SETS + 1)
    found[_UNKNOWN] += part.cut
    return found.astype(np.float64, copy=False)


def _united(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of the ligands of two independent parts together."""
    found = np.zeros(_N_SETS + 1)
    for mine, theirs in product(np.flatnonzero(one).tolist(), np.flatnonzero(other).tolist()):
        place = _UNKNOWN if _UNKNOWN in (mine, theirs) else mine | theirs
        found[place] += one[mine] * other[theirs]
    return found


def missing_probabilities(has: NDArray[np.float64], lacks: NDArray[np.float64]) -> dict[str, float]:
    """Return how probable each set of ligands is, in words, that one of two persons has and the other lacks.

    What is not known of a person is left out, so that the sum falls short of 1 by it.

    >>> patient, donor = np.zeros(17), np.zeros(17)
    >>> patient[0b01], donor[0b01], donor[0b10] = 1.0, 0.75, 0.25
    >>> missing_probabilities(donor, patient)
    {'none': 0.75, 'C2': 0.25}
    """
    found: dict[str, float] = {}
    for mine, theirs in product(np.flatnonzero(has).tolist(), np.flatnonzero(lacks).tolist()):
        if _UNKNOWN not in (mine, theirs):
            bits = mine & ~theirs
            words = MISSING_WORDS[bits * _N_SETS + bits]
            found[words] = found.get(words, 0.0) + float(has[mine] * lacks[theirs])
    return found
