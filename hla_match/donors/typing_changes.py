"""Which donors' typings say something else in one registry than in another, though they are reported alike.

So it is under another release: a P group is divided, an allele is deleted, an antigen is assigned. What a typing says
is what it is compared by: the P groups that each side can be, and its antigens. The alleles behind them grow with every
release without any change of a comparison. A P group is known by the allele that it is named after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from hla_match.donors.registry import Registry
from hla_match.kernels.codes import FIRST_P_GROUP, NEW, NULL
from hla_match.typings.encoding import alternatives_with_nulls

TYPING_CHANGES = {
    name: pl.String
    for name in (
        "donor_id", "locus", "typing_1", "typing_2", "p_groups_before", "p_groups_after", "antigens_before",
        "antigens_after", "reason",
    )
}  # fmt: skip
"""Columns of a table of such typings, all of them texts; `reason` says why one cannot be read any more."""

_WORDS = {NULL: "null", NEW: "NEW"}


def typing_changes(before: Registry, after: Registry) -> pl.DataFrame:
    """Return the typings of donors of both registries that are reported alike and say something else.

    Returns:
        A row a donor and locus, as `TYPING_CHANGES`, by identifier and in the order of the loci. What a typing says has
        its sides beside a plus, what a side can be beside slashes, and alternatives of whole genotypes beside a bar.
    """
    parts = [pl.DataFrame(schema=TYPING_CHANGES)]
    stay = before.attributes["donor_id"].is_in(after.attributes["donor_id"].implode()).to_numpy()
    for row, locus in enumerate(before.loci):
        if locus in after.loci:
            changed = _changed_texts(_said(before, locus), _said(after, locus))
            code = before.donor_typing[row]
            donors = np.flatnonzero(stay & np.isin(code, changed["code"].to_numpy()))
            identifiers = before.attributes["donor_id"][donors]
            found = pl.DataFrame({"donor_id": identifiers, "code": code[donors].astype(np.uint32)})
            parts.append(
                found.join(changed, on="code").with_columns(locus=pl.lit(locus), reason=pl.lit(None, pl.String))
            )
    order = pl.col("locus").cast(pl.Enum(before.loci))
    return pl.concat(part.select(list(TYPING_CHANGES)) for part in parts).sort("donor_id", order)


def _changed_texts(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the reported typings that say something else: `code` in the first registry, and the columns on typings."""
    both = before.join(after.drop("code"), on=["typing_1", "typing_2"], suffix="_after")
    named = both.rename({"p_groups": "p_groups_before", "antigens": "antigens_before"})
    is_other = [pl.col(f"{name}_before") != pl.col(f"{name}_after") for name in ("p_groups", "antigens")]
    return named.filter(pl.any_horizontal(is_other))


def _said(registry: Registry, locus: str) -> pl.DataFrame:
    """Return by reported typing of a locus its `code` and texts, and the `p_groups` and `antigens` that it says."""
    column, index = registry.columns[locus], registry.nomenclature.index(locus)
    group = dict(enumerate((name.removesuffix("P") for name in index.p_names), start=FIRST_P_GROUP)) | _WORDS
    antigen = {number: name for name, number in index.antigens.code.items()}
    alternatives = [alternatives_with_nulls(column.table, typing) for typing in range(column.table.n_typings)]
    says = pl.DataFrame(
        {
            "p_groups": [_text([[side.codes for side in pair] for pair in one], group) for one in alternatives],
            "antigens": [_text([[side.antigens for side in pair] for pair in one], antigen) for one in alternatives],
        },
        schema={"p_groups": pl.String, "antigens": pl.String},
    )
    text = column.text.rename({"first": "typing_1", "second": "typing_2"}).with_row_index("code")
    return text.hstack(says[pl.Series(column.expanded_typing).cast(pl.UInt32)]).filter(pl.col("code") > 0)


def _text(alternatives: Sequence[Sequence[tuple[int, ...]]], name: Mapping[int, str]) -> str:
    """Return some genotypes, each the codes of its two sides, in names, which do not depend on the order of codes.

    >>> _text([[(2, 1), (3,)]], {1: "02:01", 2: "02:06", 3: "24:02"})
    '02:01/02:06+24:02'
    """
    return "|".join("+".join("/".join(sorted(name[code] for code in side)) for side in pair) for pair in alternatives)
