"""The diplotypes of one person under one panel, most probable first come, listed from the haplotype classes.

Within a class haplotypes are taken by falling frequency, so that the pairs above a weight are found without a look at
the others. Oracle: ``diplotypes`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import Annotated

from hla_match.kernels._jit import kernel
from hla_match.kernels.schema.array import Array, Float64, Int64, Uint16, Uint32


@kernel
def list_diplotypes(
    threshold: float,
    ceiling: float,
    class_member: Int64,
    pair: Annotated[Uint16, Array("pairs, 2", "compatible classes")],
    member: Uint32,
    frequency: Float64,
    first: Uint32,
    second: Uint32,
    weight: Float64,
) -> int:
    """Write the diplotypes whose frequencies multiply to at least a threshold, as far as there is room; count them all.

    Args:
        threshold: of f1 f2, without the factor 2.
        ceiling: those that reach it are passed over.
        class_member: (classes + 1,) offsets of one part's classes into `member`.
        pair: (pairs, 2) its compatible classes.
        member: haplotypes, by falling frequency within each class.
        frequency: of all haplotypes.
        first: receives one haplotype of each diplotype.
        second: receives the other.
        weight: receives f1 f2, doubled unless both are the same haplotype.
    """
    found = 0
    for p in range(pair.shape[0]):
        i, j = int(pair[p, 0]), int(pair[p, 1])
        for u in range(class_member[i], class_member[i + 1]):
            f = frequency[member[u]]
            for v in range(u if i == j else class_member[j], class_member[j + 1]):
                product = f * frequency[member[v]]
                if product < threshold:
                    break
                if product >= ceiling:
                    continue
                if found < weight.size:
                    first[found] = member[u]
                    second[found] = member[v]
                    weight[found] = product * (1.0 if i == j and u == v else 2.0)
                found += 1
    return found
