"""Why a row of a table of persons is left out: its length, its identifier, its place of typings."""

from __future__ import annotations

import polars as pl

from hla_match.errors import Reason
from hla_match.loci import LOCI
from registry_io.tables.quarantine import QuarantinedRecord
from registry_io.tables.table_file import Table
from registry_io.tables.table_slice import RaggedRow

# Control and invisible characters, the sign of a failed conversion, and the full-width forms of ASCII.
_BAD_TEXT = r"[\p{Cc}\p{Cf}\x{FFFD}\x{FF01}-\x{FF5E}\x{3000}]"


def odd_record(odd: RaggedRow, table: Table, identifier: str) -> QuarantinedRecord:
    """Return the record of a row of a wrong length; `identifier` is the column of identifiers."""
    names, first = table.header, "first row" if table.headerless else "header"
    at = names.index(identifier)
    return QuarantinedRecord(
        row=odd.row,
        person_id=odd.fields[at].strip() if at < len(odd.fields) else "",
        column="",
        text="",
        reason=Reason.WRONG_COLUMN_COUNT,
        message=f"{odd.n_fields} fields where the {first} has {len(names)}",
        hint="add or remove separators; put a field that contains one into quotation marks",
    )


def _findings(
    frame: pl.DataFrame, bad: pl.Expr, *, column: str, name: str, reason: Reason, message: str, hint: str
) -> list[QuarantinedRecord]:
    """Return one record for each row where `bad` holds; `name` is the column as the file calls it."""
    # Selected first: filtering every column of a frame for nothing was a third of the time of an import.
    found = frame.select("row", "person_id", pl.col(column).alias("text"), bad.alias("bad")).filter("bad")
    rows = found.select("row", pl.col("person_id").fill_null(""), pl.col("text").fill_null(""))
    return [
        QuarantinedRecord(row=row, person_id=person, column=name, text=text, reason=reason, message=message, hint=hint)
        for row, person, text in rows.iter_rows()
    ]


def identifier_findings(frame: pl.DataFrame, name: str, known: list[pl.DataFrame]) -> list[QuarantinedRecord]:
    """Return a record for each identifier that is missing, unusable, or stands in an earlier row.

    Args:
        frame: the rows of a slice.
        name: the column as the file calls it.
        known: `person_id` and `row` of the identifiers of earlier slices; those of this one are added.
    """
    person = pl.col("person_id")
    findings = _findings(
        frame,
        person.is_null(),
        column="person_id",
        name=name,
        reason=Reason.MISSING_IDENTIFIER,
        message="no identifier",
        hint="give every person an identifier",
    )
    findings += _findings(
        frame,
        person.str.contains(_BAD_TEXT),
        column="person_id",
        name=name,
        reason=Reason.BAD_TEXT,
        message="the identifier holds a full-width, invisible or control character",
        hint="write it with half-width letters and digits",
    )
    given = frame.filter(person.is_not_null()).select("person_id", "row")
    # The earlier ones are many, and few of them are here: they are looked through, not sorted in.
    before = pl.concat([given.clear(), *(part.join(given, on="person_id", how="semi") for part in known)])
    new = given.filter(person.is_first_distinct()).join(before, on="person_id", how="anti", maintain_order="left")
    if before.height or new.height < given.height:
        first = pl.concat([before, new]).rename({"row": "first"})
        again = given.join(first, on="person_id", maintain_order="left").filter(pl.col("row") != pl.col("first"))
        findings += [
            QuarantinedRecord(
                row=row,
                person_id=text,
                column=name,
                text=text,
                reason=Reason.DUPLICATE_IDENTIFIER,
                message=f"the identifier stands in row {first_row} already",
                hint="keep one row for each person",
            )
            for text, row, first_row in again.iter_rows()
        ]
    known.append(new)
    return findings


def second_without_first(frame: pl.DataFrame) -> list[QuarantinedRecord]:
    """Return a record for each locus of a person whose second typing stands without a first."""
    findings: list[QuarantinedRecord] = []
    for locus in LOCI:
        first, second = f"{locus}_1", f"{locus}_2"
        if first in frame.columns:
            findings += _findings(
                frame,
                pl.col(first).is_null() & pl.col(second).is_not_null(),
                column=second,
                name=second,
                reason=Reason.SECOND_WITHOUT_FIRST,
                message=f"{second} stands without {first}",
                hint=f"put the typing into {first}",
            )
    return findings


def not_typed(frame: pl.DataFrame) -> list[QuarantinedRecord]:
    """Return a record for each person of whom no locus is typed."""
    first = [name for locus in LOCI if (name := f"{locus}_1") in frame.columns]
    rows = frame.select("row", "person_id", bad=pl.all_horizontal(pl.col(first).is_null())).filter("bad").drop("bad")
    return [
        QuarantinedRecord(
            row=row,
            person_id=person,
            column="",
            text="",
            reason=Reason.NOT_TYPED,
            message="no locus is typed",
            hint="add a typing, or remove the row",
        )
        for row, person in rows.iter_rows()
    ]
