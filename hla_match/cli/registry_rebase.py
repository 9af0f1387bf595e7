"""``hla-match registry rebase``: all donors read again under another release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.messages import say
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translatable, translated, translated_count

if TYPE_CHECKING:
    from hla_match.services.rebase import RebaseReport

_PATH = click.Path(path_type=Path)
_OTHERS = {"p_groups": translatable("{n} with other P groups"), "antigens": translatable("{n} with other antigens")}
"""What of the typings of a locus says something else."""


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.option("--release", required=True, help="The release to read the donors with, or builtin.")
@click.option("--codes", type=_PATH, help="Multiple allele codes beside those of the registry (NMDP alpha.v3 layout).")
@click.option("--changes", type=_PATH, help="Table of the typings that say something else: by ending as for --out.")
@click.option("--patients", type=_PATH, help="File of patients whose lists are compared before and after.")
@click.option("--scope", default="10/10", show_default=True, help="Of these lists, as in search.")
@click.option("--max-mismatches", default=1, show_default=True, type=click.IntRange(0, 6), help="Of these lists.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Donors compared a patient.")
@click.option("--lists", type=_PATH, help="Table of the lists that differ.")
@click.option("--allow-shrink", is_flag=True, help="Withdraw donors with a typing that the release cannot read.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the registry's log.")
@raw_text_option
def rebase(
    registry: Path,
    release: str,
    codes: Path | None,
    changes: Path | None,
    patients: Path | None,
    scope: str,
    max_mismatches: int,
    limit: int,
    lists: Path | None,
    allow_shrink: bool,
    dry_run: bool,
    reason: str,
    raw_text: bool,
) -> None:
    """Read all donors of REGISTRY again from its record under another release, and say what changes."""
    from hla_match.matching.criteria import SearchCriteria
    from hla_match.services.rebase import rebase as rebase_folder

    if patients is not None:
        prepare_kernels()
    report = rebase_folder(
        registry,
        release,
        codes=codes,
        patients=patients,
        criteria=SearchCriteria(scope=scope, max_mismatches=max_mismatches, limit=limit),
        changes=changes,
        lists=lists,
        allow_shrink=allow_shrink,
        dry_run=dry_run,
        reason=reason,
        raw_text=raw_text,
    )
    say(*_lines(report, dry_run=dry_run))
    for what, path in {translated("Typings"): changes, translated("Lists"): lists}.items():
        if path is not None:
            say(translated("{what}: {path}", what=what, path=path))


def _lines(report: RebaseReport, *, dry_run: bool) -> list[str]:
    import polars as pl

    before, after = report.before.nomenclature.title, report.registry.nomenclature.title
    if report.transaction is not None:
        text = translated(
            "Transaction {number}: from {before} to {after}", number=report.transaction, before=before, after=after
        )
    elif dry_run:
        text = translated("Nothing was changed: from {before} to {after}", before=before, after=after)
    else:
        text = translated("Nothing changed: it is read so.")
    lines = [text]
    said = report.changes.filter(pl.col("reason").is_null())
    donors = translated_count("{n} donor", "{n} donors", report.registry.n_donors)
    others = translated_count("{n} donor", "{n} donors", said["donor_id"].n_unique())
    lines.append(translated("  {donors}; typings of {others} say something else", donors=donors, others=others))
    for locus in report.before.loci:
        of_locus = said.filter(locus=locus)
        for what, text in _OTHERS.items():
            n = int((of_locus[f"{what}_before"] != of_locus[f"{what}_after"]).sum())
            if n:
                lines.append(f"  {locus:<5} {translated(text, n=f'{n:>11,}')}")
    if report.n_leaving:
        donors = translated_count("{n} donor", "{n} donors", report.n_leaving)
        if dry_run:
            text = translated("  {donors} would leave, with a typing that cannot be read any more", donors=donors)
        else:
            text = translated("  {donors} left, with a typing that cannot be read any more", donors=donors)
        lines.append(text)
    if report.lists is not None and report.patients is not None:
        n_others = f"{report.lists['patient_id'].n_unique():,}"
        lines.append(
            translated_count(
                "  {n} patient: {others} with another list",
                "  {n} patients: {others} with another list",
                len(report.patients.patients),
                others=n_others,
            )
        )
        if report.patients.quarantined:
            lines.append(
                translated_count(
                    "  {n} patient cannot be read and were left out",
                    "  {n} patients cannot be read and were left out",
                    len({record.row for record in report.patients.quarantined}),
                )
            )
    return lines
