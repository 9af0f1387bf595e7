"""What persons may carry, as a table: the most probable diplotypes and genotypes of each, with their probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.frequencies.haplotype_frequencies import ABSENT
from hla_match.imputation.genotypes import Diplotypes, diplotypes, genotype_distribution
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.imputation.panels import BLOCKS, FallbackLevel
from hla_match.kernels.codes import NEW
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.release import Nomenclature
from hla_match.services.notices import OnProgress

COLUMNS = {
    "kind": pl.String, "loci": pl.String, "rank": pl.UInt32, "haplotype_1": pl.String, "haplotype_2": pl.String,
    "genotype": pl.String, "probability": pl.Float64, "cumulative": pl.Float64, "cut": pl.Float64, "step": pl.String,
    "missing": pl.String,
}  # fmt: skip
"""The columns of the table, without those that name the person."""

_CHROMOSOME = tuple(locus for block in BLOCKS for locus in block)
"""Loci in the order in which haplotypes are written."""

_LISTED = 1 << 14
"""Diplotypes of a part that are listed at first; of very ambiguous persons there are a hundred times as many."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one kind over the same loci, of one person: alleles as codes, (rows, loci, 2)."""

    person: int
    part: int
    kind: str
    loci: tuple[str, ...]
    allele: NDArray[np.int32]
    probability: NDArray[np.float64]
    fallback: FallbackLevel
    missing: tuple[str, ...]


def imputed_table(
    imputed: ImputedRegistry,
    nomenclature: Nomenclature,
    loci: Sequence[str],
    *,
    limit: int,
    on_progress: OnProgress | None = None,
) -> pl.DataFrame:
    """Return the rows of every person, most probable first: `person` (its position), then `COLUMNS`.

    A diplotype has a rank among those of its independent part, a genotype is over all the loci asked for.

    Args:
        imputed: the persons.
        nomenclature: names the P groups.
        loci: the loci of the genotypes; diplotypes are those of the parts that touch one of them.
        limit: rows of a kind for each person and part.
        on_progress: is called with the number of persons that are done, and of all.
    """
    distinct, example, of_person, counts = np.unique(
        imputed.donors.person, return_index=True, return_inverse=True, return_counts=True
    )
    found: dict[tuple[str, tuple[str, ...]], list[_Rows]] = {}
    n_done = 0
    # Persons of equal typings have equal rows.
    for number in range(distinct.size):
        for rows in _person_rows(imputed, number, int(example[number]), tuple(loci), limit):
            found.setdefault((rows.kind, rows.loci), []).append(rows)
        n_done += int(counts[number])
        if on_progress is not None:
            on_progress(n_done, of_person.size)
    frames = [_frame(same, nomenclature) for same in found.values()]
    schema = {"distinct": pl.UInt32, "part": pl.UInt32, **COLUMNS}
    table = pl.concat([pl.DataFrame(schema=schema), *frames])
    persons = pl.DataFrame({"distinct": of_person.astype(np.uint32)}).with_row_index("person")
    joined = persons.join(table, on="distinct").sort("person", "kind", "part", "rank")
    return joined.select("person", *COLUMNS)


def missing_loci(imputed: ImputedRegistry, loci: Sequence[str]) -> list[tuple[str, ...]]:
    """Return for each person the loci at which no frequencies explain it."""
    bits = imputed.donors.classes.person_missing[imputed.donors.person].tolist()
    row = {locus: imputed.panels.loci.index(locus) if locus in imputed.panels.loci else None for locus in loci}
    return [
        tuple(locus for locus, number in row.items() if number is None or lacking >> number & 1) for lacking in bits
    ]


def _person_rows(imputed: ImputedRegistry, number: int, person: int, loci: tuple[str, ...], limit: int) -> list[_Rows]:
    rows = []
    for part, listed in enumerate(_listed(imputed, person, limit)):
        if set(listed.loci) & set(loci):
            order = [listed.loci.index(locus) for locus in _CHROMOSOME if locus in listed.loci]
            rows.append(
                _Rows(
                    person=number,
                    part=part,
                    kind="diplotype",
                    loci=tuple(listed.loci[column] for column in order),
                    allele=listed.haplotype[:limit, :, order].transpose(0, 2, 1),
                    probability=listed.probability[:limit].copy(),  # a view would keep the whole list in memory
                    fallback=listed.fallback,
                    missing=(),
                )
            )
    genotypes = genotype_distribution(imputed.donors, imputed.panels, person, loci)
    known = [column for column, locus in enumerate(loci) if locus not in genotypes.missing]
    if known:
        # Not to be explained at some loci says nothing of how the others were.
        fallback = max((one.fallback for one in rows), default=FallbackLevel.MISSING)
        rows.append(
            _Rows(
                person=number,
                part=0,
                kind="genotype",
                loci=tuple(loci[column] for column in known),
                allele=genotypes.allele[:limit, known],
                probability=genotypes.probability[:limit].copy(),
                fallback=fallback,
                missing=genotypes.missing,
            )
        )
    return rows


def _listed(imputed: ImputedRegistry, person: int, limit: int) -> tuple[Diplotypes, ...]:
    """Return a person's diplotypes, at least `limit` of each part that has so many."""
    listed = diplotypes(imputed.donors, imputed.panels, person, limit=max(_LISTED, limit))
    # A list is cut between weights, never among equal ones, and can then be shorter than what is asked for.
    if any(part.cut > 0 and part.probability.size < limit for part in listed):
        listed = diplotypes(imputed.donors, imputed.panels, person)
    return listed


def _frame(same: list[_Rows], nomenclature: Nomenclature) -> pl.DataFrame:
    """Return rows of one kind over the same loci as text."""
    loci, kind = same[0].loci, same[0].kind
    allele = np.concatenate([rows.allele for rows in same])
    sides: list[list[pl.Series]] = [[], []]
    for column, locus in enumerate(loci):
        names = _names(nomenclature, locus)
        for side in (0, 1):
            sides[side].append(names.gather(allele[:, column, side].astype(np.uint32)).alias(locus))
    first, second = pl.DataFrame(sides[0]), pl.DataFrame(sides[1])
    nothing = pl.Series([None] * allele.shape[0], dtype=pl.String)
    if kind == "diplotype":
        texts = [frame.select(pl.concat_str(pl.all(), separator="~")).to_series() for frame in (first, second)]
        haplotype_1, haplotype_2, genotype = *texts, nothing
    else:
        pairs = [first[locus] + "+" + second[locus] for locus in loci]
        haplotype_1 = haplotype_2 = nothing
        genotype = pl.DataFrame(pairs).select(pl.concat_str(pl.all(), separator="^")).to_series()
    sizes = np.array([rows.probability.size for rows in same])
    each = np.repeat(np.arange(len(same)), sizes)
    cumulative = [np.minimum(np.cumsum(rows.probability), 1.0) for rows in same]
    # What is left after rounding of a whole list is nothing.
    cut = np.array([1.0 - sums[-1] if sums.size else 1.0 for sums in cumulative])
    cut[cut < 1e-9] = 0.0
    columns = {
        "distinct": np.array([rows.person for rows in same], np.uint32)[each],
        "part": np.array([rows.part for rows in same], np.uint32)[each],
        "kind": pl.Series([kind]).gather(np.zeros(each.size, np.uint32)),
        "loci": pl.Series(["~".join(loci)]).gather(np.zeros(each.size, np.uint32)),
        "rank": np.concatenate([np.arange(1, size + 1, dtype=np.uint32) for size in sizes]),
        "haplotype_1": haplotype_1,
        "haplotype_2": haplotype_2,
        "genotype": genotype,
        "probability": np.concatenate([rows.probability for rows in same]),
        "cumulative": np.concatenate(cumulative),
        "cut": cut[each],
        "step": pl.Series([str(rows.fallback) for rows in same]).gather(each.astype(np.uint32)),
        "missing": pl.Series([",".join(rows.missing) or None for rows in same], dtype=pl.String).gather(
            each.astype(np.uint32)
        ),
    }
    return pl.DataFrame(columns, schema={"distinct": pl.UInt32, "part": pl.UInt32, **COLUMNS})


def _names(nomenclature: Nomenclature, locus: str) -> pl.Series:
    """Return the names of a locus' alleles by code."""
    absent = "NNNN" if locus in OPTIONAL_GENES else ABSENT
    names = [absent, "", *nomenclature.p_groups(locus)]
    names[NEW] = "NEW"
    return pl.Series([f"{locus}*{name}" for name in names])
