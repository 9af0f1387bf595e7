"""Ambiguous typings of DPB1 that leave the T-cell epitope group of the donor open.

The group of a person is the rule of `hla_match.nomenclature.tce_groups`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from hla_match.auditing.findings import FindingKind, findings, no_findings, reported_texts
from hla_match.donors.registry import Registry
from hla_match.nomenclature.gl_string import genotypes
from hla_match.nomenclature.tce_groups import allele_groups, person_groups


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
