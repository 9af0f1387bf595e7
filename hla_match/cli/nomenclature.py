"""``hla-match nomenclature``: the installed releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.messages import say
from hla_match.cli.spoken_commands import SpokenGroup
from hla_match.errors import NomenclatureError

if TYPE_CHECKING:
    from hla_match.nomenclature.allele_facts import AlleleFact
    from hla_match.nomenclature.locus_index import LocusIndex
    from hla_match.nomenclature.release import Nomenclature
    from hla_match.nomenclature.tables import LocusTables, NomenclatureTables

_SHOWN = 20


def choose_nomenclature(release: str | None) -> Nomenclature:
    """Load the release asked for; without one the newest installed, else the built-in one; the choice is printed."""
    from registry_io.store.nomenclature_store import BUILTIN, newest_release, open_nomenclature

    if release is None:
        release = newest_release()
        note = "" if release != BUILTIN else " (no release is installed; see: hla-match nomenclature install --help)"
        say(f"Nomenclature: {release}{note}", err=True)
    nomenclature = open_nomenclature(release)
    _print_mismatched(nomenclature.tables)
    return nomenclature


@click.group(cls=SpokenGroup)
def command() -> None:
    """Install, list and look into IPD-IMGT/HLA releases."""


@command.command()
@click.option("--from", "source", required=True, type=click.Path(path_type=Path), help="Folder or zip of a release.")
@click.option(
    "--accept-checksum-mismatch",
    is_flag=True,
    help="Install files that differ from the release's own checksums; list, show and registry info name them.",
)
def install(source: Path, accept_checksum_mismatch: bool) -> None:
    """Check a release and compile it into the data folder."""
    from registry_io.store.nomenclature_store import install_nomenclature

    tables = install_nomenclature(source, accept_checksum_mismatch=accept_checksum_mismatch).tables
    n_alleles = sum(len(locus.allele) for locus in tables.loci.values())
    say(f"Installed {tables.title}: {n_alleles:,} alleles of {len(tables.loci)} loci.")
    _print_faults(tables)


@command.command("list")
def list_releases() -> None:
    """List the installed releases, newest first, and the built-in nomenclature."""
    from registry_io.store.nomenclature_store import NomenclatureStore, data_folder

    store = NomenclatureStore(data_folder())
    for release in store.releases():
        say(release)
        try:
            _print_faults(store.load(release))
        except NomenclatureError as error:
            say(f"{release}: {error}", err=True)
    say("builtin")


@command.command()
@click.argument("name")
@click.option("--nomenclature", "release", help="Release, or builtin.")
def show(name: str, release: str | None) -> None:
    """Show what a name such as A*02:01:01G means."""
    from hla_match.nomenclature.reduction import locus_of, reduce_typing

    nomenclature = choose_nomenclature(release)
    locus = locus_of(nomenclature, name)
    expansion = nomenclature.expand(locus, name)
    groups = nomenclature.p_groups(locus)
    lines = [
        f"{name} in {nomenclature.title}",
        f"  P groups  {_first([f'{locus}*{groups[code]}' for code in expansion.p_codes])}",
        f"  antigens  {', '.join(expansion.antigens) or 'none'}",
    ]
    # A nomenclature that is not closed knows no G groups.
    levels = ("G", "lg") if nomenclature.tables.closed else ("lg",)
    lines += [f"  {level:<9} {_first(reduce_typing(nomenclature, name, level).split('/'))}" for level in levels]
    if expansion.has_null:
        lines.append("  holds null alleles")
    if locus == "DPB1":
        lines.append(f"  TCE       {_tce_groups(nomenclature.tables.loci[locus], expansion.alleles)}")
    lines += _facts(nomenclature.index(locus), expansion.alleles)
    lines += [f"  note: {note}" for note in (*expansion.notes, *nomenclature.tables.limits)]
    say(*lines)
    _print_cautions(nomenclature.tables)


def _facts(index: LocusIndex, rows: Sequence[int]) -> list[str]:
    """Return leader, KIR ligand and expression of some alleles, those that their locus has, and what they rest on."""
    from hla_match.nomenclature.allele_facts import LOCI_OF_FACT

    words: dict[AlleleFact, str] = {"leader": "leader", "kir_ligand": "KIR", "expression": "level"}
    lines = []
    for fact, word in words.items():
        if index.locus not in LOCI_OF_FACT[fact]:
            continue
        values = index.fact(fact)
        found = sorted(value or "unknown" for value in values.of(rows))
        rests_on = "by sequence" if any(values.of_sequence[row] for row in rows) else "by family"
        lines.append(f"  {word:<9} {', '.join(found)} ({rests_on})" if found else f"  {word:<9} none")
    return lines


def _tce_groups(tables: LocusTables, rows: Iterable[int]) -> str:
    """Return the T-cell epitope groups of some DPB1 alleles, by both versions of their assignment."""
    columns = {"version 2": tables.tce_group, "version 3": tables.tce_group_v3}
    rows = list(rows)
    found = {name: sorted({column[row] or "none" for row in rows}) for name, column in columns.items() if column}
    return "; ".join(f"{', '.join(groups)} ({name})" for name, groups in found.items())


def _print_faults(tables: NomenclatureTables) -> None:
    """Say what is wrong with a release."""
    _print_mismatched(tables)
    _print_cautions(tables)


def _print_cautions(tables: NomenclatureTables) -> None:
    for caution in tables.cautions:
        say(f"warning: {tables.title}: {caution}", err=True)
    if tables.unverified:
        names = ", ".join(tables.unverified)
        say(f"{tables.title}: not verified: no list of checksums in the release vouches for {names}", err=True)


def _print_mismatched(tables: NomenclatureTables) -> None:
    if tables.mismatched:
        names = ", ".join(tables.mismatched)
        say(f"warning: {tables.title}: not as in the release's own list of checksums: {names}", err=True)


def _first(names: list[str]) -> str:
    """Join names; of many the first and how many more there are: an antigen can be a thousand alleles."""
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}" if names else "none"
