"""Cells that hold the typings of a person at all loci: GL Strings, joined to the columns of the loci."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from hla_match.errors import TypingError
from hla_match.loci import LOCI
from hla_match.nomenclature.gl_string import split_loci
from registry_io.persons.line_notes import line_notes
from registry_io.tables.quarantine import QuarantinedRecord

TWICE = {
    "row": pl.UInt32, "locus": pl.String, "first": pl.String, "second": pl.String, "gl_first": pl.String,
    "gl_second": pl.String,
}  # fmt: skip
"""The columns of a frame of typings that stand in columns and, in other words, in a GL String."""


def join_gl_strings(
    frame: pl.DataFrame, loci: Collection[str], other_loci: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame, list[QuarantinedRecord], pl.DataFrame]:
    """Put the typings of the GL Strings into the columns of the loci; each distinct text is read once.

    The second frame holds the typings that stand in both and differ as texts, as in `PersonRecords.twice`, the last one
    what is `PersonRecords.noted`. Loci that are not read are added to `other_loci`.
    """
    texts = frame["gl_string"].drop_nulls().unique(maintain_order=True).to_list()
    sides: dict[str, list[str | None]] = {f"{locus}_{side}": [] for locus in LOCI for side in (1, 2)}
    errors: dict[str, TypingError] = {}
    notes: dict[str, list[str]] = {}
    for text in texts:
        found: list[str] = []
        try:
            typings = split_loci(text, other_loci, found)
        except TypingError as error:
            typings = {}
            errors[text] = error
        if found:
            notes[text] = found
        for locus in LOCI:
            first, second = typings.get(locus, ("", ""))
            sides[f"{locus}_1"].append(first or None)
            sides[f"{locus}_2"].append(second or None)
    split = pl.DataFrame({"gl_string": texts, **{f"gl {name}": side for name, side in sides.items()}}).cast(pl.String)
    joined = frame.join(split, on="gl_string", how="left", maintain_order="left")
    merged: list[pl.Expr] = []
    twice = [pl.DataFrame(schema=TWICE)]
    for locus in LOCI:
        names = (f"{locus}_1", f"{locus}_2")
        given = tuple(pl.col(f"gl {name}") for name in names)
        if locus not in loci:
            merged += [side.alias(name) for side, name in zip(given, names, strict=True)]
            continue
        own = tuple(pl.col(name) for name in names)
        differ = joined.filter(own[0].is_not_null() & given[0].is_not_null() & ~_same_pair(own, given, locus))
        pairs = zip(("first", "second", "gl_first", "gl_second"), (*own, *given), strict=True)
        twice.append(
            differ.select(
                "row", pl.lit(locus).alias("locus"), *(side.fill_null("").alias(name) for name, side in pairs)
            )
        )
        empty = own[0].is_null() & own[1].is_null()
        merged += [
            pl.when(empty).then(new).otherwise(old).alias(name)
            for new, old, name in zip(given, own, names, strict=True)
        ]
    noted = line_notes(frame, "gl_string", notes)
    return (
        joined.with_columns(merged).select(pl.exclude("^gl .*$")),
        pl.concat(twice),
        _unreadable(frame, errors),
        noted,
    )


def _unreadable(frame: pl.DataFrame, errors: Mapping[str, TypingError]) -> list[QuarantinedRecord]:
    """Return the records whose GL String cannot be read."""
    rows = frame.filter(pl.col("gl_string").is_in(list(errors))).select("row", "person_id", "gl_string")
    return [
        QuarantinedRecord(
            row=row,
            person_id=person or "",
            column="gl_string",
            text=text,
            reason=errors[text].reason,
            message=f"position {errors[text].position}: expected {errors[text].expected}",
            hint=errors[text].hint,
        )
        for row, person, text in rows.iter_rows()
    ]


def _same_pair(own: tuple[pl.Expr, ...], given: tuple[pl.Expr, ...], locus: str) -> pl.Expr:
    """Whether two pairs of texts are the same in either order; a single typing stands for both of its positions."""
    prefix = rf"(^|[/+|])(?:HLA-)?{locus}\*"
    a, b = (side.str.replace_all(prefix, "${1}") for side in (own[0], own[1].fill_null(own[0])))
    c, d = given[0], given[1].fill_null(given[0])
    return ((a == c) & (b == d)) | ((a == d) & (b == c))
