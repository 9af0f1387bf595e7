"""How probable each pair of groups of a person's HLA-DQ heterodimers is.

The chains of DQB1 tell the groups, with those of DQA1 where the frequencies have it. Where the two loci do not agree,
that pair of genotypes is not the person's, so that the others stand for all. Sources: those of
`hla_match.immunogenetics.dq_heterodimers`. Oracle: ``tests/oracle/fact_probabilities.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from hla_match.immunogenetics.carried_genotypes import CarriedGenotypes
from hla_match.immunogenetics.dq_heterodimers import Chains
from hla_match.imputation.genotypes import Diplotypes

Groups = tuple[str, ...]
"""The groups of the chains of one locus or two, sorted within a locus; "" of one that is not known."""

GroupOf = Callable[[str, int], str]
"""Gives the group of an allele of a locus by its code, "" where it has none."""


def dq_probabilities(carried: CarriedGenotypes, dqa1: Chains, group: GroupOf) -> dict[str, float] | None:
    """Return how probable each pair of groups is; None where nothing explains the person at DQB1.

    What is not known is left out, so that the sum falls short of 1 by it.

    Args:
        carried: what the person may carry.
        dqa1: the groups of the chains of the typing of DQA1; none where it is not typed.
        group: gives the group of an allele.
    """
    beta, alpha = carried.part_of("DQB1"), carried.part_of("DQA1")
    if beta is None:
        return None
    found: dict[str, float] = {}
    agreeing = 0.0
    for chains, others, probability in _pairs(beta, alpha, dqa1, group):
        is_known = "" not in chains
        # A chain without a group leaves open whether the others agree with it.
        if is_known and not any("" in one or one == chains for one in others):
            continue
        agreeing += probability
        if is_known and chains in others:
            found["".join(chains)] = found.get("".join(chains), 0.0) + probability
    cut = beta.cut if alpha is None or alpha is beta else 1 - (1 - beta.cut) * (1 - alpha.cut)
    total = agreeing + cut
    return {one: p / total for one, p in sorted(found.items())} if total > 0 else {}


def _pairs(
    beta: Diplotypes, alpha: Diplotypes | None, dqa1: Chains, group: GroupOf
) -> list[tuple[Groups, list[Groups], float]]:
    """Return the groups at DQB1, those that DQA1 may have beside them, and their probability."""
    if alpha is None:
        typed = [tuple(sorted(choice)) for pair in dqa1 for choice in product(*pair)]
        return [
            (chains, list(dict.fromkeys(typed)) or [chains], p) for chains, p in _summed(beta, ("DQB1",), group).items()
        ]
    if alpha is beta:
        return [(both[:2], [both[2:]], p) for both, p in _summed(beta, ("DQB1", "DQA1"), group).items()]
    return [
        (mine, [theirs], p * q)
        for (mine, p), (theirs, q) in product(
            _summed(beta, ("DQB1",), group).items(), _summed(alpha, ("DQA1",), group).items()
        )
    ]


def _summed(part: Diplotypes, loci: tuple[str, ...], group: GroupOf) -> dict[Groups, float]:
    """Return how probable the groups of some loci of a part are, locus after locus."""
    names = ("", "G1", "G2")
    key = np.zeros(part.probability.size, np.int64)
    for locus in loci:
        codes, number = np.unique(part.haplotype[:, :, part.loci.index(locus)], return_inverse=True)
        of_code = np.array([names.index(group(locus, code)) for code in codes.tolist()], np.int64)
        pair = np.sort(of_code[number.reshape(-1, 2)], axis=1)
        key = key * len(names) ** 2 + pair[:, 0] * len(names) + pair[:, 1]
    found: dict[Groups, float] = {}
    n_chains = 2 * len(loci)
    for place, p in enumerate(np.bincount(key, part.probability).tolist()):
        if p:
            digits = np.unravel_index(place, (len(names),) * n_chains)
            found[tuple(names[int(one)] for one in digits)] = p
    return found
