"""``hla-match registry merge``, ``erase`` and ``compact``: records of one person made one, and persons forgotten."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.messages import say
from hla_match.cli.registry_record import named_values, reason_option, say_change, say_wrapped, set_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translatable, translated, translated_count

if TYPE_CHECKING:
    from registry_io.store.donor_merge import MergedValue

_PATH = click.Path(path_type=Path)
_NAME = 16
_OPEN = {
    "overlapping": translatable("neither is the finer one"),
    "apart": translatable("they exclude each other"),
    "different": translatable("they differ"),
}


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.argument("stays", metavar="ID")
@click.argument("leaves", metavar="ID")
@click.option(
    "--take",
    multiple=True,
    callback=named_values,
    metavar="NAME=ID",
    help="Whose value of a column or locus holds, such as status=ZJ0002.",
)
@set_option
@click.option("--dry-run", is_flag=True, help="Show what would become of each value, and change nothing.")
@reason_option
def merge(
    registry: Path,
    stays: str,
    leaves: str,
    take: dict[str, str],
    values: dict[str, str],
    dry_run: bool,
    reason: str,
) -> None:
    """Make one of two records of the same person in REGISTRY: the first ID stays, the second leaves.

    The record that stays gets what only the other one has, and the finer one of two typings. Of other values that
    differ say which holds, by --take or --set.
    """
    from registry_io.store.donor_merge import merge_donors, plan_merge
    from registry_io.store.donor_values import given_identifier

    if not dry_run:
        change = merge_donors(registry, stays, leaves, take=take, values=values, reason=reason)
        say_change(change, translated("merged"))
        return
    planned = plan_merge(registry, stays, leaves, take=take, values=values)
    stays, leaves = given_identifier(stays), given_identifier(leaves)
    for value in planned:
        say_wrapped(f"  {value.name:<{_NAME}} {_becomes(value, stays, leaves)}", indent=_NAME + 3)
    for name, text in values.items():
        given = translated("{value} (given)", value=text or "-")
        say_wrapped(f"  {name:<{_NAME}} {given}", indent=_NAME + 3)
    n_open = sum(value.is_open for value in planned)
    if n_open:
        say(
            translated_count(
                "{n} value to decide, by --take or --set", "{n} values to decide, by --take or --set", n_open
            )
        )
    else:
        say(translated("Nothing was changed."))


def _becomes(value: MergedValue, stays: str, leaves: str) -> str:
    own, other = _text(value.stays), _text(value.leaves)
    match value.origin:
        case "both":
            return own
        case "given":
            return translated("{own} or {other}, in whose place another one is given", own=own, other=other)
        case "stays":
            return _holds(own, stays, other)
        case "leaves":
            return _holds(other, leaves, own)
    return translated(
        "{own} ({stays}) or {other} ({leaves}): {why}",
        own=own,
        stays=stays,
        other=other,
        leaves=leaves,
        why=translated(_OPEN[value.origin]),
    )


def _holds(text: str, whose: str, other: str) -> str:
    if other == "-":
        return f"{text} ({whose})"
    return translated("{text} ({whose}) in place of {other}", text=text, whose=whose, other=other)


def _text(cells: Iterable[str | None]) -> str:
    return ", ".join(cell for cell in cells if cell) or "-"


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.argument("donor_ids", metavar="ID...", nargs=-1, required=True)
@reason_option
def erase(registry: Path, donor_ids: tuple[str, ...], reason: str) -> None:
    """Erase all that REGISTRY knows of the persons ID, their identifiers too; this cannot be undone.

    Records that were merged into theirs go with them, and so do the rows of import reports that name them. Compact the
    registry afterwards: until then earlier snapshots hold their data.
    """
    from registry_io.store.donor_erasure import erase_donors

    done = erase_donors(registry, donor_ids, reason=reason)
    donors = translated_count("{n} donor", "{n} donors", done.n_donors)
    say(
        translated_count(
            "Transaction {number}: {n} record erased; {donors}",
            "Transaction {number}: {n} records erased; {donors}",
            done.n_records,
            number=done.transaction,
            donors=donors,
        )
    )
    if done.n_rows or done.n_in_reports:
        say(translated_count("{n} row of reports removed", "{n} rows of reports removed", done.n_rows))
    if done.n_in_reports:
        say(
            translated_count(
                "{n} person erased who had no record", "{n} persons erased who had no record", done.n_in_reports
            )
        )
    say(translated("To remove their data from all files: hla-match registry compact {folder}", folder=registry))


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.option("--now", is_flag=True, help="Remove those snapshots, too, that were valid within the last hour.")
def compact(registry: Path, now: bool) -> None:
    """Remove the data of erased persons from all files of REGISTRY, and prove that none is left."""
    from registry_io.store.compaction import compact_registry
    from registry_io.store.registry_versions import GRACE

    done = compact_registry(registry, grace=datetime.timedelta(0) if now else GRACE)
    size = f"{sum(one.n_bytes for one in done.removed) / 1e6:,.1f}"
    n = len(done.removed)
    say(translated_count("{n} snapshot removed, {size} MB", "{n} snapshots removed, {size} MB", n, size=size))
    say(
        translated_count(
            "Nothing is left of {n} erased record.", "Nothing is left of {n} erased records.", done.n_erased
        )
    )
