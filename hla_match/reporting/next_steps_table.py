"""The next steps of a search as a table on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hla_match.reporting.match_summary import notice
from hla_match.reporting.next_steps import NextSteps, steps_headings, steps_legend, steps_summary
from hla_match.visible_text import visible

_LEFT = ("donor", "type")


def next_steps_table(steps: NextSteps, console: Console | None = None) -> None:
    """Print the next steps: a row for each donor, then what to type first and how many to ask, in sentences.

    The table is never squeezed. Text from files is printed safely (`hla_match.visible_text`).
    """
    out = console or Console()
    wrap = console is not None or out.is_terminal
    summary = steps_summary(steps)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name, heading in zip(summary.columns, steps_headings(summary.columns), strict=True):
        table.add_column(heading, justify="left" if name in _LEFT else "right", no_wrap=True)
    for row in summary.iter_rows():
        table.add_row(*(Text(visible(cell, out.encoding)) for cell in row))
    if summary.height:
        natural = out.measure(table, options=out.options.update(width=10_000)).maximum
        Console(file=out.file, force_terminal=out.is_terminal, width=max(out.width, natural)).print(table)
    for line in (*([steps_legend(steps)] if summary.height else []), *steps.sentences, notice()):
        out.print(Text(visible(line, out.encoding)), soft_wrap=not wrap)
