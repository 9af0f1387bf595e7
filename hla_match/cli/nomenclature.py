"""``hla-match nomenclature``: the installed releases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.messages import say
from hla_match.errors import NomenclatureError

if TYPE_CHECKING:
    from hla_match.nomenclature.release import Nomenclature
    from hla_match.nomenclature.tables import NomenclatureTables

_SHOWN = 20


def choose_nomenclature(release: str | None) -> Nomenclature:
    """Load the release asked for; without one the newest installed, else the built-in one, said aloud."""
    from hla_match.nomenclature.builtin import builtin_tables
    from hla_match.nomenclature.release import Nomenclature
    from registry_io.nomenclature_store import NomenclatureStore, data_folder

    store = NomenclatureStore(data_folder())
    if release is None:
        release = store.newest() or "builtin"
        note = "" if release != "builtin" else " (no release is installed; see: hla-match nomenclature install --help)"
        say(f"Nomenclature: {release}{note}", err=True)
    tables = builtin_tables() if release == "builtin" else store.load(release)
    return Nomenclature(tables)


@click.group()
def command() -> None:
    """Install, list and look into IPD-IMGT/HLA releases."""


@command.command()
@click.option("--from", "source", required=True, type=click.Path(path_type=Path), help="Folder or zip of a release.")
def install(source: Path) -> None:
    """Check a release and compile it into the data folder."""
    from registry_io.nomenclature_store import NomenclatureStore, data_folder

    tables = NomenclatureStore(data_folder()).install(source)
    n_alleles = sum(len(locus.allele) for locus in tables.loci.values())
    say(f"Installed {tables.title}: {n_alleles:,} alleles of {len(tables.loci)} loci.")
    _note_unverified(tables)


@command.command("list")
def list_releases() -> None:
    """List the installed releases, newest first, and the built-in nomenclature."""
    from registry_io.nomenclature_store import NomenclatureStore, data_folder

    store = NomenclatureStore(data_folder())
    for release in store.releases():
        say(release)
        try:
            _note_unverified(store.load(release))
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
    antigens = sorted({a for code in expansion.p_codes for a in nomenclature.antigens(locus)[code]})
    lines = [
        f"{name} in {nomenclature.title}",
        f"  P groups  {_first([f'{locus}*{groups[code]}' for code in expansion.p_codes])}",
        f"  antigens  {', '.join(antigens) or 'none'}",
    ]
    # A nomenclature that is not closed knows no G groups.
    levels = ("G", "lg") if nomenclature.tables.closed else ("lg",)
    lines += [f"  {level:<9} {_first(reduce_typing(nomenclature, name, level).split('/'))}" for level in levels]
    if expansion.has_null:
        lines.append("  holds null alleles")
    lines += [f"  note: {note}" for note in (*expansion.notes, *nomenclature.tables.limits)]
    say(*lines)
    _note_unverified(nomenclature.tables)


def _note_unverified(tables: NomenclatureTables) -> None:
    if tables.unverified:
        names = ", ".join(tables.unverified)
        say(f"{tables.title}: not verified: no list of checksums in the release vouches for {names}", err=True)


def _first(names: list[str]) -> str:
    """Join names; of many the first and how many more there are: an antigen can be a thousand alleles."""
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}" if names else "none"
