"""For which patients the head of the list differs between two registries, and how."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from hla_match.errors import TypingError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.searches.matcher import Matcher

LIST_CHANGES = {
    "patient_id": pl.String,
    "donor_id": pl.String,
    "rank_before": pl.UInt32,
    "rank_after": pl.UInt32,
    "grades_before": pl.String,
    "grades_after": pl.String,
    "reason": pl.String,
}
"""Columns of `list_changes`."""


def list_changes(
    before: Matcher, after: Matcher, patients: Iterable[Patient], criteria: SearchCriteria
) -> pl.DataFrame:
    """Return the lists that differ in donors, ranks or position grades; a patient whose list is the same has no row.

    Args:
        before: searches the one registry.
        after: searches the other one.
        patients: for whom.
        criteria: which donors, and how many of them.

    Returns:
        As `LIST_CHANGES`, a row a donor of either list, in the order of the later one: rank and grades are null where
        the donor is not in a list. `reason` says why a patient cannot be searched for, with no donor beside it.
    """
    parts = [pl.DataFrame(schema=LIST_CHANGES)]
    for patient in patients:
        was, now = (_head(matcher, patient, criteria) for matcher in (before, after))
        if not was.equals(now):
            both = was.join(
                now, on=["donor_id", "reason"], how="full", coalesce=True, nulls_equal=True, suffix="_after"
            )
            named = both.rename({"rank": "rank_before", "grades": "grades_before"})
            ordered = named.sort("rank_after", "rank_before", nulls_last=True)
            parts.append(ordered.select(pl.lit(patient.patient_id).alias("patient_id"), *list(LIST_CHANGES)[1:]))
    return pl.concat(parts, how="vertical_relaxed")


def _head(matcher: Matcher, patient: Patient, criteria: SearchCriteria) -> pl.DataFrame:
    """Return `rank`, `donor_id` and `grades` of a list; where there is none, one row with the `reason`."""
    schema = {"rank": pl.UInt32, "donor_id": pl.String, "grades": pl.String, "reason": pl.String}
    try:
        found = matcher.search(patient, criteria).to_polars()
    except TypingError as error:
        return pl.DataFrame({"reason": [error.reason]}, schema={"reason": pl.String}).select(
            *(pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name != "reason"), "reason"
        )
    return found.select("rank", "donor_id", pl.col("grades").cast(pl.String), reason=pl.lit(None, pl.String))
