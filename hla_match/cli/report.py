"""``hla-match report``: one patient or a file of them, as files to read, to print and to keep."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.asked_patient import asked_patient
from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice, warn_of_notices
from hla_match.cli.progress import progress
from hla_match.cli.search_options import (
    SearchOptions,
    attribute_options,
    attributes_of,
    refuse_beside_a_file,
    search_options,
)
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import language, translated, translated_count
from registry_io.disk.writer_lock import user_name


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--hla", help="The patient's typing as a GL String.")
@click.option("--patients", type=click.Path(path_type=Path), help="A file of patients, in place of --hla.")
@click.option("--patient", help="Which patient of the file; without it all of them, into a folder.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="FILE.html, .pdf or .xlsx; of all patients a folder."
)
@click.option(
    "--kind",
    default="html",
    show_default=True,
    type=click.Choice(["html", "pdf", "xlsx"]),
    help="Of the reports in a folder; of a single one the name says it.",
)
@click.option("--overwrite", is_flag=True, help="Replace a report of that name.")
@search_options(limit=1000, limit_help="Donors of the full list; all are counted.")
@attribute_options
def command(
    registry: Path,
    hla: str | None,
    patients: Path | None,
    patient: str | None,
    out: Path,
    kind: str,
    overwrite: bool,
    options: SearchOptions,
    **of_patient: str | None,
) -> None:
    """Write a report of the donors in REGISTRY for a patient: to read on a screen, to print, or as a workbook.

    With --patients alone there is one for each of the file, in a folder with an index that links them; the exit code is
    1 where a report of them could not be written.
    """
    from hla_match.services.notices import Notices
    from hla_match.services.report import LISTED, report_lock, report_opened
    from hla_match.services.searched_registry import SearchedRegistry

    is_folder = patients is not None and patient is None and hla is None and out.suffix.lower() not in _ENDINGS
    if is_folder and patients is not None:
        refuse_beside_a_file(attributes_of(of_patient))
        _write_folder(registry, patients, out, kind, options, overwrite=overwrite)
        return
    inputs = (*options.request.files, *options.donor_lists, *([patients] if patients is not None else []))
    with report_lock(registry, out, inputs, language=language(), overwrite=overwrite) as place:
        searched = SearchedRegistry.open(registry, options.request, Notices(say_notice))
        person = asked_patient(searched, hla=hla, patients=patients, patient_id=patient, of_patient=of_patient)
        prepare_kernels(probabilities=searched.will_predict)
        with own_progress() as on_iteration:
            searched = searched.ready(on_iteration)
        limit = options.request.criteria.limit or LISTED
        made = report_opened(searched, person, place, limit=limit, actor=user_name())
    say(
        translated_count(
            "{n} donor found, {listed} listed, in {file}",
            "{n} donors found, {listed} listed, in {file}",
            made.n_found,
            listed=f"{made.n_listed:,}",
            file=made.out,
        )
    )


_ENDINGS = (".html", ".pdf", ".xlsx")


def _write_folder(
    registry: Path, patients: Path, out: Path, kind: str, options: SearchOptions, *, overwrite: bool
) -> None:
    """Write a report for each patient of a file."""
    from hla_match.services.notices import Notices
    from hla_match.services.report import LISTED
    from hla_match.services.report_folder import folder_lock, write_reports
    from hla_match.services.report_kinds import ReportKind
    from hla_match.services.searched_registry import SearchedRegistry
    from registry_io.tables.frame_table import file_or_frame

    source = file_or_frame(patients, "patients")
    inputs = (*options.request.files, *options.donor_lists, patients)
    with folder_lock(registry, out, inputs, kind=kind, language=language(), overwrite=overwrite) as place:
        searched = SearchedRegistry.open(registry, options.request, Notices(say_notice))
        prepare_kernels(probabilities=searched.will_predict)
        with own_progress() as on_iteration:
            searched = searched.ready(on_iteration)
        limit = options.request.criteria.limit or LISTED
        with progress(translated("patients"), _SAY_EVERY) as on_progress:
            made = write_reports(
                searched, source, place, ReportKind(f".{kind}"), limit=limit, actor=user_name(), on_progress=on_progress
            )
    say(
        translated_count(
            "{n} patient, {failed} without a report; begin with {index}",
            "{n} patients, {failed} without a report; begin with {index}",
            made.n_patients,
            failed=f"{made.n_failed:,}",
            index=made.index,
        )
    )
    warn_of_notices(made.notices)
    if made.n_unwritten:
        raise click.exceptions.Exit(1)


_SAY_EVERY = 20
"""Patients between two lines where there is no terminal."""
