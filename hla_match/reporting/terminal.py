"""A match list as a table on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.language import translatable, translated, translated_count
from hla_match.nomenclature.reported_gl_string import reported_gl_string
from hla_match.reporting.compact_table import SHORT_NAMES, compact_lines
from hla_match.reporting.match_summary import notice, policy_lines, wide_summary
from hla_match.reporting.search_notices import search_notices
from hla_match.visible_text import visible

GRADES = translatable(
    "A allele match, P potential match, L allele mismatch with antigen match, M antigen mismatch, ? unknown allele; "
    "in brackets: not counted"
)
"""The grade letters, and the loci in brackets, explained."""

PROBABILITIES = translatable(
    "P0, P1, P2: probability of no, one, two mismatches in scope (n/a: not known), by the haplotype frequencies"
)
"""The columns of probabilities explained, before the name of the set."""

NUMBERS = ("rank", "best", "worst", "P0", "P1", "P2", "age")
"""Columns of a summary that are aligned to the right."""


def match_table(matches: RankedDonors, console: Console | None = None, *, wide: bool = False) -> None:
    """Print the donors of a match list, best first, below its notices and with the grade letters explained.

    The table has 80 columns, and the donor's typing stands below each line. A wide table has all columns; it is never
    squeezed: a cut identifier or grade is worse than a line that the terminal wraps. Text from files is printed safely
    (`hla_match.visible_text`).

    Args:
        matches: the list.
        console: where to; by default the terminal.
        wide: whether all columns are shown.
    """
    out = console or Console()
    # On a terminal lines are wrapped between words; a file or another program gets whole lines.
    wrap = console is not None or out.is_terminal

    def say(line: str) -> None:
        # As a rich text it is taken as it is: no markup, no emoji codes, no colours.
        out.print(Text(visible(line, out.encoding)), soft_wrap=not wrap)

    for one in search_notices(matches):
        say(translated("note: {notice}", notice=one))
    shown = translated(", {n} shown", n=f"{len(matches):,}") if len(matches) < matches.n_found else ""
    donors = translated_count("{n} donor", "{n} donors", matches.n_found)
    say(f"{donors}{shown}; {matches.criteria.scope}")
    typing = reported_gl_string(matches.registry.nomenclature.tables, matches.patient.typings)
    say(translated("patient: {typing}", typing=typing))
    if len(matches):
        if wide:
            _print_wide(matches, out)
        else:
            # A line is a line: on a narrow terminal it is the terminal that wraps it.
            for line in compact_lines(matches, out.encoding):
                out.print(Text(line), soft_wrap=True)
            say(translated(SHORT_NAMES))
        say(translated(GRADES))
        if matches.prediction is not None:
            say(f"{translated(PROBABILITIES)}: {matches.prediction.frequency_set}")
    for line in (*policy_lines(matches.policy), matches.null_reading, matches.registry.nomenclature.title, notice()):
        say(line)


def _print_wide(matches: RankedDonors, out: Console) -> None:
    table = _table(matches, out.encoding)
    natural = out.measure(table, options=out.options.update(width=10_000)).maximum
    Console(file=out.file, force_terminal=out.is_terminal, width=max(out.width, natural)).print(table)


def _table(matches: RankedDonors, encoding: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    summary = wide_summary(matches)
    for name in summary.columns:
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=True)
    for row in summary.iter_rows():
        table.add_row(*(Text(visible(cell, encoding)) for cell in row))
    return table
