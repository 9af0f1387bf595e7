"""The slow, obvious twin of the next steps: dictionaries, fractions, every outcome and every subset of donors.

What a typing is expected to tell is the mutual information of its outcome and the number of mismatches (Cover & Thomas,
Elements of Information Theory, 2nd ed. 2006, section 2.3), by its definition: the sum over all pairs of an outcome and
a number of p(x, y) log2(p(x, y) / (p(x) p(y))). What it is expected to gain is the mean, over its outcomes, of the best
donor's probability of a match then, less that of now. How many of some donors match and are available is counted subset
by subset. A *distribution* gives multilocus genotypes their probabilities, as in `tests.oracle.probability`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import log2

from tests.oracle.probability import Distribution, MultilocusGenotype, matching_alleles

Outcome = tuple[object, ...]
Joint = dict[tuple[Outcome, int], Fraction]


def mismatches(patient: MultilocusGenotype, donor: MultilocusGenotype, strict: bool) -> int:
    """Alleles of all loci that do not match."""
    return sum(2 - matching_alleles(one, other, strict=strict) for one, other in zip(patient, donor, strict=True))


def joint_distribution(patient: Distribution, donor: Distribution, typed: Sequence[int], *, strict: bool) -> Joint:
    """P(genotypes of the donor at the typed loci, number of mismatches in scope)."""
    found: Joint = {}
    for (wanted, p), (carried, q) in product(patient.items(), donor.items()):
        key = tuple(carried[locus] for locus in typed), mismatches(wanted, carried, strict)
        found[key] = found.get(key, Fraction(0)) + p * q
    return found


def information(joint: Joint) -> float:
    """Bits that the outcome tells of the number of mismatches."""
    of_outcome: dict[Outcome, Fraction] = {}
    of_number: dict[int, Fraction] = {}
    for (outcome, number), p in joint.items():
        of_outcome[outcome] = of_outcome.get(outcome, Fraction(0)) + p
        of_number[number] = of_number.get(number, Fraction(0)) + p
    return sum(
        float(p) * log2(p / (of_outcome[outcome] * of_number[number])) for (outcome, number), p in joint.items() if p
    )


def match_information(joint: Joint, most: int) -> float:
    """Bits that the outcome tells of whether there are at most so many mismatches."""
    found: Joint = {}
    for (outcome, number), p in joint.items():
        key = outcome, int(number <= most)
        found[key] = found.get(key, Fraction(0)) + p
    return information(found)


def gain(joint: Joint, most: int, other: Fraction) -> Fraction:
    """Expected rise of the best donor's probability of at most so many mismatches, beside others at `other`."""
    of_outcome: dict[Outcome, Fraction] = {}
    matched: dict[Outcome, Fraction] = {}
    for (outcome, number), p in joint.items():
        of_outcome[outcome] = of_outcome.get(outcome, Fraction(0)) + p
        matched[outcome] = matched.get(outcome, Fraction(0)) + (p if number <= most else 0)
    after = sum((p * max(matched[outcome] / p, other) for outcome, p in of_outcome.items() if p), Fraction(0))
    return after - max(sum(matched.values(), Fraction(0)), other)


def patient_gain(
    patient: Distribution,
    donors: Sequence[Distribution],
    typed: Sequence[int],
    most: int,
    other: Fraction,
    *,
    strict: bool,
) -> Fraction:
    """The same of a typing of the patient, which tells of all donors."""

    def best(patients: Distribution) -> Fraction:
        total = sum(patients.values(), Fraction(0))
        return max(
            [
                other,
                *(
                    sum(
                        (
                            p * q
                            for (wanted, p), (carried, q) in product(patients.items(), donor.items())
                            if mismatches(wanted, carried, strict) <= most
                        ),
                        Fraction(0),
                    )
                    / total
                    for donor in donors
                ),
            ]
        )

    groups: dict[Outcome, Distribution] = {}
    for genotype, p in patient.items():
        if p:
            groups.setdefault(tuple(genotype[locus] for locus in typed), {})[genotype] = p
    after = sum((sum(group.values(), Fraction(0)) * best(group) for group in groups.values()), Fraction(0))
    return after - best(patient)


def at_least(wanted: int, probabilities: Sequence[Fraction]) -> Fraction:
    """P(at least so many of some independent trials succeed): the sum over all ways in which they can come out."""
    found = Fraction(0)
    for ways in product((False, True), repeat=len(probabilities)):
        if sum(ways) >= wanted:
            term = Fraction(1)
            for succeeds, p in zip(ways, probabilities, strict=True):
                term *= p if succeeds else 1 - p
            found += term
    return found
