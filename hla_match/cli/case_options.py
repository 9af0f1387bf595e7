"""What the commands of cases have in common: arguments, options, and the line that says what was recorded."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.registry_record import say_wrapped
from hla_match.language import translated

if TYPE_CHECKING:
    from registry_io.store.case_recording import CaseChange

PATH = click.Path(path_type=Path)
REGISTRY = click.argument("registry", type=PATH)
CASE = click.argument("case", metavar="CASE")
DONOR = click.argument("donor", metavar="DONOR")


def date(_ctx: click.Context, _param: click.Parameter, given: datetime.datetime | None) -> datetime.date | None:
    """Return the date of an option; None without one."""
    return None if given is None else given.date()


day_option = click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), callback=date, metavar="DATE", help="The day.  [default: today]"
)
actor_option = click.option("--actor", default="", metavar="NAME", help="Who did it.  [default: the user's name]")
reason_option = click.option("--reason", default="", metavar="TEXT", help="Why, for the case book.")


def say_case(change: CaseChange, what: str) -> None:
    """Say what was recorded, of which case and donor, and what became of the donor's record."""
    if change.donor_code is None:
        head = translated(
            "Case {number}, patient code {code}: {state}", number=change.case, code=change.patient_code, state=what
        )
    else:
        head = translated(
            "Case {number}, donor code {code}: {state}", number=change.case, code=change.donor_code, state=what
        )
    say_wrapped(head)
    if change.transaction is not None:
        say_wrapped(translated("The donor's record changed: transaction {transaction}", transaction=change.transaction))
