"""A match list as a table on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from hla_match.matching.results import NOTICE, MatchList

GRADES = (
    "A allele match, P potential match, L allele mismatch with antigen match, M antigen mismatch, ? unknown allele; "
    "in brackets: not counted"
)
"""The grade letters, and the loci in brackets, explained."""

PROBABILITIES = "P0, P1, P2: probability of no, one, two mismatches in scope, by the haplotype frequencies"
"""The columns of probabilities explained, before the name of the set."""

NUMBERS = ("rank", "best", "worst", "P0", "P1", "P2", "age")
"""Columns of a summary that stand to the right."""

_WIDTH_WITHOUT_TERMINAL = 140


def match_table(matches: MatchList, console: Console | None = None) -> None:
    """Print the donors of a match list, best first, with the grade letters explained.

    The table is never squeezed: a cut identifier or grade is worse than a line that the terminal wraps.
    """
    if console is None:
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)
    shown = f", {len(matches):,} shown" if len(matches) < matches.n_found else ""
    noun = "donor" if matches.n_found == 1 else "donors"
    console.print(f"{matches.n_found:,} {noun}{shown}; {matches.criteria.scope}", markup=False)
    if len(matches):
        table = _table(matches)
        natural = console.measure(table, options=console.options.update(width=10_000)).maximum
        wide = Console(file=console.file, force_terminal=console.is_terminal, width=max(console.width, natural))
        wide.print(table)
        console.print(GRADES, markup=False)
        if matches.prediction is not None:
            console.print(f"{PROBABILITIES}: {matches.prediction.frequency_set}", markup=False)
    console.print(f"{matches.policy}\n{matches.registry.nomenclature.title}\n{NOTICE}", markup=False)


def _table(matches: MatchList) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    summary = matches.summary()
    for name in summary.columns:
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=True)
    for row in summary.iter_rows():
        table.add_row(*row)
    return table
