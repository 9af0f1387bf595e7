"""The arrays of estimation: the alleles from which the haplotypes of a person are chosen."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from hla_match.kernels.schema.array import Array, Float64, Int32, Int64


class AlleleChoices(NamedTuple):
    """The alleles that each person may have at each locus, those of equal typings once."""

    person_choice: Annotated[Int64, Array("persons, loci", "entry in `choice_start`", below="choices")]
    choice_start: Annotated[Int64, Array("choices + 1", "offsets into `choice_allele`", into="choice alleles")]
    choice_allele: Annotated[Int32, Array("choice alleles", "alleles to choose from")]


class KeptFrequencies(NamedTuple):
    """The haplotype frequencies of a registry, all donors as one population, as they are kept beside its snapshot."""

    own_allele: Annotated[
        Int32, Array("haplotypes, loci", "0 a null allele, else 2 + the number of the P group; each haplotype once")
    ]
    own_frequency: Annotated[Float64, Array("haplotypes", "frequency of each haplotype; the sum is 1")]
    apart_allele: Annotated[Int32, Array("alleles, further loci", "likewise, of the locus that stands by itself")]
    apart_frequency: Annotated[Float64, Array("alleles", "frequency of each allele there; the sum is 1, or none is")]
