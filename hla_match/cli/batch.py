"""``hla-match batch``: a file of patients in, a file of ranked donors out."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from hla_match.cli.batch_run import BatchRun
from hla_match.matching.criteria import SearchCriteria
from registry_io.results_file import check_writable_ending


@click.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("patients", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="CSV, Parquet, JSON lines or Excel by ending."
)
@click.option("--scope", default="10/10", show_default=True, help="6/6, 8/8, 10/10, 12/12 or loci: A,B,DRB1.")
@click.option("--max-mismatches", default=1, show_default=True, type=click.IntRange(0, 6))
@click.option("--direction", default="both", show_default=True, type=click.Choice(["both", "gvh", "hvg"]))
@click.option("--limit", type=click.IntRange(1), help="Donors a patient, best first; all without it.")
@click.option("--status", default="AV", show_default=True, help="Donor statuses to include, separated by commas.")
@click.option("--policy", default="certain-first", show_default=True, help="Ranking policy.")
def command(
    registry: Path,
    patients: Path,
    out: Path,
    scope: str,
    max_mismatches: int,
    direction: str,
    limit: int | None,
    status: str,
    policy: str,
) -> None:
    """Match every patient of the file PATIENTS in REGISTRY; statuses stand beside the result file."""
    check_writable_ending(out)
    criteria = SearchCriteria.model_validate(
        {
            "scope": scope,
            "max_mismatches": max_mismatches,
            "direction": direction,
            "limit": limit,
            "statuses": tuple(status.split(",")),
            "as_of": datetime.date.today(),
        }
    )
    BatchRun(registry, patients, out, criteria, policy).run()
