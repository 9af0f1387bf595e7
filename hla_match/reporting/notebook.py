"""A match list as HTML for notebooks: grades as lettered tiles with a legend, probabilities as numbers.

The element takes the page's own ground and ink, so that it reads alike on a light and on a dark page; tiles bring
theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.immunogenetics.tce import TCE_CLASSES, UNKNOWN
from hla_match.nomenclature.reported_gl_string import reported_gl_string
from hla_match.reporting.grade_tiles import TILES, GradeTile, tile_columns, tiles
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.match_summary import NOTICE, match_summary, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.reporting.terminal import PROBABILITIES
from hla_match.visible_text import visible, visible_value

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
.hla-match-list td { border-top: 1px solid rgba(128, 128, 128, .3); }
.hla-match-list .hla-match-tile { display: inline-block; width: 1.45em; line-height: 1.45; margin-right: 1px;
  border-radius: 2px; text-align: center; font-weight: 600; font-size: .92em; -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
.hla-match-list .hla-match-more td { border-top: none; padding-top: 0; white-space: normal; font-size: .85em; }
.hla-match-list .hla-match-legend span { margin-right: 1.1em; white-space: nowrap; }
</style>
<p><b>{{ title }}</b><br>patient: {{ typing }}<br>
{% for line in policy %}{{ line }}<br>{% endfor %}{{ null_reading }}<br>
{{ nomenclature }}</p>
{% if notices %}<ul>{% for notice in notices %}<li>{{ notice }}</li>{% endfor %}</ul>
{% endif %}
{% if rows %}
<table><thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}
<tr>{% for cell in row %}<td>{% if cell is string or cell is none %}{{ cell }}
{%- else %}{% for tile in cell %}{{ shown(tile) }}{% endfor %}{% endif %}</td>{% endfor %}</tr>
<tr class="hla-match-more"><td></td><td colspan="{{ columns | length - 1 }}">
{%- for line in more[loop.index0] %}{{ line }}{% if not loop.last %}<br>{% endif %}{% endfor %}</td></tr>
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
    cells = _cells(matches, part)
    n_shown = len(cells["rank"])
    shown = f", {n_shown:,} shown" if n_shown < matches.n_found else ""
    prediction = matches.prediction
    return _PAGE.render(
        title=f"{matches.patient.patient_id}: {matches.n_found:,} donors{shown}, {matches.criteria.scope}",
        policy=policy_lines(matches.policy),
        null_reading=matches.null_reading,
        nomenclature=matches.registry.nomenclature.title,
        notices=search_notices(matches),
        typing=_breakable(reported_gl_string(matches.registry.nomenclature.tables, matches.patient.typings)),
        columns=list(cells),
        rows=list(zip(*cells.values(), strict=True)),
        more=_further_lines(matches, part),
        legend=TILES.values(),
        probabilities="" if prediction is None else f"{PROBABILITIES}: {prediction.frequency_set}",
        notice=NOTICE,
    )


def _cells(matches: RankedDonors, part: slice) -> Mapping[str, Sequence[str | tuple[GradeTile, ...] | None]]:
    """Return the cells of each column by its heading: texts, or the tiles of a locus."""
    summary, frame = match_summary(matches, part), match_frame([matches], part)
    tiled = {heading: [tiles(grades) for grades in frame[name]] for heading, name in tile_columns(matches).items()}
    texts = summary.select(pl.exclude("typing")).to_dict(as_series=False)
    return {**texts, **tiled}


def _further_lines(matches: RankedDonors, part: slice) -> list[list[Markup]]:
    """Return what stands below each donor: the typing as it was reported, mismatches in words, and DPB1."""
    columns = match_frame([matches], part).select("donor_typing", "mismatches", "dpb1_tce")
    lines = []
    for typing, mismatches, tce in columns.iter_rows():
        facts = [f"mismatches: {mismatches}"] if mismatches else []
        facts += [f"DPB1 by T-cell epitope groups: {tce}"] if tce not in (None, TCE_CLASSES[UNKNOWN]) else []
        told = [escape(visible("; ".join(facts)))] if facts else []
        lines.append([_breakable(typing or "not typed"), *told])
    return lines


def _breakable(text: str) -> Markup:
    """Return a typing that is broken behind the signs that join names, and copied as it is."""
    return Markup(re.sub(r"[\^+/]", r"\g<0><wbr>", str(escape(visible(text)))))
