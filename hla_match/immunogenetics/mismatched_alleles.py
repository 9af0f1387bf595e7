"""How two genotypes of a locus part into shared and mismatched alleles, and how probable each way is.

Of the pair A*02:01,24:02 and A*02:06,24:02 the patient's 02:01 and the donor's 02:06 are mismatched, 24:02 is shared.
Where typings leave the genotypes open, frequencies say how probable each is, and so which allele the other will be at a
mismatched locus. Sources: Bochtler et al., Bone Marrow Transplant 2011;46:338 (counts; null alleles); Gragert et al.,
Hum Immunol 2013;74:1313 (genotypes behind typings). Oracle: ``tests/oracle/fact_probabilities.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.immunogenetics.carried_genotypes import LocusGenotypes
from hla_match.kernels.codes import FIRST_P_GROUP, NEW, NULL
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string.absent_genes import ABSENT

_MOST_DONOR = 1 << 13
_MOST_PAIRS = 1 << 19
"""Genotypes of a donor, and pairs of genotypes, that are compared at most, the most probable ones."""

_NONE = -1
"""Stands for no allele."""

DECIMALS = 12
"""Decimals of a probability that order values: sums of many terms differ in the next ones by their order."""

Alleles = tuple[str, ...]


class Split(NamedTuple):
    """How two genotypes of a locus part, as codes of alleles in ascending order.

    Attributes:
        patient: the patient's alleles that the donor lacks, as many as there are mismatches.
        donor: the donor's alleles in their place.
        shared: the allele of both where one mismatches; `-1` of no or two mismatches.
    """

    patient: tuple[int, ...]
    donor: tuple[int, ...]
    shared: int


@dataclass(frozen=True, slots=True)
class MismatchedAlleles:
    """The alleles that mismatch at a locus if one mismatches there.

    Attributes:
        locus: the locus.
        p_mismatch: probability that at least one allele mismatches there.
        alleles: by the patient's mismatched alleles and the donor's, their probability given a mismatch; they sum to
            1, the most probable first. "null" stands for a null allele, "NNNN" for the absence of DRB3, DRB4 or DRB5.
        cut: probability of the genotypes that were too unlikely to be compared.
    """

    locus: str
    p_mismatch: float
    alleles: Mapping[tuple[Alleles, Alleles], float]
    cut: float

    @property
    def words(self) -> dict[str, float]:
        """The same by text, such as ``A*02:01/02:06``."""
        return {f"{self.locus}*{'+'.join(mine)}/{'+'.join(theirs)}": p for (mine, theirs), p in self.alleles.items()}


def splits(patient: LocusGenotypes, donor: LocusGenotypes, *, is_strict: bool) -> dict[Split, float]:
    """Return how probable each way is in which the genotypes of two persons part.

    A null allele of one person alone lets the other allele count twice; where both have one it is an allele like any
    other. By the strict rule it always lets the other count twice. An allele reported as NEW equals none.

    Args:
        patient: what the patient may carry.
        donor: what the donor may carry.
        is_strict: whether null alleles never equal each other.

    >>> one = LocusGenotypes(np.array([[5, 7]], np.int32), np.array([1.0]), 0.0)
    >>> other = LocusGenotypes(np.array([[5, 5], [6, 7]], np.int32), np.array([0.75, 0.25]), 0.0)
    >>> for split, probability in splits(one, other, is_strict=False).items():
    ...     print(split, probability)
    Split(patient=(5,), donor=(6,), shared=7) 0.25
    Split(patient=(7,), donor=(5,), shared=5) 0.75
    """
    theirs, p_donor = donor.allele[:_MOST_DONOR], donor.probability[:_MOST_DONOR]
    n_patient = max(1, _MOST_PAIRS // max(1, len(theirs)))
    codes = np.unique(np.concatenate([patient.allele.ravel(), theirs.ravel(), [NULL, NEW]]))
    if not len(theirs) or not len(patient.allele):
        return {}
    keys, weights = [], []
    for genotype, probability in zip(patient.allele[:n_patient], patient.probability[:n_patient].tolist(), strict=True):
        parted = _parted(genotype, theirs, is_strict=is_strict)
        keys.append(_key(parted, codes))
        weights.append(probability * p_donor)
    distinct, number = np.unique(np.concatenate(keys), return_inverse=True)
    summed = np.bincount(number, np.concatenate(weights), minlength=distinct.size).tolist()
    return {_split(row): p for row, p in zip(_unpacked(distinct, codes), summed, strict=True)}


def _parted(genotype: NDArray[np.int32], theirs: NDArray[np.int32], *, is_strict: bool) -> NDArray[np.int64]:
    """Return (5, n) int64: two mismatched alleles of the patient, two of the donor, and the shared one, or -1."""
    is_shared_null = np.zeros(len(theirs), np.bool_)
    if not is_strict and NULL in genotype:
        is_shared_null = np.any(theirs == NULL, axis=1)
    mine = np.where(is_shared_null[:, None], genotype, _alone(genotype[None]))
    theirs = np.where(is_shared_null[:, None], theirs, _alone(theirs))

    def equal(one: int, other: int) -> NDArray[np.bool_]:
        left, right = mine[:, one], theirs[:, other]
        is_allele = (left >= FIRST_P_GROUP) | (is_shared_null & (left == NULL))
        found: NDArray[np.bool_] = (left == right) & is_allele
        return found

    direct, cross = (equal(0, 0), equal(1, 1)), (equal(0, 1), equal(1, 0))
    is_crossed = np.sum(cross, axis=0) > np.sum(direct, axis=0)
    beside = np.where(is_crossed[:, None], theirs[:, ::-1], theirs)
    matches = [np.where(is_crossed, over, straight) for straight, over in zip(direct, cross, strict=True)]
    lacking = [np.sort(np.where(np.stack(matches, axis=1), _NONE, one), axis=1) for one in (mine, beside)]
    shared = np.where(matches[0] ^ matches[1], np.where(matches[0], mine[:, 0], mine[:, 1]), _NONE)
    return np.concatenate([lacking[0].T, lacking[1].T, shared[None]]).astype(np.int64)


def _alone(genotype: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return (n, 2) genotypes in which a carrier of one null allele is homozygous for the other allele."""
    first, second = genotype.T
    return np.stack([np.where(first == NULL, second, first), np.where(second == NULL, first, second)], axis=1)


def _key(parted: NDArray[np.int64], codes: NDArray[Any]) -> NDArray[np.int64]:
    """Return (n,) one number for each column; codes are numbered from 1, so that five fit, and 0 is none."""
    number = np.where(parted == _NONE, 0, np.searchsorted(codes, parted) + 1)
    key = np.zeros(parted.shape[1], np.int64)
    for row in number:
        key = key * (codes.size + 1) + row
    return key


def _unpacked(key: NDArray[np.int64], codes: NDArray[Any]) -> list[list[int]]:
    """Return the rows that numbers of `_key` stand for."""
    named = np.concatenate([[_NONE], codes])
    rows = []
    for _ in range(5):
        key, one = np.divmod(key, named.size)
        rows.append(named[one])
    return np.stack(rows[::-1], axis=1).tolist() if key.size else []


def _split(row: Sequence[int]) -> Split:
    mine, theirs = (tuple(one for one in pair if one != _NONE) for pair in (row[:2], row[2:4]))
    return Split(mine, theirs, row[4])


def mismatched_alleles(
    locus: str, found: Mapping[Split, float], names: Sequence[str], *, least: int
) -> MismatchedAlleles | None:
    """Return the alleles that mismatch at a locus, given a mismatch; None where none is possible.

    Args:
        locus: the locus.
        found: how the genotypes of both persons part.
        names: the P groups of the locus by code.
        least: mismatches that the typings make certain, which antigens may raise: pairs with fewer are none.
    """
    apart = [(one, p) for one, p in found.items() if len(one.patient) >= max(1, least) and p > 0]
    mismatching = sum(p for _, p in apart)
    listed = sum(p for one, p in found.items() if len(one.patient) >= least)
    if mismatching <= 0:
        return None
    alleles: dict[tuple[Alleles, Alleles], float] = {}
    for one, p in apart:
        key = _named(locus, one.patient, names), _named(locus, one.donor, names)
        alleles[key] = alleles.get(key, 0.0) + p / mismatching
    ordered = dict(sorted(alleles.items(), key=lambda item: (-round(item[1], DECIMALS), item[0])))
    return MismatchedAlleles(locus, mismatching / listed, ordered, max(0.0, 1.0 - sum(found.values())))


def _named(locus: str, codes: tuple[int, ...], names: Sequence[str]) -> Alleles:
    return tuple(sorted(allele_name(locus, code, names) for code in codes))


def allele_name(locus: str, code: int, names: Sequence[str]) -> str:
    """Return what an allele is called by two fields; "null" for a null allele, "NEW" for one without a name.

    The code of a null allele is that of an absent gene where a chromosome may lack the gene.

    >>> allele_name("A", FIRST_P_GROUP, ("02:01P",)), allele_name("A", NULL, ()), allele_name("DRB4", NULL, ())
    ('02:01', 'null', 'NNNN')
    """
    if code == NULL:
        return ABSENT if locus in OPTIONAL_GENES else "null"
    return "NEW" if code < FIRST_P_GROUP else names[code - FIRST_P_GROUP].removesuffix("P")
