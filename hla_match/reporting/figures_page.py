"""The figures of a year as one page that is fit to publish."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hla_match.language import LOCALES, language, listed, translatable, translated
from hla_match.language.retelling import retold
from hla_match.publishing.yearly_figures import DIMENSIONS, MEASURES, YearlyFigures
from hla_match.reporting.plots import bars
from hla_match.reporting.report_page import page_environment, rendered

_TILES = {
    "registered": translatable("donors registered"),
    "new": translatable("registered in {year}"),
    "donated": translatable("donations in {year}"),
    "donated_in_all": translatable("donations since the beginning"),
}
_PAGES = page_environment(
    figures="""\
{% extends "frame" %}
{% block body %}
<h1>{{ title }}</h1>
<p class="lead">{{ lead }}</p>
<div class="tiles">
{% for value, name in tiles %}
<div class="tile"><b>{{ value }}</b><span>{{ name }}</span></div>
{% endfor %}
</div>
{% for section in sections %}
<h2>{{ section.heading }}</h2>
<figure>{{ section.plot }}
<figcaption>{{ section.caption }}</figcaption></figure>
<table>
<thead><tr><th>{{ section.name }}</th>{% for measure in section.measures %}
<th class="n">{{ measures[measure] }}</th>{% endfor %}</tr></thead>
<tbody>
{% for group, cells in section.rows %}
<tr><td>{{ group }}</td>{% for cell in cells %}<td class="n">{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
<tr class="total"><td>{{ all }}</td>{% for cell in section.totals %}<td class="n">{{ cell }}</td>{% endfor %}</tr>
</tbody>
</table>
{% endfor %}
<h2>{{ how_to_read }}</h2>
<ul>
{% for line in notes %}
<li>{{ line }}</li>
{% endfor %}
</ul>
{% endblock %}
"""
)


def figures_page(title: str, figures: YearlyFigures) -> str:
    """Return a page with the figures of a year."""
    counted = [measure for measure in MEASURES if measure in set(figures.table["measure"])]
    return rendered(
        _PAGES,
        "figures",
        lang=LOCALES.get(language(), language()).replace("_", "-"),
        title=title,
        figures=figures,
        measures={name: retold(text) for name, text in MEASURES.items()},
        lead=translated("Figures of {year}, as of {day}.", year=figures.year, day=figures.upto),
        all=translated("all"),
        how_to_read=translated("How to read this page"),
        tiles=[
            (_shown(figures.total(measure)), translated(name, year=figures.year))
            for measure, name in _TILES.items()
            if measure in counted
        ],
        sections=[_section(figures, dimension, counted) for dimension in DIMENSIONS],
        notes=list(_notes(figures)),
    )


def _notes(figures: YearlyFigures) -> Iterator[str]:
    """Yield how the page is read."""
    yield translated(
        "“…” is a count that is withheld: one below {n}, or one that would give such a count away. Cities "
        "with fewer than {n} donors, and cities that would give these away, are “other places”. So nobody can be "
        "singled out.",
        n=figures.threshold,
    )
    yield translated(
        "Ages are completed years on {day}. High resolution leaves one genotype of P groups at A, B, C, DRB1 and DQB1.",
        day=figures.upto,
    )
    for reason in sorted(set(figures.not_recorded.values())):
        names = listed(retold(MEASURES[name]) for name, one in figures.not_recorded.items() if one == reason)
        yield translated("Not recorded: {names}, as {why}.", names=names, why=retold(reason))


def figure_rows(figures: YearlyFigures, dimension: str) -> list[tuple[str, dict[str, int | None]]]:
    """Return the groups of a dimension that have a count in some measure, each with its counts by measure."""
    chosen = figures.table.filter(pl.col("dimension") == dimension)
    groups: dict[str, dict[str, int | None]] = {}
    for group, measure, count in chosen.select("group", "measure", "count").iter_rows():
        groups.setdefault(group, {})[measure] = count
    return [(group, counts) for group, counts in groups.items() if any(count != 0 for count in counts.values())]


def _section(figures: YearlyFigures, dimension: str, measures: list[str]) -> dict[str, object]:
    rows = figure_rows(figures, dimension)
    name = retold(DIMENSIONS[dimension])
    groups = [retold(group) for group, _ in rows]
    return {
        "name": name,
        "heading": translated("By {name}", name=name),
        "caption": translated("Donors {what}, by {name}.", what=retold(MEASURES["registered"]), name=name),
        "measures": measures,
        "rows": [(retold(group), [_shown(counts[measure]) for measure in measures]) for group, counts in rows],
        "totals": [_shown(figures.total(measure)) for measure in measures],
        "plot": bars(
            groups,
            [counts["registered"] for _, counts in rows],
            title=translated("Registered donors by {name}", name=name),
        ),
    }


def _shown(count: int | None) -> str:
    return "…" if count is None else f"{count:,}"
