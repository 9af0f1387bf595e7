"""``hla-match search``: one patient, a table on the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.search_options import SearchOptions, attribute_options, attributes_of, search_options
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated
from registry_io.disk.writer_lock import user_name


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--hla", required=True, help="The patient's typing as a GL String.")
@search_options(limit=20, limit_help="Rows to print.")
@attribute_options
@click.option("--wide", is_flag=True, help="Show all columns; without it the table has 80 columns.")
def command(registry: Path, hla: str, wide: bool, options: SearchOptions, **of_patient: str | None) -> None:
    """Search REGISTRY for one patient and print the best donors."""
    from hla_match.matching.criteria import VALUED, Patient
    from hla_match.services.notices import Notice, NoticeKind, Notices
    from hla_match.services.searched_registry import SearchedRegistry

    attributes = attributes_of(of_patient)
    patient = Patient.from_gl_string("patient", hla).model_copy(update=attributes)
    criteria = options.request.criteria
    for name in attributes:
        if name in VALUED and getattr(criteria, name) and attributes[name] is None:
            text = f"keeps donors of these values; the patient's own is --patient-{name}"
            say_notice(Notice(NoticeKind.NOTE, text, f"--{name}"))
    # What can be seen to be wrong is said before anything is compiled.
    searched = SearchedRegistry.open(registry, options.request, Notices(say_notice))
    prepare_kernels(probabilities=searched.will_predict)
    from hla_match.reporting.terminal import match_table
    from hla_match.services.search import search_opened

    with own_progress() as on_iteration:
        searched = searched.ready(on_iteration)
    found = search_opened(searched, patient, actor=user_name())
    match_table(found, wide=wide)
    near = [] if len(found) else found.nearest()
    if near:
        say(translated("Nearest to the criteria:"), *(line for one in near for line in one.near_lines(options=True)))
