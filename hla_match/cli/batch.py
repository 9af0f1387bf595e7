"""``hla-match batch``: a file of patients in, a file of ranked donors out."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.search_options import SearchRequest, search_options


@click.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("patients", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="CSV, Parquet, JSON lines or Excel by ending."
)
@search_options(limit=None, limit_help="Donors a patient, best first; all without it.")
@click.option("--workers", type=click.IntRange(1), help="Threads that search.  [default: one for each processor]")
@click.option("--memory", type=click.IntRange(1), default=1000, show_default=True, help="MB of results held at most.")
@click.option(
    "--shards", type=click.IntRange(1), help="Parts to divide the donors into.  [default: as few as occupy the workers]"
)
@raw_text_option
@click.option("--dask", help="Search on a Dask cluster: the address of its scheduler, or its scheduler file.")
@click.pass_context
def command(
    context: click.Context,
    registry: Path,
    patients: Path,
    out: Path,
    request: SearchRequest,
    workers: int | None,
    memory: int,
    shards: int | None,
    raw_text: bool,
    dask: str | None,
) -> None:
    """Match every patient of the file PATIENTS in REGISTRY; statuses and a manifest stand beside the result file.

    An interrupted batch goes on when it is started again with the same options. Ages are part of them: after midnight
    give the first day with --as-of.
    """
    from hla_match.cli.batch_outputs import manifest_path, refuse_overwriting, status_path
    from hla_match.cli.workforce import Workforce
    from registry_io.disk.joint_files import lock_files
    from registry_io.store.registry_store import open_registry

    # What can be seen to be wrong is said before anything is compiled.
    workforce = Workforce(workers=workers, scheduler=dask, shards=shards, memory=memory * 1_000_000)
    refuse_overwriting(out, registry, (patients, *request.files))
    context.with_resource(lock_files(out, status_path(out), manifest_path(out)))
    opened = open_registry(registry, verify=request.verify)
    sets = request.frequency_sets(opened)
    prepare_kernels(probabilities=sets is not None)
    from hla_match.cli.batch_run import BatchRun

    BatchRun((registry, opened), patients, out, request, sets, workforce, raw_text=raw_text).run()
