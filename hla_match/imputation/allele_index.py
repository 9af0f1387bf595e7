"""The haplotypes that hold each allele of a panel, listed and, where there is room, as bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.offsets import offsets
from hla_match.kernels.codes import WORD_BITS
from hla_match.kernels.schema.haplotypes import AlleleIndex, PanelHaplotypes

SET_BYTES = 1 << 24
"""Room for the sets of haplotypes that carry each allele of a panel; larger panels are looked up by postings."""


def allele_index(haplotypes: PanelHaplotypes) -> AlleleIndex:
    """Return where each allele stands in the haplotypes of each panel."""
    allele_start, panel_start = haplotypes.allele_start, haplotypes.panel_start
    n_panels, n_alleles = panel_start.size - 1, int(allele_start[-1])
    posting_start = np.zeros((n_panels, n_alleles + 1), np.int64)
    panel_words = np.zeros(n_panels, np.int64)
    bits_start = np.full((n_panels, n_alleles), -1, np.int64)
    postings: list[NDArray[np.uint32]] = []
    bits = [np.zeros(0, np.uint32)]
    n_posted = n_words = 0
    for number in range(n_panels):
        start, end = panel_start[number], panel_start[number + 1]
        loci = haplotypes.panel_locus[haplotypes.panel_locus_start[number] : haplotypes.panel_locus_start[number + 1]]
        sizes = np.zeros(n_alleles, np.int64)
        for row in loci.tolist():
            allele, numbered = haplotypes.haplotype_allele[row, start:end], slice(*allele_start[row : row + 2])
            sizes[numbered] = np.bincount(allele, minlength=numbered.stop - numbered.start)
            postings.append((np.argsort(allele, kind="stable") + start).astype(np.uint32))
        posting_start[number] = n_posted + offsets(sizes)
        n_posted = int(posting_start[number, -1])
        present, words = np.flatnonzero(sizes), -(-int(end - start) // WORD_BITS)
        # At a single locus each haplotype is an allele of its own, which postings find as fast.
        if loci.size > 1 and 4 * present.size * words <= SET_BYTES:
            panel_words[number] = words
            bits_start[number, present] = n_words + words * np.arange(present.size)
            bits.append(_haplotype_sets(haplotypes.haplotype_allele[:, start:end], allele_start, present, words))
            n_words += bits[-1].size
    return AlleleIndex(posting_start, np.concatenate(postings), panel_words, bits_start, np.concatenate(bits))


def _haplotype_sets(
    allele: NDArray[np.uint16], allele_start: NDArray[np.int64], wanted: NDArray[np.int64], n_words: int
) -> NDArray[np.uint32]:
    """Return, allele after allele, which haplotypes hold it, as bits.

    Args:
        allele: (loci, haplotypes).
        allele_start: alleles of each locus.
        wanted: the alleles, numbered over all loci.
        n_words: of each set.
    """
    row = np.searchsorted(allele_start, wanted, side="right") - 1
    member = np.zeros((wanted.size, n_words), "<u4")
    octets = member.view(np.uint8)
    for number, (of_locus, own) in enumerate(zip(row.tolist(), (wanted - allele_start[row]).tolist(), strict=True)):
        packed = np.packbits(allele[of_locus] == own, bitorder="little")
        octets[number, : packed.size] = packed
    return member.ravel().astype(np.uint32)
