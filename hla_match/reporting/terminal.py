"""A match list as a table on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.reporting.match_summary import NOTICE, match_summary, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.visible_text import visible

GRADES = (
    "A allele match, P potential match, L allele mismatch with antigen match, M antigen mismatch, ? unknown allele; "
    "in brackets: not counted"
)
"""The grade letters, and the loci in brackets, explained."""

PROBABILITIES = "P0, P1, P2: probability of no, one, two mismatches in scope, by the haplotype frequencies"
"""The columns of probabilities explained, before the name of the set."""

NUMBERS = ("rank", "best", "worst", "P0", "P1", "P2", "age")
"""Columns of a summary that are aligned to the right."""


def match_table(matches: RankedDonors, console: Console | None = None) -> None:
    """Print the donors of a match list, best first, below its notices and with the grade letters explained.

    The table is never squeezed: a cut identifier or grade is worse than a line that the terminal wraps. Text from
    files is printed safely (`hla_match.visible_text`).
    """
    out = console or Console()
    # On a terminal lines are wrapped between words; a file or another program gets whole lines.
    wrap = console is not None or out.is_terminal

    def say(line: str) -> None:
        # As a rich text it is taken as it is: no markup, no emoji codes, no colours.
        out.print(Text(visible(line, out.encoding)), soft_wrap=not wrap)

    for notice in search_notices(matches):
        say(f"note: {notice}")
    shown = f", {len(matches):,} shown" if len(matches) < matches.n_found else ""
    noun = "donor" if matches.n_found == 1 else "donors"
    say(f"{matches.n_found:,} {noun}{shown}; {matches.criteria.scope}")
    if len(matches):
        table = _table(matches, out.encoding)
        natural = out.measure(table, options=out.options.update(width=10_000)).maximum
        wide = Console(file=out.file, force_terminal=out.is_terminal, width=max(out.width, natural))
        wide.print(table)
        say(GRADES)
        if matches.prediction is not None:
            say(f"{PROBABILITIES}: {matches.prediction.frequency_set}")
    for line in (*policy_lines(matches.policy), matches.null_reading, matches.registry.nomenclature.title, NOTICE):
        say(line)


def _table(matches: RankedDonors, encoding: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    summary = match_summary(matches)
    for name in summary.columns:
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=True)
    for row in summary.iter_rows():
        table.add_row(*(Text(visible(cell, encoding)) for cell in row))
    return table
