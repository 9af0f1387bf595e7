"""Whether two typings can be paired, chromosome by chromosome, under a relation of their sets.

The relation says what is asked: at one locus, whether two sets share an allele, so that both typings can be of one
person; between two loci, whether some haplotype carries an allele of each, so that both typings can be of one person
under a set of frequencies. Typings are unphased, so that either pairing of their sides will do.
Oracle: ``tests/oracle/audit.py``, `can_be_paired`.
"""

from __future__ import annotations

from typing import Annotated

from hla_match.kernels._jit import inner_kernel, other_kernel
from hla_match.kernels.schema.array import Array, Bool, Int32
from hla_match.kernels.schema.typings import TypingsWithNulls


@inner_kernel
def sides_pair(related: Bool, a: int, b: int, c: int, d: int) -> bool:
    """Say whether the sets `a` and `b` of one typing can be paired with the sets `c` and `d` of another."""
    return bool((related[a, c] and related[b, d]) or (related[a, d] and related[b, c]))


@other_kernel
def pair_typings(
    first: Int32,
    second: Int32,
    of_first: TypingsWithNulls,
    of_second: TypingsWithNulls,
    related: Annotated[Bool, Array("sets, other sets", "which sets are related")],
    can_be: Bool,
) -> None:
    """Write for each two typings whether some alternatives of them can be paired; one that is not typed always can.

    Args:
        first: (pairs,) a typing of `of_first` each.
        second: (pairs,) a typing of `of_second` each.
        of_first: the alternatives of the first typings, null alleles kept.
        of_second: those of the second.
        related: rows are sets of `of_first`, columns sets of `of_second`.
        can_be: (pairs,) receives the answers.

    Notes:
        Cost: the alternatives of one typing times those of the other, until one pair is found.
    """
    for i in range(first.size):
        a0, a1 = of_first.pair_start[first[i]], of_first.pair_start[first[i] + 1]
        b0, b1 = of_second.pair_start[second[i]], of_second.pair_start[second[i] + 1]
        found = a0 == a1 or b0 == b1
        for one in range(a0, a1):
            if found:
                break
            for other in range(b0, b1):
                if sides_pair(
                    related,
                    of_first.pair_set[one, 0],
                    of_first.pair_set[one, 1],
                    of_second.pair_set[other, 0],
                    of_second.pair_set[other, 1],
                ):
                    found = True
                    break
        can_be[i] = found
