"""Growth plots: figures over the number of donors, both axes logarithmic, as SVG.

A template of our own, as for the calibration pictures: a dozen straight lines need no plotting library, the text
differs between two runs only where figures do, and nothing has to be installed to make a report.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.results import shown

WIDTH, HEIGHT = 520, 340
_COLOURS = ("#1f5fa8", "#c2452d", "#2f8f5b", "#8a5aa8", "#b07a10", "#3a3a3a", "#d0679d", "#5b8fb0")
_LABEL = 15
"""Pixels between two labels at the least."""

Series = Mapping[str, Sequence[tuple[float, float]]]
"""By name, the donors and the value of each point, ascending by donors."""


def growth_plot(
    title: str, series: Series, *, unit: str, dashed: Sequence[str] = (), hollow: Sequence[str] = ()
) -> str:
    """Draw the series.

    Args:
        title: stands above.
        series: at least one, none of them empty, all values above 0. One of a single point has its name beside the
            point, the others at the right of the frame.
        unit: of the values, as in `benchmarks.case.Figure`.
        dashed: names of the series that are floors.
        hollow: names of the series that others published.
    """
    points = [point for one in series.values() for point in one]
    x_low, x_high = _decades([x for x, _ in points])
    y_low, y_high = _decades([y for _, y in points])
    drawn = [
        [
            {
                "x": round(_place(x, x_low, x_high) * WIDTH, 1),
                "y": round(HEIGHT - _place(y, y_low, y_high) * HEIGHT, 1),
                "text": f"{x:,.0f} donors, {shown(y, unit)}",
            }
            for x, y in one
        ]
        for one in series.values()
    ]
    ends = {name: HEIGHT - _place(one[-1][1], y_low, y_high) * HEIGHT for name, one in series.items() if len(one) > 1}
    label_at = dict(zip(ends, _part_labels(list(ends.values())), strict=True))
    lines = [
        {
            "name": name,
            "colour": _COLOURS[number % len(_COLOURS)],
            "dashed": name in dashed,
            "hollow": name in hollow,
            "points": of_line,
            "label_at": label_at.get(name),
        }
        for number, (name, of_line) in enumerate(zip(series, drawn, strict=True))
    ]
    x_ticks = [
        {"at": round(_place(10.0**power, x_low, x_high) * WIDTH, 1), "text": _count(10**power)}
        for power in range(x_low, x_high + 1)
    ]
    y_ticks = [
        {"at": round(HEIGHT - _place(10.0**power, y_low, y_high) * HEIGHT, 1), "text": shown(10.0**power, unit)}
        for power in range(y_low, y_high + 1)
    ]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("growth_plot.svg.jinja").render(
        title=title, lines=lines, x_ticks=x_ticks, y_ticks=y_ticks, width=WIDTH, height=HEIGHT
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten around some values, at least one apart."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    return low, max(math.ceil(math.log10(max(values)) - 1e-9), low + 1)


def _place(value: float, low: int, high: int) -> float:
    """Return where a value lies between two powers of ten, from 0 to 1."""
    return (math.log10(value) - low) / (high - low)


def _part_labels(ends: list[float]) -> list[float]:
    """Return a height for each line's label, near its last point and apart from the others.

    >>> _part_labels([100.0, 102.0, 339.0])
    [100.0, 115.0, 339.0]
    """
    order = sorted(range(len(ends)), key=lambda number: ends[number])
    found = [0.0] * len(ends)
    below = -math.inf
    for number in order:
        below = found[number] = max(below + _LABEL, ends[number])
    # What was pushed below the frame moves up again.
    over = float(HEIGHT)
    for number in reversed(order):
        found[number] = min(over, found[number])
        over = found[number] - _LABEL
    return [round(one, 1) for one in found]


def _count(number: int) -> str:
    return f"{number // 10**6}M" if number >= 10**6 else f"{number // 1000}k" if number >= 1000 else str(number)
