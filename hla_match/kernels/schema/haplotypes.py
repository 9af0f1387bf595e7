"""The arrays of imputation: panels of haplotypes, typings in their terms, and the haplotype classes of persons."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from hla_match.kernels.schema.array import Array, Float64, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64


class PanelHaplotypes(NamedTuple):
    """The haplotypes of all panels, panel after panel. Alleles are numbered locus by locus, 0 is a null allele."""

    allele_start: Annotated[Int64, Array("loci + 1", "where the alleles of each locus start among those of all loci")]
    haplotype_allele: Annotated[Uint16, Array("loci, haplotypes", "alleles; 0 at loci that are not the panel's")]
    allele_of: Annotated[Uint16, Array("haplotypes, loci", "the same, the alleles of a haplotype side by side")]
    frequency: Annotated[Float64, Array("haplotypes", "frequency of each haplotype in its panel")]
    panel_start: Annotated[Int64, Array("panels + 1", "first haplotype of each panel")]
    panel_locus_start: Annotated[Int64, Array("panels + 1", "offsets into `panel_locus`")]
    panel_locus: Annotated[Int64, Array("panel loci", "loci of each panel")]


class AlleleIndex(NamedTuple):
    """The haplotypes of each panel that hold each allele, as lists and as sets of bits."""

    posting_start: Annotated[Int64, Array("panels, alleles + 1", "offsets into `posting`, alleles of all loci in turn")]
    posting: Annotated[Uint32, Array("postings", "haplotypes that hold an allele, ascending")]
    panel_words: Annotated[Int64, Array("panels", "words of a set of the panel's haplotypes", missing=0)]
    bits_start: Annotated[Int64, Array("panels, alleles", "offsets into `bits`", missing=-1)]
    bits: Annotated[Uint32, Array("words", "haplotypes that hold an allele as bits, the lowest first")]


class PanelChain(NamedTuple):
    """The panels in the order in which they are asked whether they explain a person."""

    panel_fallback: Annotated[Uint8, Array("panels", "how far along the chain each panel stands")]
    population_panel: Annotated[
        Int64, Array("populations + 1, links", "panels over all loci; the last row is for no known population", -1)
    ]
    block_panel: Annotated[Int64, Array("blocks", "panel of each block of loci")]
    locus_panel: Annotated[Int64, Array("loci", "panel of each locus alone", missing=-1)]
    certain_panel: Annotated[
        Int64, Array("loci", "panel of the alleles of each locus, each of frequency 1", missing=-1)
    ]


class TypingAlleles(NamedTuple):
    """Distinct typings of all loci, one locus after another, as sets of the panels' alleles."""

    typing_start: Annotated[Int64, Array("loci", "where the typings of each locus start in `with_nulls_start`")]
    with_nulls_start: Annotated[Int64, Array("typings + loci", "offsets into `with_nulls_set`")]
    with_nulls_set: Annotated[Int64, Array("alternatives, 2", "the two sets of an alternative, null alleles kept")]
    set_start: Annotated[Int64, Array("sets + 1", "offsets into `set_allele`")]
    set_allele: Annotated[Int64, Array("set members", "alleles of the locus that a set holds")]
    stated: Annotated[
        Int32,
        Array(
            "typings + loci, 3",
            "the one genotype that a typing states, lesser allele first; 1 where it may be homozygous for the second",
            missing=-1,
        ),
    ]
    max_signatures: int
    """Upper limit of the kinds of alleles that a typing tells apart."""


class PersonTypings(NamedTuple):
    """Persons to impute: what they are typed as, and the chain that they follow."""

    person_typing: Annotated[Int32, Array("loci, persons", "typing of each person at each locus", missing=0)]
    person_population: Annotated[Int16, Array("persons", "row of `population_panel`")]


class HaplotypeClasses(NamedTuple):
    """The haplotype classes of distinct persons: a person has independent parts, a part classes and pairs of them."""

    person_part: Annotated[Int64, Array("distinct persons + 1", "offsets of the parts of each person", into="parts")]
    person_missing: Annotated[
        Uint16, Array("distinct persons", "loci of the panels, as bits, at which nothing explains the person")
    ]
    part_panel: Annotated[Int16, Array("parts", "panel that explains the part", below="panels")]
    part_mass: Annotated[Float64, Array("parts", "weight of all diplotypes of the part")]
    part_class: Annotated[Int64, Array("parts + 1", "offsets into the classes", into="classes")]
    part_pair: Annotated[Int64, Array("parts + 1", "offsets into `pair`", into="pairs")]
    class_member: Annotated[Int64, Array("classes + 1", "offsets into `member`", into="members")]
    pair: Annotated[Uint16, Array("pairs, 2", "compatible classes, counted from the part's first, the lesser first")]
    member: Annotated[Uint32, Array("members", "haplotypes of each class")]


class Imputation(NamedTuple):
    """What persons may carry: their haplotype classes, those of equal persons kept once."""

    person: Annotated[Int32, Array("persons", "which of the distinct persons each one is", below="distinct persons")]
    classes: HaplotypeClasses


class PersonDigests(NamedTuple):
    """By what distinct persons are found again in another imputation under the same frequencies."""

    person_digest: Annotated[
        Uint64, Array("distinct persons, 2", "digest of the population and of what the person is typed as")
    ]
    certain_start: Annotated[
        Int64, Array("loci + 1", "offsets of the loci of the panels into `certain_code`", into="certain alleles")
    ]
    certain_code: Annotated[
        Int32, Array("certain alleles", "ascending codes of the alleles that stand for themselves, locus by locus")
    ]
