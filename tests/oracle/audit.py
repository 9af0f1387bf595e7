"""The slow, obvious twin of the audit: pairs of typings, DR groups, resolution, TCE groups, duplicates, small cells.

A side of a typing is a set of names; an alternative two sides; a typing a list of alternatives, empty where not typed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product

Side = Collection[str]
Typing = Sequence[tuple[Side, Side]]
Genotype = tuple[str, str]

GENES_OF_GROUPS = {
    "DR1": ((1,), None), "DR8": ((8,), None), "DR10": ((10,), None), "DR51": ((15, 16), "DRB5"),
    "DR52": ((3, 11, 12, 13, 14), "DRB3"), "DR53": ((4, 7, 9), "DRB4"),
}  # fmt: skip
"""The first fields of DRB1 in each DR group, and the gene beside them (Andersson, Front Biosci 1998;3:d739)."""


def genotypes(typing: Typing) -> set[Genotype]:
    """Every unordered genotype that a typing allows."""
    return {tuple(sorted(pair)) for first, second in typing for pair in product(first, second)}  # type: ignore[misc]


def can_be_paired(one: Typing, other: Typing, related: Collection[tuple[str, str]]) -> bool:
    """Some genotypes of two typings pair allele by allele, in one order or the other; untyped says nothing."""
    if not one or not other:
        return True
    return any(
        ((a, c) in related and (b, d) in related) or ((a, d) in related and (b, c) in related)
        for a, b in genotypes(one)
        for c, d in genotypes(other)
    )


def gene_beside(first_field: int) -> str | None:
    """The gene of DRB3, DRB4, DRB5 on the chromosome of a first field of DRB1."""
    return next(gene for fields, gene in GENES_OF_GROUPS.values() if first_field in fields)


def dr_is_possible(drb1: Collection[tuple[int, int]], copies: Mapping[str, Collection[int]]) -> bool:
    """Some genotype of DRB1 has some allowed number of copies of every gene that is typed.

    Args:
        drb1: the genotypes as first fields.
        copies: of each gene that is typed, the numbers of copies that its typing allows.
    """
    return any(
        all([gene_beside(one), gene_beside(other)].count(gene) in allowed for gene, allowed in copies.items())
        for one, other in drb1
    )


def resolution_score(typing: Typing, frequency: Mapping[str, Fraction]) -> Fraction | None:
    """The probability that two draws from the genotypes of a typing are equal (Paunic et al., Hum Immunol 2016;77:542).

    Genotypes are as frequent as Hardy-Weinberg proportions say; None where none has a frequency.
    """
    weights = [
        frequency.get(one, Fraction(0)) * frequency.get(other, Fraction(0)) * (1 if one == other else 2)
        for one, other in genotypes(typing)
    ]
    whole = sum(weights)
    return sum(weight**2 for weight in weights) / whole**2 if whole else None


def level(typing: Typing, families: Collection[Collection[str]]) -> str:
    """High for one genotype, low where a side holds a whole family of several, else between (Nunes et al., 2011)."""
    if not typing:
        return "untyped"
    if any(len(family) > 1 and set(family) <= set(side) for pair in typing for side in pair for family in families):
        return "low"
    return "high" if len(genotypes(typing)) == 1 else "intermediate"


def tce_groups(typing: Typing, group: Mapping[str, str]) -> set[str]:
    """The groups that a person can belong to: the lower of two; a null allele has none and leaves the other's."""
    found = set()
    for pair in genotypes(typing):
        groups = [group[allele] for allele in pair if not allele.endswith("N")]
        if groups and "" not in groups:
            found.add(min(groups))
    return found


def same_person_pairs(
    persons: Mapping[str, Mapping[str, Typing]], births: Mapping[str, object], least_loci: int
) -> Iterator[tuple[str, str]]:
    """The pairs of one birth whose typings have a genotype in common at every locus, and are many enough."""
    for one, other in combinations(sorted(persons), 2):
        if births[one] is None or births[one] != births[other]:
            continue
        both = [(persons[one][locus], persons[other][locus]) for locus in persons[one]]
        typed = [pair for pair in both if pair[0] and pair[1]]
        if len(typed) >= least_loci and all(genotypes(a) & genotypes(b) for a, b in typed):
            yield one, other


def feasible(counts: Sequence[int], withheld: Sequence[bool], least: Sequence[int] | None = None) -> list[set[int]]:
    """What each cell can be for a reader of a table with its total: zeros are published unless nothing is."""
    tables = list(_tables(counts, withheld, [1] * len(counts) if least is None else least))
    return [{table[cell] for table in tables} for cell in range(len(counts))]


def feasible_parts(
    whole: Sequence[int], whole_withheld: Sequence[bool], part: Sequence[int], part_withheld: Sequence[bool]
) -> list[tuple[set[int], set[int], set[int]]]:
    """What the whole, the part and the rest can be in each cell for a reader of both tables with their totals."""
    ones = [1] * len(whole)
    pairs = [
        (of_whole, of_part)
        for of_whole in _tables(whole, whole_withheld, ones)
        for of_part in _tables(part, part_withheld, ones)
        if all(n <= of for n, of in zip(of_part, of_whole, strict=True))
    ]
    return [
        ({of[cell] for of, _ in pairs}, {n[cell] for _, n in pairs}, {of[cell] - n[cell] for of, n in pairs})
        for cell in range(len(whole))
    ]


def _tables(counts: Sequence[int], withheld: Sequence[bool], least: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every table with the published cells and total; of withheld cells something is known to be there, or nothing."""
    total = sum(counts)
    low = [0 if all(withheld) and n <= 1 else n for n in least]
    options = [
        range(fewest, total + 1) if hidden else (n,) for n, hidden, fewest in zip(counts, withheld, low, strict=True)
    ]
    return (table for table in product(*options) if sum(table) == total)
