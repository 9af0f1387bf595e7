"""The slow, obvious twin of what mismatches are of: loops over genotypes, which are pairs of names.

A *typing* is a set of genotypes.
"""

from collections.abc import Collection, Mapping
from itertools import product

Genotype = tuple[str, str]
Person = Mapping[str, Genotype]

# Fernandez-Vina et al., Blood 2014;123:1270.
PERMISSIVE_AT_C = {"03:03", "03:04"}


def mismatches(patient: Genotype, donor: Genotype) -> int:
    """The mismatches of two genotypes: the better of both ways to pair their alleles."""
    return min(
        sum(one != other for one, other in zip(patient, way, strict=True)) for way in (donor, tuple(reversed(donor)))
    )


def antigen_matches(patient: Genotype, donor: Genotype, antigen_of: Mapping[str, str]) -> int:
    """The matching antigens of two genotypes, by the antigen of each allele."""
    (one, other), (third, fourth) = ([antigen_of[name] for name in genotype] for genotype in (patient, donor))
    return 2 - mismatches((one, other), (third, fourth))


def cord_matches(patient: Person, donor: Person, antigen_of: Mapping[str, str]) -> int:
    """The matches of 6 of cord blood: A and B by antigen, DRB1 by allele; a person's genotypes by locus.

    Sources: Dehn et al., Blood 2019;134:924; PMC7567024.
    """
    by_antigen = sum(antigen_matches(patient[locus], donor[locus], antigen_of) for locus in ("A", "B"))
    return by_antigen + 2 - mismatches(patient["DRB1"], donor["DRB1"])


def as_one(genotype: Genotype) -> Genotype:
    """A genotype in which the two permissive alleles are one."""
    first, second = ("either" if name in PERMISSIVE_AT_C else name for name in genotype)
    return first, second


def permissive_mismatches(patients: Collection[Genotype], donors: Collection[Genotype]) -> int | None:
    """How many of the least mismatches at C are 03:03 against 03:04; None where some may be, and a typing is open."""
    pairs = list(product(patients, donors))
    least = min(mismatches(one, other) for one, other in pairs)
    found = least - min(mismatches(as_one(one), as_one(other)) for one, other in pairs)
    return found if not found or len(pairs) == 1 else None
