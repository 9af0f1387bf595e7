"""``hla-match registry donor``, ``history``, ``log`` and ``diff``: single donors, and what the record tells."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.messages import say
from hla_match.cli.moment import moment
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand, SpokenGroup
from hla_match.services.counts import counted
from hla_match.visible_text import visible

if TYPE_CHECKING:
    import polars as pl

    from registry_io.store.donor_changes import DonorChange
    from registry_io.store.donor_records import DonorVersion
    from registry_io.store.journal.transactions import Transaction

_PATH = click.Path(path_type=Path)
_WIDTH = 80
_NAME = 16
_WORDS = {
    "add": "added",
    "update": "changed",
    "withdraw": "withdrawn",
    "reinstate": "reinstated",
    "merge": "merged",
    "erase": "erased",
    "rollback": "as they were before",
    "adopt": "taken over",
}
_SIGNS = {"added": "+", "changed": "~", "withdrawn": "-"}


def named_values(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Return values by name, of texts NAME=VALUE."""
    values: dict[str, str] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter("expected NAME=VALUE, such as status=TU")
        values[name.strip()] = text.strip()
    return values


set_option = click.option(
    "--set",
    "values",
    multiple=True,
    callback=named_values,
    metavar="NAME=VALUE",
    help="A value by the name of its column in donor files, such as status=TU or A_1=02:01; none removes it.",
)
reason_option = click.option("--reason", default="", metavar="TEXT", help="Why, for the registry's log.")


@click.group(cls=SpokenGroup)
def donor() -> None:
    """Show, add, update, withdraw or reinstate one donor of a registry."""


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
def show(registry: Path, donor_id: str) -> None:
    """Show what REGISTRY knows of the donor ID."""
    from registry_io.store.donor_records import show_donor

    found = show_donor(registry, donor_id)
    by = f"transaction {found.changed_by.number} of {found.changed_by.day}"
    left = f"merged into {found.merged_into} by {by}" if found.merged_into is not None else f"withdrawn by {by}"
    state = f"a donor, last changed by {by}" if found.is_donor else left
    say_wrapped(f"{donor_id}: {state}{_because(found.changed_by)}")
    if not found.is_donor:
        say("The record before:")
    _say_values(found.person)
    if found.reported:
        say("As reported:")
        _say_values(found.reported)
    say(counted(found.n_versions, "version"))


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@set_option
@reason_option
def add(registry: Path, donor_id: str, values: dict[str, str], reason: str) -> None:
    """Add the new donor ID to REGISTRY."""
    from registry_io.store.donor_changes import add_donor

    say_change(add_donor(registry, donor_id, values, reason=reason), "added")


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@set_option
@reason_option
def update(registry: Path, donor_id: str, values: dict[str, str], reason: str) -> None:
    """Set values of the donor ID of REGISTRY; the others stay."""
    from registry_io.store.donor_changes import update_donor

    say_change(update_donor(registry, donor_id, values, reason=reason), "updated")


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@reason_option
def withdraw(registry: Path, donor_id: str, reason: str) -> None:
    """Withdraw the donor ID of REGISTRY: in no search any more, the record stays."""
    from registry_io.store.donor_changes import withdraw_donor

    say_change(withdraw_donor(registry, donor_id, reason=reason), "withdrawn")


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@reason_option
def reinstate(registry: Path, donor_id: str, reason: str) -> None:
    """Bring the withdrawn donor ID of REGISTRY back, with the last record."""
    from registry_io.store.donor_changes import reinstate_donor

    say_change(reinstate_donor(registry, donor_id, reason=reason), "reinstated")


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
def history(registry: Path, donor_id: str) -> None:
    """List every version of the record of the donor ID of REGISTRY, and what each changed."""
    from registry_io.store.donor_records import donor_history

    for version in donor_history(registry, donor_id):
        _say_version(version)


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
def log(registry: Path) -> None:
    """List all transactions of REGISTRY: when, what, from which file, who and why."""
    from registry_io.store.donor_records import registry_log

    for one in registry_log(registry):
        changes = ", ".join(f"{n:,} {_WORDS[action]}" for action, n in one.counts.items())
        say(f"{one.number:>5}  {_time(one)}  {one.action:<9}  {changes or 'settings'}; {one.n_donors:,} donors")
        say_wrapped(f"       {_from(one)}{_because(one)}", indent=7)


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.argument("before", metavar="A", callback=moment)
@click.argument("after", metavar="B", callback=moment)
@click.option("--out", type=_PATH, help="Table of the differences: CSV, Parquet, JSON lines or Excel by ending.")
@raw_text_option
def diff(
    registry: Path, before: int | datetime.date, after: int | datetime.date, out: Path | None, raw_text: bool
) -> None:
    """List who came, changed and left between A and B: numbers of transactions of REGISTRY, or dates."""
    from registry_io.store.donor_records import registry_diff

    found = registry_diff(registry, before, after)
    n_donors = dict(found.unique(["donor_id", "change"])["change"].value_counts().iter_rows())
    say(f"{before} to {after}: " + ", ".join(f"{n_donors.get(change, 0):,} {change}" for change in _SIGNS))
    if out is not None:
        from registry_io.tables.results_file import write_frame
        from registry_io.tables.spreadsheet_text import neutral_file

        write_frame(neutral_file(found, out, raw_text=raw_text), out)
        return
    for (donor_id, change), rows in found.group_by(["donor_id", "change"], maintain_order=True):
        say_wrapped(f"{_SIGNS[str(change)]} {donor_id}  {'; '.join(_changed(rows))}".rstrip(), indent=4)


def say_change(change: DonorChange, what: str) -> None:
    """Say what became of a change of some donors."""
    if change.transaction is None:
        say("Nothing changed: the registry knows it so.")
    else:
        say(f"Transaction {change.transaction}: {what}; {counted(change.n_donors, 'donor')}")


def _say_version(found: DonorVersion) -> None:
    transaction, version = found.transaction, found.version
    row = f", row {version.row}" if version.row is not None and transaction.source else ""
    say_wrapped(
        f"{transaction.number:>5}  {_time(transaction)}  {version.action}: {_from(transaction)}{row}"
        f"{_because(transaction)}",
        indent=7,
    )
    if version.merged_with is not None:
        say_wrapped(f"       {'merged into' if version.is_merged_away else 'with'} {version.merged_with}", indent=9)
    for one in found.differences:
        is_new = one.before is None and len(found.differences) > 1 and version.action == "add"
        change = f"{one.after}" if is_new else f"{one.before or '-'} -> {one.after or '-'}"
        say_wrapped(f"       {one.column}: {change}", indent=9)


def _say_values(values: Mapping[str, str]) -> None:
    for name, text in values.items():
        say_wrapped(f"  {name:<{_NAME}} {text}", indent=_NAME + 3)


def _changed(rows: pl.DataFrame) -> Iterator[str]:
    """Yield what changed of a record, column by column."""
    for column, before, after in rows.select("column", "before", "after").drop_nulls("column").iter_rows():
        yield f"{column}: {before or '-'} -> {after or '-'}"


def _time(transaction: Transaction) -> str:
    return f"{transaction.at[:16].replace('T', ' ')}Z"


def _from(transaction: Transaction) -> str:
    """Return from which file a transaction comes, and who made it."""
    dated = f" as of {transaction.file_date}" if transaction.file_date is not None else ""
    return f"{transaction.source}{dated}, by {transaction.actor}" if transaction.source else f"by {transaction.actor}"


def _because(transaction: Transaction) -> str:
    return f": {transaction.reason}" if transaction.reason else ""


def say_wrapped(text: str, indent: int = 0) -> None:
    """Say a text in lines of a terminal's width, broken between words."""
    lines = click.wrap_text(visible(text.lstrip()), _WIDTH, " " * (len(text) - len(text.lstrip())), " " * indent)
    say(*lines.split("\n"))
