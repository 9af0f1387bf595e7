"""What became of the lists of cases: a page, and the same as a file."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hla_match.cases.list_changes import matches
from hla_match.desk.answers import page, refusal
from hla_match.desk.case_words import CHANGE_WORDS, no_mismatch
from hla_match.desk.sent_files import sent_table
from hla_match.desk.state import Desk
from hla_match.language import translated
from hla_match.reporting.match_summary import notice
from hla_match.services.repeat_report import RepeatReport

router = APIRouter()

_MOST_CHANGES = 200
"""Changes of a case that a page shows; files have them all."""


@router.get("/changes/{key}")
def changes(request: Request, key: str) -> Response:
    """Show what became of the lists of cases."""
    report = _report_of(request, key)
    if report is None:
        return _gone(request)
    return page(
        request,
        "changes",
        key=key,
        report=report,
        words=CHANGE_WORDS,
        matches=matches,
        no_mismatch=no_mismatch,
        most=_MOST_CHANGES,
    )


@router.get("/changes/{key}/export.{ending}")
def export(request: Request, key: str, ending: str) -> Response:
    """Send all changes as a file, with the columns of the table that `hla-match repeat` writes."""
    report = _report_of(request, key)
    if report is None:
        return _gone(request)
    about = [(translated("notice"), notice())]
    if report.transaction is not None:
        about.insert(0, (translated("transaction"), f"{report.transaction:,}"))
    sent = sent_table(report.to_polars(), about, ending, "changes")
    return refusal(request, translated("There is no such file."), status=404) if sent is None else sent


def _report_of(request: Request, key: str) -> RepeatReport | None:
    desk: Desk = request.app.state.desk
    return desk.changes_of(key)


def _gone(request: Request) -> Response:
    return refusal(request, translated("These changes are shown no longer; repeat the searches."), status=404)
