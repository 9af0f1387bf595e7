"""``hla-match nomenclature``: the installed releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.messages import say
from hla_match.cli.spoken_commands import SpokenGroup
from hla_match.errors import NomenclatureError
from hla_match.language import translated
from hla_match.language.retelling import retold
from hla_match.reporting.error_words import detail
from hla_match.wide_text import padded

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
        if release == BUILTIN:
            text = translated(
                "Nomenclature: {release} (no release is installed; see: hla-match nomenclature install --help)",
                release=release,
            )
        else:
            text = translated("Nomenclature: {release}", release=release)
        say(text, err=True)
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
    say(
        translated(
            "Installed {title}: {alleles} alleles of {loci} loci.",
            title=tables.title,
            alleles=f"{n_alleles:,}",
            loci=len(tables.loci),
        )
    )
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
            say(translated("{name}: {text}", name=release, text=detail(error)), err=True)
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
        translated("{name} in {nomenclature}", name=name, nomenclature=nomenclature.title),
        _line(translated("P groups"), _first([f"{locus}*{groups[code]}" for code in expansion.p_codes])),
        _line(translated("antigens"), ", ".join(expansion.antigens) or translated("none")),
    ]
    # A nomenclature that is not closed knows no G groups.
    levels = ("G", "lg") if nomenclature.tables.closed else ("lg",)
    lines += [f"  {level:<9} {_first(reduce_typing(nomenclature, name, level).split('/'))}" for level in levels]
    if expansion.has_null:
        lines.append(translated("  holds null alleles"))
    if locus == "DPB1":
        lines.append(_line("TCE", _tce_groups(nomenclature.tables.loci[locus], expansion.alleles)))
    lines += _facts(nomenclature.index(locus), expansion.alleles)
    notes = (*expansion.notes, *nomenclature.tables.limits)
    lines += [translated("  note: {note}", note=retold(note)) for note in notes]
    say(*lines)
    _print_cautions(nomenclature.tables)


def _line(name: str, text: str) -> str:
    return f"  {padded(name, 9)} {text}"


def _facts(index: LocusIndex, rows: Sequence[int]) -> list[str]:
    """Return leader, KIR ligand and expression of some alleles, those that their locus has, and what they rest on."""
    from hla_match.nomenclature.allele_facts import LOCI_OF_FACT

    words: dict[AlleleFact, str] = {
        "leader": translated("leader"),
        "kir_ligand": "KIR",
        "expression": translated("level"),
    }
    lines = []
    for fact, word in words.items():
        if index.locus not in LOCI_OF_FACT[fact]:
            continue
        values = index.fact(fact)
        found = sorted(value or translated("unknown") for value in values.of(rows))
        if any(values.of_sequence[row] for row in rows):
            text = translated("{values} (by sequence)", values=", ".join(found))
        else:
            text = translated("{values} (by family)", values=", ".join(found))
        lines.append(_line(word, text if found else translated("none")))
    return lines


def _tce_groups(tables: LocusTables, rows: Iterable[int]) -> str:
    """Return the T-cell epitope groups of some DPB1 alleles, by both versions of their assignment."""
    columns = {translated("version 2"): tables.tce_group, translated("version 3"): tables.tce_group_v3}
    rows, none = list(rows), translated("none")
    found = {name: sorted({column[row] or none for row in rows}) for name, column in columns.items() if column}
    return "; ".join(f"{', '.join(groups)} ({name})" for name, groups in found.items())


def _print_faults(tables: NomenclatureTables) -> None:
    """Say what is wrong with a release."""
    _print_mismatched(tables)
    _print_cautions(tables)


def _print_cautions(tables: NomenclatureTables) -> None:
    for caution in tables.cautions:
        say(translated("warning: {title}: {caution}", title=tables.title, caution=retold(caution)), err=True)
    if tables.unverified:
        text = translated(
            "{title}: not verified: no list of checksums in the release vouches for {files}",
            title=tables.title,
            files=", ".join(tables.unverified),
        )
        say(text, err=True)


def _print_mismatched(tables: NomenclatureTables) -> None:
    if tables.mismatched:
        text = translated(
            "warning: {title}: not as in the release's own list of checksums: {files}",
            title=tables.title,
            files=", ".join(tables.mismatched),
        )
        say(text, err=True)


def _first(names: list[str]) -> str:
    """Join names; of many the first and how many more there are: an antigen can be a thousand alleles."""
    if not names:
        return translated("none")
    shown = ", ".join(names[:_SHOWN])
    if len(names) <= _SHOWN:
        return shown
    return translated("{names} and {n} more", names=shown, n=f"{len(names) - _SHOWN:,}")
