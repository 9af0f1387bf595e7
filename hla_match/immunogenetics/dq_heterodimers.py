"""The groups of a person's HLA-DQ heterodimers, G1 and G2, which do not pair with each other's chains.

G1 is of DQA1*02 to *06 with DQB1*02, *03 and *04, G2 of DQA1*01 with DQB1*05 and *06. Source: Petersdorf et al., Blood
2022;139:3009 (relapse is more frequent with G1G2 and G2G2). The chain of DQB1 alone tells the group; where DQA1 is
typed, too, it has to agree. Oracle: ``tests/oracle/donor_facts.py``.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

UNKNOWN_GROUPS = ""

Chains = tuple[tuple[frozenset[str], frozenset[str]], ...]
"""The groups that the two chains of each alternative genotype of a locus can be of; none where it is not typed."""

_KEPT = 4_096
"""Pairs of typings whose groups are kept."""

_GROUP = {
    "DQA1": {**dict.fromkeys(("02", "03", "04", "05", "06"), "G1"), "01": "G2"},
    "DQB1": {**dict.fromkeys(("02", "03", "04"), "G1"), **dict.fromkeys(("05", "06"), "G2")},
}


def chain_group(locus: str, family: str) -> str:
    """Return the group of an allele of DQA1 or DQB1 by its first field; "" for another (Petersdorf et al. 2022).

    >>> chain_group("DQB1", "06"), chain_group("DQA1", "05"), chain_group("DQB1", "07")
    ('G2', 'G1', '')
    """
    return _GROUP[locus].get(family, "")


def dq_groups(dqb1: tuple[str, str], dqa1: tuple[str, str] | None = None) -> str:
    """Return the groups of a person's two heterodimers, from the groups of the chains.

    Unknown where a chain is of no group, and where the chains of DQA1 are not as many of each group as those of DQB1.

    >>> dq_groups(("G2", "G1")), dq_groups(("G2", "G1"), ("G1", "G2")), dq_groups(("G2", "G2"), ("G1", "G2"))
    ('G1G2', 'G1G2', '')
    """
    first, second = sorted(dqb1)
    if not first or (dqa1 is not None and sorted(dqa1) != [first, second]):
        return UNKNOWN_GROUPS
    return first + second


@lru_cache(_KEPT)
def possible_dq_groups(dqb1: Chains, dqa1: Chains) -> str:
    """Return every answer of `dq_groups` that two typings leave open, joined by a slash; unknown where that is known.

    Args:
        dqb1: the chains of DQB1.
        dqa1: the chains of DQA1.

    >>> g1, g2, either = frozenset({"G1"}), frozenset({"G2"}), frozenset({"G1", "G2"})
    >>> possible_dq_groups(((g1, g2),), ()), possible_dq_groups(((g2, either),), ()), possible_dq_groups((), ())
    ('G1G2', 'G1G2/G2G2', '')
    """
    alphas: list[tuple[str, str] | None] = [choice for pair in dqa1 for choice in product(*pair)] or [None]
    betas = [choice for pair in dqb1 for choice in product(*pair)]
    found = {dq_groups(beta, alpha) for beta in betas for alpha in alphas}
    # Where some chains agree, those that do not are not the person's.
    return "/".join(sorted(found - {UNKNOWN_GROUPS}))
