"""The haplotypes of all panels as words, one number for what a prediction sees of a haplotype.

Haplotypes of equal words are the same to it. What a word says is up to its maker: labels of alleles for an ambiguous
patient (`packed_alleles`), bits for a patient of few genotypes (`genotype_prediction`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.schema.haplotypes import PanelHaplotypes

VACANT = -1
"""Marks a free place of a hash table."""


@kernel
def pack_haplotypes(allele_word: NDArray[np.int64], panels: PanelHaplotypes, word: NDArray[np.int64]) -> None:
    """Write the word of each haplotype: the words of its alleles, joined bit by bit.

    Args:
        allele_word: what each allele adds to a word, all loci one after another; 0 at a locus out of scope.
        panels: the haplotypes.
        word: (haplotypes,) receives the words.
    """
    for panel in range(panels.panel_start.size - 1):
        first, last = panels.panel_start[panel], panels.panel_start[panel + 1]
        word[first:last] = 0
        for k in range(panels.panel_locus_start[panel], panels.panel_locus_start[panel + 1]):
            row = panels.panel_locus[k]
            own = allele_word[panels.allele_start[row] : panels.allele_start[row + 1]]
            alleles = panels.haplotype_allele[row]
            for haplotype in range(first, last):
                word[haplotype] |= own[alleles[haplotype]]


@inner_kernel
def table_places(n: int) -> int:
    """Return the places of a hash table for up to `n` keys: a power of two, at least half of them free."""
    places = 16
    while places < 2 * n:
        places *= 2
    return places


@inner_kernel
def hash_place(key: int, places: int) -> int:
    """Return where to look for a key first: multiplicative hashing (Knuth, TAOCP 3, section 6.4), folded to 31 bits."""
    folded = (key ^ (key >> 31)) & 0x7FFFFFFF
    return ((folded * 0x9E3779B1) >> 24) & (places - 1)


@kernel
def index_words(word: NDArray[np.int64], n: int, index: NDArray[np.int32], distinct: NDArray[np.int64]) -> int:
    """Write which of the distinct words each of the first `n` words is, and return how many are distinct."""
    places = table_places(n)
    table = np.full(places, VACANT, np.int32)
    found = 0
    for k in range(n):
        place = hash_place(word[k], places)
        while table[place] != VACANT and distinct[table[place]] != word[k]:
            place = (place + 1) & (places - 1)
        if table[place] == VACANT:
            table[place] = found
            distinct[found] = word[k]
            found += 1
        index[k] = table[place]
    return found
