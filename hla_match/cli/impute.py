"""``hla-match impute``: a file of persons in, a file of what they may carry out."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.frequency_options import frequency_options, source_files
from hla_match.cli.raw_text import raw_text_option


@click.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("persons", type=click.Path(path_type=Path))
@frequency_options(required=True)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="CSV, Parquet, JSON lines or Excel by ending."
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Most probable rows of a kind.")
@click.option("--loci", help="Loci of the genotypes: 10/10 or A,B,DRB1.  [default: those of the frequencies]")
@raw_text_option
@click.pass_context
def command(
    context: click.Context,
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
    from hla_match.cli.batch_outputs import refuse_overwriting, status_path
    from registry_io.disk.joint_files import lock_files

    refuse_overwriting(out, registry, (persons, *source_files(frequencies, global_frequencies)))
    context.with_resource(lock_files(out, status_path(out)))
    prepare_kernels()
    from hla_match.cli.impute_run import impute_file

    names = (frequencies, global_frequencies)
    impute_file(registry, persons, names, out, limit=limit, loci=loci, raw_text=raw_text)
