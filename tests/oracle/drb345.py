"""The slow, obvious twin of DRB345: the two positions of a person's DRB3, DRB4 and DRB5 genes taken together.

A chromosome carries at most one of the three genes, so that a person has two positions, each with an allele of one of
them or with none of them (NULL). Every pair of positions is tried: it is possible where each gene's typing allows what
the pair shows of that gene, an allele of another gene showing as NULL. A gene that is not typed allows anything.
"""

from collections.abc import Mapping
from itertools import combinations_with_replacement

from tests.oracle.matching import NEW, NULL, Typing, genotypes

GENES = ("DRB3", "DRB4", "DRB5")


def joint_typing(typings: Mapping[str, Typing], names: Mapping[str, set[str]]) -> Typing:
    """The typing of DRB345 in the terms of `tests.oracle.matching`, an alternative for each pair that is possible.

    None where no gene is typed, and where the typings exclude each other.

    Args:
        typings: by gene, as the chromosomes carry it.
        names: by gene every allele there is; an allele is its gene and its name.
    """
    if all(typings.get(gene) is None for gene in GENES):
        return None
    positions = [(gene, name) for gene in GENES for name in sorted(names[gene] | {NEW})] + [("", NULL)]
    possible = [
        (frozenset({joint_name(*one)}), frozenset({joint_name(*other)}))
        for one, other in combinations_with_replacement(positions, 2)
        if all(is_allowed(typings.get(gene), shown(one, gene), shown(other, gene)) for gene in GENES)
    ]
    return possible or None


def shown(position: tuple[str, str], gene: str) -> str:
    """What a position shows of a gene."""
    return position[1] if position[0] == gene else NULL


def is_allowed(typing: Typing, one: str, other: str) -> bool:
    """Whether a gene's typing allows two alleles, in either order; one that is not typed allows all that have names."""
    if typing is None:
        return NEW not in (one, other)
    return bool({(one, other), (other, one)} & genotypes(typing))


def joint_name(gene: str, name: str) -> str:
    """The name of a position's allele among those of all three genes."""
    return name if name in (NULL, NEW) else f"{gene}*{name}"
