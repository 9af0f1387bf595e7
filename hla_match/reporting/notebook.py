"""A match list as HTML for notebooks."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.reporting.match_summary import NOTICE, match_summary, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.visible_text import visible_value

_ROWS = 25

_PAGE = Environment(autoescape=True, finalize=visible_value, undefined=StrictUndefined).from_string(
    """\
<div><p><b>{{ title }}</b><br>{% for line in policy %}{{ line }}<br>{% endfor %}{{ null_reading }}<br>
{{ nomenclature }}</p>
{% if notices %}<ul>{% for notice in notices %}<li>{{ notice }}</li>{% endfor %}</ul>
{% endif %}<table><thead><tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table><p><small>{{ notice }}</small></p></div>
"""
)


def match_list_html(matches: RankedDonors) -> str:
    """Return the first donors of a match list as one HTML element."""
    frame = match_summary(matches, slice(0, _ROWS))
    shown = f", {frame.height:,} shown" if frame.height < matches.n_found else ""
    return _PAGE.render(
        title=f"{matches.patient.patient_id}: {matches.n_found:,} donors{shown}, {matches.criteria.scope}",
        policy=policy_lines(matches.policy),
        null_reading=matches.null_reading,
        nomenclature=matches.registry.nomenclature.title,
        notices=search_notices(matches),
        columns=frame.columns,
        rows=frame.rows(),
        notice=NOTICE,
    )
