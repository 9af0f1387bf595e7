"""The pages of the case book: the cases, the steps of each with who and when, and what became of their lists.

Everything that is written goes through `registry_io.store.case_steps` and `hla_match.services`, which refuse what may
not come next; a page says so beside the form. Addresses name cases by their numbers, and donors not at all.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hla_match.cases.steps import STEP_WORDS, Step
from hla_match.desk.answers import page, refusal, see, told_of
from hla_match.desk.case_words import (
    case_state,
    donor_lines,
    settled_words,
    status_word,
    step_lines,
)
from hla_match.desk.changed_search import Further
from hla_match.desk.forms import LISTED, Fields, SearchForm, form_of, query_of
from hla_match.desk.jobs import Job
from hla_match.desk.list_routes import gone, listed_of
from hla_match.desk.registries import frequency_choices
from hla_match.desk.search_routes import failed_job, followed
from hla_match.desk.state import Desk, FoundList
from hla_match.desk.typing_text import read_text
from hla_match.errors import CriteriaError, HlaMatchError
from hla_match.errors.arguments import InWords
from hla_match.language import translatable, translated
from hla_match.language.retelling import retold
from hla_match.loci import LOCI
from hla_match.matching.criteria import Patient
from hla_match.nomenclature.reported_gl_string import reported_block
from hla_match.services.case_lists import search_request
from hla_match.services.cases import open_case
from hla_match.services.confirmed_typing import confirm_typing
from hla_match.services.repeat import open_repeat
from registry_io.store.case_recording import CaseChange
from registry_io.store.case_records import list_cases, show_case
from registry_io.store.case_steps import (
    RESERVED,
    UNAVAILABLE,
    ask_donor,
    close_case,
    collect_donor,
    decline_donor,
    register_check,
    reserve_donor,
)

router = APIRouter()

_HEADINGS: dict[str, str] = {
    Step.TYPING: translatable("Confirmatory typing"),
    Step.CHECK: translatable("Medical check"),
    Step.RESERVE: translatable("Reserve"),
    Step.COLLECT: translatable("Collection"),
    Step.DECLINE: translatable("The donor declined"),
    Step.CLOSE: translatable("Close"),
}
"""What the forms of the steps are called."""

_OPENING = threading.Lock()


@router.get("/cases")
def cases(request: Request) -> Response:
    """Show the open cases, or all of them."""
    desk: Desk = request.app.state.desk
    every = query_of(request).get("all", "") == "on"
    found = list_cases(desk.folder)
    shown = [one for one in reversed(found) if every or one.is_open]
    today = datetime.date.today()
    left = desk.who_left(shown)
    rows = [(one, case_state(one), donor_lines(one, today, left)) for one in shown]
    return page(request, "cases", rows=rows, every=every, n_open=sum(one.is_open for one in found), n_all=len(found))


@router.post("/list/{key}/case")
def open_from_list(request: Request, key: str) -> Response:
    """Open a case for the patient of a list, with what was asked for there; one, however often it is sent."""
    desk: Desk = request.app.state.desk
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    asked = listed.searched.request
    with _OPENING:
        if listed.case is None:
            (opened,) = open_case(
                desk.folder,
                listed.found.patient,
                asked.criteria.model_copy(update={"as_of": None}),
                policy=asked.policy,
                frequencies=asked.frequencies if isinstance(asked.frequencies, str) else None,
                actor=desk.actor,
            )
            listed.case = opened.case
    return see(request, f"/cases/{listed.case}")


@router.get("/cases/{number}")
def case(request: Request, number: int) -> Response:
    """Show a case: the request, every step, what each donor is today, and the forms of what may come next."""
    desk: Desk = request.app.state.desk
    notes = desk.notes.get(query_of(request).get("told", "")) or ()
    return _case_page(request, number, notes=notes)


@router.post("/cases/repeat")
async def repeat(request: Request) -> Response:
    """Bring the lists of all open cases up to date."""
    return await _in_a_job(request, lambda desk, job: _searched(desk, job, None), number=None)


@router.post("/cases/{number}/search")
async def search(request: Request, number: int) -> Response:
    """Search all donors for a case, and record the search."""
    return await _in_a_job(request, lambda desk, job: _searched(desk, job, number), number=number)


@router.post("/cases/{number}/list")
async def donors(request: Request, number: int) -> Response:
    """Show the donors of a case as a list, from which they can be asked."""
    return await _in_a_job(request, lambda desk, job: _listed(desk, job, number), number=number)


@router.post("/cases/{number}/{step}")
async def record(request: Request, number: int, step: str, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Record a step of a case."""
    if step == Step.TYPING:
        return await _in_a_job(request, lambda desk, job: _typed(desk, job, number, fields), number=number, sent=fields)
    return await run_in_threadpool(_recorded, request, number, step, fields)


def _recorded(request: Request, number: int, step: str, fields: Fields) -> Response:
    """Record a step that takes no time, and go back to the case."""
    desk: Desk = request.app.state.desk
    if step not in _RECORDED:
        return refusal(request, translated("There is no such page."), status=404)
    try:
        found = _RECORDED[step](desk, number, fields)
    except HlaMatchError as error:
        return _case_page(request, number, error=told_of(error), sent=fields, step=step)
    return see(request, f"/cases/{number}?told={desk.notes.add(_notes(step, found, fields))}")


def _case_page(
    request: Request,
    number: int,
    *,
    notes: tuple[str, ...] = (),
    error: str = "",
    sent: Fields | None = None,
    step: str = "",
) -> Response:
    desk: Desk = request.app.state.desk
    found, today = show_case(desk.folder, number), datetime.date.today()
    return page(
        request,
        "case",
        status=422 if error else 200,
        case=found,
        state=case_state(found),
        steps=step_lines(found),
        donors=donor_lines(found, today, desk.who_left([found])),
        typed=[(locus, ", ".join(filter(None, pair))) for locus, pair in _typed_pairs(found.request.patient)],
        headings={step: translated(words) for step, words in _HEADINGS.items()},
        notes=notes,
        error=error,
        sent=sent if sent is not None else Fields([]),
        sent_step=step,
        today=today.isoformat(),
        actor=desk.actor,
    )


def _typed_pairs(patient: Patient) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the loci that are typed, in their order, with both columns."""
    yield from ((locus, patient.typings[locus]) for locus in LOCI if patient.typings.get(locus, ("", ""))[0])


async def _in_a_job(
    request: Request, work: Callable[[Desk, Job], str], *, number: int | None, sent: Fields | None = None
) -> Response:
    """Do some work that may take long, and go on to its result; to a page that says how far it is meanwhile."""
    desk: Desk = request.app.state.desk
    started = desk.jobs.start(lambda job: work(desk, job), back="/cases" if number is None else f"/cases/{number}")
    failed = await failed_job(started)
    if failed is None:
        return await followed(request, started)
    told = told_of(failed.error)
    if number is None:
        return refusal(request, told, status=422)
    step = Step.TYPING if sent else ""
    return await run_in_threadpool(_case_page, request, number, error=told, sent=sent, step=step)


def _searched(desk: Desk, job: Job, number: int | None) -> str:
    """Search one case in full, or bring all open ones up to date; return the address of what changed."""
    job.tell(translated("Searching ..."))

    def tell(done: int, of_all: int) -> None:
        job.tell(translated("Searching: case {n} of {several}", n=done, several=of_all))

    with open_repeat(desk.folder, full=number is not None, only=number) as opened:
        report = opened.run(
            actor=desk.actor,
            on_progress=tell,
            on_iteration=lambda one: job.tell(
                translated("Estimating haplotype frequencies: iteration {n}", n=one.number)
            ),
        )
    return f"/changes/{desk.repeats.add(report)}"


def _listed(desk: Desk, job: Job, number: int) -> str:
    """Search for the patient of a case as the page of searches does, and return the address of the list."""
    found = show_case(desk.folder, number)
    asked = search_request(found.request, datetime.date.today())
    limit = min(asked.criteria.limit or LISTED[-1], LISTED[-1])
    # The attributes of a model that nobody set are left to the policy; the copy keeps which were.
    asked = replace(asked, criteria=asked.criteria.model_copy(update={"limit": limit})).checked()
    patient, tables = found.request.patient, desk.registries.registry.nomenclature.tables
    found_donors, searched = desk.registries.search(asked, patient, desk.actor, job.tell)
    typing = "^".join(reported_block(tables, locus, *pair) for locus, pair in _typed_pairs(patient))
    form = SearchForm.of_request(asked, patient, typing)
    further = Further.of(asked, patient, form, frequency_choices())
    listed = FoundList(found_donors, form, searched, case=number, further=further)
    _ = listed.frame
    return f"/list/{desk.keep(listed)}"


def _typed(desk: Desk, job: Job, number: int, fields: Fields) -> str:
    """Record a confirmatory typing, and return the address of the case, which tells what it settled."""
    job.tell(translated("Recording the typing ..."))
    typed = read_text(fields.get("typing", ""), desk.registries.registry)
    if not typed.is_readable:
        faults = [one.told for one in typed.faults] + [
            f"{one.locus}: {retold(one.reading.error.expected)}" for one in typed.loci if one.reading.error is not None
        ]
        told = translated("; ").join(faults) or translated("nothing")
        raise CriteriaError("typing", found=InWords(told), expected=translated("a typing that can be read"))
    gl_string = "^".join(one.reported for one in typed.loci)
    found = confirm_typing(desk.folder, number, _donor(fields), {"gl_string": gl_string}, **_common(desk, fields))
    notes = (*_notes(Step.TYPING, found.change, fields), *settled_words(found.before, found.after))
    return f"/cases/{number}?told={desk.notes.add(notes)}"


def _notes(step: str, found: CaseChange, fields: Fields) -> tuple[str, ...]:
    """Return what a page says after a step."""
    what = translated(STEP_WORDS[Step(step)])
    notes = [translated("Recorded: {what}.", what=f"{what} ({found.donor_code})" if found.donor_code else what)]
    if found.transaction is not None:
        notes.append(translated("The donor's record changed: transaction {transaction}", transaction=found.transaction))
    if found.status_before is not None:
        now = status_word(RESERVED if step == Step.RESERVE else UNAVAILABLE)
        before = status_word(found.status_before)
        notes.append(translated("The donor's status in the registry: {before} → {after}", before=before, after=now))
    return tuple(notes)


def _common(desk: Desk, fields: Fields) -> dict[str, Any]:
    """Return what every step takes: the day, who, and why."""
    return {
        "day": _date(fields, "day"),
        "actor": fields.get("actor", "") or desk.actor,
        "reason": fields.get("reason", ""),
    }


def _donor(fields: Fields) -> str:
    donor = fields.get("donor", "")
    if not donor:
        raise CriteriaError("donor", found=InWords(translated("nothing")), expected=translated("a donor"))
    return donor


def _date(fields: Fields, name: str) -> datetime.date | None:
    text = fields.get(name, "")
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise CriteriaError(name, found=text[:20], expected=translated("a date as 2026-01-31")) from None


def _ask(desk: Desk, number: int, fields: Fields) -> CaseChange:
    return ask_donor(desk.folder, number, _donor(fields), consent=fields.get("consent", ""), **_common(desk, fields))


def _decline(desk: Desk, number: int, fields: Fields) -> CaseChange:
    return decline_donor(desk.folder, number, _donor(fields), **_common(desk, fields))


def _check(desk: Desk, number: int, fields: Fields) -> CaseChange:
    passed = {"yes": True, "no": False}.get(fields.get("passed", ""))
    if passed is None:
        raise CriteriaError("passed", found=InWords(translated("nothing")), expected=translated("passed, or failed"))
    return register_check(desk.folder, number, _donor(fields), passed=passed, **_common(desk, fields))


def _reserve(desk: Desk, number: int, fields: Fields) -> CaseChange:
    until = _date(fields, "until")
    if until is None:
        found = InWords(translated("nothing"))
        raise CriteriaError("until", found=found, expected=translated("the last day of the reservation"))
    return reserve_donor(
        desk.folder, number, _donor(fields), until=until, set_status="set_status" in fields, **_common(desk, fields)
    )


def _collect(desk: Desk, number: int, fields: Fields) -> CaseChange:
    return collect_donor(
        desk.folder, number, _donor(fields), set_status="set_status" in fields, **_common(desk, fields)
    )


def _close(desk: Desk, number: int, fields: Fields) -> CaseChange:
    return close_case(desk.folder, number, **_common(desk, fields))


_RECORDED: dict[str, Callable[[Desk, int, Fields], CaseChange]] = {
    Step.ASK: _ask,
    Step.DECLINE: _decline,
    Step.CHECK: _check,
    Step.RESERVE: _reserve,
    Step.COLLECT: _collect,
    Step.CLOSE: _close,
}
