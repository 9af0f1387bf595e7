"""The haplotypes of a panel that a typing allows at every locus: from sets of bits, or by postings in large panels.

Oracle: ``diplotypes`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel

CANDIDATE, KEY = 0, 1
"""Rows of the scratch array of `kernels.imputation.haplotype_classes`: the haplotypes, and the signatures of each."""

WORD_BITS = 32
"""Bits of a word of a set of haplotypes: the product below then fits 64 bits."""

LOWEST_BIT = np.argsort([((0x077CB531 << bit) & 0xFFFFFFFF) >> 27 for bit in range(WORD_BITS)])
"""Number of the only bit of a word, by the upper bits of its product with a de Bruijn sequence (Leiserson, Prokop &
Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998)."""


@inner_kernel
def haplotype_key(
    haplotype: int,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    signature: NDArray[np.int64],
    n_signatures: int,
) -> int:
    """Return the signatures of a haplotype's alleles as one number, -1 where the typing does not allow it."""
    key = np.int64(0)
    for j in range(locus_start, locus_stop):
        sign = signature[panel_locus[j], allele_of[haplotype, panel_locus[j]]]
        if sign == 0:
            return -1
        key = (key * (n_signatures + 1) + sign) & 0x7FFFFFFFFFFFFFFF
    return int(key)


@inner_kernel
def find_posted(
    panel: int,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_start: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    posting_start: NDArray[np.int64],
    posting: NDArray[np.uint32],
    n_signed: NDArray[np.int64],
    signed: NDArray[np.int64],
    signature: NDArray[np.int64],
    n_signatures: int,
    scratch: NDArray[np.int64],
) -> int:
    """Find the haplotypes of a panel that the typing allows at each of its loci, and the key of their signatures.

    The haplotypes are looked up at the locus where the allowed alleles have the fewest, and checked at the others:
    a resolved typing touches a small part of the panel.
    """
    best, fewest = panel_locus[locus_start], np.int64(-1)
    for j in range(locus_start, locus_stop):
        row = panel_locus[j]
        total = np.int64(0)
        for k in range(n_signed[row]):
            at = allele_start[row] + signed[row, k]
            total += posting_start[panel, at + 1] - posting_start[panel, at]
        if fewest < 0 or total < fewest:
            best, fewest = row, total
    found = 0
    for k in range(n_signed[best]):
        at = allele_start[best] + signed[best, k]
        for n in range(posting_start[panel, at], posting_start[panel, at + 1]):
            own = haplotype_key(posting[n], locus_start, locus_stop, panel_locus, allele_of, signature, n_signatures)
            if own >= 0:
                scratch[CANDIDATE, found] = posting[n]
                scratch[KEY, found] = own
                found += 1
    return found


@inner_kernel
def find_by_bits(
    panel: int,
    first: int,
    n_haplotypes: int,
    n_words: int,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_start: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    bits_start: NDArray[np.int64],
    bits: NDArray[np.uint32],
    n_signed: NDArray[np.int64],
    signed: NDArray[np.int64],
    signature: NDArray[np.int64],
    n_signatures: int,
    allowed: NDArray[np.uint32],
    allowed_panel: NDArray[np.int64],
    scratch: NDArray[np.int64],
) -> int:
    """Find the same, haplotypes ascending, from the sets of those that carry each allele.

    Where postings are looked through, each haplotype is a branch that the processor guesses wrong.
    """
    # Slices, since an index that may be negative keeps a loop from being done in vectors.
    common = allowed[allowed_panel.size, :n_words]
    begun = False
    for j in range(locus_start, locus_stop):
        row = panel_locus[j]
        if n_signed[row] == allele_start[row + 1] - allele_start[row]:
            continue
        own = allowed[row, :n_words]
        if allowed_panel[row] != panel:
            allowed_panel[row] = panel
            for w in range(own.size):
                own[w] = 0
            for k in range(n_signed[row]):
                at = bits_start[panel, allele_start[row] + signed[row, k]]
                carry = bits[at : at + n_words if at >= 0 else at]
                for w in range(carry.size):
                    own[w] |= carry[w]
        if begun:
            for w in range(common.size):
                common[w] &= own[w]
        else:
            begun = True
            for w in range(common.size):
                common[w] = own[w]
    found = 0
    for w in range(n_words):
        everybody = (np.int64(1) << min(WORD_BITS, n_haplotypes - w * WORD_BITS)) - 1
        rest = np.int64(common[w]) if begun else everybody
        while rest != 0:
            lowest = rest & -rest
            rest ^= lowest
            haplotype = first + w * WORD_BITS + LOWEST_BIT[((lowest * 0x077CB531) & 0xFFFFFFFF) >> 27]
            key = haplotype_key(haplotype, locus_start, locus_stop, panel_locus, allele_of, signature, n_signatures)
            scratch[CANDIDATE, found] = haplotype
            scratch[KEY, found] = key
            found += 1
    return found
