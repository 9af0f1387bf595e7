"""What a typing tells apart at one locus: alleles that the same of its sets hold have one signature.

Oracle: ``diplotypes`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel


@inner_kernel
def sign_alleles(
    row: int,
    typing: int,
    carried_start: NDArray[np.int64],
    carried_set: NDArray[np.int64],
    set_start: NDArray[np.int64],
    set_allele: NDArray[np.int64],
    n_alleles: int,
    n_signed: int,
    signed: NDArray[np.int64],
    signature: NDArray[np.int64],
    sides: NDArray[np.uint64],
    pattern: NDArray[np.uint64],
    compatible: NDArray[np.bool_],
) -> int:
    """Give the alleles that a typing allows at a locus their signatures: alleles of one signature are not told apart.

    Args:
        row: the locus.
        typing: entry in `carried_start`; 0 within its locus is "not typed", passed here as -1.
        carried_start: offsets into `carried_set`.
        carried_set: (carried, 2) the two sets of an alternative.
        set_start: offsets into `set_allele`.
        set_allele: alleles of the sets.
        n_alleles: alleles of the locus.
        n_signed: alleles that have signatures from the typing before.
        signed: (loci, alleles) those alleles; receives those of this typing.
        signature: (loci, alleles) theirs, 0 for the others; receives 1, 2, ... for those of this typing.
        sides: (alleles,) scratch.
        pattern: (signatures + 1,) scratch.
        compatible: (loci, signatures + 1, signatures + 1) receives whether two signatures can be a person's two
            alleles, where there are several alternatives; otherwise a signature is the sides that hold it: 1 the first,
            2 the second, 3 both.

    Returns:
        How many alleles the typing allows.

    Notes:
        Two alleles are consistent when some alternative (S1, S2) has one in S1 and the other in S2.
    """
    for k in range(n_signed):
        signature[row, signed[row, k]] = 0
    found = 0
    if typing < 0:
        for allele in range(n_alleles):
            signed[row, allele] = allele
            signature[row, allele] = 3
        found = n_alleles
    elif carried_start[typing + 1] - carried_start[typing] > 1:
        found = sign_by_pattern(
            row, carried_start[typing], carried_start[typing + 1], carried_set, set_start, set_allele, signed,
            signature, sides, pattern, compatible,
        )  # fmt: skip
    else:
        for pair in range(carried_start[typing], carried_start[typing + 1]):
            for side in range(2):
                one = carried_set[pair, side]
                for k in range(set_start[one], set_start[one + 1]):
                    allele = set_allele[k]
                    if signature[row, allele] == 0:
                        signed[row, found] = allele
                        found += 1
                    signature[row, allele] |= 1 << side
    return found


@inner_kernel
def sign_by_pattern(
    row: int,
    start: int,
    stop: int,
    carried_set: NDArray[np.int64],
    set_start: NDArray[np.int64],
    set_allele: NDArray[np.int64],
    signed: NDArray[np.int64],
    signature: NDArray[np.int64],
    sides: NDArray[np.uint64],
    pattern: NDArray[np.uint64],
    compatible: NDArray[np.bool_],
) -> int:
    """Sign alleles by the sets of several alternatives that hold them; beyond 32 alternatives each is its own."""
    found = 0
    for pair in range(start, stop):
        for side in range(2):
            one = carried_set[pair, side]
            for k in range(set_start[one], set_start[one + 1]):
                allele = set_allele[k]
                if signature[row, allele] == 0:
                    signature[row, allele] = 1
                    sides[allele] = np.uint64(0)
                    signed[row, found] = allele
                    found += 1
                sides[allele] |= np.uint64(1) << np.uint64(2 * ((pair - start) % 32) + side)
    n_signatures = 0
    for k in range(found):
        known = 0
        if stop - start <= 32:
            for other in range(1, n_signatures + 1):
                if pattern[other] == sides[signed[row, k]]:
                    known = other
                    break
        if known == 0:
            n_signatures += 1
            known = n_signatures
            pattern[known] = sides[signed[row, k]]
        signature[row, signed[row, k]] = known
    first = np.uint64(0x5555555555555555)
    for one in range(1, n_signatures + 1):
        for other in range(1, n_signatures + 1):
            crossed = (pattern[one] & first) & (pattern[other] >> np.uint64(1))
            compatible[row, one, other] = stop - start <= 32 and (
                crossed | ((pattern[other] & first) & (pattern[one] >> np.uint64(1)))
            ) != np.uint64(0)
    for pair in range(start, stop if stop - start > 32 else start):
        one, other = carried_set[pair, 0], carried_set[pair, 1]
        for k in range(set_start[one], set_start[one + 1]):
            for m in range(set_start[other], set_start[other + 1]):
                compatible[row, signature[row, set_allele[k]], signature[row, set_allele[m]]] = True
                compatible[row, signature[row, set_allele[m]], signature[row, set_allele[k]]] = True
    return found
