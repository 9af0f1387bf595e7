"""HLA-C*03:03 against C*03:04: the mismatch at C that is permissive.

Source: Fernandez-Vina et al., Blood 2014;123:1270: transplants with this mismatch did as well as those without a
mismatch. No other pair of alleles at C counts. Oracle: ``permissive_mismatches`` in ``tests/oracle/mismatch_kinds.py``.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import BEST, FIRST_P_GROUP
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.patient_table import LocusComparison
from hla_match.typings.encoding import CountedAlternative, Side

PERMISSIVE_PAIR = ("03:03", "03:04")
"""The two alleles of C that are a permissive mismatch of each other."""

NOT_KNOWN = -1
"""What stands where the typings leave it open whether a mismatch is that one."""


def permissive_by_typing(result: LocusResult) -> NDArray[np.int8]:
    """Return (typings,) int8, how many of the least mismatches at C are permissive, by the donor's expanded typing.

    Both alleles of the pair counting as one, such mismatches vanish. `NOT_KNOWN` stands where some may be and a
    typing is none of two alleles, such as an ambiguous one or one with a null allele.
    """
    pair = _pair_codes(result.comparison)
    if len(pair) < len(PERMISSIVE_PAIR):
        return np.zeros(result.counts.shape[1], np.int8)
    as_one = tuple(
        CountedAlternative(_with_both(first, pair), _with_both(second, pair), kind)
        for first, second, kind in result.alternatives
    )
    credit = result.comparison.counts(as_one, result.null_rule)[BEST].astype(np.int8) - result.counts[BEST]
    sides = [side.codes for first, second, _ in result.alternatives for side in (first, second)]
    is_exact = np.array([len(result.alternatives) == 1 and all(len(codes) == 1 for codes in sides)])
    found: NDArray[np.int8] = np.where((credit > 0) & ~(is_exact & _two_alleles(result.comparison)), NOT_KNOWN, credit)
    return found


def _pair_codes(comparison: LocusComparison) -> frozenset[int]:
    """Return the codes of the P groups of the two alleles; fewer where the nomenclature does not tell them apart."""
    index = comparison.registry.nomenclature.index("C")
    rows = [index.prefix.get(name, ()) for name in PERMISSIVE_PAIR]
    return frozenset(index.p_code[row[0]] + FIRST_P_GROUP for row in rows if row)


def _with_both(side: Side, pair: frozenset[int]) -> Side:
    # The pair are of two antigens, so that serology alone tells them apart and cannot say which alleles there are.
    both = tuple(sorted(pair.union(side.codes)))
    return side if pair.isdisjoint(side.codes) else side._replace(codes=both, serology=())


_kept: WeakKeyDictionary[LocusComparison, NDArray[np.bool_]] = WeakKeyDictionary()


def _two_alleles(comparison: LocusComparison) -> NDArray[np.bool_]:
    """Return (typings,) bool: typings of exactly two alleles, which all patients share; worked out once."""
    found = _kept.get(comparison)
    if found is None:
        counted = comparison.column.table.counted
        is_one = np.diff(counted.set_start) == 1
        both = is_one[counted.alternative_set].all(axis=1)
        start = counted.alternative_start
        found = np.diff(start) == 1
        found[found] = both[start[:-1][found]]
        _kept[comparison] = found
    return found
