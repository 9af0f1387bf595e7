"""``hla-match typing``: how typings are understood, before anything is searched."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hla_match.cli.messages import say
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.cli.typing_lines import too_long, typing_lines
from hla_match.loci import LOCI


@click.command(cls=SpokenCommand)
@click.argument("typings", nargs=-1)
@click.option("--nomenclature", "release", help="Release, or builtin.")
@click.option("--codes", type=click.Path(path_type=Path), help="Multiple allele codes (NMDP alpha.v3 layout).")
@click.option(
    "--locus",
    type=click.Choice(LOCI, case_sensitive=False),
    metavar="LOCUS",
    help="The locus of typings that do not name one.",
)
def command(typings: tuple[str, ...], release: str | None, codes: Path | None, locus: str | None) -> None:
    """Show how TYPINGS, or the lines of standard input, one a line, are understood.

    GL Strings and lines of names such as "A2 A24 B60 B46" are read; with --locus, one or two typings of that locus. The
    exit code is 2 where something cannot be read.
    """
    from hla_match.nomenclature.reading import read_typing
    from hla_match.reporting.reading_lines import reading_lines
    from registry_io.formats.mac_file import read_codes

    nomenclature = choose_nomenclature(release)
    book = read_codes(codes) if codes is not None else None
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    number, failed = 0, False
    for lines in typing_lines(typings):
        for line in lines:
            number += 1
            if line is None:
                failed = True
                say(too_long(number), err=True)
                continue
            if len(typings) != 1:
                say(*([""] if number > 1 else []), line.strip())
            reading = read_typing(line, nomenclature, locus=locus, codes=book)
            failed |= not reading.is_readable
            say(*reading_lines(reading, encoding))
    if failed:
        raise click.exceptions.Exit(2)
