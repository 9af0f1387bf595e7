"""``hla-match explain``: why a donor stands where it stands, or is not in the list at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.asked_patient import asked_patient
from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.search_options import SearchOptions, attribute_options, search_options
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated, translated_count
from hla_match.language.retelling import retold
from registry_io.disk.writer_lock import user_name

if TYPE_CHECKING:
    from hla_match.matching.criteria import Patient
    from hla_match.searches.match_list import MatchList
    from hla_match.services.searched_registry import SearchRequest


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("donors", nargs=-1)
@click.option("--hla", help="The patient's typing as a GL String.")
@click.option("--patients", type=click.Path(path_type=Path), help="A file of patients, in place of --hla.")
@click.option("--patient", help="Which patient of the file.")
@click.option("--other-frequencies", help="Frequencies, or none, whose order is told beside; without DONORS alone.")
@click.option("--compare", is_flag=True, help="Two donors side by side, in place of each by itself.")
@search_options(limit=20, limit_help="Donors of the list.")
@attribute_options
def command(
    registry: Path,
    donors: tuple[str, ...],
    hla: str | None,
    patients: Path | None,
    patient: str | None,
    other_frequencies: str | None,
    compare: bool,
    options: SearchOptions,
    **of_patient: str | None,
) -> None:
    """Explain the places of DONORS in the list of a patient in REGISTRY; without any, the order of the list.

    Of a donor who is not in the list it says which criterion keeps the donor out, and what would let the donor in.
    Without DONORS it says why each donor stands before the next one, and which of the first 20 change places under
    another policy, without frequencies or at another limit; of an empty list, what the nearest donors miss.
    """
    from hla_match.errors import CriteriaError, ErrorCode
    from hla_match.services.notices import Notices
    from hla_match.services.searched_registry import SearchedRegistry

    if compare and len(donors) != 2:
        raise CriteriaError("compare", found=f"{len(donors)} donors", expected="two", code=ErrorCode.CRITERIA_CONFLICT)
    if other_frequencies is not None and donors:
        expected = "no donors beside it, as it is about the whole list"
        raise CriteriaError(
            "other_frequencies", found=other_frequencies, expected=expected, code=ErrorCode.CRITERIA_CONFLICT
        )
    searched = SearchedRegistry.open(registry, options.request, Notices(say_notice))
    person = asked_patient(searched, hla=hla, patients=patients, patient_id=patient, of_patient=of_patient)
    prepare_kernels(probabilities=searched.will_predict)
    from hla_match.services.search import search_opened

    with own_progress() as on_iteration:
        searched = searched.ready(on_iteration)
    found = search_opened(searched, person, actor=user_name())
    say(*_head(found))
    if compare:
        say("", *found.compare(*donors).lines())
        return
    for donor in donors:
        say("", *found.explain(donor).lines(options=True))
    if not donors:
        others = _by_frequencies(registry, options.request, other_frequencies, person) if other_frequencies else {}
        say(*_list_story(found, others))


def _by_frequencies(registry: Path, asked: SearchRequest, name: str, person: Patient) -> dict[str, MatchList]:
    """Return the first donors of the same search with other frequencies, by what is otherwise there."""
    from hla_match.searches.sensitivity import FIRST
    from hla_match.services.notices import Notices
    from hla_match.services.search import search_opened
    from hla_match.services.searched_registry import SearchedRegistry

    request = replace(asked, frequencies=name, global_frequencies=None)
    # Without frequencies no probability can be asked for.
    otherwise = {"limit": FIRST} | ({"min_p": None} if request.goes_without else {})
    request = replace(request, criteria=asked.criteria.model_copy(update=otherwise)).checked()
    opened = SearchedRegistry.open(registry, request, Notices(say_notice))
    return {translated("with the frequencies {name}", name=name): search_opened(opened, person)}


def _head(found: MatchList) -> Iterator[str]:
    """Yield what stands above every list, and what was found."""
    from hla_match.reporting.side_by_side import paragraph

    for notice in found.notices:
        yield from paragraph(translated("note: {note}", note=retold(notice)), indent=2, first=0)
    scope, listed = found.criteria.scope, f"{len(found):,}"
    if len(found) < found.n_found:
        yield translated_count(
            "{n} donor, {listed} listed; {scope}",
            "{n} donors, {listed} listed; {scope}",
            found.n_found,
            listed=listed,
            scope=scope,
        )
    else:
        yield translated_count("{n} donor; {scope}", "{n} donors; {scope}", found.n_found, scope=scope)


def _list_story(found: MatchList, others: Mapping[str, MatchList]) -> Iterator[str]:
    from hla_match.reporting.list_story import order_lines, patient_lines
    from hla_match.reporting.match_summary import notice
    from hla_match.reporting.side_by_side import paragraph

    yield ""
    yield from patient_lines(found)
    yield ""
    if len(found):
        yield from order_lines(found)
        yield from ("", translated("How much the order rests on choices:"))
        for change in found.sensitivity(others=others):
            yield from paragraph(str(change), indent=4, first=2)
    else:
        yield translated("Nearest to the criteria:")
        for one in found.nearest():
            yield from one.near_lines(options=True)
    yield notice()
