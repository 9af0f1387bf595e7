"""The figures and plots of the registry, worked out once for each version of it and drawn once in each language."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from markupsafe import Markup

from hla_match.auditing.resolution import HIGH, LEVELS, resolution
from hla_match.donors.ages import completed_years
from hla_match.donors.registry import Registry
from hla_match.language import language, translatable, translated
from hla_match.reporting.donor_words import RESULTS, SEXES, STATUSES
from hla_match.reporting.level_words import level_word
from hla_match.reporting.plots import bars, columns, share_columns

_GROUPS = (0, 18, 25, 30, 35, 40, 45, 50, 55)
"""Completed years at which groups of ages begin."""

_MOST_CITIES = 15

ATTRIBUTES = {
    "status": (translatable("status"), STATUSES),
    "sex": (translatable("sex"), SEXES),
    "abo": (translatable("blood group"), {}),
    "cmv": (translatable("CMV antibodies"), RESULTS),
    "city": (translatable("city"), {}),
}
"""The attributes whose values are counted, in words."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one version of a registry.

    Attributes:
        snapshot: the version.
        day: at which ages are computed.
        by_year: as `Resolution.by_year`, with the number of typings of a year.
        share_high: of the donors, how many are of high resolution at every locus.
        score: mean resolution score.
        loci: of levels and scores.
        typed: by locus how many donors are typed there.
        counts: by attribute the values and how many donors have each; null for those of whom it is not known.
        ages: donors by group of ages, those of unknown age last.
    """

    snapshot: str
    day: datetime.date
    by_year: pl.DataFrame
    share_high: float
    score: float
    loci: tuple[str, ...]
    typed: dict[str, int]
    counts: dict[str, list[tuple[str | None, int]]]
    ages: list[int]


class Overview:
    """The overview of the registry; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._figures: Figures | None = None
        self._drawn: dict[str, dict[str, Any]] = {}

    def of(self, registry: Registry, day: datetime.date) -> dict[str, Any]:
        """Return the values of the page in the language of the moment."""
        with self._lock:
            kept = self._figures
            if kept is None or (kept.snapshot, kept.day) != (registry.snapshot, day):
                kept = self._figures = figures_of(registry, day)
                self._drawn = {}
            if language() not in self._drawn:
                self._drawn[language()] = _drawn(kept)
            return self._drawn[language()]


def figures_of(registry: Registry, day: datetime.date) -> Figures:
    """Work out the figures of a registry."""
    found, attributes = resolution(registry), registry.attributes
    counts = {
        name: list(attributes[name].cast(pl.String).value_counts(sort=True).iter_rows())
        for name in ATTRIBUTES
        if name in attributes.columns
    }
    age = completed_years(registry.attribute_codes["birth_date"], day)
    group = np.searchsorted(_GROUPS, np.maximum(age, 0), side="right") - 1
    ages = np.bincount(np.where(age < 0, len(_GROUPS), group), minlength=len(_GROUPS) + 1)
    return Figures(
        snapshot=registry.snapshot,
        day=day,
        by_year=found.by_year(registry).with_columns(typings=pl.sum_horizontal(LEVELS)),
        share_high=float((found.level == HIGH).all(axis=0).mean()) if registry.n_donors else 0.0,
        score=float(found.score.mean()) if registry.n_donors else 0.0,
        loci=found.loci,
        typed={locus: int((found.level[row] > 0).sum()) for row, locus in enumerate(found.loci)},
        counts=counts,
        ages=ages.tolist(),
    )


def _drawn(figures: Figures) -> dict[str, Any]:
    """Return the values of the page: figures, and plots in the language of the moment."""
    return {
        "figures": figures,
        "levels": [_level(level) for level in LEVELS],
        "level_names": LEVELS,
        "year_plot": _year_plot(figures),
        "age_plot": _age_plot(figures),
        "locus_plot": bars(
            list(figures.typed), list(figures.typed.values()), title=translated("Donors who are typed at each locus")
        ),
        "attribute_plots": [_attribute_plot(name, counts) for name, counts in figures.counts.items()],
    }


def _year_plot(figures: Figures) -> Markup | None:
    known = figures.by_year.filter(pl.col("year").is_not_null())
    if known.is_empty():
        return None
    shares = {_level(level): (known[level] / known["typings"]).to_list() for level in LEVELS}
    return share_columns(
        known["year"].cast(pl.String).to_list(),
        shares,
        known["score"].to_list(),
        title=translated("Typings by level of resolution, and the mean score, by year of registration"),
        line_name=translated("score"),
    )


def _level(level: str) -> str:
    """Return a level of resolution in words; of no typing as the pages say it elsewhere."""
    return translated("not typed") if level == LEVELS[0] else level_word(level)


def _age_plot(figures: Figures) -> Markup:
    ends = [*(f"{end - 1}" for end in _GROUPS[1:]), ""]
    labels = [f"{start}\u2013{end}" if end else f"{start}+" for start, end in zip(_GROUPS, ends, strict=True)]
    return columns([*labels, translated("not known")], figures.ages, title=translated("Donors by age"))


def _attribute_plot(name: str, counts: list[tuple[str | None, int]]) -> tuple[str, Markup]:
    heading, words = ATTRIBUTES[name]
    shown, rest = counts[:_MOST_CITIES], sum(n for _, n in counts[_MOST_CITIES:])
    labels = [
        translated("not known") if value is None else translated(words[value]) if value in words else value
        for value, _ in shown
    ]
    values: list[float | None] = [n for _, n in shown]
    if rest:
        labels.append(translated("others"))
        values.append(rest)
    title = translated(heading)
    return title, bars(labels, values, title=title)
