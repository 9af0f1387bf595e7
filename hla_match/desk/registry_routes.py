"""The overview of the registry, and the results of a night run."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hla_match.desk.answers import page, refusal
from hla_match.desk.forms import query_of
from hla_match.desk.list_query import ON_PAGE
from hla_match.desk.state import Desk
from hla_match.language import translatable, translated
from hla_match.reporting.donor_words import RESULTS, SEXES, STATUSES, TCE_WORDS
from hla_match.reporting.grade_tiles import GradeTile, shown_tiles
from hla_match.reporting.match_summary import percent

router = APIRouter()


@router.get("/registry")
def overview(request: Request) -> Response:
    """Show the size of the registry, how well it is typed, and who its donors are."""
    desk: Desk = request.app.state.desk
    registry = desk.registries.registry
    return page(request, "registry", registry=registry, **desk.overview.of(registry, datetime.date.today()))


@router.get("/results")
def results(request: Request) -> Response:
    """Show the patients of a night run."""
    desk: Desk = request.app.state.desk
    if desk.results is None:
        return refusal(request, translated("The desk was started without --results."), status=404)
    number, n_pages, rows = _part(request, desk.results.patients.with_row_index("place"))
    return page(
        request, "results", results=desk.results, rows=rows.to_dicts(), number=number, n_pages=n_pages, place=None
    )


@router.get("/results/{place}")
def result(request: Request, place: int) -> Response:
    """Show the donors of one patient of a night run."""
    desk: Desk = request.app.state.desk
    found = None if desk.results is None else desk.results.of_patient(place)
    if desk.results is None or found is None:
        return refusal(request, translated("The results have no such patient."), status=404)
    number, n_pages, rows = _part(request, found)
    shown = [name for name in RESULT_HEADINGS if name in rows.columns]
    return page(
        request,
        "results",
        results=desk.results,
        patient=desk.results.patients.row(place, named=True),
        typing=found["patient_typing"][0] if "patient_typing" in found.columns else None,
        columns=shown,
        grades=[name for name in rows.columns if name.endswith("_grade")],
        rows=rows.to_dicts(),
        number=number,
        n_pages=n_pages,
        place=place,
        headings=RESULT_HEADINGS,
        tiles_of=tiles_of,
        worded=worded,
    )


_WORDS: Mapping[str, Mapping[str, str]] = {"sex": SEXES, "cmv": RESULTS, "status": STATUSES, "dpb1_tce": TCE_WORDS}


def worded(name: str, value: object) -> str:
    """Return a value of a column as the page shows it: words for categories, percent for probabilities."""
    if value is None or value == "":
        return ""
    if name in ("p0", "p1"):
        try:
            return percent(float(str(value)))
        except ValueError:
            return str(value)
    return translated(_WORDS[name][str(value)]) if str(value) in _WORDS.get(name, ()) else str(value)


def tiles_of(grades: object) -> list[GradeTile]:
    """Return the tiles of grades as a file has them; letters that are none are left out."""
    known = shown_tiles()
    return [known[letter] for letter in ("" if grades is None else str(grades)) if letter in known]


RESULT_HEADINGS: Mapping[str, str] = {
    "rank": translatable("rank"),
    "donor_id": translatable("donor"),
    "matches_best": translatable("matches at best"),
    "matches_worst": translatable("certain matches"),
    "p0": translatable("no mismatch"),
    "p1": translatable("one mismatch"),
    "age": translatable("age"),
    "sex": translatable("sex"),
    "abo": translatable("blood group"),
    "cmv": translatable("CMV"),
    "city": translatable("city"),
    "status": translatable("status"),
    "dpb1_tce": translatable("DPB1"),
    "mismatches": translatable("mismatches"),
}
"""The columns of results that are shown, in words."""


def _part(request: Request, frame: pl.DataFrame) -> tuple[int, int, pl.DataFrame]:
    """Return the number of the page that is asked for, how many there are, and its rows."""
    n_pages = max(1, -(-frame.height // ON_PAGE))
    number = min(max(1, query_of(request).number("page") or 1), n_pages)
    return number, n_pages, frame.slice((number - 1) * ON_PAGE, ON_PAGE)
