"""A match list as a table on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from hla_match.matching.results import NOTICE, MatchList


def match_table(matches: MatchList, console: Console | None = None) -> None:
    """Print the donors of a match list, best first, with the grade letters explained."""
    console = console if console is not None else Console(width=None if Console().is_terminal else 140)
    table = Table(title=f"{matches.n_found:,} donors, {len(matches):,} shown", title_justify="left")
    loci = [result.locus for result in matches.loci]
    for name in ("rank", "donor", "best", "worst"):
        table.add_column(name, justify="left" if name == "donor" else "right", no_wrap=True)
    for locus in loci:
        table.add_column(locus, no_wrap=True)
    for name in ("GvH", "HvG", "age", "sex", "ABO", "CMV"):
        table.add_column(name, justify="right", no_wrap=True)
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
    console.print(table)
    console.print("A allele match  P potential  L allele mismatch, antigen match  M antigen mismatch", markup=False)
    console.print(f"{matches.policy}\n{matches.registry.nomenclature.title}\n{NOTICE}", markup=False)
