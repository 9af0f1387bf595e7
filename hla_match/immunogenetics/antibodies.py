"""Antibodies of the patient against alleles of the donor.

A donor with an allele that the patient has antibodies against, and lacks, may be rejected. Source: Dehn et al., Blood
2019;134:924, on antibodies against the donor (all loci, among them DPB1, DQA1, DPA1 and DRB3, DRB4, DRB5). From which
mean fluorescence intensity (MFI) on an antibody counts is the centre's choice. Oracle: ``tests/oracle/antibodies.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.errors import HlaMatchError
from hla_match.kernels.codes import FIRST_P_GROUP, NOT_TYPED, NULL_RESOLVED, WITHOUT_NULL
from hla_match.matching.criteria import AntibodyLimit
from hla_match.matching.locus_result import LocusResult
from hla_match.nomenclature.half_width import half_width
from hla_match.nomenclature.reduction import locus_of
from hla_match.nomenclature.release import Nomenclature

NONE, POSSIBLE, CERTAIN = range(3)
"""What a donor can be: without an allele on the list, perhaps with one, and with one."""

_ENTRY = re.compile(r"([^\s=()]+)\s*(?:=\s*|\(\s*|\s)?([0-9]{1,6}(?:\.[0-9]+)?)?\s*\)?")
_RESOLVED = WITHOUT_NULL | NULL_RESOLVED


class Antibody(NamedTuple):
    """One antibody of a patient.

    Attributes:
        name: the allele or antigen that it binds, as it was reported.
        mfi: the mean fluorescence intensity; None where it was not reported.
        locus: the locus of the allele or antigen.
        codes: the P groups that it binds, as matching codes them.
    """

    name: str
    mfi: float | None
    locus: str
    codes: frozenset[int]

    def __str__(self) -> str:
        return self.name if self.mfi is None else f"{self.name} ({self.mfi:g})"


def read_antibodies(text: str, nomenclature: Nomenclature) -> tuple[list[Antibody], list[str]]:
    """Return the antibodies that a list states, and the entries that cannot be read.

    Entries are divided by semicolons or commas; the MFI stands behind an equals sign or in brackets.

    >>> found, unread = read_antibodies("B*27:05=4500; DR7 (2000), DQ2; what", Nomenclature.builtin())
    >>> [(one.name, one.mfi, one.locus) for one in found], unread
    ([('B*27:05', 4500.0, 'B'), ('DR7', 2000.0, 'DRB1'), ('DQ2', None, 'DQB1')], ['what'])
    """
    found, unread = [], []
    for part in filter(None, (part.strip() for part in re.split("[;,]", half_width(text)))):
        entry = _ENTRY.fullmatch(part)
        if entry is None:
            unread.append(part)
            continue
        try:
            locus = locus_of(nomenclature, entry[1])
            codes = nomenclature.expand(locus, entry[1]).p_codes
        except (HlaMatchError, ValueError):
            unread.append(part)
            continue
        mfi = float(entry[2]) if entry[2] else None
        found.append(Antibody(entry[1], mfi, locus, frozenset(code + FIRST_P_GROUP for code in codes)))
    return found, unread


def antibody_loci(text: str | None, nomenclature: Nomenclature) -> set[str]:
    """Return the loci of the antibodies that a list states."""
    return {one.locus for one in read_antibodies(text, nomenclature)[0]} if text else set()


def counted(antibodies: Iterable[Antibody], threshold: float) -> list[Antibody]:
    """Return the antibodies of an MFI from a threshold on, and those whose MFI was not reported."""
    return [one for one in antibodies if one.mfi is None or one.mfi >= threshold]


def least_left_out(limit: AntibodyLimit) -> int:
    """Return from what on a donor is left out: `CERTAIN`, or `POSSIBLE` where it may not even be open.

    >>> least_left_out("certain") == CERTAIN, least_left_out("possible") == POSSIBLE
    (True, True)
    """
    return CERTAIN if limit == "certain" else POSSIBLE


def against_by_typing(result: LocusResult, bound: frozenset[int]) -> NDArray[np.int8]:
    """Return (typings,) int8 whether donors of each expanded typing have an allele on a patient's list.

    An allele that the patient has for certain is no mismatched one. A donor who is not typed may have any.

    Args:
        result: the patient compared with the registry at a locus.
        bound: the codes that antibodies bind there.
    """
    bound = bound - own_codes(result)
    found = np.zeros(result.counts.shape[1], np.int8)
    if not bound:
        return found
    counted_typings = result.comparison.column.table.counted
    member = np.isin(counted_typings.set_member, list(bound))
    sizes = np.diff(counted_typings.set_start)
    n_bound = np.add.reduceat(member, counted_typings.set_start[:-1], dtype=np.int64)
    pair = counted_typings.alternative_set
    of_pair, all_of_pair = n_bound[pair], sizes[pair]
    every: NDArray[np.bool_] = np.any(of_pair == all_of_pair, axis=1)
    some: NDArray[np.bool_] = np.any(of_pair > 0, axis=1)
    # Beside a null allele the partner counts twice, which changes nothing of what is carried.
    kept = np.flatnonzero(counted_typings.alternative_kind & _RESOLVED)
    typing = np.repeat(np.arange(found.size), np.diff(counted_typings.alternative_start))[kept]
    is_open = np.zeros(found.size, np.bool_)
    np.logical_or.at(is_open, typing, some[kept])
    is_certain = np.ones(found.size, np.bool_)
    np.logical_and.at(is_certain, typing, every[kept])
    found[is_open] = POSSIBLE
    found[is_open & is_certain] = CERTAIN
    found[NOT_TYPED] = POSSIBLE
    return found


def own_codes(result: LocusResult) -> frozenset[int]:
    """Return the codes of the alleles that the patient has in every genotype that the typing leaves open."""
    of_genotypes = [
        {code for side in (first, second) if len(side.codes) == 1 for code in side.codes}
        for first, second, kind in result.alternatives
        if kind & _RESOLVED
    ]
    return frozenset(set.intersection(*of_genotypes)) if of_genotypes else frozenset()


def against_any(
    antibodies: Iterable[Antibody], loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]
) -> NDArray[np.int8]:
    """Return (n,) int8 whether any of some antibodies is against each donor.

    Args:
        antibodies: those that count.
        loci: the patient compared with the registry, by locus; at others nothing is known of donors.
        donor: rows of the registry.
    """
    found = np.zeros(donor.size, np.int8)
    bound: dict[str, frozenset[int]] = {}
    for one in antibodies:
        bound[one.locus] = bound.get(one.locus, frozenset()) | one.codes
    for locus, codes in bound.items():
        if locus in loci:
            of_locus = against_by_typing(loci[locus], codes)[loci[locus].expanded_typing_of(donor)]
            np.maximum(found, of_locus, out=found)
        else:
            np.maximum(found, POSSIBLE, out=found)
    return found


def antibody_texts(
    antibodies: Iterable[Antibody], loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]
) -> list[str]:
    """Return the antibodies against each of some donors, joined by commas, "?" behind those that perhaps are.

    Args:
        antibodies: those that count.
        loci: the patient compared with the registry, by locus; at others nothing is known of donors.
        donor: rows of the registry.
    """
    texts: list[list[str]] = [[] for _ in range(donor.size)]
    by_locus = sorted(antibodies, key=lambda one: one.locus)
    for locus, of_locus in groupby(by_locus, key=lambda one: one.locus):
        for one in of_locus:
            result = loci.get(locus)
            found = [POSSIBLE] * donor.size
            if result is not None:
                found = against_by_typing(result, one.codes)[result.expanded_typing_of(donor)].tolist()
            for words, kind in zip(texts, found, strict=True):
                if kind != NONE:
                    words.append(str(one) if kind == CERTAIN else f"{one}?")
    return [", ".join(words) for words in texts]
