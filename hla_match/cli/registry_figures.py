"""``hla-match registry figures``: the figures of a year, fit to publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.messages import say
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated
from hla_match.language.retelling import retold
from hla_match.wide_text import padded

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
    for what, path in {translated("Figures"): out, translated("Page"): page}.items():
        if path is not None:
            say(translated("{what}: {path}", what=what, path=path))


def _lines(counted: YearlyFigures) -> list[str]:
    from hla_match.publishing.yearly_figures import DIMENSIONS, MEASURES
    from hla_match.reporting.figures_page import figure_rows

    lines = [translated("{year}, as of {day}", year=counted.year, day=counted.upto)]
    for measure, meaning in MEASURES.items():
        if measure not in counted.not_recorded:
            lines.append(f"  {padded(retold(meaning), 36)} {_shown(counted.total(measure)):>11}")
    for dimension, name in DIMENSIONS.items():
        lines.append(translated("Registered, by {name}:", name=retold(name)))
        lines += [
            f"  {padded(retold(group), 36)} {_shown(counts['registered']):>11}"
            for group, counts in figure_rows(counted, dimension)
            if counts["registered"] != 0
        ]
    for name, why in counted.not_recorded.items():
        lines.append(translated("not recorded: {what}: {why}", what=retold(MEASURES[name]), why=retold(why)))
    return lines


def _shown(count: int | None) -> str:
    return translated("withheld") if count is None else f"{count:,}"
