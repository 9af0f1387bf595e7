"""``hla-match registry donor``, ``history``, ``log`` and ``diff``: single donors, and what the record tells."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.import_report import print_note
from hla_match.cli.messages import say, terminal_lines
from hla_match.cli.moment import moment
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand, SpokenGroup
from hla_match.language import listed, translatable, translated, translated_count
from hla_match.visible_text import visible
from hla_match.wide_text import padded

if TYPE_CHECKING:
    import polars as pl

    from registry_io.store.donor_changes import DonorChange
    from registry_io.store.donor_records import DonorVersion
    from registry_io.store.journal.transactions import Transaction

_PATH = click.Path(path_type=Path)
_WIDTH = 80
_NAME = 16
_COUNTS = {
    "add": translatable("{n} added"),
    "update": translatable("{n} changed"),
    "withdraw": translatable("{n} withdrawn"),
    "reinstate": translatable("{n} reinstated"),
    "merge": translatable("{n} merged"),
    "erase": translatable("{n} erased"),
    "rollback": translatable("{n} as they were before"),
    "adopt": translatable("{n} taken over"),
}
"""How many records a transaction changed, by what it did to them."""

_IN_REPORTS = translatable("{n} erased without a record")
"""How many persons a transaction erased whom reports alone named."""

_SIGNS = {"added": "+", "changed": "~", "withdrawn": "-"}
_DIFFERENCES = {"added": _COUNTS["add"], "changed": _COUNTS["update"], "withdrawn": _COUNTS["withdraw"]}
_ACTIONS = (
    translatable("add"), translatable("update"), translatable("withdraw"), translatable("reinstate"),
    translatable("merge"), translatable("erase"), translatable("rollback"), translatable("adopt"),
    translatable("import"), translatable("replace"), translatable("settings"), translatable("rebase"),
)  # fmt: skip
"""What transactions and versions are called."""


def named_values(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Return values by name, of texts NAME=VALUE."""
    values: dict[str, str] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(translated("expected NAME=VALUE, such as status=TU"))
        if name.strip() in values:
            raise click.BadParameter(translated("found {name} twice, expected each name once", name=name.strip()))
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
    by = translated("transaction {number} of {day}", number=found.changed_by.number, day=found.changed_by.day)
    if found.is_donor:
        state = translated("a donor, last changed by {transaction}", transaction=by)
    elif found.merged_into is not None:
        state = translated("merged into {name} by {transaction}", name=found.merged_into, transaction=by)
    else:
        state = translated("withdrawn by {transaction}", transaction=by)
    say_wrapped(translated("{name}: {text}", name=donor_id, text=f"{state}{_because(found.changed_by)}"))
    if not found.is_donor:
        say(translated("The record before:"))
    _say_values(found.person)
    if found.reported:
        say(translated("As reported:"))
        _say_values(found.reported)
    say(translated_count("{n} version", "{n} versions", found.n_versions))


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@set_option
@reason_option
def add(registry: Path, donor_id: str, values: dict[str, str], reason: str) -> None:
    """Add the new donor ID to REGISTRY."""
    from registry_io.store.donor_changes import add_donor

    say_change(add_donor(registry, donor_id, values, reason=reason), translated("added"))


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@set_option
@reason_option
def update(registry: Path, donor_id: str, values: dict[str, str], reason: str) -> None:
    """Set values of the donor ID of REGISTRY; the others stay."""
    from registry_io.store.donor_changes import update_donor

    say_change(update_donor(registry, donor_id, values, reason=reason), translated("updated"))


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@reason_option
def withdraw(registry: Path, donor_id: str, reason: str) -> None:
    """Withdraw the donor ID of REGISTRY: in no search any more, the record stays."""
    from registry_io.store.donor_changes import withdraw_donor

    say_change(withdraw_donor(registry, donor_id, reason=reason), translated("withdrawn"))


@donor.command()
@click.argument("registry", type=_PATH)
@click.argument("donor_id", metavar="ID")
@reason_option
def reinstate(registry: Path, donor_id: str, reason: str) -> None:
    """Bring the withdrawn donor ID of REGISTRY back, with the last record."""
    from registry_io.store.donor_changes import reinstate_donor

    say_change(reinstate_donor(registry, donor_id, reason=reason), translated("reinstated"))


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
        parts = [translated(_COUNTS[action], n=f"{n:,}") for action, n in one.counts.items()]
        if one.n_in_reports:
            parts.append(translated(_IN_REPORTS, n=f"{one.n_in_reports:,}"))
        changes = listed(parts)
        donors = translated("{n} donors", n=f"{one.n_donors:,}")
        text = translated("{changes}; {donors}", changes=changes or translated("settings"), donors=donors)
        say(f"{one.number:>5}  {_time(one)}  {padded(translated(one.action), 9)}  {text}")
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
    from hla_match.services.report_files import report_files, write_report
    from registry_io.store.donor_records import registry_diff

    with report_files(registry, [] if out is None else [out], None):
        found = registry_diff(registry, before, after)
        if out is not None:
            write_report({out: found}, {}, raw_text=raw_text)
    n_donors = dict(found.unique(["donor_id", "change"])["change"].value_counts().iter_rows())
    changes = listed(translated(text, n=f"{n_donors.get(change, 0):,}") for change, text in _DIFFERENCES.items())
    say(translated("{before} to {after}: {changes}", before=before, after=after, changes=changes))
    if out is not None:
        return
    for (donor_id, change), rows in found.group_by(["donor_id", "change"], maintain_order=True):
        say_wrapped(f"{_SIGNS[str(change)]} {donor_id}  {'; '.join(_changed(rows))}".rstrip(), indent=4)


def say_change(change: DonorChange, what: str) -> None:
    """Say what became of a change of some donors."""
    if change.transaction is None:
        say(translated("Nothing changed: the registry knows it so."))
    else:
        donors = translated_count("{n} donor", "{n} donors", change.n_donors)
        say(translated("Transaction {number}: {what}; {donors}", number=change.transaction, what=what, donors=donors))
    for note in change.notes:
        print_note(note)


def _say_version(found: DonorVersion) -> None:
    transaction, version = found.transaction, found.version
    row = ""
    if version.row is not None and transaction.source:
        row = translated(", row {row}", row=version.row)
    came = f"{_from(transaction)}{row}{_because(transaction)}"
    text = translated("{name}: {text}", name=translated(version.action), text=came)
    say_wrapped(f"{transaction.number:>5}  {_time(transaction)}  {text}", indent=7)
    if version.merged_with is not None:
        if version.is_merged_away:
            text = translated("merged into {name}", name=version.merged_with)
        else:
            text = translated("with {name}", name=version.merged_with)
        say_wrapped(f"       {text}", indent=9)
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
    by = translated("by {who}", who=transaction.actor)
    if not transaction.source:
        return by
    if transaction.file_date is None:
        return translated("{file}, {by}", file=transaction.source, by=by)
    return translated("{file} as of {day}, {by}", file=transaction.source, day=transaction.file_date, by=by)


def _because(transaction: Transaction) -> str:
    return translated(": {reason}", reason=transaction.reason) if transaction.reason else ""


def say_wrapped(text: str, indent: int = 0) -> None:
    """Say a text in lines of a terminal's width, broken between words."""
    first = " " * (len(text) - len(text.lstrip()))
    say(*terminal_lines(visible(text.lstrip()), _WIDTH, first=first, rest=" " * indent))
