"""The figures of a year: donors at its end, and those who came, left, were typed again and donated, by group."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from hla_match.publishing.small_cells import THRESHOLD, is_withheld, withheld_cells

OTHER_PLACES, NOT_STATED = "other places", "not stated"
"""The group of cities with too few donors to be named, and of donors of whom a group is not known."""

MEASURES = {
    "registered": "registered at the end of the year",
    "new": "registered in the year",
    "withdrawn": "withdrawn in the year",
    "retyped": "typed again in the year",
    "donated": "donated in the year",
    "donated_in_all": "donated since the beginning",
}
"""The measures, and what they count."""

DIMENSIONS = {"city": "city", "age": "age", "sex": "sex", "resolution": "typing"}
"""By what donors are counted, and what a page calls it."""

AGE_BANDS = ((0, 17), (18, 25), (26, 30), (31, 35), (36, 40), (41, 45), (46, 50), (51, 55), (56, 60), (61, 200))
"""Completed years of the groups by age, at the end of the year."""

_SEXES = {"F": "women", "M": "men"}

FIGURES: dict[str, pl.DataType | type[pl.DataType]] = {
    "year": pl.Int32,
    "dimension": pl.String,
    "group": pl.String,
    "measure": pl.String,
    "count": pl.Int64,
    "is_withheld": pl.Boolean,
}
"""The columns of figures; `dimension` and `group` are "all" for the totals, and a withheld count is null."""


@dataclass(frozen=True, slots=True)
class YearlyFigures:
    """The figures of one year, fit to publish.

    Attributes:
        year: the year.
        upto: its last day, or the day up to which it is known.
        threshold: the least count that is published.
        table: as `FIGURES`.
        not_recorded: measures that are not known, and why.
    """

    year: int
    upto: datetime.date
    threshold: int
    table: pl.DataFrame
    not_recorded: Mapping[str, str]

    def total(self, measure: str) -> int | None:
        """Return the total of a measure; None where it is withheld or not recorded."""
        found = self.table.filter(pl.col("dimension") == "all", pl.col("measure") == measure)["count"]
        return None if found.is_empty() else found[0]


def yearly_figures(
    year: int,
    at_end: pl.DataFrame,
    at_start: pl.DataFrame | None = None,
    left: pl.DataFrame | None = None,
    *,
    upto: datetime.date | None = None,
    threshold: int = THRESHOLD,
) -> YearlyFigures:
    """Count the donors of a year by group, and withhold what could single somebody out.

    Args:
        year: the year.
        at_end: the donors at its end, one row each: `donor_id`, and where they are known `registered_on`, `status`,
            `donated_on`, `city`, `birth_date`, `sex`, `resolution`, and `typing`, a number by which
            typings differ.
        at_start: those at its beginning, the same way; None where nobody knows.
        left: those who had left at its end, as they were last, the same way; None where nobody knows.
        upto: the day up to which the year is known, by default its last.
        threshold: the least count that is published.
    """
    upto = min(upto or datetime.date(year, 12, 31), datetime.date(year, 12, 31))
    measures, not_recorded = _measures(year, upto, at_end, at_start, left)
    grouped = {name: _grouped(people, upto) for name, people in measures.items()}
    places = _named_cities(grouped["registered"], threshold)
    rows: list[dict[str, object]] = []
    for name, people in grouped.items():
        total = np.array([people.height])
        rows.append(_row("all", "all", name, people.height, bool(is_withheld(total, threshold)[0])))
        named = people.with_columns(
            city=pl.when(pl.col("city").is_in([*places, NOT_STATED])).then("city").otherwise(pl.lit(OTHER_PLACES))
        )
        for dimension, groups in _groups(places).items():
            counted = dict(named.group_by(dimension).len().iter_rows())
            counts = np.array([counted.get(group, 0) for group in groups], np.int64)
            hidden = withheld_cells(counts, threshold).tolist()
            rows += [
                _row(dimension, group, name, n, is_hidden)
                for group, n, is_hidden in zip(groups, counts.tolist(), hidden, strict=True)
            ]
    table = (
        pl.DataFrame(rows)
        .with_columns(year=pl.lit(year))
        .select(pl.col(one).cast(kind) for one, kind in FIGURES.items())
    )
    return YearlyFigures(year, upto, threshold, table, not_recorded)


def _row(dimension: str, group: str, measure: str, n: int, is_hidden: bool) -> dict[str, object]:
    count = None if is_hidden else n
    return {"dimension": dimension, "group": group, "measure": measure, "count": count, "is_withheld": is_hidden}


def _measures(
    year: int,
    upto: datetime.date,
    at_end: pl.DataFrame,
    at_start: pl.DataFrame | None,
    left: pl.DataFrame | None,
) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """Return the donors that each measure counts, and why others are not known."""
    first = datetime.date(year, 1, 1)
    at_end = with_columns(at_end)
    here = at_end.filter(_is_registered(upto))
    found = {"registered": here}
    missing: dict[str, str] = {}
    if at_end["registered_on"].null_count() < at_end.height:
        found["new"] = at_end.filter(pl.col("registered_on").is_between(first, upto))
    else:
        missing["new"] = "no donor has a date of registration"
    # Who donated and has left since, however long ago, has donated.
    everybody = at_end
    if left is not None:
        left = with_columns(left)
        everybody = pl.concat([at_end, left.join(at_end, on="donor_id", how="anti")])
    if at_start is None:
        missing |= dict.fromkeys(("withdrawn", "retyped"), "the record of the registry does not reach back so far")
    else:
        at_start = with_columns(at_start)
        before = at_start.filter(_is_registered(upto))
        gone = before.join(here, on="donor_id", how="anti")
        # Whom only a transaction knew that was taken back has not left.
        found["withdrawn"] = gone if left is None else gone.join(left, on="donor_id", how="semi")
        both = here.join(before.select("donor_id", earlier="typing"), on="donor_id")
        found["retyped"] = both.filter(pl.col("typing") != pl.col("earlier")).drop("earlier")
        if left is None:
            everybody = pl.concat([at_end, at_start.join(at_end, on="donor_id", how="anti")])
    donated = everybody.filter(pl.col("donated_on") <= upto)
    if everybody["donated_on"].null_count() < everybody.height:
        found |= {"donated": donated.filter(pl.col("donated_on") >= first), "donated_in_all": donated}
    else:
        missing |= dict.fromkeys(("donated", "donated_in_all"), "no donor has a date of donation")
    return {name: found[name] for name in MEASURES if name in found}, missing


PEOPLE: dict[str, pl.DataType | type[pl.DataType]] = {
    "donor_id": pl.String,
    "registered_on": pl.Date,
    "status": pl.String,
    "donated_on": pl.Date,
    "city": pl.String,
    "birth_date": pl.Date,
    "sex": pl.String,
    "resolution": pl.String,
    "typing": pl.UInt64,
}
"""The columns of the donors that figures are made of."""


def with_columns(people: pl.DataFrame) -> pl.DataFrame:
    """Return donors with all columns of `PEOPLE`, those that are not known empty."""
    known = [pl.col(name) if name in people.columns else pl.lit(None).alias(name) for name in PEOPLE]
    return people.select(one.cast(kind) for one, kind in zip(known, PEOPLE.values(), strict=True))


def _is_registered(upto: datetime.date) -> pl.Expr:
    """Return who is a donor on a day: not deleted, and registered by then or at a day that is not stated."""
    return (pl.col("status").fill_null("AV") != "DE") & (pl.col("registered_on") <= upto).fill_null(True)


def _grouped(people: pl.DataFrame, upto: datetime.date) -> pl.DataFrame:
    """Return the group of each donor in each dimension."""
    # A wide blank at its end makes no other city.
    city, born = pl.col("city").str.strip_chars(), pl.col("birth_date")
    had_birthday = (born.dt.month() * 100 + born.dt.day()) <= upto.month * 100 + upto.day
    years = upto.year - born.dt.year() - pl.when(had_birthday).then(0).otherwise(1)
    age = pl.lit(NOT_STATED)
    for low, high in AGE_BANDS:
        age = pl.when(years.is_between(low, high)).then(pl.lit(age_band(low, high))).otherwise(age)
    return people.select(
        city=pl.when(city == "").then(None).otherwise(city).fill_null(NOT_STATED),
        age=age,
        sex=pl.col("sex").replace_strict(_SEXES, default=NOT_STATED, return_dtype=pl.String),
        resolution=pl.col("resolution").fill_null(NOT_STATED),
    )


def age_band(low: int, high: int) -> str:
    """Return what a group by age is called.

    >>> age_band(0, 17), age_band(18, 25), age_band(61, 200)
    ('under 18', '18-25', 'over 60')
    """
    if low == 0:
        return f"under {high + 1}"
    return f"over {low - 1}" if high >= 200 else f"{low}-{high}"


RESOLUTIONS = ("high at all loci", "high at some loci", "below high")
"""The groups by resolution: at how many of A, B, C, DRB1 and DQB1 the typing is high."""


def _named_cities(registered: pl.DataFrame, threshold: int) -> list[str]:
    """Return the cities with enough registered donors to be named, those with the most first."""
    counts = (
        registered.filter(~pl.col("city").is_in([NOT_STATED, OTHER_PLACES]))
        .group_by("city")
        .len()
        .filter(pl.col("len") >= threshold)
    )
    return counts.sort("len", "city", descending=[True, False])["city"].to_list()


def _groups(places: list[str]) -> dict[str, list[str]]:
    return {
        "city": [*places, OTHER_PLACES, NOT_STATED],
        "age": [*(age_band(*band) for band in AGE_BANDS), NOT_STATED],
        "sex": [*_SEXES.values(), NOT_STATED],
        "resolution": [*RESOLUTIONS, NOT_STATED],
    }
