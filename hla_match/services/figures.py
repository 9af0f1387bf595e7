"""``figures``: a registry in; the figures of a year out, as a table and a page that are fit to publish."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from hla_match.auditing.resolution import HIGH, resolution
from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_count, check_day
from hla_match.loci import LOCI
from hla_match.publishing.small_cells import THRESHOLD
from hla_match.publishing.yearly_figures import RESOLUTIONS, YearlyFigures, with_columns, yearly_figures
from hla_match.services.report_files import report_files, write_report
from registry_io.disk.given_path import given_path
from registry_io.store.registry_store import open_registry


def figures(
    registry: str | Path,
    year: int,
    out: str | Path | None = None,
    *,
    page: str | Path | None = None,
    title: str | None = None,
    threshold: int = THRESHOLD,
    today: datetime.date | None = None,
    raw_text: bool = False,
) -> YearlyFigures:
    r"""Count the donors of a year, by city, age, sex and resolution, and withhold what could single somebody out.

    Args:
        registry: folder of the registry.
        year: the year; one that is not over is counted up to today.
        out: table of the figures, one row a count: CSV, Parquet, JSON lines or Excel, by its ending.
        page: HTML page.
        title: of the page; by default the name of the registry.
        threshold: the least count that is published.
        today: by default the clock's.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.

    Raises:
        CriteriaError: the year has not begun, the threshold is below 1, or a file has no name that can be written.
        FileError: a file cannot be written.
        RegistryError: there is no registry in the folder, or it is damaged.
        LockedError: another process writes the same files.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> rows = "".join(f"D{number},02:01,24:02,2021-03-01\n" for number in range(12))
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2,registered_on\n" + rows)
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> figures(folder / "registry", 2021).total("new")
    12
    """
    today = _day(year, today)
    check_count("threshold", threshold)
    folder = given_path("registry", registry)
    table, page_file = (
        None if path is None else given_path(name, path) for name, path in (("out", out), ("page", page))
    )
    with report_files(folder, [table] if table is not None else [], page_file):
        opened = open_registry(folder)
        people = people_of_year(folder, opened, year)
        counted = yearly_figures(
            year,
            people.at_end,
            people.at_start,
            people.left,
            upto=min(people.upto or today, today),
            threshold=threshold,
        )
        pages = {} if page_file is None else {page_file: _page(title or opened.name, counted)}
        write_report({} if table is None else {table: counted.table}, pages, raw_text=raw_text)
    return counted


def _day(year: int, today: datetime.date | None) -> datetime.date:
    """Return the day of today, and refuse a year that has not begun then.

    Raises:
        CriteriaError: it has not; or one of the two is something else.
    """
    if today is not None:
        check_day("today", today)
    day = today or datetime.date.today()
    check_count("year", year, least=0)
    if not 1900 <= year <= day.year:
        raise CriteriaError("year", found=year, expected=f"a year from 1900 to {day.year}")
    return day


class PeopleOfYear(NamedTuple):
    """Whom the figures of a year are made of.

    Attributes:
        at_end: the donors at its end; of a year before the record those of now.
        at_start: those at its beginning; None where nobody knows.
        left: the last records of those who had left at its end, or by now; None where nobody knows.
        upto: the day up to which this is known; None of the whole year.
    """

    at_end: pl.DataFrame
    at_start: pl.DataFrame | None
    left: pl.DataFrame | None
    upto: datetime.date | None


def people_of_year(folder: Path, registry: Registry, year: int) -> PeopleOfYear:
    """Return the donors of a year.

    They are those of the record, as far as it reaches back, else the donors that the registry holds now.

    Raises:
        RegistryError: the record is damaged.
    """
    from registry_io.store.journal.journal import Journal
    from registry_io.store.journal.journal_file import has_journal

    levels = _levels(registry)
    now = with_columns(registry.attributes.join(levels, on="donor_id", how="left", maintain_order="left"))
    if not has_journal(folder):
        return PeopleOfYear(now, None, None, registry.provenance.imported_on)
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    with Journal.open(folder) as journal:
        transactions = journal.transactions()
        before = [one.number for one in transactions if one.day < first]
        upto = [one.number for one in transactions if one.day <= last]
        at_start = _people(journal.persons_at(before[-1]), levels) if before else None
        at_end = _people(journal.persons_at(upto[-1]), levels) if upto else now
        merges = journal.merges(upto[-1]) if upto else {}
        left = _people(journal.left_persons(upto[-1] if upto else transactions[-1].number), None)
    return PeopleOfYear(at_end, at_start if at_start is None else _as_one(at_start, merges), left, None)


def _as_one(people: pl.DataFrame, merges: Mapping[str, str]) -> pl.DataFrame:
    """Return people with one record each: of two that were merged later, the one that stays, where it was there."""
    is_merged = pl.col("donor_id").is_in(list(merges))
    own, others = people.filter(~is_merged), people.filter(is_merged)
    others = others.with_columns(pl.col("donor_id").replace(merges)).unique("donor_id", maintain_order=True)
    return pl.concat([own, others.join(own, on="donor_id", how="anti")])


def _people(frames: Iterable[pl.DataFrame], levels: pl.DataFrame | None) -> pl.DataFrame:
    """Return the persons of the record as figures are made of them; the resolution of those in `levels` is known."""
    parts = [with_columns(_with_typing(frame).rename({"person_id": "donor_id"})) for frame in frames]
    people = pl.concat(parts) if parts else with_columns(pl.DataFrame({"donor_id": []}, {"donor_id": pl.String}))
    if levels is None:
        return people
    return with_columns(people.drop("resolution").join(levels, on="donor_id", how="left", maintain_order="left"))


def _with_typing(persons: pl.DataFrame) -> pl.DataFrame:
    """Return persons with a number by which their typings differ, whatever loci the frame has columns for."""
    names = [name for locus in LOCI for side in (1, 2) if (name := f"{locus}_{side}") in persons.columns]
    texts = [pl.format(f"{name} {{}}", pl.col(name)) for name in names]
    typing = pl.concat_str(texts, separator="; ", ignore_nulls=True).hash() if texts else pl.lit(None)
    return persons.with_columns(typing=typing)


def _levels(registry: Registry) -> pl.DataFrame:
    """Return `donor_id` and the group by `resolution` of each donor."""
    is_high = resolution(registry).level == HIGH
    group = np.where(is_high.all(axis=0), 0, np.where(is_high.any(axis=0), 1, 2))
    names = pl.Series("resolution", RESOLUTIONS)
    return pl.DataFrame([registry.attributes["donor_id"], names[group]])


def _page(title: str, counted: YearlyFigures) -> str:
    from hla_match.reporting.figures_page import figures_page

    return figures_page(title, counted)
