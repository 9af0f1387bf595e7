"""``hla-match impute``: a file of persons in, a file of what they may carry out."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.frequency_options import frequency_options
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice, warn_of_notices
from hla_match.cli.progress import progress
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated, translated_count

_SAY_EVERY = 10_000
"""Persons between two lines of progress where there is no terminal."""


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("persons", type=click.Path(path_type=Path))
@frequency_options(required=True)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="CSV, Parquet, JSON lines or Excel by ending."
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Most probable rows of a kind.")
@click.option("--loci", help="Loci of the genotypes: 10/10 or A,B,DRB1.  [default: those of the frequencies]")
@raw_text_option
def command(
    registry: Path,
    persons: Path,
    frequencies: str,
    global_frequencies: str | None,
    out: Path,
    limit: int,
    loci: str | None,
    raw_text: bool,
) -> None:
    """Write the most probable diplotypes and genotypes of the donors or patients in the file PERSONS.

    Typings are read with the nomenclature and the multiple allele codes of REGISTRY. Beside the result stands a file of
    statuses, which names the persons that could not be read and those whom no frequencies explain.
    """
    prepare_kernels()
    from hla_match.services.imputed_file import impute

    with progress(translated("persons"), _SAY_EVERY) as on_progress:
        report = impute(
            registry,
            persons,
            out,
            frequencies=frequencies,
            global_frequencies=global_frequencies,
            limit=limit,
            loci=loci,
            raw_text=raw_text,
            on_notice=say_notice,
            on_progress=on_progress,
        )
    say(
        translated_count(
            "{n} person: {read} read, {unexplained} of them not explained at some locus, {failed} with errors, "
            "under {nomenclature}",
            "{n} persons: {read} read, {unexplained} of them not explained at some locus, {failed} with errors, "
            "under {nomenclature}",
            report.n_persons + report.n_failed,
            read=f"{report.n_persons:,}",
            unexplained=f"{report.n_unexplained:,}",
            failed=f"{report.n_failed:,}",
            nomenclature=report.nomenclature,
        ),
        translated("  frequencies: {name}", name=report.frequencies),
        translated_count("  {n} row in {file}", "  {n} rows in {file}", report.n_rows, file=report.out),
        translated("  statuses in {statuses}", statuses=report.statuses),
    )
    warn_of_notices(report.notices)
