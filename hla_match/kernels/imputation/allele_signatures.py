"""Which alleles a typing distinguishes at one locus: alleles in the same of its sets have one signature.

Where a typing has one alternative, a signature is the sides that hold the allele: 1 the first, 2 the second, 3 both.
Where it has several, signatures are numbered from 1 on. An allele that the typing does not allow has signature 0.
Oracle: ``diplotypes`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from hla_match.kernels._jit import inner_kernel
from hla_match.kernels.schema.array import Array, Bool, Int64, Uint64
from hla_match.kernels.schema.haplotypes import TypingAlleles

SIDES = 3
"""Signatures of a typing of one alternative."""

_NUMBERED_ALTERNATIVES = 32
"""Alternatives of a typing whose alleles are told apart by two bits each; of more, each allele is its own."""


class Signatures(NamedTuple):
    """Working arrays: what the typing of the present person tells apart at each locus."""

    n_alternatives: Annotated[Int64, Array("loci", "alternatives of the typing, 1 where there is none")]
    n_signed: Annotated[Int64, Array("loci", "alleles that the typing allows")]
    signed: Annotated[Int64, Array("loci, alleles", "those alleles")]
    signature: Annotated[Int64, Array("loci, alleles", "signature of each allele", missing=0)]
    sides: Annotated[Uint64, Array("alleles", "sides of all alternatives that hold an allele, as bits")]
    pattern: Annotated[Uint64, Array("signatures + 1", "the sides of each signature")]
    compatible: Annotated[
        Bool,
        Array(
            "loci, signatures + 1, signatures + 1",
            "whether two signatures can be a person's two alleles, where there are several alternatives",
        ),
    ]


@inner_kernel
def sign_alleles(row: int, typing: int, n_alleles: int, typings: TypingAlleles, signatures: Signatures) -> None:
    """Give the alleles that a typing allows at the locus `row` their signatures, and take back those of the one before.

    Args:
        row: the locus.
        typing: entry in `with_nulls_start`, or -1 where the locus is not typed.
        n_alleles: alleles of the locus.
        typings: the distinct typings.
        signatures: receives the result in its row.

    Notes:
        Two alleles are consistent when some alternative (S1, S2) has one in S1 and the other in S2.
    """
    signed, signature = signatures.signed, signatures.signature
    for k in range(signatures.n_signed[row]):
        signature[row, signed[row, k]] = 0
    found = 0
    n_alternatives = np.int64(1)
    if typing < 0:
        for allele in range(n_alleles):
            signed[row, allele] = allele
            signature[row, allele] = SIDES
        found = n_alleles
    else:
        start, stop = typings.with_nulls_start[typing], typings.with_nulls_start[typing + 1]
        n_alternatives = max(n_alternatives, stop - start)
        if n_alternatives > 1:
            found = mark_sides(row, start, stop, typings, signatures)
            n_signatures = number_patterns(row, found, n_alternatives, signatures)
            if n_alternatives <= _NUMBERED_ALTERNATIVES:
                cross_patterns(row, n_signatures, signatures)
            else:
                cross_alleles(row, start, stop, n_signatures, typings, signatures)
        else:
            for pair in range(start, stop):
                for side in range(2):
                    one = typings.with_nulls_set[pair, side]
                    for k in range(typings.set_start[one], typings.set_start[one + 1]):
                        allele = typings.set_allele[k]
                        if signature[row, allele] == 0:
                            signed[row, found] = allele
                            found += 1
                        signature[row, allele] |= 1 << side
    signatures.n_alternatives[row] = n_alternatives
    signatures.n_signed[row] = found


@inner_kernel
def mark_sides(row: int, start: int, stop: int, typings: TypingAlleles, signatures: Signatures) -> int:
    """Write which sides of several alternatives hold each allele, as bits, and return how many alleles they allow."""
    found = 0
    for pair in range(start, stop):
        for side in range(2):
            one = typings.with_nulls_set[pair, side]
            for k in range(typings.set_start[one], typings.set_start[one + 1]):
                allele = typings.set_allele[k]
                if signatures.signature[row, allele] == 0:
                    signatures.signature[row, allele] = 1
                    signatures.sides[allele] = np.uint64(0)
                    signatures.signed[row, found] = allele
                    found += 1
                bit = np.uint64(2 * ((pair - start) % _NUMBERED_ALTERNATIVES) + side)
                signatures.sides[allele] |= np.uint64(1) << bit
    return found


@inner_kernel
def number_patterns(row: int, n_signed: int, n_alternatives: int, signatures: Signatures) -> int:
    """Give the alleles of each pattern of sides, or each allele, a number; return how many numbers there are."""
    n_signatures = 0
    for k in range(n_signed):
        allele = signatures.signed[row, k]
        known = 0
        if n_alternatives <= _NUMBERED_ALTERNATIVES:
            for other in range(1, n_signatures + 1):
                if signatures.pattern[other] == signatures.sides[allele]:
                    known = other
                    break
        if known == 0:
            n_signatures += 1
            known = n_signatures
            signatures.pattern[known] = signatures.sides[allele]
        signatures.signature[row, allele] = known
    return n_signatures


@inner_kernel
def cross_patterns(row: int, n_signatures: int, signatures: Signatures) -> None:
    """Write which signatures are compatible: some alternative has one on its first side and the other on its second."""
    first = np.uint64(0x5555555555555555)
    for one in range(1, n_signatures + 1):
        for other in range(1, n_signatures + 1):
            x, y = signatures.pattern[one], signatures.pattern[other]
            crossed = ((x & first) & (y >> np.uint64(1))) | ((y & first) & (x >> np.uint64(1)))
            signatures.compatible[row, one, other] = crossed != np.uint64(0)


@inner_kernel
def cross_alleles(
    row: int, start: int, stop: int, n_signatures: int, typings: TypingAlleles, signatures: Signatures
) -> None:
    """Write the same from the alternatives themselves, where each allele is its own signature."""
    signature, compatible = signatures.signature, signatures.compatible
    for one in range(1, n_signatures + 1):
        for other in range(1, n_signatures + 1):
            compatible[row, one, other] = False
    for pair in range(start, stop):
        one, other = typings.with_nulls_set[pair, 0], typings.with_nulls_set[pair, 1]
        for k in range(typings.set_start[one], typings.set_start[one + 1]):
            for m in range(typings.set_start[other], typings.set_start[other + 1]):
                x, y = signature[row, typings.set_allele[k]], signature[row, typings.set_allele[m]]
                compatible[row, x, y] = True
                compatible[row, y, x] = True
