"""``hla-match demo``: the whole way on synthetic volunteers, from files to ranked donors."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.import_report import print_counts
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated

if TYPE_CHECKING:
    from hla_match.searches.match_list import MatchList

_AS_OF = datetime.date(2026, 1, 1)
"""The date at which ages of the synthetic volunteers are computed, so that the demo is the same on every day."""

_DONORS = "donors.csv.gz"


@click.command(cls=SpokenCommand)
@click.option("--folder", default="hla-match-demo", show_default=True, type=click.Path(path_type=Path))
@click.option("--donors", "n_donors", default=103_000, show_default=True, type=click.IntRange(100))
@click.option("--seed", default=1, show_default=True)
@click.pass_context
def command(context: click.Context, folder: Path, n_donors: int, seed: int) -> None:
    """Make a synthetic registry and 20 patients, import, match, and leave the files to look at."""
    from registry_io.disk.durable_files import make_folder
    from registry_io.disk.joint_files import lock_files, write_together

    make_folder(folder)
    donor_file, patient_file = folder / _DONORS, folder / "patients.csv"
    match_file, page_file = folder / "matches.csv", folder / "report.html"
    context.with_resource(lock_files(donor_file, patient_file, match_file, page_file))
    prepare_kernels(probabilities=True)
    import polars as pl

    from hla_match.matching.criteria import SearchCriteria
    from hla_match.nomenclature.release import Nomenclature
    from hla_match.reporting.search_page import search_page
    from hla_match.reporting.terminal import match_table
    from hla_match.services.executors import n_processors
    from hla_match.services.notices import Notices
    from hla_match.services.searched_registry import SearchedRegistry, SearchRequest
    from hla_match.synthetic.volunteers import patients, volunteers
    from registry_io.persons.patient_file import read_patients
    from registry_io.store.donor_import import import_donors
    from registry_io.tables.results_file import put_rows, write_frame
    from registry_io.tables.spreadsheet_text import neutral_frame

    _refuse_other_registry(folder / "registry")
    _refuse_other_files(donor_file, patient_file, match_file, page_file)
    say(
        translated("Making {n} synthetic volunteers and 20 patients in {folder}/ ...", n=f"{n_donors:,}", folder=folder)
    )
    donors, _ = volunteers(n_donors, seed=seed, as_of=_AS_OF)
    people, _ = patients(20, seed=seed, as_of=_AS_OF)
    write_frame(donors, donor_file)
    write_frame(people, patient_file)
    registry, release = folder / "registry", Nomenclature.builtin()
    report = import_donors(registry, donor_file, release, today=_AS_OF, replace=True, allow_shrink=True, again=True)
    print_counts(report)
    criteria = SearchCriteria(max_mismatches=1, limit=100, as_of=_AS_OF)
    searched = SearchedRegistry.open(registry, SearchRequest(criteria=criteria), Notices(say_notice))
    with own_progress() as on_iteration:
        searched = searched.ready(on_iteration)
    matcher = searched.matcher(workers=n_processors())
    say(translated("Searching ..."))
    found = [matcher.search(patient, criteria) for _, patient in read_patients(patient_file).patients]
    rows = pl.concat([matches.to_polars() for matches in found], how="diagonal")
    page = search_page(translated("Demonstration on synthetic volunteers"), report.registry, found)
    with write_together(match_file, page_file) as (table, file):
        put_rows(neutral_frame(rows).lazy(), rows.height, table, match_file)
        file.write(page.encode())
    best = max(found, key=_worth_showing)
    say("", translated("Patient {name}:", name=best.patient.patient_id))
    match_table(matcher.search(best.patient, criteria.model_copy(update={"limit": 10})))
    _say_files(folder, len(found), criteria.limit)


def _say_files(folder: Path, n_patients: int, limit: int | None) -> None:
    say(
        "",
        translated("{n} patients matched. To look at, in {folder}/:", n=n_patients, folder=folder),
        _file("report.html", translated("the figures, the nomenclature and its limits, the best donors")),
        _file("matches.csv", translated("up to {n} donors for each patient", n=limit)),
        "  donors.csv.gz, patients.csv, registry/",
        translated("Next:"),
        f"  hla-match batch {folder / 'registry'} {folder / 'patients.csv'} --out {folder / 'batch.parquet'}",
    )


def _file(name: str, holds: str) -> str:
    return f"  {name:<25} {holds}"


def _worth_showing(matches: MatchList) -> tuple[int, int]:
    """Return how much a list has to show: donors whose match is uncertain among the first ten, then donors found."""
    if matches.prediction is None:
        return 0, matches.n_found
    none = matches.prediction.mismatches[:10, 0]
    return int(((none > 0) & (none < 1)).sum()), matches.n_found


def _refuse_other_registry(registry: Path) -> None:
    """Refuse to replace a registry that no demonstration made.

    Raises:
        RegistryError: there is one, or it cannot be opened.
    """
    from hla_match.errors import ErrorCode, RegistryError
    from registry_io.store.registry_folder import CURRENT
    from registry_io.store.registry_store import open_registry

    if not (registry / CURRENT).exists():
        return
    made_from = open_registry(registry).provenance
    if (made_from.source, made_from.imported_on) != (_DONORS, _AS_OF):
        raise RegistryError(
            str(registry),
            found="a registry that no demonstration made",
            expected="none, or that of an earlier demonstration",
            hint="name another folder by --folder",
            code=ErrorCode.REGISTRY_EXISTS,
        )


def _refuse_other_files(donor_file: Path, *others: Path) -> None:
    """Refuse to replace files that no demonstration made: it writes its donors first.

    Raises:
        CriteriaError: there is a file, and not the donors of a demonstration beside it.
    """
    from hla_match.errors import CriteriaError, ErrorCode

    there = [path for path in (donor_file, *others) if path.exists()]
    if there and not _is_synthetic(donor_file):
        raise CriteriaError(
            "folder",
            found=f"{there[0]}, a file that no demonstration made",
            expected="a new folder, or that of an earlier demonstration",
            hint="name another folder by --folder",
            code=ErrorCode.CRITERIA_OUTPUT,
        )


def _is_synthetic(donor_file: Path) -> bool:
    """Return whether the first donor of a file is one that a demonstration makes up."""
    from hla_match.synthetic.volunteers import DONOR_PREFIX

    try:
        with gzip.open(donor_file, "rt", encoding="utf-8") as file:
            file.readline()
            return file.readline().startswith(DONOR_PREFIX)
    except (OSError, EOFError, UnicodeDecodeError):
        return False
