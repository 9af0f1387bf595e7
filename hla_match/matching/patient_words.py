"""An ambiguous patient's genotypes in words, as the kernels compare them with donors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.encoding import FIRST_P_GROUP, NULL
from hla_match.frequencies.genotypes import GenotypeDistribution
from hla_match.frequencies.panels import Panels
from hla_match.kernels.donor_genotypes import ABSENT, ANOTHER, FIRST_NAME


@dataclass(frozen=True, slots=True)
class PatientWords:
    """An ambiguous patient's genotypes as words, and the names of alleles that they are made of.

    Attributes:
        genotype: (n,) int64, ascending.
        probability: (n,) float64.
        order: (loci,) int64 positions in scope, in the order of comparison.
        shift: (loci,) int64 lowest bit of each locus of that order in the word of a haplotype.
        width: (loci,) int64 bits of a name.
        n_names: names at the locus that has the most.
        allele_name: int64 name of each allele of the panels, all loci one after another.
        locus_shift: (loci of the panels,) int64 `shift`, or -1 where a locus is not in scope.
    """

    genotype: NDArray[np.int64]
    probability: NDArray[np.float64]
    order: NDArray[np.int64]
    shift: NDArray[np.int64]
    width: NDArray[np.int64]
    n_names: int
    allele_name: NDArray[np.int64]
    locus_shift: NDArray[np.int64]


def patient_words(panels: Panels, genotypes: GenotypeDistribution) -> PatientWords:
    """Name the alleles that the patient may have, and write the genotypes as words.

    Loci of many genotypes come first: what is left of the patient behind them is soon little, and is met most often.
    A genotype fits a word of 62 bits; where it does not, the less probable half of the genotypes is left out.
    """
    allele, probability = genotypes.allele, genotypes.probability
    while True:
        codes = [np.unique(allele[:, column][allele[:, column] >= FIRST_P_GROUP]) for column in range(allele.shape[1])]
        width = np.array([max(1, (code.size + FIRST_NAME - 1).bit_length()) for code in codes], np.int64)
        if 2 * int(width.sum()) <= 62:
            break
        allele, probability = allele[: -(-probability.size // 2)], probability[: -(-probability.size // 2)]
    order = np.argsort([-np.unique(allele[:, column], axis=0).shape[0] for column in range(width.size)], kind="stable")
    shift = np.concatenate([[0], np.cumsum(width[order])[:-1]]).astype(np.int64)
    names = [
        np.where(
            allele[:, column] >= FIRST_P_GROUP,
            np.searchsorted(code, allele[:, column]) + FIRST_NAME,
            np.where(allele[:, column] == NULL, ABSENT, ANOTHER),
        )
        for column, code in enumerate(codes)
    ]
    word = np.zeros(probability.size, np.int64)
    for place, column in enumerate(order):
        lesser, greater = np.sort(names[column], axis=1).T
        word |= (lesser << width[column] | greater) << (2 * shift[place])
    rows = np.argsort(word)
    allele_name = np.full(int(panels.allele_start[-1]), ANOTHER, np.int64)
    locus_shift = np.full(len(panels.loci), -1, np.int64)
    for place, column in enumerate(order):
        if genotypes.loci[column] not in panels.loci:
            continue
        row = panels.loci.index(genotypes.loci[column])
        locus_shift[row] = shift[place]
        known = panels.allele_code[row]
        position = np.searchsorted(codes[column], known)
        position[position == codes[column].size] = 0
        found = codes[column][position] == known if codes[column].size else np.zeros(known.size, np.bool_)
        of_locus = allele_name[int(panels.allele_start[row]) : int(panels.allele_start[row + 1])]
        of_locus[found] = position[found] + FIRST_NAME
        of_locus[0] = ABSENT
    return PatientWords(
        genotype=word[rows],
        probability=probability[rows],
        order=order.astype(np.int64),
        shift=shift,
        width=width[order],
        n_names=max(code.size for code in codes) + FIRST_NAME,
        allele_name=allele_name,
        locus_shift=locus_shift,
    )
