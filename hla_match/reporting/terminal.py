"""A match list as a table on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from hla_match.matching.results import NOTICE, MatchList

GRADES = (
    "A allele match, P potential match, L allele mismatch with antigen match, M antigen mismatch; "
    "in brackets: not counted"
)
"""The grade letters, and the loci in brackets, explained."""

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
    console.print(f"{matches.n_found:,} donors{shown}; {matches.criteria.scope}", markup=False)
    if len(matches):
        table = _table(matches)
        natural = console.measure(table, options=console.options.update(width=10_000)).maximum
        wide = Console(file=console.file, force_terminal=console.is_terminal, width=max(console.width, natural))
        wide.print(table)
        console.print(GRADES, markup=False)
    console.print(f"{matches.policy}\n{matches.registry.nomenclature.title}\n{NOTICE}", markup=False)


def locus_headings(matches: MatchList) -> list[str]:
    """Name the loci that were compared; those outside the scope, which do not count, in brackets."""
    return [result.locus if result.locus in matches.criteria.loci else f"({result.locus})" for result in matches.loci]


def _table(matches: MatchList) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    loci = [result.locus for result in matches.loci]
    for name in ("rank", "donor", "best", "worst", *locus_headings(matches), "GvH", "HvG", "age", "sex", "ABO", "CMV"):
        table.add_column(name, justify="right" if name in ("rank", "best", "worst", "age") else "left", no_wrap=True)
    size = 2 * len(matches.criteria.loci)
    for row in matches.to_polars().iter_rows(named=True):
        table.add_row(
            str(row["rank"]),
            row["donor_id"],
            f"{row['matches_best']}/{size}",
            f"{row['matches_worst']}/{size}",
            *(row[f"{locus}_grade"] for locus in loci),
            str(row["gvh"]),
            str(row["hvg"]),
            *("" if row.get(name) is None else str(row[name]) for name in ("age", "sex", "abo", "cmv")),
        )
    return table
