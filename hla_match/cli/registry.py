"""``hla-match registry``: import, describe, verify, roll back and clean up."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hla_match.cli.import_report import donors_in_words, print_import, print_note
from hla_match.cli.late_commands import LateCommands
from hla_match.cli.messages import say
from hla_match.cli.moment import at_option
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.language import translated, translated_count
from hla_match.language.retelling import retold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_io.store.journal.transactions import Transaction


@click.group(
    cls=LateCommands,
    late={
        "audit": ("registry_audit", "Look through the donors of a registry for what may be wrong."),
        "compact": (
            "registry_persons",
            "Remove the data of erased persons from all files, and prove that none is left.",
        ),
        "diff": ("registry_record", "List who came, changed and left between two transactions or dates."),
        "donor": ("registry_record", "Show, add, update, withdraw or reinstate one donor of a registry."),
        "encrypt": ("registry_encryption", "Encrypt the record of a registry with a key from a file."),
        "erase": ("registry_persons", "Erase all that a registry knows of persons; this cannot be undone."),
        "export": ("registry_export", "Write all donors of a registry to a file, under pseudonyms where asked for."),
        "figures": ("registry_figures", "Count the donors of a year, fit to publish."),
        "history": ("registry_record", "List every version of the record of a donor, and what each changed."),
        "log": ("registry_record", "List all transactions of a registry: when, what, from which file, who and why."),
        "merge": ("registry_persons", "Make one of two records of the same person."),
        "settings": ("registry_settings", "Show or change the ages at which the donors of a registry can donate."),
        "rebase": ("registry_rebase", "Read all donors again under another release, and say what changes."),
    },
)
def command() -> None:
    """Keep a registry: import, look up, change, describe, audit, verify, roll back and clean up."""


@command.command("import")
@click.argument("registry", type=click.Path(path_type=Path))
@click.argument("donors", type=click.Path(path_type=Path))
@click.option("--codes", type=click.Path(path_type=Path), help="Multiple allele codes (NMDP alpha.v3 layout).")
@click.option(
    "--nomenclature",
    "release",
    help="Release, or builtin. Default: the registry's; of a new or replaced one the newest installed, else builtin.",
)
@click.option(
    "--ambiguous-nulls",
    type=click.Choice(["drop", "keep"]),
    help="Null alleles that lists and codes name beside others. Default: as in the registry; drop in a new one.",
)
@click.option("--add", is_flag=True, help="Add new donors to the registry; a known identifier is an error.")
@click.option("--update", is_flag=True, help="Add donors to the registry, and replace records that differ.")
@click.option("--replace", is_flag=True, help="The file is the whole registry: withdraw whoever is not in it.")
@click.option("--allow-shrink", is_flag=True, help="Let a replacement lose more than a tenth of the donors.")
@click.option("--again", is_flag=True, help="Take a file that is older than what the registry knows.")
@click.option(
    "--file-date", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As of when the file is, such as 2026-01-31."
)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the registry's log.")
def import_command(
    registry: Path, donors: Path, release: str | None, file_date: datetime.datetime | None, **options: Any
) -> None:
    """Read the file DONORS (CSV, TSV, Parquet, Excel) into the folder REGISTRY.

    A registry that is there takes it by --add, --update or --replace. Without one of them the command says how many of
    the records are new, known, or different, and changes nothing.
    """
    from registry_io.store.donor_import import import_donors
    from registry_io.store.registry_folder import CURRENT

    is_read_anew = options["replace"] or not (registry / CURRENT).exists()
    nomenclature = choose_nomenclature(release) if release is not None or is_read_anew else None
    day = file_date.date() if file_date is not None else None
    print_import(import_donors(registry, donors, nomenclature, file_date=day, **options))


@command.command()
@click.argument("registry", type=click.Path(path_type=Path))
@at_option("The registry as it was: number of a transaction, or a date, up to its end in UTC.")
def info(registry: Path, at: int | datetime.date | None) -> None:
    """Describe a registry: donors, loci, distinct typings, provenance."""
    from hla_match.estimation.own_frequencies import ALGORITHM_VERSION
    from registry_io.store.import_report import donor_notes
    from registry_io.store.journal.encryption import is_encrypted
    from registry_io.store.journal.journal import Journal
    from registry_io.store.journal.journal_file import has_journal
    from registry_io.store.own_frequency_store import own_frequency_set
    from registry_io.store.registry_folder import JOURNAL
    from registry_io.store.registry_store import open_registry

    opened = open_registry(registry, at=at)
    donors = donors_in_words(opened.n_donors)
    title = opened.nomenclature.title
    say(translated("{registry}: {donors}, {nomenclature}", registry=opened.name, donors=donors, nomenclature=title))
    for row, locus in enumerate(opened.loci):
        typed = int((opened.donor_typing[row] != 0).sum())
        column = opened.columns[locus]
        text = translated(
            "{typed} typed, {typings} distinct typings, {meanings} distinct meanings",
            typed=f"{typed:>11,}",
            typings=f"{column.text.height - 1:,}",
            meanings=f"{column.table.n_typings - 1:,}",
        )
        say(f"  {locus:<5} {text}")
    if opened.settings:
        say(translated("  settings: {settings}", settings=retold(str(opened.settings))))
    for name, value in opened.provenance.entries().items():
        if value != "":
            say(f"  {name}: {value}")
    own = own_frequency_set(registry, opened, ALGORITHM_VERSION)
    if own is not None:
        say(translated("  haplotype frequencies: {title}", title=retold(own.title)))
    if has_journal(registry):
        with Journal.open(registry) as journal:
            transactions = journal.transactions()
        if transactions:
            say(_record_line(transactions, is_encrypted=is_encrypted(registry / JOURNAL)))
    note_erased(registry)
    for note in donor_notes(opened):
        print_note(note)


def _record_line(transactions: Sequence[Transaction], *, is_encrypted: bool) -> str:
    number = translated_count("{n} transaction", "{n} transactions", len(transactions))
    day, action = transactions[-1].at[:10], translated(transactions[-1].action)
    if is_encrypted:
        return translated(
            "  encrypted record: {transactions}, the last on {day}: {action}",
            transactions=number,
            day=day,
            action=action,
        )
    return translated(
        "  record: {transactions}, the last on {day}: {action}", transactions=number, day=day, action=action
    )


def note_erased(registry: Path) -> None:
    """Say that files may still hold data of erased persons, where that is so."""
    from registry_io.store.compaction import n_erased_in_files

    if n_erased := n_erased_in_files(registry):
        print_note(
            translated_count(
                "files hold data of {n} erased record; hla-match registry compact removes it",
                "files hold data of {n} erased records; hla-match registry compact removes it",
                n_erased,
            )
        )


@command.command()
@click.argument("registry", type=click.Path(path_type=Path))
def rollback(registry: Path) -> None:
    """Make the registry before the last import valid again; once more, and the last import is."""
    from registry_io.store.registry_store import open_registry
    from registry_io.store.rollback import roll_back

    taken, left = roll_back(registry)
    opened = open_registry(registry)
    donors, day = donors_in_words(opened.n_donors), opened.provenance.imported_on
    say(
        translated(
            "{registry}: {donors}, imported on {day} ({snapshot})",
            registry=registry,
            donors=donors,
            day=day,
            snapshot=taken.name,
        )
    )
    if left is not None:
        say(translated("Kept for another rollback: {snapshot}", snapshot=left.name))
    _note_not_restored(registry)


def _note_not_restored(registry: Path) -> None:
    """Say that those who were erased since did not come back by a rollback."""
    from registry_io.store.journal.journal import Journal
    from registry_io.store.journal.journal_file import has_journal

    if not has_journal(registry):
        return
    with Journal.open(registry) as journal:
        latest = journal.latest_transaction()
        n_erased = journal.n_erased(latest.same_as) if latest is not None and latest.same_as is not None else 0
    if latest is not None and latest.action != "rollback":  # it would have been one that holds nothing
        say(translated("Nothing changed: before, the registry had the same donors and those who were erased since."))
    if n_erased:
        print_note(
            translated_count(
                "{n} record erased since then did not come back",
                "{n} records erased since then did not come back",
                n_erased,
            )
        )


@command.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--now", is_flag=True, help="Remove those, too, that were valid within the last hour.")
def gc(registry: Path, now: bool) -> None:
    """Remove what a registry needs no more: snapshots older than the previous one, leftovers of killed runs."""
    from registry_io.store.registry_versions import GRACE, collect_garbage

    removed = collect_garbage(registry, grace=datetime.timedelta(0) if now else GRACE)
    for one in removed:
        say(translated("  removed {name}, {size} MB", name=one.name, size=f"{one.n_bytes / 1e6:,.1f}"))
    size = f"{sum(one.n_bytes for one in removed) / 1e6:,.1f}"
    say(translated_count("{n} item removed, {size} MB", "{n} items removed, {size} MB", len(removed), size=size))


@command.command()
@click.argument("registry", type=click.Path(path_type=Path))
def verify(registry: Path) -> None:
    """Check every file of a registry against its checksum, and its record and log by their chains of hashes."""
    from registry_io.store.registry_proof import prove_registry

    unpublished = prove_registry(registry)
    if unpublished is not None:
        print_note(
            translated(
                "transaction {number} is in the record only: its writer could not end; the next change shows it",
                number=unpublished,
            )
        )
    note_erased(registry)
    say(translated("All files are as they were written."))


@command.command()
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--hla", help="Only searches for a patient of this typing, a GL String.")
def searches(registry: Path, hla: str | None) -> None:
    """List who searched the registry, when, and which snapshot; the log keeps no donors and no typings."""
    from hla_match.matching.criteria import Patient
    from hla_match.services.search_logging import typing_text
    from registry_io.store.registry_folder import current_snapshot
    from registry_io.store.search_log import logged_searches

    current_snapshot(registry)
    typing = None if hla is None else typing_text(Patient.from_gl_string("patient", hla))
    found = logged_searches(registry, typing)
    for entry in found:
        state = ""
        if entry.transaction is not None:
            state = translated("  transaction {number}", number=entry.transaction)
        say(f"{entry.at[:19]}Z  {entry.command:<6}  {entry.snapshot}  {entry.actor}{state}")
    say(translated_count("{n} search", "{n} searches", len(found)))
