"""The haplotypes of a panel that a typing allows at every locus: from sets of bits, or by postings in large panels.

Oracle: ``diplotypes`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from hla_match.kernels._jit import inner_kernel
from hla_match.kernels.codes import WORD_BITS
from hla_match.kernels.imputation.allele_signatures import Signatures
from hla_match.kernels.schema.array import Array, Int64, Uint32
from hla_match.kernels.schema.haplotypes import AlleleIndex, PanelHaplotypes

LOWEST_BIT = np.argsort([((0x077CB531 << bit) & 0xFFFFFFFF) >> 27 for bit in range(WORD_BITS)])
"""Number of the only bit of a word, by the upper bits of its product with a de Bruijn sequence (Leiserson, Prokop &
Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998)."""


class Candidates(NamedTuple):
    """Working arrays: the haplotypes that the typing of the present person allows."""

    allowed: Annotated[Uint32, Array("loci + 1, words", "haplotypes allowed at each locus, then at all, as bits")]
    allowed_panel: Annotated[Int64, Array("loci", "the panel for which `allowed` holds", missing=-1)]
    haplotype: Annotated[Int64, Array("haplotypes of a panel", "the haplotypes that are allowed at all loci")]
    key: Annotated[Int64, Array("haplotypes of a panel", "signatures of their alleles as one number")]
    class_of: Annotated[Int64, Array("haplotypes of a panel", "class of each, numbered as they are met")]


@inner_kernel
def haplotype_key(
    haplotype: int, locus_start: int, locus_stop: int, n_signatures: int, panels: PanelHaplotypes, signature: Int64
) -> int:
    """Return the signatures of a haplotype's alleles as one number, -1 where the typing does not allow it."""
    key = np.int64(0)
    for j in range(locus_start, locus_stop):
        row = panels.panel_locus[j]
        sign = signature[row, panels.allele_of[haplotype, row]]
        if sign == 0:
            return -1
        key = (key * (n_signatures + 1) + sign) & 0x7FFFFFFFFFFFFFFF
    return int(key)


@inner_kernel
def find_posted(
    panel: int,
    n_signatures: int,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    signatures: Signatures,
    candidates: Candidates,
) -> int:
    """Find the haplotypes of a panel that the typing allows at each of its loci, and the key of their signatures.

    The haplotypes are looked up at the locus where the allowed alleles have the fewest, and checked at the others:
    a resolved typing touches a small part of the panel.
    """
    locus_start, locus_stop = panels.panel_locus_start[panel], panels.panel_locus_start[panel + 1]
    best, fewest = panels.panel_locus[locus_start], np.int64(-1)
    for j in range(locus_start, locus_stop):
        row = panels.panel_locus[j]
        total = np.int64(0)
        for k in range(signatures.n_signed[row]):
            at = panels.allele_start[row] + signatures.signed[row, k]
            total += index.posting_start[panel, at + 1] - index.posting_start[panel, at]
        if fewest < 0 or total < fewest:
            best, fewest = row, total
    found = 0
    for k in range(signatures.n_signed[best]):
        at = panels.allele_start[best] + signatures.signed[best, k]
        for n in range(index.posting_start[panel, at], index.posting_start[panel, at + 1]):
            haplotype = index.posting[n]
            own = haplotype_key(haplotype, locus_start, locus_stop, n_signatures, panels, signatures.signature)
            if own >= 0:
                candidates.haplotype[found] = haplotype
                candidates.key[found] = own
                found += 1
    return found


@inner_kernel
def unite_alleles(
    row: int,
    panel: int,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    signatures: Signatures,
    candidates: Candidates,
) -> None:
    """Write the set of haplotypes of a panel that the typing allows at the locus `row`."""
    n_words = index.panel_words[panel]
    # Slices, since an index that may be negative keeps a loop from being done in vectors.
    own = candidates.allowed[row, :n_words]
    for w in range(own.size):
        own[w] = 0
    for k in range(signatures.n_signed[row]):
        at = index.bits_start[panel, panels.allele_start[row] + signatures.signed[row, k]]
        holders = index.bits[at : at + n_words if at >= 0 else at]
        for w in range(holders.size):
            own[w] |= holders[w]
    candidates.allowed_panel[row] = panel


@inner_kernel
def find_by_bits(
    panel: int,
    n_signatures: int,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    signatures: Signatures,
    candidates: Candidates,
) -> int:
    """Find the same, haplotypes ascending, from the sets of those that hold each allele.

    Where postings are looked through, each haplotype is a branch that the processor guesses wrong.
    """
    locus_start, locus_stop = panels.panel_locus_start[panel], panels.panel_locus_start[panel + 1]
    first, n_words = panels.panel_start[panel], index.panel_words[panel]
    n_haplotypes = panels.panel_start[panel + 1] - first
    common = candidates.allowed[candidates.allowed_panel.size, :n_words]
    begun = False
    for j in range(locus_start, locus_stop):
        row = panels.panel_locus[j]
        if signatures.n_signed[row] == panels.allele_start[row + 1] - panels.allele_start[row]:
            continue
        if candidates.allowed_panel[row] != panel:
            unite_alleles(row, panel, panels, index, signatures, candidates)
        own = candidates.allowed[row, :n_words]
        if begun:
            for w in range(common.size):
                common[w] &= own[w]
        else:
            begun = True
            for w in range(common.size):
                common[w] = own[w]
    found = 0
    for w in range(n_words):
        all_of_word = (np.int64(1) << min(WORD_BITS, n_haplotypes - w * WORD_BITS)) - 1
        rest = np.int64(common[w]) if begun else all_of_word
        while rest != 0:
            lowest = rest & -rest
            rest ^= lowest
            haplotype = first + w * WORD_BITS + LOWEST_BIT[((lowest * 0x077CB531) & 0xFFFFFFFF) >> 27]
            candidates.haplotype[found] = haplotype
            candidates.key[found] = haplotype_key(
                haplotype, locus_start, locus_stop, n_signatures, panels, signatures.signature
            )
            found += 1
    return found
