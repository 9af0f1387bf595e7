"""Every haplotype that a typing allows: each choice of an allowed allele at each locus, since typings are unphased.

Oracle: ``possible_haplotypes`` in ``tests/oracle/estimation.py``.
"""

from __future__ import annotations

from typing import Annotated

from hla_match.kernels._jit import kernel
from hla_match.kernels.schema.array import Array, Int32, Int64
from hla_match.kernels.schema.estimation import AlleleChoices


@kernel
def list_allowed(
    choices: AlleleChoices,
    person_start: Int64,
    haplotype: Annotated[Int32, Array("entries, loci", "haplotypes")],
) -> None:
    """Write the haplotypes that each person allows, the last locus changing fastest.

    Args:
        choices: the alleles that each person may have.
        person_start: (persons + 1,) offsets into `haplotype`; a person has the product of the numbers of alleles.
        haplotype: receives the haplotypes.
    """
    choice_start, choice_allele = choices.choice_start, choices.choice_allele
    n_persons, n_loci = choices.person_choice.shape
    for person in range(n_persons):
        for entry in range(person_start[person], person_start[person + 1]):
            rest = entry - person_start[person]
            for back in range(n_loci):
                row = n_loci - 1 - back
                choice = choices.person_choice[person, row]
                n_alleles = choice_start[choice + 1] - choice_start[choice]
                haplotype[entry, row] = choice_allele[choice_start[choice] + rest % n_alleles]
                rest //= n_alleles
