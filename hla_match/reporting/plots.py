"""Plots as SVG for pages: without scripts, in colours that the colour-blind and a printer in grey tell apart.

Ordered parts have one hue from light to dark (ColorBrewer's Blues: Harrower & Brewer, Cartogr J 2003;40:27); what
stands over them is vermilion (Okabe & Ito, Color Universal Design, 2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from hla_match.language import translated
from hla_match.visible_text import visible

ORDERED = ("#e3e3e3", "#9ecae1", "#4292c6", "#08306b")
"""Nothing, then from light to dark."""

PLAIN, OVER, INK, FAINT = "#2171b5", "#d55e00", "#222", "#ddd"
_WIDTH = 720
_MOST_LABELS = 16
"""Labels under columns; of more columns some go without."""


def share_columns(
    labels: Sequence[str], parts: Mapping[str, Sequence[float]], line: Sequence[float], *, title: str, line_name: str
) -> Markup:
    """Return columns of shares with a line over them, all from 0 to 1.

    Args:
        labels: of the columns.
        parts: by name the share of each column; those of a column sum to 1; at most as many as `ORDERED` has colours.
        line: of each column a value from 0 to 1.
        title: what the plot shows, for those who cannot see it.
        line_name: what the line is.
    """
    left, top, height = 44, 34, 210
    step = (_WIDTH - left - 8) / max(len(labels), 1)
    found = [_shares_axis(left, top, height)]
    for place, label in enumerate(labels):
        x, y = left + place * step, float(top)
        for colour, name in zip(ORDERED, parts, strict=False):
            size = parts[name][place] * height
            found.append(_box(x + step * 0.08, y, step * 0.84, size, colour))
            y += size
        if place % -(-len(labels) // _MOST_LABELS) == 0:
            found.append(_text(x + step / 2, top + height + 16, label, "middle"))
    points = " ".join(
        f"{left + (place + 0.5) * step:.1f},{top + (1 - value) * height:.1f}" for place, value in enumerate(line)
    )
    found.append(Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2.5"/>').format(points, OVER))
    names = [*zip(ORDERED, parts, strict=False), (OVER, line_name)]
    found += [_legend(left + place * 130, colour, name) for place, (colour, name) in enumerate(names)]
    return _svg(found, top + height + 24, title)


def bars(labels: Sequence[str], values: Sequence[float | None], *, title: str) -> Markup:
    """Return a bar for each value with its label before and the number behind it; None is withheld."""
    left, step = 190, 24
    most = max((value for value in values if value is not None), default=0) or 1
    found = []
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        y = place * step + 4
        size = (value or 0) / most * (_WIDTH - left - 90)
        found.append(_text(left - 8, y + 13, label, "end"))
        found.append(_box(left, y, size, step - 7, PLAIN))
        found.append(_text(left + size + 6, y + 13, translated("withheld") if value is None else f"{value:,}", "start"))
    return _svg(found, len(labels) * step + 6, title)


def columns(labels: Sequence[str], values: Sequence[float], *, title: str) -> Markup:
    """Return a column for each value with the number over and the label under it."""
    top, height = 18, 150
    step = _WIDTH / max(len(labels), 1)
    most = max(values, default=0) or 1
    found = []
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        size = value / most * height
        found.append(_box(place * step + step * 0.1, top + height - size, step * 0.8, size, PLAIN))
        middle = (place + 0.5) * step
        found.append(_text(middle, top + height - size - 5, f"{value:,}", "middle"))
        found.append(_text(middle, top + height + 16, label, "middle"))
    return _svg(found, top + height + 24, title)


def _svg(parts: Sequence[Markup], height: float, title: str) -> Markup:
    begin = '<svg viewBox="0 0 {} {:.0f}" role="img" xmlns="http://www.w3.org/2000/svg"><title>{}</title>'
    return Markup(begin).format(_WIDTH, height, title) + Markup("\n").join(parts) + Markup("</svg>")


def _shares_axis(left: float, top: float, height: float) -> Markup:
    lines = []
    for percent in (0, 25, 50, 75, 100):
        y = top + (1 - percent / 100) * height
        rule = '<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="{}"/>'
        lines.append(Markup(rule).format(left, _WIDTH - 8, y, y, FAINT))
        lines.append(_text(left - 6, y + 4, f"{percent}%", "end"))
    return Markup("\n").join(lines)


def _legend(x: float, colour: str, name: str) -> Markup:
    return _box(x, 6, 13, 13, colour) + _text(x + 18, 17, name, "start")


def _box(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    box = '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>'
    return Markup(box).format(x, y, max(width, 0), max(height, 0), colour)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    element = '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}">{}</text>'
    return Markup(element).format(x, y, anchor, INK, visible(text))
