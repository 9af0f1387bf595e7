"""``hla-match batch``: a file of patients in, a file of ranked donors out."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.compilation import say_compiling
from hla_match.cli.search_options import SearchRequest, search_options


@click.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("patients", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="CSV, Parquet, JSON lines or Excel by ending."
)
@search_options(limit=None, limit_help="Donors a patient, best first; all without it.")
def command(registry: Path, patients: Path, out: Path, request: SearchRequest) -> None:
    """Match every patient of the file PATIENTS in REGISTRY; statuses and a manifest stand beside the result file.

    An interrupted batch goes on when it is started again with the same options. Ages are part of them: after midnight
    give the first day with --as-of.
    """
    from hla_match.cli.batch_run import BatchRun, refuse_overwriting

    say_compiling()
    refuse_overwriting(out, registry, (patients, *request.files))
    BatchRun(registry, patients, out, request).run()
