"""The searches of several patients as one page to read in a browser: self-contained, without scripts."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, StrictUndefined

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.donors.registry import Registry
from hla_match.reporting.match_summary import NOTICE, match_summary, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.reporting.terminal import GRADES, NUMBERS
from hla_match.visible_text import visible_value

_DONORS = 5
"""Donors shown for each patient."""

_PAGE = Environment(
    autoescape=True, finalize=visible_value, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).from_string(
    """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .8em .15em 0; text-align: left; white-space: nowrap; }
th { border-bottom: 1px solid #888; font-weight: 600; }
.n { text-align: right; }
h3 { margin: 1.6em 0 .3em; font-size: 1em; }
.notice { background: #fff3cd; padding: .5em .8em; }
.scroll { overflow-x: auto; }
small, .small { color: #555; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p class="notice">{{ notice }}</p>
<p>{{ "{:,}".format(registry.n_donors) }} donors; {{ matches | length }} patients; {{ criteria }}.<br>
{% for line in policy %}
{{ line }}<br>
{% endfor %}
{{ null_reading }}</p>
<h2>Nomenclature</h2>
<p>{{ registry.nomenclature.title }}</p>
{% if registry.nomenclature.tables.limits %}
<ul>
{% for limit in registry.nomenclature.tables.limits %}
<li>{{ limit }}</li>
{% endfor %}
</ul>
{% endif %}
<h2>Patients</h2>
<div class="scroll">
<table>
<thead><tr><th>patient</th><th class="n">donors</th><th>best donor</th><th class="n">best</th><th class="n">worst</th>
</tr></thead>
<tbody>
{% for patient in patients %}
<tr><td><a href="#patient-{{ loop.index }}">{{ patient.id }}</a></td>
<td class="n">{{ "{:,}".format(patient.n_found) }}</td>
{% if patient.rows %}
<td>{{ patient.rows[0][1] }}</td><td class="n">{{ patient.rows[0][2] }}</td><td class="n">{{ patient.rows[0][3] }}</td>
{% else %}
<td></td><td></td><td></td>
{% endif %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
<h2>Best donors</h2>
<p class="small">{{ grades }}. Best and worst: matching alleles if every ambiguity turns out well, and those that are
certain.</p>
{% for patient in patients %}
<h3 id="patient-{{ loop.index }}">{{ patient.id }}: {{ "{:,}".format(patient.n_found) }} donors</h3>
{% if patient.notices %}
<ul class="small">
{% for notice in patient.notices %}
<li>{{ notice }}</li>
{% endfor %}
</ul>
{% endif %}
{% if patient.rows %}
<div class="scroll">
<table>
<thead><tr>{% for name in patient.columns %}<th{% if name in numbers %} class="n"{% endif %}>{{ name }}</th>{% endfor %}
</tr></thead>
<tbody>
{% for row in patient.rows %}
<tr>
{%- for cell in row %}
<td{% if patient.columns[loop.index0] in numbers %} class="n"{% endif %}>{{ cell }}</td>
{%- endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}
{% endfor %}
</body>
</html>
"""
)


def search_page(title: str, registry: Registry, matches: Sequence[RankedDonors]) -> str:
    """Return a page with the figures of searches under the same criteria, of which there is at least one.

    It says what was searched, with which nomenclature and what that does not know, and for each patient how many donors
    there are and who the best are.
    """
    first = matches[0]
    return _PAGE.render(
        title=title,
        registry=registry,
        matches=matches,
        criteria=f"{first.criteria.scope}, up to {first.criteria.max_mismatches} mismatches",
        policy=policy_lines(first.policy),
        null_reading=first.null_reading,
        grades=GRADES,
        notice=NOTICE,
        numbers=NUMBERS,
        patients=[_patient(found) for found in matches],
    )


def _patient(matches: RankedDonors) -> dict[str, object]:
    summary = match_summary(matches, slice(0, _DONORS))
    return {
        "id": matches.patient.patient_id,
        "n_found": matches.n_found,
        "notices": search_notices(matches),
        "columns": summary.columns,
        "rows": summary.rows(),
    }
