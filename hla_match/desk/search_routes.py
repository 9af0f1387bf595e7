"""The page of a search: the typing as it is understood, what is asked for, and the way to the list."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, TypeGuard

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from hla_match.choice.policies import POLICIES
from hla_match.desk.answers import is_part, page, refusal, rendered, see, told_of
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
def empty(request: Request, changed: str = "") -> Response:
    """Show the form, empty or as a list was asked for."""
    desk: Desk = request.app.state.desk
    before = desk.lists.get(changed) if changed else None
    return _form_page(request, SearchForm() if before is None else before.form)


@router.post("/typing")
def typing(request: Request, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Show how the typing of the form is understood."""
    form = SearchForm.of(fields)
    if is_part(request):
        return Response(_understood(request, form), media_type="text/html")
    return _form_page(request, form)


@router.post("/search")
def search(request: Request, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Search, and go on to the list; to the form where something is wrong."""
    desk: Desk = request.app.state.desk
    form = SearchForm.of(fields)
    registry = desk.registries.registry
    typed = read_text(form.typing, registry)
    try:
        if not typed.is_readable:
            found = InWords(translated("no typing") if form.typing == "" else translated("a typing with an error"))
            raise CriteriaError("typing", found=found, expected=translated("a typing that can be read"))
        asked = form.request(frequency_choices(), tuple(POLICIES), datetime.date.today())
        attributes = {"sex": form.patient_sex, "abo": form.patient_abo, "cmv": form.patient_cmv}
        patient = typed.patient(form.patient_id, **{name: value or None for name, value in attributes.items()})
    except HlaMatchError as error:
        return _form_page(request, form, told_of(error), typed=typed)
    started = desk.jobs.start(lambda job: _searched(desk, form, asked, patient, job), back="/")
    if has_failed(started):
        return _form_page(request, form, told_of(started[1].error), typed=typed)
    return followed(request, started)


def has_failed(started: tuple[str, Job] | None) -> TypeGuard[tuple[str, Job]]:
    """Say whether some work that was started fails so soon that its form is shown again."""
    return started is not None and started[1].wait(_PATIENCE) and started[1].state is JobState.FAILED


def followed(request: Request, started: tuple[str, Job] | None) -> Response:
    """Go on to the result of some work that was started, or to the page that shows how far it is."""
    if started is None:
        return refusal(request, translated("Too many searches wait; try again in a moment."), status=503)
    key, job = started
    is_done = job.wait(_PATIENCE) and job.state is JobState.DONE
    return see(request, job.goal if is_done else f"/work/{key}")


@router.get("/work/{key}")
def work(request: Request, key: str) -> Response:
    """Show how far some work is, or go on to its result."""
    desk: Desk = request.app.state.desk
    job = desk.job(key)
    if job is None:
        return refusal(request, translated("This work is over, or was never begun."), status=404)
    job.wait(_LOOK if is_part(request) else 0)
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


def _searched(desk: Desk, form: SearchForm, asked: SearchRequest, patient: Patient, job: Job) -> str:
    """Search, keep the list, and return the address of its page."""
    found, searched = desk.registries.search(asked, patient, desk.actor, job.tell)
    job.tell(translated("Putting the list together ..."))
    listed = FoundList(found, form, searched)
    _ = listed.frame
    return f"/list/{desk.lists.add(listed)}"


def _form_page(request: Request, form: SearchForm, told: str = "", *, typed: TypedText | None = None) -> Response:
    return page(
        request,
        "search",
        status=422 if told else 200,
        form=form,
        told=told,
        understood=_understood(request, form, typed),
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
