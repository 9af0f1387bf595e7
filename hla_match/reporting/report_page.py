"""The frame of a page of figures: self-contained, without scripts, for a screen and for A4 paper."""

from __future__ import annotations

from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from hla_match.visible_text import visible_value

_FRAME = """\
<!DOCTYPE html>
<html lang="{{ lang | default("en") }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
@page { size: A4; margin: 14mm 15mm; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; margin: 2em auto; max-width: 56em;
  padding: 0 1.2em; color: #222; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 1.75em; line-height: 1.2; margin: 0 0 .2em; }
h2 { font-size: 1.15em; margin: 2em 0 .5em; padding-top: .5em; border-top: 2px solid #2171b5; break-after: avoid; }
h3 { font-size: 1em; margin: 1.2em 0 .3em; break-after: avoid; }
.lead { color: #555; margin: 0 0 1.4em; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5em, 1fr)); gap: .7em; }
.tile { background: #f0f5fa; border-left: 4px solid #2171b5; padding: .6em .8em; }
.tile b { display: block; font-size: 1.65em; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: #555; font-size: .87em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .93em; }
th, td { padding: .3em .7em .3em 0; text-align: left; vertical-align: top; border-bottom: 1px solid #e4e4e4; }
th { border-bottom: 1px solid #888; font-weight: 600; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; }
tr, figure, .tile { break-inside: avoid; }
tr.total td { font-weight: 600; border-top: 1px solid #888; }
figure { margin: .8em 0; }
figcaption, .small { color: #555; font-size: .87em; }
svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
@media print { body { font-size: 10.5pt; margin: 0; max-width: none; padding: 0; } }
</style>
</head>
<body>
{% block body %}{% endblock %}
</body>
</html>
"""


def page_environment(**pages: str) -> Environment:
    """Return what renders pages that begin with ``{% extends "frame" %}`` and fill the block `body`."""
    return Environment(
        loader=DictLoader({"frame": _FRAME, **pages}),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    """Return a value as a page shows it; plots are markup, and have seen to their texts."""
    return value if isinstance(value, Markup) else visible_value(value)


def rendered(environment: Environment, page: str, **values: Any) -> str:
    """Return a page of an environment with values in it."""
    return environment.get_template(page).render(**values)
