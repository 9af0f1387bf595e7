"""The slow, obvious twin of match prediction from haplotype frequencies: strings, fractions, loops over everything.

Source of the rules, unless a function names another: Gragert et al., Hum Immunol 2013;74:1313 (haplotypes behind
typings of any resolution), with diplotypes in Hardy-Weinberg proportions as in Excoffier & Slatkin, Mol Biol Evol
1995;12:921. "Domain guide" is the project's collection of the field's rules.

A *haplotype* is a tuple of names, one for each of the loci it is of, in their order; the name NULL is an absent allele.
*Frequencies* give each haplotype a fraction and need not sum to 1; a haplotype of frequency 0 is as one not listed.
A *carried typing* is a typing in the terms of `tests.oracle.matching` as the chromosomes carry it: NULL is a member
like any other and not resolved. A *person* has a carried typing for each locus; one that is not there is not typed.
A *multilocus genotype* has a genotype for each locus of a scope: its two names as carried, in alphabetical order.

Null alleles, which absent genes are as well, count by the consensus of the WMDA (Bochtler et al., Bone Marrow
Transplant 2011;46:338 and Hum Immunol 2016;77:371, table of locus mismatches): where both persons have one at a locus,
a null is an allele like any other and equals another null; where one person has one, its carrier is homozygous for the
other allele, and a person of two null alleles matches nothing. By the *strict* rule a null never equals another.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, product

from tests.oracle.matching import NEW, NULL, Genotype, Side, Typing

Haplotype = tuple[str, ...]
Diplotype = tuple[Haplotype, Haplotype]
Frequencies = Mapping[Haplotype, Fraction]
Person = Mapping[str, Typing]
MultilocusGenotype = tuple[Genotype, ...]
Distribution = dict[MultilocusGenotype, Fraction]
Part = tuple[tuple[str, ...], Distribution | None]

BLOCKS = (("A", "B", "C"), ("DQA1", "DQB1", "DRB1", "DRB3", "DRB4", "DRB5"), ("DPA1", "DPB1"))
"""Class I, DR with DQ, and DP: recombination between them is frequent (Carrington, Immunol Rev 1999;167:245)."""

STEPS = ("own", "registry", "global", "blocks", "loci", "certain", "missing")
"""Where a prediction comes from, the most trusted first."""


def holds(side: Side, name: str) -> bool:
    """Whether a side may be this carried allele; an allele without a name (NEW) is none of those in haplotypes."""
    return name in side and name != NEW


def allows(typing: Typing, first: str, second: str) -> bool:
    """Whether two chromosomes with these names fit the typing: either chromosome may carry either side (unphased).

    A locus that is not typed allows anything (Gragert et al. 2013).
    """
    if typing is None:
        return True
    return any(
        (holds(one, first) and holds(other, second)) or (holds(other, first) and holds(one, second))
        for one, other in typing
    )


def fits(loci: Sequence[str], person: Person, first: Haplotype, second: Haplotype) -> bool:
    """Whether two haplotypes fit the person, every locus by itself: typings are unphased (Gragert et al. 2013)."""
    return all(allows(person.get(locus), first[i], second[i]) for i, locus in enumerate(loci))


def diplotypes(frequencies: Frequencies, loci: Sequence[str], person: Person) -> dict[Diplotype, Fraction]:
    """The weight of every pair of haplotypes that fits: f1 * f2, doubled unless they are the same (Hardy-Weinberg).

    Excoffier & Slatkin 1995: a pair of different haplotypes comes about in two ways, one from either parent.
    """
    found = {}
    for first, second in combinations_with_replacement(sorted(frequencies), 2):
        weight = frequencies[first] * frequencies[second] * (1 if first == second else 2)
        if weight and fits(loci, person, first, second):
            found[first, second] = weight
    return found


def genotype(first: str, second: str) -> Genotype:
    """Two carried alleles in alphabetical order; what a null counts for depends on the other person."""
    return (min(first, second), max(first, second))


def homozygous_for_the_other(pair: Genotype) -> Genotype:
    """A genotype with a null allele as it counts beside a person without one (Bochtler et al. 2011, null alleles)."""
    first, second = pair
    return (second, second) if first == NULL else (first, first) if second == NULL else pair


def matching_alleles(patient: Genotype, donor: Genotype, *, strict: bool = False) -> int:
    """How many alleles of a locus match: the better of direct and cross pairing, nulls by the rule above."""
    unequal = {NEW}
    if strict or not (NULL in patient and NULL in donor):
        patient, donor = homozygous_for_the_other(patient), homozygous_for_the_other(donor)
        unequal = {NEW, NULL}
    return max(
        sum(one == other and one not in unequal for one, other in zip(patient, pairing, strict=True))
        for pairing in (donor, donor[::-1])
    )


def genotype_distribution(
    frequencies: Frequencies, loci: Sequence[str], person: Person, scope: Sequence[str]
) -> Distribution | None:
    """P(genotype of the scope | typing at all loci) = its diplotypes' weight / all weight (Gragert et al. 2013).

    None where nothing explains the person.
    """
    weights = diplotypes(frequencies, loci, person)
    total = sum(weights.values(), Fraction(0))
    if not total:
        return None
    positions = [list(loci).index(locus) for locus in scope]
    found: Distribution = {}
    for (first, second), weight in weights.items():
        in_scope = tuple(genotype(first[i], second[i]) for i in positions)
        found[in_scope] = found.get(in_scope, Fraction(0)) + weight / total
    return found


def genotypes(typing: Typing) -> set[Genotype]:
    """The genotypes that a typing allows, as carried."""
    return {genotype(*choice) for first, second in typing or [] for choice in product(first, second)}


def certain_genotype(typing: Typing) -> Genotype | None:
    """The one genotype that a typing allows; None if it allows several or the locus is not typed."""
    found = genotypes(typing)
    return found.pop() if len(found) == 1 else None


def stated_genotypes(typing: Typing) -> set[Genotype]:
    """The genotypes of a typing that leaves one, or one with or without a null beside it: (a, a) or (NULL, a).

    A gene of DRB3, DRB4, DRB5 that is reported once is so: either chromosome may lack it.
    """
    found = genotypes(typing)
    return found if len({homozygous_for_the_other(one) for one in found}) == 1 else set()


def match_distribution(
    patient: Distribution,
    donor: Distribution,
    scope: Sequence[str],
    *,
    strict: Sequence[str] = (),
    uncovered: Sequence[str] = (),
) -> dict[str, object] | None:
    """P(k mismatches) = sum of P(patient genotype) * P(donor genotype) over the pairs with k of them (Gragert 2013).

    Args:
        patient: what the patient may be.
        donor: what the donor may be.
        scope: the loci.
        strict: loci at which nulls count by the strict rule.
        uncovered: loci without frequencies: how probable each genotype is there is not known, so that they have to
            match alike in all pairs; else None is returned.

    Returns:
        "p": P(exactly k mismatches in the scope) for k from 0 to two for each locus.
        "two", "one": for each locus P(2/2) and P(exactly 1/2).
        "where": for each locus P(it holds the mismatch | exactly one in the scope), None where that has P = 0.
    """
    p = [Fraction(0)] * (2 * len(scope) + 1)
    two = dict.fromkeys(scope, Fraction(0))
    one = dict.fromkeys(scope, Fraction(0))
    single = dict.fromkeys(scope, Fraction(0))
    seen: dict[str, set[int]] = {locus: set() for locus in scope}
    for (of_patient, patient_p), (of_donor, donor_p) in product(patient.items(), donor.items()):
        matches = {
            locus: matching_alleles(of_patient[i], of_donor[i], strict=locus in strict) for i, locus in enumerate(scope)
        }
        mismatches = sum(2 - count for count in matches.values())
        p[mismatches] += patient_p * donor_p
        for locus, count in matches.items():
            seen[locus].add(count)
            if count == 2:
                two[locus] += patient_p * donor_p
            if count == 1:
                one[locus] += patient_p * donor_p
            if count == 1 and mismatches == 1:
                single[locus] += patient_p * donor_p
    if any(len(seen[locus]) > 1 for locus in scope if locus in uncovered):
        return None
    where = {locus: single[locus] / p[1] for locus in scope} if scope and p[1] else None
    return {"p": p, "two": two, "one": one, "where": where}


def marginal(frequencies: Frequencies, loci: Sequence[str], kept: Sequence[str]) -> dict[Haplotype, Fraction]:
    """Frequencies of haplotypes of some of the loci: the sum over all haplotypes that agree there."""
    positions = [list(loci).index(locus) for locus in kept]
    found: dict[Haplotype, Fraction] = {}
    for haplotype, frequency in frequencies.items():
        shorter = tuple(haplotype[i] for i in positions)
        found[shorter] = found.get(shorter, Fraction(0)) + frequency
    return found


def explain(
    person: Person,
    loci: Sequence[str],
    panels: Sequence[tuple[str, Frequencies]],
    blocks: Iterable[Sequence[str]],
    scope: Iterable[str] = (),
) -> tuple[list[Part], str]:
    """The person by the first panel that explains all loci, else by blocks of loci (domain guide: fallback chain).

    Args:
        person: carried typings.
        loci: the loci of the haplotypes of every panel.
        panels: step name and frequencies, in the order to try.
        blocks: each of `loci` in just one; they are taken as independent of each other.
        scope: the loci asked for; one that is in no panel is certain by itself or missing.

    Returns:
        Parts independent of each other, and the least trusted of their steps, be they within the scope or not.
    """
    blocks = [tuple(block) for block in blocks]
    assert sorted(locus for block in blocks for locus in block) == sorted(loci), "blocks have to divide the loci"
    found = _by_panels(person, loci, panels) or _by_blocks(person, loci, panels, blocks)
    found += [_without_frequencies(person, locus) for locus in scope if locus not in loci]
    return [part for part, _ in found], max((step for _, step in found), key=STEPS.index)


def _by_panels(
    person: Person, loci: Sequence[str], panels: Sequence[tuple[str, Frequencies]]
) -> list[tuple[Part, str]]:
    """All loci as one part by the first panel that explains them; nothing where none does."""
    for step, frequencies in panels:
        distribution = genotype_distribution(frequencies, loci, person, loci)
        if distribution is not None:
            return [((tuple(loci), distribution), step)]
    return []


def _by_blocks(
    person: Person, loci: Sequence[str], panels: Sequence[tuple[str, Frequencies]], blocks: list[tuple[str, ...]]
) -> list[tuple[Part, str]]:
    """Each block by the registry's frequencies of its haplotypes, else each of its loci by those of its alleles."""
    registry: Frequencies = {}
    for step, frequencies in panels:
        if step == "registry":
            registry = frequencies
    found: list[tuple[Part, str]] = []
    for block in blocks:
        distribution = genotype_distribution(marginal(registry, loci, block), block, person, block)
        if distribution is not None:
            found.append(((block, distribution), "blocks"))
            continue
        for locus in block:
            alone = genotype_distribution(marginal(registry, loci, (locus,)), (locus,), person, (locus,))
            found.append((((locus,), alone), "loci") if alone is not None else _by_itself(person, locus))
    return found


def _by_itself(person: Person, locus: str) -> tuple[Part, str]:
    """A locus that frequencies do not explain: an unambiguous typing is still certain, else missing (domain guide)."""
    certain = certain_genotype(person.get(locus))
    if certain is None:
        return ((locus,), None), "missing"
    return ((locus,), {(certain,): Fraction(1)}), "certain"


def _without_frequencies(person: Person, locus: str) -> tuple[Part, str]:
    """A locus that no frequencies know: what the typing states, where it makes no difference which of it is true."""
    stated = stated_genotypes(person.get(locus))
    if not stated:
        return ((locus,), None), "missing"
    # Weights as of alleles of one frequency; they must make no difference to what is said of a match.
    weight = {one: Fraction(1 if one[0] == one[1] else 2) for one in stated}
    return ((locus,), {(one,): of_one / sum(weight.values()) for one, of_one in weight.items()}), "certain"


def joined(parts: Iterable[Part], scope: Sequence[str]) -> Distribution | None:
    """One distribution over the scope: the product of the independent parts, summed over all that is not in it.

    None if a part with a locus of the scope is missing, or a locus of the scope is in no part.
    """
    touching = [(loci, distribution) for loci, distribution in parts if set(loci) & set(scope)]
    if not set(scope) <= {locus for loci, _ in touching for locus in loci}:
        return None
    known = [(loci, distribution) for loci, distribution in touching if distribution is not None]
    if len(known) < len(touching):
        return None
    found: Distribution = {}
    for choice in product(*(distribution.items() for _, distribution in known)):
        probability = Fraction(1)
        by_locus = {}
        for (loci, _), (multilocus, part_probability) in zip(known, choice, strict=True):
            probability *= part_probability
            by_locus.update(zip(loci, multilocus, strict=True))
        in_scope = tuple(by_locus[locus] for locus in scope)
        found[in_scope] = found.get(in_scope, Fraction(0)) + probability
    return found


def scope_distribution(
    person: Person,
    scope: Sequence[str],
    loci: Sequence[str],
    panels: Sequence[tuple[str, Frequencies]],
    blocks: Iterable[Sequence[str]],
) -> tuple[Distribution | None, str]:
    """What a person may be in the scope, and the step that says so; None where a locus of the scope is missing.

    A person whose genotype is certain at every locus of the scope has it whatever the frequencies say (domain guide).
    """
    parts, step = explain(person, loci, panels, blocks, scope)
    certain = [certain_genotype(person.get(locus)) for locus in scope]
    known = tuple(one for one in certain if one is not None)
    if len(known) == len(certain):
        return {known: Fraction(1)}, step
    return joined(parts, scope), step
