"""The figures of a year count whom they say, by groups, and hold back what could single somebody out."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
import pytest

from hla_match.publishing.yearly_figures import FIGURES, NOT_STATED, OTHER_PLACES, YearlyFigures, yearly_figures

END = datetime.date(2021, 12, 31)


def donors(n: int, first: int = 0, **values: Any) -> pl.DataFrame:
    """So many donors with equal attributes."""
    alike = {
        "registered_on": datetime.date(2010, 1, 1), "status": "AV", "city": "Hangzhou", "sex": "F",
        "birth_date": datetime.date(1990, 6, 1), "resolution": "below high", "typing": 1, "donated_on": None,
    }  # fmt: skip
    frame = pl.DataFrame({"donor_id": [f"D{number}" for number in range(first, first + n)]})
    return frame.with_columns(pl.lit(value).alias(name) for name, value in (alike | values).items())


def together(*frames: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(frames, how="vertical_relaxed")


def counts(figures: YearlyFigures, measure: str, dimension: str) -> dict[str, int | None]:
    chosen = figures.table.filter(pl.col("measure") == measure, pl.col("dimension") == dimension)
    return {group: n for group, n in chosen.select("group", "count").iter_rows() if n != 0}


def test_groups_of_the_registered() -> None:
    figures = yearly_figures(
        2021,
        together(
            donors(30),
            donors(20, 30, city="Ningbo", sex="M", birth_date=datetime.date(2000, 1, 1), resolution="high at all loci"),
            donors(12, 50, city=None, sex=None, birth_date=None, resolution=None, registered_on=None),
            donors(11, 62, status="DE"),
            donors(11, 73, registered_on=datetime.date(2022, 1, 1)),
        ),
    )
    assert dict(figures.table.schema) == FIGURES
    assert figures.total("registered") == 62
    assert counts(figures, "registered", "city") == {"Hangzhou": 30, "Ningbo": 20, NOT_STATED: 12}
    assert counts(figures, "registered", "sex") == {"women": 30, "men": 20, NOT_STATED: 12}
    assert counts(figures, "registered", "age") == {"31-35": 30, "18-25": 20, NOT_STATED: 12}
    assert counts(figures, "registered", "resolution") == {"below high": 30, "high at all loci": 20, NOT_STATED: 12}
    assert figures.total("new") == 0
    assert set(figures.not_recorded) == {"withdrawn", "retyped", "donated", "donated_in_all"}


@pytest.mark.parametrize(
    ("born", "band"),
    [("2003-12-31", "18-25"), ("2004-01-01", "under 18"), ("1961-01-01", "56-60"), ("1960-12-31", "over 60")],
)
def test_ages_are_those_of_the_end_of_the_year(born: str, band: str) -> None:
    figures = yearly_figures(2021, donors(10, birth_date=datetime.date.fromisoformat(born)))
    assert counts(figures, "registered", "age") == {band: 10}


def test_those_who_came_left_were_typed_again_and_donated() -> None:
    new, old = datetime.date(2021, 1, 1), datetime.date(2020, 12, 31)
    before = together(donors(100, registered_on=old), donors(12, 100, donated_on=datetime.date(2021, 5, 1)))
    after = together(
        donors(60, registered_on=old, donated_on=datetime.date(2019, 1, 1)),
        donors(15, 60, registered_on=old, typing=2),
        donors(14, 75, registered_on=old, status="DE"),
        donors(13, 200, registered_on=new, donated_on=datetime.date(2021, 12, 31)),
        donors(10, 300, registered_on=new, donated_on=datetime.date(2022, 1, 1)),
    )
    figures = yearly_figures(2021, after, before)
    # 14 were deleted, 11 of the 100 and all of the 12 are no more there.
    assert {measure: figures.total(measure) for measure in ("new", "withdrawn", "retyped")} == {
        "new": 23, "withdrawn": 14 + 11 + 12, "retyped": 15,
    }  # fmt: skip
    assert figures.total("donated") == 13 + 12
    assert figures.total("donated_in_all") == 60 + 13 + 12
    assert figures.not_recorded == {}


def test_small_cities_have_no_name() -> None:
    figures = yearly_figures(2021, together(donors(50), donors(9, 50, city="Wang's house"), donors(9, 60, city="Li")))
    assert counts(figures, "registered", "city") == {"Hangzhou": 50, OTHER_PLACES: 18}
    assert "Wang" not in figures.table.write_csv()


def test_small_cells_and_what_gives_them_away_are_withheld() -> None:
    figures = yearly_figures(2021, together(donors(50), donors(3, 50, sex="M"), donors(200, 60, sex=None)))
    assert counts(figures, "registered", "sex") == {"women": None, "men": None, NOT_STATED: 200}
    assert figures.table.filter(pl.col("is_withheld"))["count"].null_count() == 2
    other = yearly_figures(2021, donors(9))
    assert other.total("registered") is None
    assert other.table.filter(pl.col("measure") == "registered")["count"].null_count() > 0
    assert other.table.filter(pl.col("measure") == "registered", pl.col("count").is_not_null()).is_empty()


def test_the_threshold_and_the_day_are_arguments() -> None:
    figures = yearly_figures(2021, donors(9), threshold=5, upto=datetime.date(2021, 6, 30))
    assert (figures.total("registered"), figures.upto) == (9, datetime.date(2021, 6, 30))
    assert yearly_figures(2021, donors(9), upto=datetime.date(2023, 1, 1)).upto == END


def test_donors_without_dates_of_registration() -> None:
    figures = yearly_figures(2021, donors(20, registered_on=None))
    assert figures.total("registered") == 20
    assert "new" in figures.not_recorded


def test_a_city_that_is_called_like_a_group_is_counted_once() -> None:
    names = ("Hangzhou", OTHER_PLACES, NOT_STATED, "\u3000宁波", "宁波 ", "\u3000")
    people = together(*(donors(10, 10 * at, city=name) for at, name in enumerate(names)))
    found = yearly_figures(2021, people)
    rows = found.table.filter(pl.col("measure") == "registered", pl.col("dimension") == "city")
    assert dict(rows.select("group", "count").iter_rows()) == {
        "宁波": 20, "Hangzhou": 10, OTHER_PLACES: 10, NOT_STATED: 20,
    }  # fmt: skip
    assert rows["count"].sum() == found.total("registered")


def test_who_donated_and_left_has_donated() -> None:
    here = donors(30, donated_on=None)
    gone = [
        donors(12, 30, donated_on=datetime.date(2015, 1, 1)),
        donors(11, 50, donated_on=datetime.date(2021, 3, 1)),
    ]
    without = [frame.with_columns(pl.lit(None, pl.Date).alias("donated_on")) for frame in (here, *gone[1:])]
    found = yearly_figures(2021, without[0], together(*without), together(*gone))
    assert (found.total("donated"), found.total("donated_in_all"), found.total("withdrawn")) == (11, 23, 11)


def test_a_city_that_is_named_does_not_tell_how_few_the_other_places_have() -> None:
    # Who is named has ten donors: of 13 in Ningbo and elsewhere at most three were elsewhere.
    figures = yearly_figures(
        2021,
        together(donors(100), donors(10, 100, city="Ningbo"), donors(3, 120, city="Li"), donors(40, 130, city="W")),
    )
    assert counts(figures, "registered", "city") == {"Hangzhou": 100, "W": None, "Ningbo": None, OTHER_PLACES: None}
    few = yearly_figures(2021, together(donors(15), donors(3, 20, city="Li")))
    assert counts(few, "registered", "city") == {OTHER_PLACES: 18}


def test_the_order_of_cities_tells_nothing_of_counts_that_are_withheld() -> None:
    people = [donors(90), donors(40, 100, city="W"), donors(41, 200, city="Y"), donors(10, 300, city="X")]
    found = counts(yearly_figures(2021, together(*people, donors(3, 400, city="Li"))), "registered", "city")
    assert list(found.items()) == [("Hangzhou", 90), ("Y", 41), ("W", None), ("X", None), (OTHER_PLACES, None)]
    more = counts(yearly_figures(2021, together(*people, donors(11, 500, city="Z"))), "registered", "city")
    assert list(more) == ["Hangzhou", "Y", "W", "Z", "X"]
    few = counts(
        yearly_figures(2021, together(*people[:1], *people[3:], donors(11, 500, city="Z"), donors(1, 600, city="Li"))),
        "registered",
        "city",
    )
    assert list(few.items())[-3:] == [("X", None), ("Z", None), (OTHER_PLACES, None)]


def test_what_the_year_leaves_of_all_is_not_told_where_it_is_few() -> None:
    earlier, this_year = datetime.date(2015, 1, 1), datetime.date(2021, 2, 1)
    donated = together(
        donors(100, donated_on=earlier),
        donors(20, 100, donated_on=this_year),
        donors(3, 200, donated_on=earlier, city="Ningbo"),
        donors(12, 300, donated_on=this_year, city="Ningbo"),
    )
    figures = yearly_figures(2021, donated)
    assert counts(figures, "donated_in_all", "city") == {"Hangzhou": 120, "Ningbo": 15}
    assert counts(figures, "donated", "city") == {"Hangzhou": None, "Ningbo": None}
    assert (figures.total("donated"), figures.total("donated_in_all")) == (32, 135)
    first_year = yearly_figures(2021, donated[100:])
    assert (first_year.total("donated"), first_year.total("donated_in_all")) == (None, 35)
    assert set(counts(first_year, "donated", "sex").values()) == {None}


def test_of_the_registered_those_who_were_there_before_are_not_told_where_they_are_few() -> None:
    new = datetime.date(2021, 5, 1)
    people = together(donors(80), donors(30, 100, registered_on=new), donors(12, 200, sex="M", registered_on=new))
    figures = yearly_figures(2021, together(people, donors(2, 300, sex="M")))
    assert counts(figures, "registered", "sex") == {"women": 110, "men": 14}
    assert counts(figures, "new", "sex") == {"women": None, "men": None}
