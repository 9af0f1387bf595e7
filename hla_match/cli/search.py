"""``hla-match search``: one patient, a table on the terminal."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.matcher import Matcher
from hla_match.reporting.terminal import match_table
from registry_io.store import open_registry


@click.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--hla", required=True, help="The patient's typing as a GL String.")
@click.option("--scope", default="10/10", show_default=True, help="6/6, 8/8, 10/10, 12/12 or loci: A,B,DRB1.")
@click.option("--max-mismatches", default=1, show_default=True, type=click.IntRange(0, 6))
@click.option("--direction", default="both", show_default=True, type=click.Choice(["both", "gvh", "hvg"]))
@click.option("--status", default="AV", show_default=True, help="Donor statuses to include, separated by commas.")
@click.option("--policy", default="certain-first", show_default=True, help="Ranking policy.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Rows to print.")
@click.option("--cmv", type=click.Choice(["P", "N"]), help="The patient's CMV status.")
@click.option("--abo", type=click.Choice(["A", "B", "AB", "O"]), help="The patient's blood group.")
def command(
    registry: Path,
    hla: str,
    scope: str,
    max_mismatches: int,
    direction: str,
    status: str,
    policy: str,
    limit: int,
    cmv: str | None,
    abo: str | None,
) -> None:
    """Search REGISTRY for one patient and print the best donors."""
    patient = Patient.from_gl_string("patient", hla).model_copy(update={"cmv": cmv, "abo": abo})
    criteria = SearchCriteria.model_validate(
        {
            "scope": scope,
            "max_mismatches": max_mismatches,
            "direction": direction,
            "statuses": tuple(status.split(",")),
            "limit": limit,
            "as_of": datetime.date.today(),
        }
    )
    match_table(Matcher(open_registry(registry)).search(patient, criteria, policy=policy))
