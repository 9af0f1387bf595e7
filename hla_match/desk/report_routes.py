"""The report of a list: made by work that is told of, and kept until it is fetched."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hla_match.desk.answers import refusal
from hla_match.desk.forms import Fields, form_of
from hla_match.desk.jobs import Job
from hla_match.desk.list_routes import gone, listed_of
from hla_match.desk.search_routes import followed
from hla_match.desk.state import Desk, FoundList, ReportFile
from hla_match.language import language, translated
from hla_match.reporting.list_report import report_page
from hla_match.searches.match_list import MatchList
from hla_match.services.pdf_process import pdf_made_apart
from hla_match.services.report import LISTED
from hla_match.services.report_content import provenance, report_content
from hla_match.services.report_kinds import ReportKind

router = APIRouter()

_KINDS = {ReportKind.HTML: "text/html; charset=utf-8", ReportKind.PDF: "application/pdf"}


@router.post("/list/{key}/report")
async def report(request: Request, key: str, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Make the report of a list: a page to read and to print, or the same as PDF."""
    desk: Desk = request.app.state.desk
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    ending = fields.get("ending", "")
    if ending not in list(_KINDS):
        return refusal(request, translated("There is no such file."), status=404)
    kind = ReportKind(ending)
    await run_in_threadpool(kind.check, language())
    started = desk.reports.start(partial(_made, desk, listed, kind), back=f"/list/{key}", is_file=True)
    return await followed(request, started)


@router.get("/report/{key}")
def fetch(request: Request, key: str) -> Response:
    """Send a report."""
    desk: Desk = request.app.state.desk
    file = desk.file_of(key)
    if file is None:
        return refusal(request, translated("This report is kept no longer; make it again."), status=404)
    named = {"content-disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=file.kind, headers=named)


def _made(desk: Desk, listed: FoundList, kind: ReportKind, job: Job) -> str:
    """Make a report, keep it, and return the address of the file."""
    job.tell(translated("Writing the report ..."))
    found = listed.found
    # A report counts all donors, those too whom the list leaves out.
    whole = found.again(found.criteria.model_copy(update={"limit": None}), found.policy)
    assert isinstance(whole, MatchList)
    content = report_content(whole, provenance(listed.searched, limit=LISTED), first=LISTED)
    told = translated("Laying the report out ...")
    job.tell(told)
    name = f"report{kind}"
    if kind is ReportKind.PDF:
        # It takes long, and ends with the work where that is cancelled.
        made = pdf_made_apart(report_page(content), lambda: job.tell(told))
    else:
        made = kind.made(content, Path(name))
    return f"/report/{desk.files.add(ReportFile(made, _KINDS[kind], name, listed.version, listed.case))}"
