"""A match list as HTML for notebooks: grades as lettered tiles with a legend, probabilities as numbers.

The element takes the page's own ground and ink, so that it reads alike on a light and on a dark page; tiles bring
theirs.
"""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.reporting.grade_tiles import TILES, GradeTile, tile_columns, tiles
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.match_summary import NOTICE, match_summary, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.reporting.terminal import PROBABILITIES
from hla_match.visible_text import visible_value

_ROWS = 25


def _shown(value: object) -> object:
    """Return a value as the page shows it; tiles are markup, and have seen to their texts."""
    return value if isinstance(value, Markup) else visible_value(value)


# Classes begin with the program's name: a notebook is one page, on which others have theirs.
_PAGE = Environment(
    autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).from_string(
    """\
{% macro shown(tile) -%}
<b class="hla-match-tile" title="{{ tile.meaning }}" style="background: {{ tile.fill }}; color: {{ tile.ink }}">
{{- tile.letter }}</b>
{%- endmacro %}
<div class="hla-match-list">
<style>
.hla-match-list { color: inherit; background: transparent; overflow-x: auto; }
.hla-match-list table { border-collapse: collapse; font-variant-numeric: tabular-nums; color: inherit; }
.hla-match-list thead tr, .hla-match-list tbody tr { background: transparent !important; color: inherit; }
.hla-match-list th { border-bottom: 1px solid currentColor; font-weight: 600; }
.hla-match-list th, .hla-match-list td { padding: .15em .7em .15em 0; text-align: left; white-space: nowrap; }
.hla-match-list td { border-bottom: 1px solid rgba(128, 128, 128, .3); }
.hla-match-list .hla-match-tile { display: inline-block; width: 1.45em; line-height: 1.45; margin-right: 1px;
  border-radius: 2px; text-align: center; font-weight: 600; font-size: .92em; -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
.hla-match-list .hla-match-legend span { margin-right: 1.1em; white-space: nowrap; }
</style>
<p><b>{{ title }}</b><br>{% for line in policy %}{{ line }}<br>{% endfor %}{{ null_reading }}<br>
{{ nomenclature }}</p>
{% if notices %}<ul>{% for notice in notices %}<li>{{ notice }}</li>{% endfor %}</ul>
{% endif %}
{% if rows %}
<table><thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}
<tr>{% for cell in row %}<td>{% if cell is string or cell is none %}{{ cell }}
{%- else %}{% for tile in cell %}{{ shown(tile) }}{% endfor %}{% endif %}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table>
<p class="hla-match-legend"><small>
{% for tile in legend %}<span>{{ shown(tile) }} {{ tile.meaning }}</span>
{% endfor %}
<span>in brackets: not counted</span>
{% if probabilities %}<br>{{ probabilities }}{% endif %}
</small></p>
{% endif %}
<p><small>{{ notice }}</small></p></div>
"""
)


def match_list_html(matches: RankedDonors) -> str:
    """Return the first donors of a match list as one HTML element."""
    part = slice(0, _ROWS)
    summary = match_summary(matches, part)
    shown = f", {summary.height:,} shown" if summary.height < matches.n_found else ""
    prediction = matches.prediction
    return _PAGE.render(
        title=f"{matches.patient.patient_id}: {matches.n_found:,} donors{shown}, {matches.criteria.scope}",
        policy=policy_lines(matches.policy),
        null_reading=matches.null_reading,
        nomenclature=matches.registry.nomenclature.title,
        notices=search_notices(matches),
        columns=summary.columns,
        rows=_rows(matches, part),
        legend=TILES.values(),
        probabilities="" if prediction is None else f"{PROBABILITIES}: {prediction.frequency_set}",
        notice=NOTICE,
    )


def _rows(matches: RankedDonors, part: slice) -> list[tuple[str | tuple[GradeTile, ...] | None, ...]]:
    """Return the cells of each donor: text, or the tiles of a locus."""
    summary, frame = match_summary(matches, part), match_frame([matches], part)
    columns = tile_columns(matches)
    cells = [
        [tiles(grades) for grades in frame[columns[name]]] if name in columns else summary[name].to_list()
        for name in summary.columns
    ]
    return list(zip(*cells, strict=True))
