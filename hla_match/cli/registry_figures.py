"""``hla-match registry figures``: the figures of a year, fit to publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.messages import say
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand

if TYPE_CHECKING:
    from hla_match.publishing.yearly_figures import YearlyFigures

_PATH = click.Path(path_type=Path)


@click.command("figures", cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.option("--year", required=True, type=int, help="The year; one that is not over is counted up to today.")
@click.option("--out", type=_PATH, help="Table of the figures: CSV, Parquet, JSON lines or Excel by ending.")
@click.option("--page", type=_PATH, help="HTML page.")
@click.option("--title", help="Of the page.  [default: the name of the registry]")
@click.option("--threshold", default=10, show_default=True, type=click.IntRange(1), help="Least count to publish.")
@raw_text_option
def figures(
    registry: Path,
    year: int,
    out: Path | None,
    page: Path | None,
    title: str | None,
    threshold: int,
    raw_text: bool,
) -> None:
    """Count the donors of REGISTRY in a year, by city, age, sex and resolution, so that nobody can be singled out."""
    from hla_match.services.figures import figures as figures_of

    counted = figures_of(registry, year, out, page=page, title=title, threshold=threshold, raw_text=raw_text)
    say(*_lines(counted))
    for what, path in {"Figures": out, "Page": page}.items():
        if path is not None:
            say(f"{what}: {path}")


def _lines(counted: YearlyFigures) -> list[str]:
    from hla_match.publishing.yearly_figures import DIMENSIONS, MEASURES
    from hla_match.reporting.figures_page import figure_rows

    lines = [f"{counted.year}, as of {counted.upto}"]
    for measure, meaning in MEASURES.items():
        if measure not in counted.not_recorded:
            lines.append(f"  {meaning:<36} {_shown(counted.total(measure)):>11}")
    for dimension, name in DIMENSIONS.items():
        lines.append(f"Registered, by {name}:")
        lines += [
            f"  {group:<36} {_shown(counts['registered']):>11}"
            for group, counts in figure_rows(counted, dimension)
            if counts["registered"] != 0
        ]
    lines += [f"not recorded: {MEASURES[name]}: {why}" for name, why in counted.not_recorded.items()]
    return lines


def _shown(count: int | None) -> str:
    return "withheld" if count is None else f"{count:,}"
