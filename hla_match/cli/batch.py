"""``hla-match batch``: a file of patients in, a file of ranked donors out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.kernel_folder import choose_cache_folder
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice, warn_of_notices
from hla_match.cli.progress import progress
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.search_options import SearchOptions, search_options
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated, translated_count
from hla_match.services.early_processes import early_processes
from hla_match.services.executors import ExecutorConfig
from registry_io.disk.writer_lock import user_name

_SAY_EVERY = 100
"""Patients between two lines of progress where there is no terminal."""


def _with_early_processes(command: Callable[..., None]) -> Callable[..., None]:
    """Let processes start, where a batch will need them, while the command imports what it needs itself."""

    @functools.wraps(command)
    def with_executor(
        *,
        registry: Path,
        patients: Path,
        workers: int | None,
        memory: int,
        shards: int | None,
        dask: str | None,
        **values: Any,
    ) -> None:
        config = ExecutorConfig(
            workers=workers, scheduler=dask, shards=shards, memory=memory * 1_000_000, processes=None
        )
        with early_processes(config, registry, patients, choose_cache_folder) as executor:
            command(registry=registry, patients=patients, executor=executor, **values)

    return with_executor


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("patients", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="CSV, Parquet, JSON lines or Excel by ending."
)
@_with_early_processes
@search_options(limit=None, limit_help="Donors a patient, best first; all without it.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Threads that search; processes in a large batch, by themselves.  [default: one for each processor]",
)
@click.option("--memory", type=click.IntRange(1), default=1000, show_default=True, help="MB of results held at most.")
@click.option(
    "--shards", type=click.IntRange(1), help="Parts to divide the donors into.  [default: as few as occupy the workers]"
)
@raw_text_option
@click.option("--overwrite", is_flag=True, help="Replace a result of that name.")
@click.option("--dask", help="Search on a Dask cluster: the address of its scheduler, or its scheduler file.")
def command(
    registry: Path,
    patients: Path,
    out: Path,
    options: SearchOptions,
    executor: ExecutorConfig,
    raw_text: bool,
    overwrite: bool,
) -> None:
    """Match every patient of the file PATIENTS in REGISTRY; statuses and a manifest stand beside the result file.

    An interrupted batch goes on when it is started again with the same options. Ages are part of them: after midnight
    give the first day with --as-of.
    """
    # What can be seen to be wrong is said before anything is compiled.
    from hla_match.services.batch import open_batch
    from hla_match.services.batch_outputs import batch_outputs
    from hla_match.services.outputs import refuse_overwriting

    refuse_overwriting(batch_outputs(out), registry, options.donor_lists)
    opened = open_batch(registry, patients, out, options.request, overwrite=overwrite, on_notice=say_notice)
    with opened as batch:
        prepare_kernels(probabilities=batch.has_probabilities)
        with own_progress() as on_iteration:
            batch = batch.ready(on_iteration)
        with progress(translated("patients"), _SAY_EVERY) as on_progress:
            report = batch.run(executor, raw_text=raw_text, actor=user_name(), on_progress=on_progress)
    say(
        translated_count(
            "{n} patient: {ok} ok, {failed} with errors, under {nomenclature}",
            "{n} patients: {ok} ok, {failed} with errors, under {nomenclature}",
            report.n_patients,
            ok=f"{report.n_patients - report.n_failed:,}",
            failed=f"{report.n_failed:,}",
            nomenclature=report.nomenclature,
        ),
        *([] if report.frequencies is None else [translated("  frequencies: {name}", name=report.frequencies)]),
        translated_count("  {n} row in {file}", "  {n} rows in {file}", report.n_rows, file=report.out),
        translated(
            "  statuses in {statuses}, what the batch was made from in {manifest}",
            statuses=report.statuses,
            manifest=report.manifest,
        ),
    )
    warn_of_notices(report.notices)
