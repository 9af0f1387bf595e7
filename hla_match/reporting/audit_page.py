"""The audit of a registry as one page: counts and plots; whoever a finding is about stands in the table alone."""

from __future__ import annotations

import numpy as np
import polars as pl
from markupsafe import Markup

from hla_match.auditing.audit import Audit
from hla_match.auditing.findings import FindingKind
from hla_match.auditing.resolution import HIGH, LEVELS
from hla_match.auditing.settings import AuditSettings
from hla_match.donors.registry import Registry, as_of_date
from hla_match.imputation.panels import FallbackLevel
from hla_match.language import LOCALES, language, listed, translatable, translated
from hla_match.language.retelling import retold
from hla_match.reporting.level_words import level_word
from hla_match.reporting.plots import bars, columns, share_columns
from hla_match.reporting.report_page import page_environment, rendered
from hla_match.visible_text import visible

_EXPLAINED = {
    FallbackLevel.OWN: translatable("haplotypes of the own population"),
    FallbackLevel.REGISTRY: translatable("haplotypes of all populations"),
    FallbackLevel.GLOBAL: translatable("global haplotypes"),
    FallbackLevel.BLOCKS: translatable("blocks of loci"),
    FallbackLevel.LOCI: translatable("single loci"),
    FallbackLevel.CERTAIN: translatable("no frequencies, one genotype"),
    FallbackLevel.MISSING: translatable("nothing"),
}
"""What explains a donor, for a person who reads the page."""

_WORDS = {
    "names_nobody": translatable("This page names nobody; the table of findings does."),
    "heading": translatable("Findings"),
    "suspicion": translatable("A finding is a suspicion, not a verdict."),
    "finding": translatable("finding"),
    "findings": translatable("findings"),
    "donors": translatable("donors"),
    "means": translatable("what it means, and what to do"),
    "not_looked_at": translatable("Not looked at"),
    "by_year": translatable("Resolution by year of registration"),
    "by_score": translatable("Donors by resolution score"),
    "year": translatable("year"),
    "score": translatable("score"),
    "explains": translatable("What explains the donors"),
}
"""Headings and fixed sentences of the page."""

_PAGES = page_environment(
    audit="""\
{% extends "frame" %}
{% block body %}
<h1>{{ title }}</h1>
<p class="lead">{{ lead | lines }}
{{ words.names_nobody }}</p>
<div class="tiles">
{% for value, name in tiles %}
<div class="tile"><b>{{ value }}</b><span>{{ name }}</span></div>
{% endfor %}
</div>
<h2>{{ words.heading }}</h2>
<p class="small">{{ words.suspicion }}</p>
<table>
<thead><tr><th>{{ words.finding }}</th><th class="n">{{ words.findings }}</th><th class="n">{{ words.donors }}</th>
<th>{{ words.means }}</th></tr></thead>
<tbody>
{% for kind, n, donors in counts %}
<tr><td>{{ retold(kind.label) }}</td><td class="n">{{ "{:,}".format(n) }}</td>
<td class="n">{{ "{:,}".format(donors) }}</td><td>{{ retold(kind.means) }} <i>{{ retold(kind.to_do) }}</i></td></tr>
{% endfor %}
</tbody>
</table>
{% if by_chance %}
<p class="small">{{ by_chance | lines }}</p>
{% endif %}
<p>{{ nothing }}</p>
{% if not_checked %}
<h3>{{ words.not_looked_at }}</h3>
<ul>
{% for kind, why in not_checked %}
<li>{{ told(retold(kind.label), retold(why)) }}</li>
{% endfor %}
</ul>
{% endif %}
<h2>{{ words.by_year }}</h2>
<figure>{{ by_year_plot }}
<figcaption>{{ caption | lines }}
</figcaption></figure>
<h3>{{ words.by_score }}</h3>
<figure>{{ score_plot }}</figure>
<table>
<thead><tr><th>{{ words.year }}</th><th class="n">{{ words.donors }}</th>{% for level in levels %}
<th class="n">{{ level_word(level) }}</th>{% endfor %}
<th class="n">{{ words.score }}</th></tr></thead>
<tbody>
{% for row in by_year %}
<tr><td>{{ row.year if row.year is not none else unstated }}</td><td class="n">{{ "{:,}".format(row.donors) }}</td>
{% for level in levels %}<td class="n">{{ "{:.1%}".format(row[level] / row.typings) }}</td>{% endfor %}
<td class="n">{{ "{:.3f}".format(row.score) }}</td></tr>
{% endfor %}
</tbody>
</table>
{% if level_plot is not none %}
<h2>{{ words.explains }}</h2>
<figure>{{ level_plot }}
<figcaption>{{ explains }}</figcaption></figure>
{% endif %}
{% endblock %}
"""
)


def _lines(text: str) -> Markup:
    """Return a text whose lines stay lines."""
    return Markup("\n").join(map(visible, text.split("\n")))


_PAGES.filters["lines"] = _lines


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
        lang=LOCALES.get(language(), language()).replace("_", "-"),
        unstated=translated("not stated"),
        words={name: translated(text) for name, text in _WORDS.items()},
        retold=retold,
        level_word=level_word,
        told=_told,
        lead=_lead(registry, settings, frequencies),
        tiles=[
            (f"{audit.findings.height:,}", translated("findings")),
            (f"{n_with:,}", translated("donors with a finding")),
            (f"{audit.resolution.score.mean():.3f}" if registry.n_donors else "", translated("mean resolution score")),
            (
                f"{(audit.resolution.level == HIGH).all(axis=0).mean():.1%}" if registry.n_donors else "",
                translated("donors of high resolution at {n} loci", n=len(audit.resolution.loci)),
            ),
        ],
        counts=[(FindingKind(kind), n, donors) for kind, n, donors in audit.counts().iter_rows() if n],
        nothing=_not_found(audit),
        by_chance=_by_chance(audit.n_duplicates_by_chance),
        not_checked=audit.not_checked,
        caption=_caption(audit),
        explains=translated("Donors by what the frequencies {name} take to explain them.", name=frequencies),
        levels=LEVELS,
        by_year=by_year.to_dicts(),
        by_year_plot=_by_year_plot(by_year),
        score_plot=_score_plot(audit),
        level_plot=_level_plot(audit),
    )


def _lead(registry: Registry, settings: AuditSettings, frequencies: str | None) -> str:
    values = {
        "donors": f"{registry.n_donors:,}",
        "day": settings.as_of or as_of_date(registry),
        "nomenclature": visible(registry.nomenclature.title),
    }
    if not frequencies:
        return translated("{donors} donors, looked through as of {day} with\n{nomenclature}.", **values)
    return translated(
        "{donors} donors, looked through as of {day} with\n{nomenclature} and the frequencies {frequencies}.",
        **values,
        frequencies=visible(frequencies),
    )


def _by_chance(n: int | None) -> str:
    if n is None:
        return ""
    return translated(
        "Suspected duplicates: among donors of different birth dates {pairs} pairs are\n"
        "as much alike, so that about as many of these findings are chance.",
        pairs=f"{n:,}",
    )


def _caption(audit: Audit) -> str:
    """Return how the plot of the years is read."""
    weighed = translated("with all alleles taken as equally frequent")
    if audit.resolution.weighed_by:
        weighed = translated("weighed by the frequencies {name}", name=visible(audit.resolution.weighed_by))
    return translated(
        "Typings of {loci} by level, and the mean resolution score, from 0 to 1. High: one genotype of P groups;\n"
        "low: a whole first field or an antigen (Nunes et al., Blood 2011;118:e180). Score: the probability that two "
        "draws from\nthe genotypes that a typing allows are equal (Paunić et al., Hum Immunol 2016;77:542), mean of "
        "the loci, {weighed}.",
        loci=listed(audit.resolution.loci),
        weighed=weighed,
    )


def _told(name: str, more: str) -> str:
    return translated("{name}: {more}", name=name, more=more)


def _not_found(audit: Audit) -> str:
    """Return the kinds that were looked for and not found, in a sentence."""
    aside = {kind.value for kind, _ in audit.not_checked}
    counts = audit.counts().filter(pl.col("findings") == 0)["kind"]
    kinds = [retold(FindingKind(kind).label) for kind in counts if kind not in aside]
    return translated("Looked for and not found: {kinds}.", kinds=listed(kinds)) if kinds else ""


def _by_year_plot(by_year: pl.DataFrame) -> str:
    known = by_year.filter(pl.col("year").is_not_null())
    shares = {level_word(level): (known[level] / known["typings"]).to_list() for level in LEVELS}
    return share_columns(
        known["year"].cast(pl.String).to_list(),
        shares,
        known["score"].to_list(),
        title=translated("Typings by level of resolution, and the mean score, by year of registration"),
        line_name=translated("score"),
    )


def _score_plot(audit: Audit) -> str:
    tenth = np.minimum((audit.resolution.score * 10).astype(np.int64), 9)
    labels = [f"{low / 10:.1f}\u2013{(low + 1) / 10:.1f}" for low in range(10)]
    return columns(labels, np.bincount(tenth, minlength=10).tolist(), title=translated(_WORDS["by_score"]))


def _level_plot(audit: Audit) -> str | None:
    if not audit.levels:
        return None
    named = {str(level): translated(text) for level, text in _EXPLAINED.items()}
    return bars(
        [named[level] for level in audit.levels],
        list(audit.levels.values()),
        title=translated("Donors by what explains them"),
    )
