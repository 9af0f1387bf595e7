"""The slow, obvious twin of haplotype frequency estimation: dictionaries, floats and loops over every diplotype.

Source of the rules: expectation-maximisation of Excoffier & Slatkin, Mol Biol Evol 1995;12:921, on typings of mixed
resolution as in Gragert et al., Hum Immunol 2013;74:1313. The terms are those of `tests.oracle.probability`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement, product

from tests.oracle.matching import NEW
from tests.oracle.probability import Diplotype, Haplotype, Person, allows, fits


def alleles_of(persons: Iterable[Person], loci: Sequence[str]) -> dict[str, set[str]]:
    """Every name that occurs in the typings of a locus, NULL too; an allele without a name (NEW) is no name."""
    persons = list(persons)
    return {
        locus: {
            name
            for person in persons
            for alternative in person.get(locus) or []
            for side in alternative
            for name in side
            if name != NEW
        }
        for locus in loci
    }


def possible_haplotypes(person: Person, loci: Sequence[str], alleles: Mapping[str, Iterable[str]]) -> set[Haplotype]:
    """Every haplotype of these alleles that a person may carry beside some other one (Excoffier & Slatkin 1995).

    Typings are unphased, so any choices at the loci combine; a locus that is not typed may be any of its alleles.
    """
    at_loci = [
        [name for name in alleles[locus] if any(allows(person.get(locus), name, other) for other in alleles[locus])]
        for locus in loci
    ]
    return set(product(*at_loci))


def compatible(person: Person, loci: Sequence[str], support: Iterable[Haplotype]) -> list[Diplotype]:
    """Every pair of haplotypes of the support that fits the person."""
    pairs = combinations_with_replacement(sorted(support), 2)
    return [(first, second) for first, second in pairs if fits(loci, person, first, second)]


def weight(frequencies: Mapping[Haplotype, float], diplotype: Diplotype) -> float:
    """f1 * f2, doubled unless the haplotypes are the same (Hardy-Weinberg, Excoffier & Slatkin 1995)."""
    first, second = diplotype
    return frequencies[first] * frequencies[second] * (1 if first == second else 2)


def likelihood(frequencies: Mapping[Haplotype, float], pairs: Iterable[Diplotype]) -> float:
    """P(typing) of one person: the sum over all diplotypes that fit (Excoffier & Slatkin 1995)."""
    return math.fsum(weight(frequencies, pair) for pair in pairs)


def expected_counts(
    frequencies: Mapping[Haplotype, float], pairs_of: Iterable[Sequence[Diplotype]]
) -> dict[Haplotype, float]:
    """E step: how often each haplotype occurs, each person's diplotypes weighted by their probability given the typing.

    Excoffier & Slatkin 1995; `pairs_of` has the diplotypes that fit each person.
    """
    shares: dict[Haplotype, list[float]] = {haplotype: [] for haplotype in frequencies}
    for pairs in pairs_of:
        total = likelihood(frequencies, pairs)
        for first, second in pairs:
            share = weight(frequencies, (first, second)) / total
            shares[first].append(share)
            shares[second].append(share)
    return {haplotype: math.fsum(parts) for haplotype, parts in shares.items()}


def em(
    persons: Iterable[Person],
    loci: Sequence[str],
    *,
    alleles: Mapping[str, Iterable[str]] | None = None,
    support: Iterable[Haplotype] | None = None,
    start: Mapping[Haplotype, float] | None = None,
    iterations: int | None = None,
    tolerance: float | None = None,
) -> tuple[dict[Haplotype, float], list[float]]:
    """Haplotype frequencies by expectation-maximisation (Excoffier & Slatkin 1995).

    A person whom no diplotype explains, at the start, says nothing and is not counted.

    Args:
        persons: carried typings.
        loci: the loci of the haplotypes, in their order.
        alleles: the alleles of each locus; by default all that the typings name.
        support: the haplotypes to estimate; by default all of these alleles that any person may carry.
        start: first frequencies, scaled to a sum of 1, 0 for a haplotype that is not there; by default all equal.
        iterations: stop after so many.
        tolerance: stop after the first iteration that changes no frequency by more than this.

    Returns:
        The frequencies, 0 for haplotypes that vanished, and the natural logarithm of the likelihood at the start and
        after each iteration.
    """
    assert iterations is not None or tolerance is not None, "something has to end the iterations"
    persons = list(persons)
    if support is None:
        names = alleles_of(persons, loci) if alleles is None else {locus: set(alleles[locus]) for locus in loci}
        support = {haplotype for person in persons for haplotype in possible_haplotypes(person, loci, names)}
    support = sorted(set(support))
    first = {haplotype: 1.0 if start is None else float(start.get(haplotype, 0.0)) for haplotype in support}
    scale = math.fsum(first.values())
    frequencies = {haplotype: value / scale for haplotype, value in first.items()}

    pairs_of = [compatible(person, loci, support) for person in persons]
    pairs_of = [pairs for pairs in pairs_of if likelihood(frequencies, pairs) > 0]
    log_likelihoods = [_log_likelihood(frequencies, pairs_of)]
    done = 0
    while pairs_of and (iterations is None or done < iterations):
        # M step: the share of each haplotype among the two of every person.
        counts = expected_counts(frequencies, pairs_of)
        before, frequencies = frequencies, {haplotype: n / (2 * len(pairs_of)) for haplotype, n in counts.items()}
        log_likelihoods.append(_log_likelihood(frequencies, pairs_of))
        done += 1
        change = max(abs(frequencies[haplotype] - before[haplotype]) for haplotype in support)
        if tolerance is not None and change <= tolerance:
            break
    return frequencies, log_likelihoods


def _log_likelihood(frequencies: Mapping[Haplotype, float], pairs_of: Iterable[Sequence[Diplotype]]) -> float:
    """Of all persons, who are independent of each other (Excoffier & Slatkin 1995)."""
    return math.fsum(math.log(likelihood(frequencies, pairs)) for pairs in pairs_of)
