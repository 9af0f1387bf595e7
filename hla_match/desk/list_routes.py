"""The pages of a list: the donors, some of them side by side, what to do next, and the list as a file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from itertools import pairwise
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from hla_match.desk.answers import is_part, page, refusal, see, told_of
from hla_match.desk.donor_story import story
from hla_match.desk.forms import Fields, form_of, query_of
from hla_match.desk.list_query import HEADINGS, ON_PAGE, SORTS, ListQuery
from hla_match.desk.sent_files import sent_table
from hla_match.desk.state import Desk, FoundList
from hla_match.errors import CriteriaError
from hla_match.language import translatable, translated
from hla_match.next_steps.availability import SHARES, Availability
from hla_match.reporting.donor_words import RESULTS, SEXES, STATUSES, TCE_WORDS
from hla_match.reporting.list_about import list_about
from hla_match.reporting.list_view import donor_rows
from hla_match.reporting.next_steps import steps_summary
from hla_match.searches.list_conditions import narrowed_by

router = APIRouter()

_HAS_PDF = find_spec("weasyprint") is not None
_MOST_COMPARED = 3
_MOST_ASKED = 100
"""Donors of whom it is worked out what to type next, which takes time for each."""


def gone(request: Request) -> Response:
    """Answer that a list is kept no more."""
    return refusal(request, translated("This list is kept no longer; search again."), status=404)


def listed_of(request: Request, key: str) -> FoundList | None:
    """Return the list of a key."""
    desk: Desk = request.app.state.desk
    return desk.list_of(key)


@router.get("/list/{key}")
def donors(request: Request, key: str) -> Response:
    """Show the donors of a list who meet the filters."""
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    desk: Desk = request.app.state.desk
    query = ListQuery.of(query_of(request))
    positions = query.positions(listed.frame, listed.loci)
    n_pages = max(1, -(-positions.size // ON_PAGE))
    number = min(query.page, n_pages)
    shown = positions[(number - 1) * ON_PAGE : number * ON_PAGE]
    answer = page(
        request,
        "list",
        key=key,
        case=listed.case,
        view=listed.view,
        rows=desk.rows.of(key, listed.found, shown, has_typings=query.has_typings, with_reasons=query.is_by_rank),
        nearest=listed.nearest,
        has_pdf=_HAS_PDF,
        query=query,
        n_met=int(positions.size),
        number=number,
        n_pages=n_pages,
        sorts=SORTS,
        headings=HEADINGS,
        choices=listed.choices,
        words={"sex": SEXES, "cmv": RESULTS, "status": STATUSES, "dpb1_tce": TCE_WORDS},
        loci=listed.loci,
        notices=listed.notices,
        is_old=desk.is_old(listed),
    )
    if is_part(request):
        # That of the form has every field that is empty, too.
        answer.headers["hx-replace-url"] = f"/list/{key}{query.address()}"
    return answer


@router.post("/list/{key}/find")
def find(request: Request, key: str, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Go to the page that explains a donor, in the list or not in it, by the identifier."""
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    donor_id = fields.get("donor", "")
    row = listed.found.registry.attributes["donor_id"].index_of(donor_id) if donor_id else None
    if row is None:
        told = translated("The registry that was searched has no donor of this identifier.")
        return refusal(request, told, status=404)
    return see(request, f"/list/{key}/donor/{row}")


@router.get("/list/{key}/compare")
def compare(request: Request, key: str) -> Response:
    """Show two or three donors side by side."""
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    desk: Desk = request.app.state.desk
    chosen = query_of(request).all("donor")
    places = [int(text) for text in dict.fromkeys(chosen) if text.isascii() and text.isdigit() and len(text) < 10]
    places = [place for place in places if place < len(listed.found)]
    if not 2 <= len(places) <= _MOST_COMPARED:
        return refusal(request, translated("Choose two or three donors of the list to compare."), status=422)
    places.sort()
    found = listed.found
    rows = donor_rows(found.take(np.array(places)))
    stories = [story(found.explain(place)) for place in places]
    values = [dict(one["attributes"]) for one in stories]
    names = list(dict.fromkeys(name for one in values for name in one))
    return page(
        request,
        "compare",
        key=key,
        rows=rows,
        registry_rows=dict(zip((row.rank for row in rows), found.donor[places].tolist(), strict=True)),
        stories=stories,
        values=values,
        names=names,
        differing={name for name in names if len({one.get(name) for one in values}) > 1},
        whys=[found.why(first, second) for first, second in pairwise(places)],
        is_old=desk.is_old(listed),
    )


@router.get("/list/{key}/about")
def about(request: Request, key: str) -> Response:
    """Show the criteria, the order and the sources of a list, and how much the order rests on them."""
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    desk: Desk = request.app.state.desk
    changes = listed.found.sensitivity() if len(listed.found) else ()
    return page(request, "about", key=key, view=listed.view, changes=changes, is_old=desk.is_old(listed))


@router.get("/list/{key}/next")
def next_steps(request: Request, key: str) -> Response:
    """Show what to type next, and how many donors to ask."""
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    desk: Desk = request.app.state.desk
    fields = query_of(request)
    first = fields.number("first", most=_MOST_ASKED) or 20
    wanted = fields.number("wanted", most=20) or 1
    certainty = fields.share("certainty") or 0.9
    available = fields.get("available", "") or "typing"
    steps, told = None, ""
    try:
        assumed = Availability.named(available)
        steps = listed.found.next_steps(first=first, wanted=wanted, certainty=certainty, availability=assumed)
    except CriteriaError as error:
        told = told_of(error)
    return page(
        request,
        "next",
        status=422 if told else 200,
        key=key,
        steps=steps,
        table=None if steps is None else steps_summary(steps),
        told=told,
        first=first,
        wanted=wanted,
        certainty=f"{100 * certainty:g}",
        available=available,
        shares=SHARES,
        headings=NEXT_HEADINGS,
        is_old=desk.is_old(listed),
    )


@router.get("/list/{key}/export.{ending}")
def export(request: Request, key: str, ending: str) -> Response:
    """Send the list as a file, of the donors who meet the filters."""
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    query = ListQuery.of(query_of(request))
    positions = np.sort(query.positions(listed.frame, listed.loci))
    part = listed.found
    if query.asked:
        part = part.take(positions, narrowed_by(positions.size, len(part), query.columns))
    sent = sent_table(part.to_polars(), list(list_about(part)), ending, "donors")
    return refusal(request, translated("There is no such file."), status=404) if sent is None else sent


NEXT_HEADINGS: Mapping[str, str] = {
    "rank": translatable("rank"),
    "donor": translatable("donor"),
    "match": translatable("match"),
    "type": translatable("to type"),
    "cost": translatable("cost"),
    "gain": translatable("gain"),
    "tells": translatable("tells, in bits"),
    "avail": translatable("available"),
    "so far": translatable("enough so far"),
}
"""The columns of `hla_match.reporting.next_steps.steps_summary` in words."""
