"""``hla-match case ask``, ``decline``, ``typing``, ``check``, ``reserve``, ``collect`` and ``close``: the steps."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from hla_match.cases.list_changes import settled
from hla_match.cli.case_options import (
    CASE,
    DONOR,
    REGISTRY,
    actor_option,
    date,
    day_option,
    reason_option,
    say_case,
)
from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.registry_record import say_wrapped, set_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.language import translated


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@click.argument("donors", metavar="DONOR...", nargs=-1, required=True)
@click.option("--consent", required=True, metavar="VERSION", help="Version of the consent form that they are given.")
@day_option
@actor_option
@reason_option
def ask(
    registry: Path,
    case: str,
    donors: tuple[str, ...],
    consent: str,
    day: datetime.date | None,
    actor: str,
    reason: str,
) -> None:
    """Record that the donors DONOR of REGISTRY are asked for the case CASE."""
    from registry_io.store.case_steps import ask_donor

    for donor in donors:
        say_case(
            ask_donor(registry, case, donor, consent=consent, day=day, actor=actor, reason=reason), translated("asked")
        )


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@DONOR
@day_option
@actor_option
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the case book.")
def decline(registry: Path, case: str, donor: str, day: datetime.date | None, actor: str, reason: str) -> None:
    """Record that the donor DONOR of REGISTRY declined for the case CASE."""
    from registry_io.store.case_steps import decline_donor

    say_case(decline_donor(registry, case, donor, reason=reason, day=day, actor=actor), translated("declined"))


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@DONOR
@set_option
@click.option("--hla", help="The typing as a GL String.")
@day_option
@actor_option
@reason_option
def typing(
    registry: Path,
    case: str,
    donor: str,
    values: dict[str, str],
    hla: str | None,
    day: datetime.date | None,
    actor: str,
    reason: str,
) -> None:
    """Record a confirmatory typing of the donor DONOR for the case CASE: it updates the donor's record in REGISTRY."""
    from hla_match.services.confirmed_typing import confirm_typing
    from registry_io.store.case_records import show_case

    if hla is not None and "gl_string" in values:
        raise CriteriaError(
            "hla",
            found=InWords("a GL String by --hla and one by --set"),
            expected="one of them",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    frequencies = show_case(registry, case).request.frequencies or ""
    prepare_kernels(probabilities=frequencies.strip().lower() != "none")
    given = {**values, **({} if hla is None else {"gl_string": hla})}
    found = confirm_typing(registry, case, donor, given, day=day, actor=actor, reason=reason, on_notice=say_notice)
    say_case(found.change, translated("confirmatory typing"))
    if found.before is not None and found.after is not None:
        say(translated("What it settled for the patient:"))
        lines = list(_settled(found.before, found.after))
        for line in lines or [translated("nothing: matches and probabilities are as before")]:
            say_wrapped(f"  {line}", indent=4)


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@DONOR
@click.option("--passed/--failed", required=True, default=None, help="The result.")
@day_option
@actor_option
@reason_option
def check(
    registry: Path, case: str, donor: str, passed: bool, day: datetime.date | None, actor: str, reason: str
) -> None:
    """Record a medical check of the donor DONOR of REGISTRY for the case CASE."""
    from registry_io.store.case_steps import register_check

    found = register_check(registry, case, donor, passed=passed, day=day, actor=actor, reason=reason)
    say_case(found, translated("medical check passed") if passed else translated("medical check failed"))


_STATUS_HELP = "Set the donor's status in the registry, too; it stays until somebody changes it."


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@DONOR
@click.option(
    "--until", required=True, type=click.DateTime(["%Y-%m-%d"]), callback=date, metavar="DATE", help="The last day."
)
@click.option("--set-status", is_flag=True, help=_STATUS_HELP)
@day_option
@actor_option
@reason_option
def reserve(
    registry: Path,
    case: str,
    donor: str,
    until: datetime.date,
    set_status: bool,
    day: datetime.date | None,
    actor: str,
    reason: str,
) -> None:
    """Reserve the donor DONOR of REGISTRY for the case CASE; the reservation ends by itself."""
    from registry_io.store.case_steps import RESERVED, reserve_donor

    found = reserve_donor(
        registry, case, donor, until=until, set_status=set_status, day=day, actor=actor, reason=reason
    )
    say_case(found, translated("reserved until {day}", day=until))
    _say_status(found.status_before, RESERVED, asked=set_status)


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@DONOR
@click.option("--set-status", is_flag=True, help=_STATUS_HELP)
@day_option
@actor_option
@reason_option
def collect(
    registry: Path, case: str, donor: str, set_status: bool, day: datetime.date | None, actor: str, reason: str
) -> None:
    """Record that the cells of the donor DONOR of REGISTRY were collected for the case CASE."""
    from registry_io.store.case_steps import UNAVAILABLE, collect_donor

    found = collect_donor(registry, case, donor, set_status=set_status, day=day, actor=actor, reason=reason)
    say_case(found, translated("collected"))
    _say_status(found.status_before, UNAVAILABLE, asked=set_status)


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@day_option
@actor_option
@reason_option
def close(registry: Path, case: str, day: datetime.date | None, actor: str, reason: str) -> None:
    """Close the case CASE of REGISTRY."""
    from registry_io.store.case_steps import close_case

    say_case(close_case(registry, case, day=day, actor=actor, reason=reason), translated("closed"))


@click.command(cls=SpokenCommand)
@REGISTRY
@CASE
@day_option
@actor_option
@reason_option
def erase(registry: Path, case: str, day: datetime.date | None, actor: str, reason: str) -> None:
    """Erase the request of the case CASE of REGISTRY and all that is kept of it; this cannot be undone.

    That there was a case stays, when it had steps and by whom. The record is written anew, so that no byte of it holds
    the request.
    """
    from registry_io.store.case_erasure import erase_case

    found = erase_case(registry, case, day=day, actor=actor, reason=reason)
    say_wrapped(
        translated("Case {number}: the request, its lists and what its steps held are erased", number=found.case)
    )


def _say_status(before: str | None, status: str, *, asked: bool) -> None:
    """Say what became of the donor's status in the registry."""
    if not asked:
        say_wrapped(translated("The donor's status in the registry stays as it is; --set-status changes it."))
    elif before is None or before == status:
        say_wrapped(translated("The donor's status in the registry was {status} already.", status=status))
    else:
        told = translated("The donor's status in the registry: {before} -> {status}", before=before, status=status)
        say_wrapped(told)


def _settled(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is another one than before: the matches, the grades of loci, the probabilities."""
    found = settled(before, after)
    if found.matches is not None:
        was, now = found.matches
        yield translated("matches: {before} -> {after}", before=was, after=now)
    for locus, (was, now) in found.grades.items():
        yield f"{locus}: {was} -> {now}"
    for number, (chance_before, chance) in found.chances.items():
        yield f"P{number}: {_percent(chance_before)} -> {_percent(chance)}"


def _percent(share: float | None) -> str:
    from hla_match.reporting.match_summary import percent

    return percent(share)
