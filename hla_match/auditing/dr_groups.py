"""The genes DRB3, DRB4 and DRB5 that come with the alleles of DRB1.

A haplotype of DR51 carries DRB5, of DR52 DRB3, of DR53 DRB4, of DR1, DR8 and DR10 none of them. Sources: Andersson,
Front Biosci 1998;3:d739 (the five groups of haplotypes); Robbins et al., Immunogenetics 1997;46:104. Rare haplotypes of
other kinds exist, such as DRB1*15 without DRB5 and DRB1*01 with it: what is found is to be checked, not wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations_with_replacement
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.auditing.findings import FindingKind, findings, no_findings, reported_at
from hla_match.donors.registry import Registry
from hla_match.kernels.codes import FIRST_P_GROUP
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string import genotypes, is_absent_gene, lone_typings
from hla_match.nomenclature.locus_index import SUFFIXES
from hla_match.nomenclature.untyped import UNKNOWN

GENE_OF_FAMILY: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("01", "08", "10"), ""),
        **dict.fromkeys(("15", "16"), "DRB5"),
        **dict.fromkeys(("03", "11", "12", "13", "14"), "DRB3"),
        **dict.fromkeys(("04", "07", "09"), "DRB4"),
    }
)
"""By first field of DRB1, the gene beside it on the chromosome; "" for none."""

GENE_PAIRS = tuple(combinations_with_replacement(("", *OPTIONAL_GENES), 2))
"""What the two chromosomes of a person can carry."""

_ANY = (1 << len(GENE_PAIRS)) - 1


def gene_pairs(families: Iterable[tuple[str, str]]) -> int:
    """Return the `GENE_PAIRS` of some pairs of first fields of DRB1, as bits.

    A first field that no DR group has allows any gene.

    >>> [pair for bit, pair in enumerate(GENE_PAIRS) if gene_pairs([("04", "15")]) >> bit & 1]
    [('DRB4', 'DRB5')]
    """
    found = 0
    for one, other in families:
        if one not in GENE_OF_FAMILY or other not in GENE_OF_FAMILY:
            return _ANY
        pair = tuple(sorted((GENE_OF_FAMILY[one], GENE_OF_FAMILY[other])))
        found |= 1 << GENE_PAIRS.index((pair[0], pair[1]))
    return found


def pairs_with_copies(gene: str, copies: Iterable[int]) -> int:
    """Return the `GENE_PAIRS` in which a gene has one of some numbers of copies, as bits.

    >>> [pair for bit, pair in enumerate(GENE_PAIRS) if pairs_with_copies("DRB5", {2}) >> bit & 1]
    [('DRB5', 'DRB5')]
    """
    allowed = set(copies)
    return sum(1 << bit for bit, pair in enumerate(GENE_PAIRS) if pair.count(gene) in allowed)


def gene_copies(gene: str, first: str, second: str) -> set[int]:
    """Return how many copies of a gene two columns can stand for; a null allele is a copy.

    A typing that is reported alone may be on one chromosome or on both.

    >>> gene_copies("DRB4", "01:03", ""), gene_copies("DRB4", "NNNN", ""), gene_copies("DRB4", "01:03", "NNNN")
    ({1, 2}, {0}, {1})
    """
    alone = lone_typings(first, second)
    found: set[int] = set()
    for pair in genotypes(first, second):
        present = [side for side in pair if not is_absent_gene(gene, side)]
        found.add(len(present))
        if (pair[0] == pair[1] and pair[0] in alone and present) or (present and UNKNOWN in pair):
            found.add(1)
        if present and set(present) == {UNKNOWN}:
            found.add(0)
    return found


def dr_findings(registry: Registry) -> pl.DataFrame:
    """Return a finding for each donor whose DRB3, DRB4 and DRB5 no two haplotypes of the DR groups carry together."""
    genes = [gene for gene in OPTIONAL_GENES if gene in registry.loci]
    if not genes or "DRB1" not in registry.loci:
        return no_findings()
    allowed = _drb1_pairs(registry)[registry.donor_typing[registry.loci.index("DRB1")]]
    typed = allowed != _ANY
    for gene in genes:
        allowed = allowed & _gene_pairs_of(registry, gene)[registry.donor_typing[registry.loci.index(gene)]]
    rows = np.flatnonzero(typed & (allowed == 0))
    reported = reported_at(registry, ("DRB1", *genes), rows)
    return findings(registry, FindingKind.DR_LINKAGE, rows, locus="DRB1", reported=reported)


def _drb1_pairs(registry: Registry) -> NDArray[np.uint16]:
    """Return (reported,) the gene pairs of each reported typing of DRB1, as bits; all where it is not typed."""
    index = registry.nomenclature.index("DRB1")
    family = [name.rstrip(SUFFIXES).partition(":")[0] for name in index.p_names]
    table = registry.columns["DRB1"].table
    start, member = table.counted.set_start, table.counted.set_member
    of_set = [_families(member[start[one] : start[one + 1]], family) for one in range(start.size - 1)]
    pair_start, pair_set = table.with_nulls
    pairs = np.full(table.n_typings, _ANY, np.uint16)
    for typing in range(1, table.n_typings):
        sets = pair_set[pair_start[typing] : pair_start[typing + 1]].tolist()
        pairs[typing] = gene_pairs({(a, b) for one, other in sets for a in of_set[one] for b in of_set[other]})
    return pairs[registry.columns["DRB1"].expanded_typing]


def _families(codes: NDArray[np.int32], family: list[str]) -> set[str]:
    """Return the first fields of a set of alleles; one that no DR group has where an allele is null or NEW."""
    return {family[code - FIRST_P_GROUP] if code >= FIRST_P_GROUP else "" for code in codes.tolist()}


def _gene_pairs_of(registry: Registry, gene: str) -> NDArray[np.uint16]:
    """Return (reported,) the gene pairs that each reported typing of a gene allows, as bits; all where not typed."""
    texts = registry.columns[gene].text.iter_rows()
    copies = [gene_copies(gene, *pair) for pair in texts]
    return np.array([pairs_with_copies(gene, one) if one else _ANY for one in copies], np.uint16)
