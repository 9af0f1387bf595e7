"""The figures of a year: donors at its end, and those who came, left, were typed again and donated, by group."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.publishing.small_cells import THRESHOLD, gives_away, total_withheld, withheld_cells

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

WHOLES = {"new": "registered", "retyped": "registered", "donated": "donated_in_all"}
"""The measures that are a part of another one, which a reader can subtract. Those who were deleted in the year are new
and not registered, too, so that the first is only nearly a part."""

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
    totals = {name: people.height for name, people in grouped.items()}
    cells = {dimension: _cells(dimension, grouped, places, threshold) for dimension in DIMENSIONS}
    rows: list[dict[str, object]] = []
    for name, n in totals.items():
        is_hidden = total_withheld(n, threshold, totals[WHOLES[name]] if name in WHOLES else None)
        rows.append(_row("all", "all", name, n, is_hidden))
        rows += [
            _row(dimension, group, name, *cell) for dimension in DIMENSIONS for group, cell in cells[dimension][name]
        ]
    table = (
        pl.DataFrame(rows)
        .with_columns(year=pl.lit(year))
        .select(pl.col(one).cast(kind) for one, kind in FIGURES.items())
    )
    return YearlyFigures(year, upto, threshold, table, not_recorded)


def _cells(
    dimension: str, grouped: Mapping[str, pl.DataFrame], places: list[str], threshold: int
) -> dict[str, list[tuple[str, tuple[int, bool]]]]:
    """Return of each measure the groups of a dimension, each with its count and whether that is withheld."""
    groups = _groups(places)[dimension]
    counts = {name: _counts(people, dimension, groups) for name, people in grouped.items()}
    hidden: dict[str, NDArray[np.bool_]] = {}
    # A whole comes before its parts.
    for name in sorted(counts, key=lambda name: name in WHOLES):
        if name in WHOLES:
            whole = WHOLES[name]
            hidden[name] = withheld_cells(counts[name], threshold, whole=counts[whole], whole_withheld=hidden[whole])
        else:
            least = _least(counts[name], places, threshold) if (dimension, name) == ("city", "registered") else None
            hidden[name] = withheld_cells(counts[name], threshold, least=least)
    order = list(range(len(groups)))
    if dimension == "city":
        # Where a city stands among the others tells nothing of a count that is withheld.
        order[: len(places)] = sorted(order[: len(places)], key=lambda at: _place(places, hidden["registered"], at))
    return {name: [(groups[at], (int(counts[name][at]), bool(hidden[name][at]))) for at in order] for name in counts}


def _place(places: list[str], is_hidden: NDArray[np.bool_], at: int) -> tuple[bool, int, str]:
    """Return by what the named cities are ordered: where the count is withheld, behind the others by name."""
    return (True, 0, places[at]) if is_hidden[at] else (False, at, "")


def _counts(people: pl.DataFrame, dimension: str, groups: list[str]) -> NDArray[np.int64]:
    """Return (groups,) how many people each group has; cities that are no group are other places."""
    group = pl.col(dimension)
    if dimension == "city":
        group = pl.when(group.is_in(groups)).then(group).otherwise(pl.lit(OTHER_PLACES))
    counted = dict(people.select(group.alias("group")).group_by("group").len().iter_rows())
    return np.array([counted.get(one, 0) for one in groups], np.int64)


def _least(counts: NDArray[np.int64], places: list[str], threshold: int) -> NDArray[np.int64]:
    """Return (groups,) what is known of the registered by city: those named are as many as it takes to be named."""
    return np.where(np.arange(counts.size) < len(places), threshold, np.minimum(counts, 1))


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
        if left is not None:
            # Whom only a transaction knew that was taken back has not left; who is deleted is still in the record.
            known = pl.concat([at_end["donor_id"], left["donor_id"]])
            gone = gone.filter(pl.col("donor_id").is_in(known.implode()))
        found["withdrawn"] = gone
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
    """Return the cities with enough registered donors to be named, those with the most first.

    Where their names would tell how few donors other places have, those with the fewest are among the other places.
    """
    counts = (
        registered.filter(~pl.col("city").is_in([NOT_STATED, OTHER_PLACES]))
        .group_by("city")
        .len()
        .filter(pl.col("len") >= threshold)
    )
    places: list[str] = counts.sort("len", "city", descending=[True, False])["city"].to_list()
    while places:
        n = _counts(registered, "city", _groups(places)["city"])
        least = _least(n, places, threshold)
        hidden = withheld_cells(n, threshold, least=least)
        # Where all are withheld, a city without a name can have nobody.
        if not gives_away(n, hidden, np.where(least < threshold, 0, least) if hidden.all() else least, threshold):
            break
        places.pop()
    return places


def _groups(places: list[str]) -> dict[str, list[str]]:
    return {
        "city": [*places, OTHER_PLACES, NOT_STATED],
        "age": [*(age_band(*band) for band in AGE_BANDS), NOT_STATED],
        "sex": [*_SEXES.values(), NOT_STATED],
        "resolution": [*RESOLUTIONS, NOT_STATED],
    }
