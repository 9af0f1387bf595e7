"""``hla-match search``: one patient, a table on the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.frequency_options import n_workers
from hla_match.cli.search_options import SearchRequest, attribute_options, search_options


@click.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--hla", required=True, help="The patient's typing as a GL String.")
@search_options(limit=20, limit_help="Rows to print.")
@attribute_options
def command(registry: Path, hla: str, request: SearchRequest, **attributes: str | None) -> None:
    """Search REGISTRY for one patient and print the best donors."""
    from hla_match.matching.criteria import Patient
    from registry_io.store.registry_store import open_registry

    patient = Patient.from_gl_string("patient", hla).model_copy(update=attributes)
    # What can be seen to be wrong is said before anything is compiled.
    opened = open_registry(registry, verify=request.verify)
    sets = request.frequency_sets(opened)
    prepare_kernels(probabilities=sets is not None)
    from hla_match.reporting.terminal import match_table

    request.say_unknown_donors(opened)
    matcher = request.matcher(registry, opened, sets, threads=n_workers())
    match_table(matcher.search(patient, request.criteria, policy=request.policy))
