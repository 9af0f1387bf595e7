"""What an import tells: what became of every row, and what the nomenclature does not know."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import TYPE_CHECKING

from hla_match.cli.messages import say, terminal_lines
from hla_match.cli.notices import warn_of_cautions
from hla_match.errors import Reason
from hla_match.language import translated, translated_count
from hla_match.language.retelling import retold
from hla_match.visible_text import visible

if TYPE_CHECKING:
    import polars as pl

    from registry_io.store.import_report import ImportReport

_NOTES = 20
"""Notes that an import prints; the names of a large file of codes that a release lacks are many."""


def print_import(report: ImportReport) -> None:
    """Print what became of every row, and what the nomenclature does not know."""
    print_counts(report)
    for note in report.notes[:_NOTES]:
        print_note(note)
    if len(report.notes) > _NOTES:
        more = f"{len(report.notes) - _NOTES:,}"
        print_note(translated("{n} more; hla-match registry info lists those on donors", n=more))
    for limit in report.nomenclature.tables.limits:
        print_note(limit)
    warn_of_cautions(report.cautions)


def print_counts(report: ImportReport) -> None:
    """Say what became of every row."""
    say(
        translated_count(
            "{n} row: {imported} imported, {quarantined} quarantined under {nomenclature}",
            "{n} rows: {imported} imported, {quarantined} quarantined under {nomenclature}",
            report.n_rows,
            imported=f"{report.n_imported:,}",
            quarantined=f"{report.n_quarantined:,}",
            nomenclature=report.nomenclature.title,
        )
    )
    if report.transaction is None:
        if report.n_quarantined:
            say(translated("Nothing changed: the records that can be read are as the registry knows them."))
        else:
            say(translated("Nothing changed: all records are as the registry knows them."))
    elif report.replacement is not None:
        from registry_io.store.registry_folder import PREVIOUS

        say(translated("Replaced {what}", what=retold(str(report.replacement))))
        if (report.quarantine_path.parent / PREVIOUS).exists():
            folder = report.quarantine_path.parent
            say(translated("To return: hla-match registry rollback {folder}", folder=folder))
    elif report.transaction > 1:
        counts = report.counts
        say(
            translated(
                "Transaction {number}: {added} added, {changed} changed, {withdrawn} withdrawn, {equal} as before; "
                "{donors}",
                number=report.transaction,
                added=f"{counts.n_new:,}",
                changed=f"{counts.n_different:,}",
                withdrawn=f"{counts.n_withdrawn:,}",
                equal=f"{counts.n_equal:,}",
                donors=donors_in_words(report.n_donors),
            )
        )
    for reason, n in Counter(record.reason for record in report.quarantined).most_common():
        say(f"  {reason}: {n:,}")
    if report.n_quarantined:
        say(translated("Quarantine report: {file}", file=report.quarantine_path))
    for line in unusual_cells(report.warnings):
        say(f"  {line}")
    if report.n_warned:
        say(translated("Report on cells of imported donors: {file}", file=report.warnings_path))


def donors_in_words(n: int) -> str:
    """Return a number of donors."""
    return translated_count("{n} donor", "{n} donors", n)


def unusual_cells(warnings: pl.DataFrame) -> list[str]:
    """Return how many cells of which attribute were left empty, or kept although they are unusual."""
    import polars as pl

    counts = warnings.group_by(
        pl.col("column").str.to_lowercase(), is_kept=pl.col("reason") == Reason.UNUSUAL_VALUE
    ).len()
    return [
        translated_count(
            "{column}: {n} cell kept although unusual", "{column}: {n} cells kept although unusual", n, column=column
        )
        if is_kept
        else translated_count("{column}: {n} cell left empty", "{column}: {n} cells left empty", n, column=column)
        for column, is_kept, n in counts.sort("is_kept", "column").iter_rows()
    ]


def print_note(note: str) -> None:
    """Say a thing to know beside the result: wrapped between words on a terminal, one line elsewhere."""
    text = visible(translated("note: {note}", note=retold(note)))
    if sys.stdout.isatty():
        say(*terminal_lines(text, shutil.get_terminal_size().columns, rest="      "))
    else:
        say(text)
