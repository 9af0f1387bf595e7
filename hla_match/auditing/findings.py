"""What an audit finds: kinds of findings, each with its meaning, and the frame in which findings stand."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.registry import Registry


class FindingKind(StrEnum):
    """What a finding is about.

    Attributes:
        label: the kind in a few words.
        means: what was found, in one sentence.
        to_do: what to do about it, in one sentence.

    >>> FindingKind("age_today").label
    'age today out of range'
    """

    label: str
    means: str
    to_do: str

    def __new__(cls, kind: str, label: str = "", means: str = "", to_do: str = "") -> Self:
        """Make a member whose value is the kind alone."""
        member = str.__new__(cls, kind)
        member._value_ = kind
        member.label, member.means, member.to_do = label, means, to_do
        return member

    CONFLICTING_REPORTS = (
        "conflicting_reports",
        "conflicting reports of one locus",
        "Two typings that one person was reported with have no genotype in common.",
        "Ask the laboratory which of them is right; look for a swapped sample.",
    )
    DNA_AGAINST_SEROLOGY = (
        "dna_against_serology",
        "DNA against serology",
        "A typing by DNA and one by serology of the same person have no genotype in common.",
        "Trust the DNA once a swapped sample is excluded.",
    )
    DELETED_NAME = (
        "deleted_name",
        "deleted name",
        "A name was deleted from the nomenclature and no other took its place.",
        "Ask the laboratory for a new interpretation.",
    )
    RENAMED_NAME = (
        "renamed_name",
        "renamed allele",
        "A name was replaced by another, as which it is read.",
        "Write the name that is in use.",
    )
    UNKNOWN_NAME = (
        "unknown_name",
        "unknown name",
        "The nomenclature knows no such allele, group, code or antigen, or a code lists one that it does not know.",
        "Correct the name, or install a newer release.",
    )
    LEFT_OUT = (
        "left_out",
        "record left out",
        "A record of the last import could not be read and is not in the registry.",
        "Correct it as the quarantine report says, and import it again.",
    )
    DR_LINKAGE = (
        "dr_linkage",
        "DRB1 without its DRB3, DRB4 or DRB5",
        "The genes DRB3, DRB4 and DRB5 are not those that come with the DRB1 alleles.",
        "Check the columns and the sample; exceptions exist and are rare.",
    )
    B_C_LINKAGE = (
        "b_c_linkage",
        "B and C on no haplotype",
        "No two haplotypes of the frequencies have these alleles of B and C, each of which is on some haplotype.",
        "Check for a swapped sample or a wrong column; rare haplotypes exist.",
    )
    DRB1_DQB1_LINKAGE = (
        "drb1_dqb1_linkage",
        "DRB1 and DQB1 on no haplotype",
        "No two haplotypes of the frequencies have these alleles of DRB1 and DQB1, each of which is on some haplotype.",
        "Check for a swapped sample or a wrong column; rare haplotypes exist.",
    )
    UNEXPLAINED = (
        "unexplained",
        "explained by no whole haplotypes",
        "No two haplotypes of the frequencies make up the typings; the level tells what was needed instead.",
        "Check the typings that need `loci`, `certain` or `missing` first.",
    )
    SAME_PERSON = (
        "same_person",
        "suspected duplicate",
        "Two donors of one birth date, and not of different sexes, have typings that can be of one person, rarer than "
        "chance explains.",
        "Compare names and documents; merge the two records where they are of one person.",
    )
    SAME_GRID = (
        "same_grid",
        "one GRID, several donors",
        "Several donors have one global registration identifier.",
        "Find out whose it is; merge the records where they are of one person.",
    )
    SWAPPED_SAMPLES = (
        "swapped_samples",
        "suspected swap of samples",
        "The newer typings of two donors fit the older ones of each other, and not their own.",
        "Type both again from new samples.",
    )
    AGE_AT_REGISTRATION = (
        "age_at_registration",
        "age at registration out of range",
        "The donor was younger or older at registration than registries take volunteers.",
        "Check birth date and date of registration.",
    )
    AGE_TODAY = (
        "age_today",
        "age today out of range",
        "The donor is younger or older than registries keep donors, and is not deleted.",
        "Check the birth date; retire the donor where it is right.",
    )
    DATES_OUT_OF_ORDER = (
        "dates_out_of_order",
        "dates out of order",
        "A donor was born in the future, registered before birth or in the future, or last contacted or donated before "
        "birth or registration or in the future.",
        "Correct the dates.",
    )
    MIXED_TCE = (
        "mixed_tce",
        "mixed TCE groups",
        "An ambiguous DPB1 typing leaves open to which T-cell epitope group the donor belongs.",
        "Type DPB1 in higher resolution before the donor is chosen by it.",
    )


KINDS = pl.Enum([kind.value for kind in FindingKind])
"""The kinds as a type of a column, in their order."""

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "kind": KINDS,
    "donor_id": pl.String,
    "other_donor_id": pl.String,
    "locus": pl.String,
    "reported": pl.String,
    "detail": pl.String,
    "probability": pl.Float64,
}
"""The columns of findings: the kind, the donor, of a pair the other one, the loci, the typings as reported, what was
found, and of duplicates the probability that it is chance."""


def no_findings() -> pl.DataFrame:
    """Return the frame of no findings."""
    return pl.DataFrame(schema=SCHEMA)


def findings(
    registry: Registry, kind: FindingKind, rows: NDArray[np.integer[Any]], **columns: str | pl.Series | None
) -> pl.DataFrame:
    """Return one finding for each of some donors.

    Args:
        registry: the donors.
        kind: what was found.
        rows: their rows.
        columns: `locus`, `reported`, ... each a series as long as `rows`, or one text for all.
    """
    frame = pl.DataFrame({"donor_id": registry.attributes["donor_id"][rows]})
    given = [
        value.alias(name) if isinstance(value, pl.Series) else pl.lit(value).alias(name)
        for name, value in columns.items()
    ]
    return in_schema(frame.with_columns(pl.lit(kind.value).alias("kind"), *given))


def in_schema(frame: pl.DataFrame) -> pl.DataFrame:
    """Return findings with all columns, in their order; those that are not given are empty."""
    missing = [pl.lit(None).alias(name) for name in SCHEMA if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def all_findings(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return findings together, by kind, then by donor."""
    return pl.concat([no_findings(), *parts]).sort("kind", "donor_id", "other_donor_id", "locus", nulls_last=True)


def reported_texts(registry: Registry, locus: str, rows: NDArray[np.integer[Any]]) -> pl.Series:
    """Return the typings of some donors at a locus as they were reported, ``A 02:01+24:02``; null where not typed."""
    if locus not in registry.loci:
        return pl.Series([None], dtype=pl.String).new_from_index(0, rows.size)
    text = registry.columns[locus].text
    both = pl.when(pl.col("second") == "").then("first").otherwise(pl.concat_str("first", "second", separator="+"))
    written = text.select(pl.when(pl.col("first") != "").then(pl.lit(f"{locus} ") + both)).to_series()
    texts: pl.Series = written[registry.donor_typing[registry.loci.index(locus), rows]]
    return texts


def reported_at(registry: Registry, loci: Iterable[str], rows: NDArray[np.integer[Any]]) -> pl.Series:
    """Return the typings of some donors at some loci, ``B 46:01+15:02; C 01:02+08:01``."""
    columns = [reported_texts(registry, locus, rows).alias(locus) for locus in loci]
    return pl.DataFrame(columns).select(pl.concat_str(pl.all(), separator="; ", ignore_nulls=True)).to_series()
