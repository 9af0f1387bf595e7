"""The page of a search: the typing as it is understood, what is asked for, and the way to the list."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hla_match.choice.policies import POLICIES
from hla_match.desk.answers import is_part, page, refusal, rendered, see, told_of
from hla_match.desk.changed_search import Further
from hla_match.desk.forms import LISTED, Fields, SearchForm, form_of
from hla_match.desk.jobs import Job, JobState
from hla_match.desk.registries import frequency_choices
from hla_match.desk.state import Desk, FoundList
from hla_match.desk.typing_text import TypedText, read_text
from hla_match.donors.attributes import values_of
from hla_match.errors import CriteriaError, HlaMatchError
from hla_match.errors.arguments import InWords
from hla_match.language import translated
from hla_match.loci import SCOPES
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.reporting.donor_words import RESULTS, SEXES, STATUSES
from hla_match.reporting.locus_words import understood
from hla_match.services.searched_registry import SearchRequest

router = APIRouter()

_PATIENCE = 1.5
"""Seconds that a browser waits for a list before it is shown how far the work is."""


@router.get("/")
def empty(request: Request, changed: str = "", without: str = "") -> Response:
    """Show the form, empty or as a list was asked for, with or without what that asks for further."""
    desk: Desk = request.app.state.desk
    before = desk.list_of(changed) if changed else None
    if before is None:
        return _form_page(request, SearchForm())
    is_further = bool(before.further) and not without
    return _form_page(request, replace(before.form, base=changed if is_further else ""))


@router.post("/typing")
def typing(request: Request, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Show how the typing of the form is understood."""
    form = SearchForm.of(fields)
    if is_part(request):
        return Response(_understood(request, form), media_type="text/html")
    return _form_page(request, form)


@router.post("/search")
async def search(request: Request, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Search, and go on to the list; to the form where something is wrong."""
    return await _answered(request, SearchForm.of(fields))


async def _answered(request: Request, form: SearchForm, further: Further | None = None) -> Response:
    """Search as a form asks for it.

    Args:
        request: that is answered.
        form: what is asked for.
        further: beyond its fields; None for that of the list which the form names.
    """
    started = await run_in_threadpool(_begun, request, form, further)
    if isinstance(started, Response):
        return started
    failed = await failed_job(started)
    if failed is not None:
        return await run_in_threadpool(_form_page, request, form, told_of(failed.error))
    return await followed(request, started)


def _begun(request: Request, form: SearchForm, further: Further | None) -> tuple[str, Job] | Response | None:
    """Begin with the search of a form, or answer with the form where something is wrong."""
    desk: Desk = request.app.state.desk
    typed = read_text(form.typing, desk.registries.registry)
    base = desk.list_of(form.base) if form.base and further is None else None
    try:
        if form.base and further is None and base is None:
            form = replace(form, base="")
            found = InWords(translated("a search that is kept no longer"))
            raise CriteriaError("base", found=found, expected=translated("the form as it stands now, sent again"))
        if not typed.is_readable:
            found = InWords(translated("no typing") if form.typing == "" else translated("a typing with an error"))
            raise CriteriaError("typing", found=found, expected=translated("a typing that can be read"))
        held = (Further() if base is None else base.further) if further is None else further
        today = datetime.date.today()
        asked = form.request(frequency_choices(), tuple(POLICIES), today, further=held.criteria)
        attributes = {"sex": form.patient_sex, "abo": form.patient_abo, "cmv": form.patient_cmv}
        given = {name: value or None for name, value in attributes.items()}
        patient = typed.patient(form.patient_id, **held.patient, **given)
    except HlaMatchError as error:
        return _form_page(request, form, told_of(error), typed=typed)
    return desk.jobs.start(lambda job: _searched(desk, form, asked, patient, held, job), back="/")


async def failed_job(started: tuple[str, Job] | None) -> Job | None:
    """Return some work that was started where it fails so soon that its form is shown again; else None."""
    if started is None or not await started[1].ended(_PATIENCE):
        return None
    return started[1] if started[1].state is JobState.FAILED else None


async def followed(request: Request, started: tuple[str, Job] | None) -> Response:
    """Go on to the result of some work that was started, or to the page that shows how far it is."""
    if started is None:
        return refusal(request, translated("Too many searches wait; try again in a moment."), status=503)
    key, job = started
    is_done = await job.ended(_PATIENCE) and job.state is JobState.DONE
    return see(request, job.goal if is_done else f"/work/{key}")


@router.post("/list/{key}/again")
async def again(request: Request, key: str) -> Response:
    """Search as for a list, in the registry as it is now."""
    desk: Desk = request.app.state.desk
    listed = desk.list_of(key)
    if listed is None:
        return refusal(request, translated("This list is kept no longer; search again."), status=404)
    return await _answered(request, listed.form, listed.further)


@router.get("/work/{key}")
async def work(request: Request, key: str) -> Response:
    """Show how far some work is, or go on to its result."""
    desk: Desk = request.app.state.desk
    job = desk.job(key)
    if job is None:
        return refusal(request, translated("This work is over, or was never begun."), status=404)
    await job.ended(_LOOK if is_part(request) else 0)
    if job.state is JobState.DONE and not job.is_file:
        return see(request, job.goal)
    if job.state is JobState.DONE:
        return page(request, "work", job=job, key=key, told=translated("The report is ready."))
    if job.is_over:
        told = translated("The work was cancelled.") if job.state is JobState.CANCELLED else told_of(job.error)
        return page(request, "work", job=job, key=key, told=told)
    return page(request, "work", job=job, key=key, told=job.told or translated("Waiting for another search ..."))


@router.post("/work/{key}/cancel")
def cancel(request: Request, key: str) -> Response:
    """Give some work up."""
    desk: Desk = request.app.state.desk
    job = desk.job(key)
    if job is not None:
        job.cancel()
    return see(request, "/" if job is None else job.back)


_LOOK = 0.7
"""Seconds for which a page that looks at some work is kept waiting for its end."""


def _searched(desk: Desk, form: SearchForm, asked: SearchRequest, patient: Patient, further: Further, job: Job) -> str:
    """Search, keep the list, and return the address of its page; that of an equal list where there is one."""
    ready = desk.registries.ready(asked, job.tell)
    same = desk.same_list(form, asked, ready.searched)
    if same is not None and desk.registries.log_again(ready, asked, patient, desk.actor):
        return f"/list/{same}"
    found, searched = desk.registries.search(asked, patient, desk.actor, job.tell)
    job.tell(translated("Putting the list together ..."))
    listed = FoundList(found, form, searched, further=further)
    _ = listed.frame
    return f"/list/{desk.keep(listed)}"


def _form_page(request: Request, form: SearchForm, told: str = "", *, typed: TypedText | None = None) -> Response:
    return page(
        request,
        "search",
        status=422 if told else 200,
        form=form,
        told=told,
        understood=_understood(request, form, typed),
        further=_further(request, form),
        scopes={name: ", ".join(loci) for name, loci in SCOPES.items()},
        policies=POLICIES,
        frequencies=frequency_choices(),
        listed=LISTED,
        statuses=STATUSES,
        sexes=SEXES,
        results=RESULTS,
        groups=values_of("abo"),
        is_open=form != SearchForm(typing=form.typing, patient_id=form.patient_id),
    )


def _further(request: Request, form: SearchForm) -> Further | None:
    """Return what holds beyond the fields of a form, None where nothing does."""
    desk: Desk = request.app.state.desk
    base = desk.list_of(form.base) if form.base else None
    return None if base is None or not base.further else base.further


def _understood(request: Request, form: SearchForm, typed: TypedText | None = None) -> str:
    """Return the part of the page that says how the typing is understood."""
    desk: Desk = request.app.state.desk
    if typed is None:
        typed = read_text(form.typing, desk.registries.registry)
    return rendered(
        "understood", typed=typed, missing=list(_missing(form, typed)), understood=understood, is_empty=not form.typing
    )


def _missing(form: SearchForm, typed: TypedText) -> Iterator[str]:
    """Yield the loci that count, as the form or else the order says, and are not typed."""
    asked = form.loci or form.scope
    try:
        criteria = SearchCriteria.model_validate({"scope": asked} if asked else {})
    except CriteriaError:
        return
    policy = POLICIES.get(form.policy)
    loci = (criteria if policy is None else policy.criteria_of(criteria)).loci
    given = {one.locus for one in typed.loci}
    yield from (locus for locus in loci if locus not in given and locus != "DRB345")
