"""The figures of a year as one page that is fit to publish."""

from __future__ import annotations

import polars as pl

from hla_match.publishing.yearly_figures import DIMENSIONS, MEASURES, YearlyFigures
from hla_match.reporting.plots import bars
from hla_match.reporting.report_page import page_environment, rendered

_TILES = {
    "registered": "donors registered",
    "new": "registered in {year}",
    "donated": "donations in {year}",
    "donated_in_all": "donations since the beginning",
}
_PAGES = page_environment(
    figures="""\
{% extends "frame" %}
{% block body %}
<h1>{{ title }}</h1>
<p class="lead">Figures of {{ figures.year }}, as of {{ figures.upto }}.</p>
<div class="tiles">
{% for value, name in tiles %}
<div class="tile"><b>{{ value }}</b><span>{{ name }}</span></div>
{% endfor %}
</div>
{% for section in sections %}
<h2>By {{ section.name }}</h2>
<figure>{{ section.plot }}
<figcaption>Donors {{ measures["registered"] }}, by {{ section.name }}.</figcaption></figure>
<table>
<thead><tr><th>{{ section.name }}</th>{% for measure in section.measures %}
<th class="n">{{ measures[measure] }}</th>{% endfor %}</tr></thead>
<tbody>
{% for group, cells in section.rows %}
<tr><td>{{ group }}</td>{% for cell in cells %}<td class="n">{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
<tr class="total"><td>all</td>{% for cell in section.totals %}<td class="n">{{ cell }}</td>{% endfor %}</tr>
</tbody>
</table>
{% endfor %}
<h2>How to read this page</h2>
<ul>
<li>“…” is a count that is withheld: one below {{ figures.threshold }}, or one that would give such a count away. Cities
with fewer than {{ figures.threshold }} donors are “other places”. So nobody can be singled out.</li>
<li>Ages are completed years on {{ figures.upto }}. High resolution leaves one genotype of P groups at A, B, C, DRB1 and
DQB1.</li>
{% for names, why in not_recorded %}
<li>Not recorded: {{ names }}, as {{ why }}.</li>
{% endfor %}
</ul>
{% endblock %}
"""
)


def figures_page(title: str, figures: YearlyFigures) -> str:
    """Return a page with the figures of a year."""
    counted = [measure for measure in MEASURES if measure in set(figures.table["measure"])]
    why = sorted(set(figures.not_recorded.values()))
    return rendered(
        _PAGES,
        "figures",
        title=title,
        figures=figures,
        measures=MEASURES,
        tiles=[
            (_shown(figures.total(measure)), name.format(year=figures.year))
            for measure, name in _TILES.items()
            if measure in counted
        ],
        sections=[_section(figures, dimension, counted) for dimension in DIMENSIONS],
        not_recorded=[
            (", ".join(MEASURES[name] for name, one in figures.not_recorded.items() if one == reason), reason)
            for reason in why
        ],
    )


def figure_rows(figures: YearlyFigures, dimension: str) -> list[tuple[str, dict[str, int | None]]]:
    """Return the groups of a dimension that have a count in some measure, each with its counts by measure."""
    chosen = figures.table.filter(pl.col("dimension") == dimension)
    groups: dict[str, dict[str, int | None]] = {}
    for group, measure, count in chosen.select("group", "measure", "count").iter_rows():
        groups.setdefault(group, {})[measure] = count
    return [(group, counts) for group, counts in groups.items() if any(count != 0 for count in counts.values())]


def _section(figures: YearlyFigures, dimension: str, measures: list[str]) -> dict[str, object]:
    rows = figure_rows(figures, dimension)
    name = DIMENSIONS[dimension]
    return {
        "name": name,
        "measures": measures,
        "rows": [(group, [_shown(counts[measure]) for measure in measures]) for group, counts in rows],
        "totals": [_shown(figures.total(measure)) for measure in measures],
        "plot": bars(
            [group for group, _ in rows],
            [counts["registered"] for _, counts in rows],
            title=f"Registered donors by {name}",
        ),
    }


def _shown(count: int | None) -> str:
    return "…" if count is None else f"{count:,}"
