"""The arrays of prediction: haplotypes and persons as words, a patient's genotypes in groups, and what is predicted.

A word holds the labels of a haplotype's alleles side by side (`hla_match.kernels.prediction.packed_alleles`).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from hla_match.kernels.schema.array import Array, Float64, Int32, Int64, Uint16


class PanelScope(NamedTuple):
    """The loci in scope in terms of the panels."""

    panel_scope: Annotated[Int64, Array("panels", "the loci in scope that each panel covers, as bits")]
    locus_column: Annotated[Int64, Array("loci", "position in scope of each locus of the panels", missing=-1)]


class PackedHaplotypes(NamedTuple):
    """The haplotypes of all panels as words: haplotypes of equal words are the same to a prediction."""

    word: Annotated[Int64, Array("words", "the distinct words, in the order of their first haplotypes")]
    word_index: Annotated[Int32, Array("haplotypes", "which of the distinct words each haplotype has")]
    frequency: Annotated[Float64, Array("haplotypes", "frequency of each haplotype in its panel")]
    panel_scope: Annotated[Int64, Array("panels", "the loci in scope that each panel covers, as bits")]


class PackedPart(NamedTuple):
    """One part of a person, haplotypes of equal words in a class as one."""

    scope: int
    """The loci in scope that the part covers, as bits."""
    mass: float
    """Weight of all its diplotypes."""
    pair: Annotated[Uint16, Array("pairs, 2", "compatible classes")]
    class_first: Annotated[Int64, Array("classes + 1", "offsets into the words")]
    word: Annotated[Int64, Array("words", "distinct within a class, by falling weight")]
    weight: Annotated[Float64, Array("words", "sum of the frequencies of the haplotypes of a word")]


class PatientClasses(NamedTuple):
    """An ambiguous patient: packed parts one after another, and how words are read."""

    shift: Annotated[Int64, Array("loci in scope", "lowest bit of each locus in a word")]
    width: Annotated[Int64, Array("loci in scope", "bits of a label of each locus")]
    n_labels: int
    """Labels at the locus that has the most."""
    strict: int
    """Loci in scope, as bits, at which null alleles never equal each other."""
    word: Annotated[Int64, Array("words", "distinct within a class, by falling weight")]
    weight: Annotated[Float64, Array("words", "sum of the frequencies of the haplotypes of a word")]
    class_first: Annotated[Int64, Array("classes + 1", "offsets into the words")]
    part_class: Annotated[Int64, Array("parts + 1", "offsets into the classes")]
    part_pair: Annotated[Int64, Array("parts + 1", "offsets into `pair`")]
    pair: Annotated[Uint16, Array("pairs, 2", "compatible classes, counted from the part's first")]
    part_mass: Annotated[Float64, Array("parts", "weight of all diplotypes of the part")]
    part_scope: Annotated[Int64, Array("parts", "the loci in scope of the part, as bits")]


class Genotypes(NamedTuple):
    """Multilocus genotypes as pairs of words."""

    lesser: Annotated[Int64, Array("genotypes", "the lesser label of each locus")]
    greater: Annotated[Int64, Array("genotypes", "the greater label of each locus")]
    probability: Annotated[Float64, Array("genotypes", "probability of each genotype")]


class GenotypeGroups(NamedTuple):
    """The genotypes of a patient, grouped for comparison locus by locus; a level is a locus in the order compared."""

    locus: Annotated[Int64, Array("levels", "position in scope of the locus of each level")]
    shift: Annotated[Int64, Array("levels", "lowest bit of the locus in a word")]
    width: Annotated[Int64, Array("levels", "bits of a label of the locus")]
    n_groups: Annotated[Int64, Array("levels + 1", "groups of each level, and the one that is left at the end")]
    group_start: Annotated[Int64, Array("levels + 2", "offsets of the groups of all levels, level after level")]
    next_group: Annotated[Int32, Array("groups", "group of the next level that each one goes to")]
    genotype: Annotated[Int32, Array("groups", "which genotype of the level's locus each group has, ascending")]
    run: Annotated[Int64, Array("runs", "where the groups of each genotype begin; for each level where the last end")]
    genotype_start: Annotated[Int64, Array("levels + 1", "offsets into the next two; less the level, into `run`")]
    lesser: Annotated[Int64, Array("genotypes", "lesser labels of the genotypes of each locus")]
    greater: Annotated[Int64, Array("genotypes", "greater labels of the genotypes of each locus")]
    probability: Annotated[Float64, Array("groups of the first level", "probability of each genotype of all loci")]


class MismatchCounts(NamedTuple):
    """How many alleles of donors mismatch at all loci together."""

    mismatches: Annotated[Float64, Array("donors, numbers", "probability of 0, 1, 2, ... mismatches")]
    p_only_mismatch: Annotated[
        Float64,
        Array("donors, loci in scope", "probability of one mismatch in all, at the locus; no loci where not asked for"),
    ]


class LocusMatches(NamedTuple):
    """What matches at each locus by itself."""

    p_both: Annotated[Float64, Array("donors, loci in scope", "probability that both alleles match")]
    p_one: Annotated[Float64, Array("donors, loci in scope", "probability that exactly one allele matches")]


class ListedGenotypes(NamedTuple):
    """The genotypes of persons of few diplotypes, person after person."""

    start: Annotated[Int64, Array("persons + 1", "where the genotypes of each person begin")]
    genotype: Annotated[
        Int64, Array("genotypes, loci in scope", "lesser allele times alleles of the locus, plus greater allele")
    ]
    probability: Annotated[Float64, Array("genotypes", "probability of each genotype")]


class DonorPairs(NamedTuple):
    """The genotypes of donors, equal donors once, and where each donor stands among all pairs."""

    start: Annotated[Int64, Array("listed persons + 1", "where the genotypes of each person begin")]
    row: Annotated[Int32, Array("genotypes, loci in scope", "row of the mismatches for each locus of a genotype")]
    probability: Annotated[Float64, Array("genotypes", "probability of each genotype")]
    number: Annotated[Int64, Array("listed persons", "which of the distinct persons each one is")]
    column_start: Annotated[Int64, Array("distinct persons + 1", "offsets into `column`")]
    column: Annotated[Int64, Array("donors", "donors that are the same person, person after person")]


class PatientPairs(NamedTuple):
    """The genotypes of patients, and where each patient stands among all pairs."""

    patient: Annotated[Int64, Array("genotypes", "whose each genotype is")]
    probability: Annotated[Float64, Array("genotypes", "probability of each genotype")]
    row: Annotated[Int64, Array("listed patients", "row of each patient among all")]
