"""The arrays of estimation: the alleles from which the haplotypes of a person are chosen."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from hla_match.kernels.schema.array import Array, Int32, Int64


class AlleleChoices(NamedTuple):
    """The alleles that each person may have at each locus, those of equal typings once."""

    person_choice: Annotated[Int64, Array("persons, loci", "entry in `choice_start`", below="choices")]
    choice_start: Annotated[Int64, Array("choices + 1", "offsets into `choice_allele`", into="choice alleles")]
    choice_allele: Annotated[Int32, Array("choice alleles", "alleles to choose from")]
