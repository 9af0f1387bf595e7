"""Ambiguous typings of DPB1 that leave the T-cell epitope group of the donor open.

A person belongs to the lowest numbered of the groups of the two alleles; a null allele leaves the other's. Sources:
Fleischhauer et al., Lancet Oncol 2012;13:366; Crivello et al., Biol Blood Marrow Transplant 2015;21:233 (version 2).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from hla_match.auditing.findings import FindingKind, findings, no_findings, reported_texts
from hla_match.donors.registry import Registry
from hla_match.nomenclature.gl_string import genotypes
from hla_match.nomenclature.locus_index import LocusIndex

NO_ALLELE = "N"
"""Stands for the group of a null allele."""


def person_groups(first: Iterable[str], second: Iterable[str]) -> set[str]:
    """Return the groups that a person can belong to whose alleles are of some groups; "" stands for not assigned.

    >>> sorted(person_groups({"3"}, {"2", "3"})), sorted(person_groups({"1"}, {"N"})), person_groups({""}, {"3"})
    (['2', '3'], ['1'], {''})
    """
    return {"" if "" in (one, other) else min(one, other) for one in first for other in second} - {NO_ALLELE}


def allele_groups(index: LocusIndex, alleles: Iterable[int]) -> set[str]:
    """Return the groups of some alleles, given as their rows."""
    return {NO_ALLELE if index.is_null[row] else index.tables.tce_group[row] for row in alleles}


def tce_findings(registry: Registry) -> pl.DataFrame:
    """Return a finding for each donor whose typing of DPB1 stands for several groups, with the groups."""
    if "DPB1" not in registry.loci:
        return no_findings()
    index = registry.nomenclature.index("DPB1")
    of_side: dict[str, set[str]] = {}

    def side_groups(text: str) -> set[str]:
        if text not in of_side:
            expansion = registry.nomenclature.expand("DPB1", text, registry.codes)
            # An allele reported as NEW is of no known group.
            of_side[text] = allele_groups(index, expansion.alleles) or {""}
        return of_side[text]

    mixed = []
    for texts in registry.columns["DPB1"].text.iter_rows():
        pairs = genotypes(*texts)
        groups = set().union(*(person_groups(side_groups(one), side_groups(other)) for one, other in pairs)) - {""}
        mixed.append(" or ".join(sorted(groups)) if len(groups) > 1 else None)
    detail = pl.Series("detail", mixed, pl.String)[registry.donor_typing[registry.loci.index("DPB1")]]
    rows = np.flatnonzero(detail.is_not_null().to_numpy())
    reported = reported_texts(registry, "DPB1", rows)
    return findings(registry, FindingKind.MIXED_TCE, rows, locus="DPB1", reported=reported, detail=detail[rows])
