"""``hla-match frequencies``: the sets of haplotype frequencies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.late_commands import LateCommands
from hla_match.cli.messages import say
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.cli.notices import warn_of_cautions
from hla_match.loci import LOCI

if TYPE_CHECKING:
    import polars as pl

    from hla_match.frequencies.haplotype_frequencies import UnmappedName

_SHOWN = 20


@click.group(
    cls=LateCommands,
    late={"estimate": ("frequencies_estimate", "Estimate haplotype frequencies from a registry.")},
)
def command() -> None:
    """Estimate, install, list and look into sets of haplotype frequencies."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What the set is called: letters, digits, '-', '_' and '.'.")
def install(file: Path, name: str) -> None:
    """Check FILE and keep its frequencies in the data folder, in place of an earlier set of the name."""
    from registry_io.store.frequency_store import install_frequencies

    content = install_frequencies(file, name)
    n_populations = content.frame["population"].n_unique()
    say(
        f"Installed {name}: {content.frame.height:,} frequencies over {'~'.join(_loci(content.frame))}, "
        f"{n_populations:,} {'population' if n_populations == 1 else 'populations'}."
    )
    for note in content.notes:
        say(f"note: {note}")
    warn_of_cautions(content.cautions)


@command.command("list")
def list_sets() -> None:
    """List the installed sets."""
    from registry_io.store.frequency_store import FrequencyStore
    from registry_io.store.nomenclature_store import data_folder

    names = FrequencyStore(data_folder()).names()
    if not names:
        say("No set is installed; see: hla-match frequencies install --help", err=True)
    for name in names:
        say(name)


@command.command()
@click.argument("source", metavar="NAME|FILE")
@click.option("--nomenclature", "release", help="Release, or builtin. Default: the newest installed, else builtin.")
def show(source: str, release: str | None) -> None:
    """Show what a set or a file of frequencies holds, and what of it the nomenclature cannot use."""
    from hla_match.frequencies.haplotype_frequencies import code_haplotypes
    from registry_io.store.frequency_store import FrequencyStore
    from registry_io.store.nomenclature_store import data_folder

    content = FrequencyStore(data_folder()).resolve(source)
    nomenclature = choose_nomenclature(release)
    coded = code_haplotypes(content.frame, nomenclature, name=Path(source).name, checksum=content.checksum)
    lines = [
        f"{coded.name}: {coded.n_haplotypes:,} haplotypes over {'~'.join(coded.loci)} under {nomenclature.title}",
        f"  from {content.source}, SHA-256 {content.checksum}",
    ]
    for row, population in enumerate(coded.populations):
        present = int((coded.frequency[row] > 0).sum())
        lines.append(
            f"  {population or 'no population named'}: {present:,} haplotypes, mass {coded.frequency[row].sum():.6f}, "
            f"left out {coded.unmapped_mass[row]:.6f}"
        )
    if coded.unmapped:
        lines.append(f"  left out: haplotypes with one of {len(coded.unmapped):,} names that are no single P group")
        lines += [f"    {_reason(one)}" for one in coded.unmapped[:_SHOWN]]
        if len(coded.unmapped) > _SHOWN:
            lines.append(f"    and {len(coded.unmapped) - _SHOWN:,} more")
    lines += [f"  note: {note}" for note in content.notes]
    say(*lines)
    warn_of_cautions(content.cautions)


def _loci(frame: pl.DataFrame) -> list[str]:
    return [locus for locus in LOCI if frame[locus].null_count() < frame.height]


def _reason(name: UnmappedName) -> str:
    return f"{name.locus}*{name.name}, mass {name.mass:.6f}: {name.reason}"
