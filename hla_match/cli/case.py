"""``hla-match case``: the cases of patients, from the request to the collection."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.case_options import CASE, PATH, REGISTRY, actor_option, day_option, say_case
from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.late_commands import LateCommands
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.registry_record import say_wrapped
from hla_match.cli.search_options import (
    SearchOptions,
    attribute_options,
    attributes_of,
    refuse_beside_a_file,
    search_options,
    was_given,
)
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.language import translated, translated_count
from hla_match.language.retelling import retold

if TYPE_CHECKING:
    from hla_match.matching.criteria import Patient
    from hla_match.typings.encoding import AmbiguousNulls
    from registry_io.store.case_records import CaseRecord, RecordedStep


@click.group(
    cls=LateCommands,
    late={
        "ask": ("case_steps", "Record that a donor is asked, with the version of the consent form."),
        "decline": ("case_steps", "Record that a donor declined, with the reason."),
        "typing": ("case_steps", "Record a confirmatory typing, update the donor and say what it settled."),
        "check": ("case_steps", "Record a medical check, passed or failed."),
        "reserve": ("case_steps", "Reserve a donor for the patient until a day, after which it ends by itself."),
        "collect": ("case_steps", "Record that the cells of a donor were collected."),
        "close": ("case_steps", "Close a case; its reservations end with it."),
        "erase": ("case_steps", "Erase the request of a case and all that is kept of it; this cannot be undone."),
    },
)
def command() -> None:
    """Keep the cases of patients in a registry: open, search, ask, type, check, reserve, collect and close.

    A case has a number, and its patient a code; a donor has a code in each case. Commands take the one or the other.
    """


@command.command("open")
@REGISTRY
@click.option("--hla", help="The patient's typing as a GL String.")
@click.option("--patients", type=PATH, help="File of patients: a case is opened for each of them.")
@click.option("--patient-id", default="patient", show_default=True, help="What the hospital calls the patient.")
@search_options(limit=None, limit_help="Donors of the list, best first; all without it.")
@attribute_options
@day_option
@actor_option
def open_command(
    registry: Path,
    hla: str | None,
    patients: Path | None,
    patient_id: str,
    day: datetime.date | None,
    actor: str,
    options: SearchOptions,
    **of_patient: str | None,
) -> None:
    """Open a case in REGISTRY for a patient, or one for each patient of a file; nothing is searched yet."""
    from hla_match.services.cases import open_case

    request = options.request
    if patients is not None:
        refuse_beside_a_file(attributes_of(of_patient), patient_id=was_given("patient_id"))
    if was_given("as_of"):
        raise CriteriaError(
            "as_of",
            found=InWords("a day for ages"),
            expected="none: ages are those of the day of each search",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    if request.at is not None or request.verify or options.donor_lists:
        raise CriteriaError(
            "case",
            found=InWords("--at, --verify, --only-donors or --without-donors"),
            expected="none of them: a case follows the registry",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    if (hla is None) == (patients is None):
        raise CriteriaError("case", found=InWords("both or neither"), expected="either --hla or --patients")
    if patients is not None:
        given = _read(registry, patients, request.criteria.ambiguous_nulls)
    else:
        from hla_match.matching.criteria import Patient

        given = [Patient.from_gl_string(patient_id, hla or "").model_copy(update=attributes_of(of_patient))]
    frequencies = request.frequencies
    found = open_case(
        registry,
        given,
        request.criteria.model_copy(update={"as_of": None}),
        policy=request.policy,
        frequencies=frequencies if isinstance(frequencies, str) else None,
        global_frequencies=None if request.global_frequencies is None else str(request.global_frequencies),
        day=day,
        actor=actor,
    )
    for one in found:
        say_case(one, translated("opened"))


def _read(registry: Path, patients: Path, ambiguous_nulls: AmbiguousNulls | None) -> list[Patient]:
    """Return the patients of a file.

    Raises:
        CriteriaError: a row cannot be read.
    """
    from registry_io.persons.patient_file import read_patients
    from registry_io.store.registry_store import open_registry

    opened = open_registry(registry)
    nulls = ambiguous_nulls or opened.ambiguous_nulls
    file = read_patients(patients, opened.nomenclature, opened.codes, ambiguous_nulls=nulls)
    for note in (*file.notes, *file.cautions):
        say(retold(note), err=True)
    for row, warning in file.warnings.items():
        say(translated("row {row}: {warning}", row=row, warning=retold(warning)), err=True)
    if file.quarantined:
        raise CriteriaError(
            "patients",
            found=InWords(f"{len({one.row for one in file.quarantined})} rows that cannot be read"),
            expected="a file of which every row is a patient",
            hint="hla-match batch tells the reason for each",
        )
    return [one for _, one in file.patients]


@command.command("list")
@REGISTRY
@click.option("--all", "every", is_flag=True, help="Closed cases, too.")
def list_command(registry: Path, every: bool) -> None:
    """List the open cases of REGISTRY."""
    from registry_io.store.case_records import list_cases

    cases = [one for one in list_cases(registry) if every or one.is_open]
    for one in cases:
        say(f"{one.number:>5}  {one.patient_code}  {_state(one)}")
        for line in _donor_lines(one, datetime.date.today()):
            say(f"       {line}")
    say(translated_count("{n} case", "{n} cases", len(cases)))


@command.command()
@REGISTRY
@CASE
def show(registry: Path, case: str) -> None:
    """Show the case CASE of REGISTRY: the request, every step, and what each donor is today."""
    from registry_io.store.case_records import show_case

    found = show_case(registry, case)
    patient = found.request.patient
    head = translated(
        "Case {number}, patient {patient}, code {code}: {state}",
        number=found.number, patient=patient.patient_id, code=found.patient_code, state=_state(found),
    )  # fmt: skip
    say_wrapped(head)
    for locus, pair in patient.typings.items():
        if pair[0]:
            say_wrapped(f"  {locus:<6} {', '.join(filter(None, pair))}", indent=9)
    say(translated("Steps:"))
    for step in found.steps:
        say_wrapped(f"  {_step(step)}", indent=4)
    lines = list(_donor_lines(found, datetime.date.today()))
    if lines:
        say(translated("Donors today:"), *(f"  {line}" for line in lines))


@command.command()
@REGISTRY
@CASE
@click.option("--show", "shown", default=20, show_default=True, type=click.IntRange(0), help="Donors to print.")
@click.option("--wide", is_flag=True, help="Show all columns; without it the table has 80 columns.")
@actor_option
def search(registry: Path, case: str, shown: int, wide: bool, actor: str) -> None:
    """Search all donors of REGISTRY for the case CASE, and record the search."""
    from hla_match.services.repeat import open_repeat

    with open_repeat(registry, full=True, only=case, on_notice=say_notice) as opened:
        prepare_kernels(probabilities=opened.has_probabilities)
        from hla_match.reporting.terminal import match_table

        with own_progress() as on_iteration:
            report, (found,) = opened.found(actor=actor, on_iteration=on_iteration)
    assert found.found is not None, "a search of all donors has its list"
    match_table(found.found.head(min(shown, found.n_listed)), wide=wide)
    (one,) = report.cases
    state = translated_count("searched, {n} donor in the list", "searched, {n} donors in the list", one.n_listed)
    say_wrapped(
        translated("Case {number}, patient code {code}: {state}", number=one.number, code=one.patient_code, state=state)
    )


@command.command()
@REGISTRY
@click.argument("code")
def find(registry: Path, code: str) -> None:
    """Tell whose the double-blind code CODE is: of which case of REGISTRY, and of which donor."""
    from registry_io.store.case_records import case_of_code

    case, donor_id = case_of_code(registry, code)
    whose = translated("the patient {patient}", patient=case.request.patient.patient_id)
    if donor_id is not None:
        whose = translated("the donor {donor}", donor=donor_id)
    say_wrapped(translated("Case {number}: {whose}", number=case.number, whose=whose))


@command.command()
@REGISTRY
@CASE
@click.option("--out", required=True, type=PATH, help="CSV, Parquet, JSON lines or Excel by ending.")
@click.option("--first", type=click.IntRange(1), help="Donors of the list, too, so many from the first.")
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@raw_text_option
def sheet(registry: Path, case: str, out: Path, first: int | None, overwrite: bool, raw_text: bool) -> None:
    """Write what of the case CASE of REGISTRY may leave the office: codes in place of patient and donors."""
    from hla_match.services.case_sheet import case_sheet

    found = case_sheet(registry, case, first=first, out=out, overwrite=overwrite, raw_text=raw_text)
    say(translated_count("{n} donor in {out}", "{n} donors in {out}", found.height, out=out))


def _state(case: CaseRecord) -> str:
    if case.closed is not None:
        return translated("opened {day}, closed {closed}", day=case.opened, closed=case.closed)
    last = case.last_search
    if last is None:
        return translated("open since {day}, not searched yet", day=case.opened)
    return translated(
        "open since {day}, last searched {searched} at transaction {transaction}",
        day=case.opened, searched=last.day, transaction=last.told["transaction"],
    )  # fmt: skip


def _step(step: RecordedStep) -> str:
    """Return a step in a line: when, what, of whom, by whom and why."""
    from hla_match.cases.steps import STEP_WORDS, Step

    told, what = step.told, translated(STEP_WORDS[step.step])
    parts = [f"{step.day}  {what}"]
    if step.donor_code is not None:
        parts.append(f"{step.donor_id} ({step.donor_code})")
    elif step.step.is_of_donor:
        parts.append(translated("a donor whose record was erased"))
    if "consent" in told:
        parts.append(translated("consent {version}", version=told["consent"]))
    if "until" in told:
        parts.append(translated("until {day}", day=told["until"]))
    if "passed" in told:
        parts.append(translated("passed") if told["passed"] else translated("failed"))
    if "values" in told:
        parts.append(", ".join(f"{name}={value}" for name, value in told["values"].items()))
    if "status" in told:
        parts.append(translated("status set to {status}", status=told["status"]))
    if step.step is Step.SEARCH:
        parts.append(translated("transaction {transaction}", transaction=told["transaction"]))
        parts.append(translated("all donors") if told["full"] else translated("changed donors alone"))
    parts.append(translated("by {actor}", actor=step.actor))
    return ", ".join(parts) + (f": {told['reason']}" if told.get("reason") else "")


def _donor_lines(case: CaseRecord, day: datetime.date) -> list[str]:
    """Return what each donor of a case is on a day."""
    from hla_match.cases.steps import STAGE_WORDS

    lines = []
    for one in case.donors:
        name = one.donor_id or translated("a donor whose record was erased")
        stage = translated(STAGE_WORDS[one.state.stage(day)])
        until = one.state.reserved_until
        if until is not None and case.is_open and one.state.is_reserved(day):
            stage = translated("{stage} until {day}", stage=stage, day=until)
        elif until is not None and not one.state.collected and not one.state.declined:
            stage = translated(
                "{stage}; the reservation ended {day}", stage=stage, day=min(until, case.closed or until)
            )
        lines.append(f"{name}  {one.donor_code}  {stage}")
    return lines
