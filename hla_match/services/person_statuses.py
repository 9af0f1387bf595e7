"""Statuses of the persons that a file has and that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from registry_io.tables.quarantine import QuarantinedRecord

_COLUMNS = {"patient_id": pl.String, "row": pl.Int64, "status": pl.String, "reason": pl.String}


def quarantined_statuses(records: Sequence[QuarantinedRecord]) -> pl.DataFrame:
    """Return one row for each row of the file: whose it is, and everything that was found there.

    >>> from hla_match.errors import Reason
    >>> found = [("A_1", "no such allele"), ("weight_kg", "not above 0")]
    >>> records = [QuarantinedRecord(2, "P1", column, "", Reason.MALFORMED, text, "") for column, text in found]
    >>> quarantined_statuses(records).rows()
    [('P1', 2, 'error', 'A_1: malformed: no such allele; weight_kg: malformed: not above 0')]
    """
    found = [(record.person_id, record.row, "error", record.summary) for record in records]
    return (
        pl.DataFrame(found, schema=_COLUMNS, orient="row")
        .group_by("row", maintain_order=True)
        .agg(pl.col("patient_id", "status").first(), pl.col("reason").unique(maintain_order=True).str.join("; "))
        .select(*_COLUMNS)
    )


def n_persons(statuses: pl.DataFrame) -> int:
    """Return how many persons some statuses are of: one for each identifier, and for each row that has none.

    >>> n_persons(pl.DataFrame({"patient_id": ["P1", "P2", "P1", None, ""], "row": [2, 3, 4, 5, 6]}))
    4
    """
    named = statuses["patient_id"].replace("", None)
    return named.drop_nulls().n_unique() + named.null_count()
