"""The slow, obvious twin of the probabilities of facts: every genotype of one person beside every one of the other.

A *distribution* gives each genotype of a locus, as carried, a fraction; `tests.oracle.probability` makes it from
haplotype frequencies (Gragert et al., Hum Immunol 2013;74:1313). `value` gives the fact of a name, "" where it is not
known. The rules of null alleles are those of `tests.oracle.matching`, those of the facts of `tests.oracle.donor_facts`.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product

from tests.oracle.donor_facts import LIGANDS
from tests.oracle.matching import NEW, NULL, Genotype, as_counted, is_same

UNKNOWN, NO_SINGLE = "unknown", "no single mismatch"

Distribution = Mapping[Genotype, Fraction]
Joint = Mapping[tuple[Genotype, ...], Fraction]


def is_match(one: str, other: str) -> bool:
    """Whether two alleles as they count are the same; null alleles of both persons are, where they count as such."""
    return is_same(one, other) or (one == other and "null" in one)


def split(patient: Genotype, donor: Genotype, null_rule: str) -> tuple[list[str], list[str], list[str]]:
    """The patient's mismatched alleles, the donor's, and the shared ones, in the pairing with most matches."""
    mine, theirs = as_counted(patient, donor, null_rule), as_counted(donor, patient, null_rule)
    best = None
    for beside in (theirs, theirs[::-1]):
        pairs = list(zip(mine, beside, strict=True))
        found = (
            sorted(one for one, other in pairs if not is_match(one, other)),
            sorted(other for one, other in pairs if not is_match(one, other)),
            [one for one, other in pairs if is_match(one, other)],
        )
        if best is None or len(found[0]) < len(best[0]):
            best = found
    assert best is not None
    return best


def mismatched(
    patient: Distribution, donor: Distribution, null_rule: str
) -> tuple[Fraction, dict[tuple[tuple[str, ...], tuple[str, ...]], Fraction]]:
    """P(a mismatch), and by the patient's mismatched alleles and the donor's, their probability given one."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], Fraction] = {}
    for (mine, p), (theirs, q) in product(patient.items(), donor.items()):
        lost, other, _ = split(mine, theirs, null_rule)
        if lost:
            key = tuple(lost), tuple(other)
            found[key] = found.get(key, Fraction(0)) + p * q
    total = sum(found.values(), Fraction(0))
    return total, {key: p / total for key, p in found.items()}


def of_single_mismatch(
    patient: Distribution,
    donor: Distribution,
    null_rule: str,
    value: Callable[[str, str, str], str],
) -> dict[str, Fraction]:
    """The probability of each value of the patient's mismatched allele, the donor's and the shared one."""
    found: dict[str, Fraction] = {}
    for (mine, p), (theirs, q) in product(patient.items(), donor.items()):
        lost, other, shared = split(mine, theirs, null_rule)
        name = value(lost[0], other[0], shared[0]) or UNKNOWN if len(lost) == 1 else NO_SINGLE
        found[name] = found.get(name, Fraction(0)) + p * q
    return found


def leader(value: Mapping[str, str]) -> Callable[[str, str, str], str]:
    """The code of three alleles; "" where a leader is not known."""

    def code(*names: str) -> str:
        letters = [value.get(name, "") for name in names]
        return "".join(letters) if all(letters) else ""

    return code


def expression(value: Mapping[str, str]) -> Callable[[str, str, str], str]:
    """The level of the patient's mismatched allele."""
    return lambda mine, _theirs, _shared: value.get(mine, "")


def ligands(person: Joint, value: list[Mapping[str, str]]) -> dict[frozenset[str] | None, Fraction]:
    """The probability of each set of ligands of a person, over all loci together; None where one is not known."""
    found: dict[frozenset[str] | None, Fraction] = {}
    for genotypes, p in person.items():
        values = [
            of_locus.get(name, "")
            for genotype, of_locus in zip(genotypes, value, strict=True)
            for name in genotype
            if name != NULL
        ]
        key = None if "" in values else frozenset(values) & frozenset(LIGANDS)
        found[key] = found.get(key, Fraction(0)) + p
    return found


def missing(
    has: Mapping[frozenset[str] | None, Fraction], lacks: Mapping[frozenset[str] | None, Fraction]
) -> dict[str, Fraction]:
    """The probability of each set of ligands that one person has and the other lacks."""
    found: dict[str, Fraction] = {}
    for (mine, p), (theirs, q) in product(has.items(), lacks.items()):
        if mine is None or theirs is None:
            name = UNKNOWN
        else:
            name = ", ".join(one for one in LIGANDS if one in mine - theirs) or "none"
        found[name] = found.get(name, Fraction(0)) + p * q
    return found


def dq_groups(person: Joint, value: list[Mapping[str, str]]) -> dict[str, Fraction]:
    """The probability of the groups of the heterodimers, given that the chains of DQB1 and DQA1 agree.

    Args:
        person: genotypes of DQB1, perhaps with DQA1 behind it.
        value: the groups of the names of each.
    """
    found: dict[str, Fraction] = {}
    for genotypes, p in person.items():
        chains = [
            sorted("" if name in (NULL, NEW) else of_locus.get(name, "") for name in genotype)
            for genotype, of_locus in zip(genotypes, value, strict=True)
        ]
        if any("" in one for one in chains):
            name = UNKNOWN
        elif any(one != chains[0] for one in chains):
            continue
        else:
            name = "".join(chains[0])
        found[name] = found.get(name, Fraction(0)) + p
    total = sum(found.values(), Fraction(0))
    return {name: p / total for name, p in found.items()}
