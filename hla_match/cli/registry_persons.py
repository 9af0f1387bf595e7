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
from hla_match.services.counts import counted

if TYPE_CHECKING:
    from registry_io.store.donor_merge import MergedValue

_PATH = click.Path(path_type=Path)
_NAME = 16
_OPEN = {
    "overlapping": "neither is the finer one",
    "apart": "they exclude each other",
    "different": "they differ",
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

    if not dry_run:
        change = merge_donors(registry, stays, leaves, take=take, values=values, reason=reason)
        say_change(change, "merged")
        return
    planned = plan_merge(registry, stays, leaves, take=take, values=values)
    for value in planned:
        say_wrapped(f"  {value.name:<{_NAME}} {_becomes(value, stays, leaves)}", indent=_NAME + 3)
    for name, text in values.items():
        say_wrapped(f"  {name:<{_NAME}} {text or '-'} (given)", indent=_NAME + 3)
    n_open = sum(value.is_open for value in planned)
    say(f"{counted(n_open, 'value')} to decide, by --take or --set" if n_open else "Nothing was changed.")


def _becomes(value: MergedValue, stays: str, leaves: str) -> str:
    own, other = _text(value.stays), _text(value.leaves)
    match value.origin:
        case "both":
            return own
        case "given":
            return f"{own} or {other}, in whose place another one is given"
        case "stays":
            return f"{own} ({stays})" if other == "-" else f"{own} ({stays}) in place of {other}"
        case "leaves":
            return f"{other} ({leaves})" if own == "-" else f"{other} ({leaves}) in place of {own}"
    return f"{own} ({stays}) or {other} ({leaves}): {_OPEN[value.origin]}"


def _text(cells: Iterable[str | None]) -> str:
    return ", ".join(cell for cell in cells if cell) or "-"


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.argument("donor_ids", metavar="ID...", nargs=-1, required=True)
@reason_option
def erase(registry: Path, donor_ids: tuple[str, ...], reason: str) -> None:
    """Erase all that REGISTRY knows of the persons ID, their identifiers too; this cannot be undone.

    Records that were merged into theirs go with them. Compact the registry afterwards: until then earlier snapshots
    hold their data.
    """
    from registry_io.store.donor_erasure import erase_donors

    done = erase_donors(registry, donor_ids, reason=reason)
    records, donors = counted(done.n_records, "record"), counted(done.n_donors, "donor")
    say(f"Transaction {done.transaction}: {records} erased; {donors}")
    say(f"To remove their data from all files: hla-match registry compact {registry}")


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.option("--now", is_flag=True, help="Remove those snapshots, too, that were valid within the last hour.")
def compact(registry: Path, now: bool) -> None:
    """Remove the data of erased persons from all files of REGISTRY, and prove that none is left."""
    from registry_io.store.compaction import compact_registry
    from registry_io.store.registry_versions import GRACE

    done = compact_registry(registry, grace=datetime.timedelta(0) if now else GRACE)
    say(f"{counted(len(done.removed), 'snapshot')} removed, {sum(one.n_bytes for one in done.removed) / 1e6:,.1f} MB")
    say(f"Nothing is left of {counted(done.n_erased, 'erased record')}.")
