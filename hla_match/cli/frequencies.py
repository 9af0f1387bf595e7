"""``hla-match frequencies``: the sets of haplotype frequencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.late_commands import LateCommands
from hla_match.cli.messages import say
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.cli.notices import warn_of_cautions
from hla_match.language import translated, translated_count
from hla_match.language.retelling import retold
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
        translated_count(
            "Installed {name}: {frequencies} frequencies over {loci}, {n} population.",
            "Installed {name}: {frequencies} frequencies over {loci}, {n} populations.",
            n_populations,
            name=name,
            frequencies=f"{content.frame.height:,}",
            loci="~".join(_loci(content.frame)),
        )
    )
    for note in content.notes:
        say(translated("note: {note}", note=retold(note)))
    warn_of_cautions(content.cautions)


@command.command("list")
def list_sets() -> None:
    """List the installed sets."""
    from registry_io.store.frequency_store import FrequencyStore
    from registry_io.store.nomenclature_store import data_folder

    names = FrequencyStore(data_folder()).names()
    if not names:
        say(translated("No set is installed; see: hla-match frequencies install --help"), err=True)
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
        translated(
            "{name}: {n} haplotypes over {loci} under {nomenclature}",
            name=coded.name,
            n=f"{coded.n_haplotypes:,}",
            loci="~".join(coded.loci),
            nomenclature=nomenclature.title,
        ),
        translated("  from {file}, SHA-256 {checksum}", file=content.source, checksum=content.checksum),
    ]
    for row, population in enumerate(coded.populations):
        lines.append(
            translated(
                "  {population}: {n} haplotypes, mass {mass}, left out {rest}",
                population=population or translated("no population named"),
                n=f"{int((coded.frequency[row] > 0).sum()):,}",
                mass=f"{coded.frequency[row].sum():.6f}",
                rest=f"{coded.unmapped_mass[row]:.6f}",
            )
        )
    lines += _left_out(coded.unmapped)
    lines += [translated("  note: {note}", note=retold(note)) for note in content.notes]
    say(*lines)
    warn_of_cautions(content.cautions)


def _left_out(unmapped: Sequence[UnmappedName]) -> Iterator[str]:
    if not unmapped:
        return
    n = f"{len(unmapped):,}"
    yield translated("  left out: haplotypes with one of {n} names that are no single P group", n=n)
    for one in unmapped[:_SHOWN]:
        reason, mass = retold(one.reason), f"{one.mass:.6f}"
        name = f"{one.locus}*{one.name}"
        yield translated("    {name}, mass {mass}: {reason}", name=name, mass=mass, reason=reason)
    if len(unmapped) > _SHOWN:
        yield translated("    and {n} more", n=f"{len(unmapped) - _SHOWN:,}")


def _loci(frame: pl.DataFrame) -> list[str]:
    return [locus for locus in LOCI if frame[locus].null_count() < frame.height]
