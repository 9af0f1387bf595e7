"""The audit of a registry as one page: counts and plots; whoever a finding is about stands in the table alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from hla_match.auditing.audit import Audit
from hla_match.auditing.findings import FindingKind
from hla_match.auditing.resolution import HIGH, LEVELS
from hla_match.auditing.settings import AuditSettings
from hla_match.donors.registry import Registry, as_of_date
from hla_match.imputation.panels import FallbackLevel
from hla_match.reporting.plots import bars, columns, share_columns
from hla_match.reporting.report_page import page_environment, rendered

_EXPLAINED = {
    FallbackLevel.OWN: "haplotypes of the own population",
    FallbackLevel.REGISTRY: "haplotypes of all populations",
    FallbackLevel.GLOBAL: "global haplotypes",
    FallbackLevel.BLOCKS: "blocks of loci",
    FallbackLevel.LOCI: "single loci",
    FallbackLevel.CERTAIN: "no frequencies, one genotype",
    FallbackLevel.MISSING: "nothing",
}
"""What explains a donor, for a person who reads the page."""

_PAGES = page_environment(
    audit="""\
{% extends "frame" %}
{% block body %}
<h1>{{ title }}</h1>
<p class="lead">{{ "{:,}".format(registry.n_donors) }} donors, looked through as of {{ as_of }} with
{{ registry.nomenclature.title }}{{ " and the frequencies " ~ frequencies if frequencies else "" }}.
This page names nobody; the table of findings does.</p>
<div class="tiles">
{% for value, name in tiles %}
<div class="tile"><b>{{ value }}</b><span>{{ name }}</span></div>
{% endfor %}
</div>
<h2>Findings</h2>
<p class="small">A finding is a suspicion, not a verdict.</p>
<table>
<thead><tr><th>finding</th><th class="n">findings</th><th class="n">donors</th>
<th>what it means, and what to do</th></tr></thead>
<tbody>
{% for kind, n, donors in counts %}
<tr><td>{{ kind.label }}</td><td class="n">{{ "{:,}".format(n) }}</td>
<td class="n">{{ "{:,}".format(donors) }}</td><td>{{ kind.means }} <i>{{ kind.to_do }}</i></td></tr>
{% endfor %}
</tbody>
</table>
{% if n_by_chance is not none %}
<p class="small">Suspected duplicates: among donors of different birth dates {{ "{:,}".format(n_by_chance) }} pairs are
as much alike, so that about as many of these findings are chance.</p>
{% endif %}
<p>{% if nothing %}Looked for and not found: {{ nothing | join(", ") }}.{% endif %}</p>
{% if not_checked %}
<h3>Not looked at</h3>
<ul>
{% for kind, why in not_checked %}
<li>{{ kind.label }}: {{ why }}</li>
{% endfor %}
</ul>
{% endif %}
<h2>Resolution by year of registration</h2>
<figure>{{ by_year_plot }}
<figcaption>Typings of {{ loci }} by level, and the mean resolution score, from 0 to 1. High: one genotype of P groups;
low: a whole first field or an antigen (Nunes et al., Blood 2011;118:e180). Score: the probability that two draws from
the genotypes that a typing allows are equal (Paunić et al., Hum Immunol 2016;77:542), mean of the loci, {{ weighed }}.
</figcaption></figure>
<h3>Donors by resolution score</h3>
<figure>{{ score_plot }}</figure>
<table>
<thead><tr><th>year</th><th class="n">donors</th>{% for level in levels %}<th class="n">{{ level }}</th>{% endfor %}
<th class="n">score</th></tr></thead>
<tbody>
{% for row in by_year %}
<tr><td>{{ row.year if row.year is not none else "not stated" }}</td><td class="n">{{ "{:,}".format(row.donors) }}</td>
{% for level in levels %}<td class="n">{{ "{:.1%}".format(row[level] / row.typings) }}</td>{% endfor %}
<td class="n">{{ "{:.3f}".format(row.score) }}</td></tr>
{% endfor %}
</tbody>
</table>
{% if level_plot is not none %}
<h2>What explains the donors</h2>
<figure>{{ level_plot }}
<figcaption>Donors by what the frequencies {{ frequencies }} take to explain them.</figcaption></figure>
{% endif %}
{% endblock %}
"""
)


def audit_page(
    title: str, registry: Registry, audit: Audit, settings: AuditSettings, frequencies: str | None = None
) -> str:
    """Return a page with the counts of an audit, and the resolution of the typings by year.

    Args:
        title: of the page.
        registry: what was looked through.
        audit: what was found.
        settings: what it went by.
        frequencies: name of the frequencies, or None.
    """
    n_with = audit.findings.filter(pl.col("kind") != FindingKind.LEFT_OUT.value)["donor_id"].n_unique()
    by_year = audit.resolution.by_year(registry).with_columns(typings=pl.sum_horizontal(LEVELS))
    return rendered(
        _PAGES,
        "audit",
        title=title,
        registry=registry,
        as_of=settings.as_of or as_of_date(registry),
        frequencies=frequencies,
        tiles=[
            (f"{audit.findings.height:,}", "findings"),
            (f"{n_with:,}", "donors with a finding"),
            (f"{audit.resolution.score.mean():.3f}" if registry.n_donors else "", "mean resolution score"),
            (
                f"{(audit.resolution.level == HIGH).all(axis=0).mean():.1%}" if registry.n_donors else "",
                f"donors of high resolution at {len(audit.resolution.loci)} loci",
            ),
        ],
        counts=[(FindingKind(kind), n, donors) for kind, n, donors in audit.counts().iter_rows() if n],
        nothing=_not_found(audit),
        n_by_chance=audit.n_duplicates_by_chance,
        not_checked=audit.not_checked,
        loci=", ".join(audit.resolution.loci),
        weighed=(
            f"weighed by the frequencies {audit.resolution.weighed_by}"
            if audit.resolution.weighed_by
            else "with all alleles taken as equally frequent"
        ),
        levels=LEVELS,
        by_year=by_year.to_dicts(),
        by_year_plot=_by_year_plot(by_year),
        score_plot=_score_plot(audit),
        level_plot=_level_plot(audit),
    )


def _not_found(audit: Audit) -> list[str]:
    """Return the kinds that were looked for and not found."""
    aside = {kind.value for kind, _ in audit.not_checked}
    counts = audit.counts().filter(pl.col("findings") == 0)["kind"]
    return [FindingKind(kind).label for kind in counts if kind not in aside]


def _by_year_plot(by_year: pl.DataFrame) -> str:
    known = by_year.filter(pl.col("year").is_not_null())
    shares = {level: (known[level] / known["typings"]).to_list() for level in LEVELS}
    return share_columns(
        known["year"].cast(pl.String).to_list(),
        shares,
        known["score"].to_list(),
        title="Typings by level of resolution, and the mean score, by year of registration",
        line_name="score",
    )


def _score_plot(audit: Audit) -> str:
    tenth = np.minimum((audit.resolution.score * 10).astype(np.int64), 9)
    labels = [f"{low / 10:.1f}\u2013{(low + 1) / 10:.1f}" for low in range(10)]
    return columns(labels, np.bincount(tenth, minlength=10).tolist(), title="Donors by resolution score")


def _level_plot(audit: Audit) -> str | None:
    if not audit.levels:
        return None
    named = {str(level): text for level, text in _EXPLAINED.items()}
    return bars(
        [named[level] for level in audit.levels], list(audit.levels.values()), title="Donors by what explains them"
    )
