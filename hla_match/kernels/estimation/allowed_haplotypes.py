"""Every haplotype that a typing allows: each choice of an allowed allele at each locus, since typings are unphased.

Oracle: ``possible_haplotypes`` in ``tests/oracle/estimation.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel


@kernel
def list_allowed(
    person_choice: NDArray[np.int64],
    choice_start: NDArray[np.int64],
    choice_allele: NDArray[np.int32],
    person_start: NDArray[np.int64],
    haplotype: NDArray[np.int32],
) -> None:
    """Write the haplotypes that each person allows, the last locus changing fastest.

    Args:
        person_choice: (persons, loci) entry in `choice_start` of each person at each locus.
        choice_start: offsets into `choice_allele`.
        choice_allele: alleles to choose from.
        person_start: (persons + 1,) offsets into `haplotype`; a person has the product of the numbers of alleles.
        haplotype: (entries, loci) receives the haplotypes.
    """
    n_loci = person_choice.shape[1]
    for person in range(person_choice.shape[0]):
        for entry in range(person_start[person], person_start[person + 1]):
            rest = entry - person_start[person]
            for back in range(n_loci):
                row = n_loci - 1 - back
                choice = person_choice[person, row]
                n_alleles = choice_start[choice + 1] - choice_start[choice]
                haplotype[entry, row] = choice_allele[choice_start[choice] + rest % n_alleles]
                rest //= n_alleles
