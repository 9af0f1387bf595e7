"""``hla-match reduce``: the nomenclature for everybody's own use."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from hla_match.cli.messages import say
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.errors import TypingError


@click.command()
@click.argument("typings", nargs=-1)
@click.option("--to", "level", required=True, type=click.Choice(["P", "G", "lg", "S"]), help="What to reduce to.")
@click.option("--nomenclature", "release", help="Release, or builtin.")
@click.option("--codes", type=click.Path(path_type=Path), help="Multiple allele codes (NMDP alpha.v3 layout).")
def command(typings: tuple[str, ...], level: str, release: str | None, codes: Path | None) -> None:
    """Reduce TYPINGS, or the lines of standard input, one a line."""
    from hla_match.nomenclature.reduction import reduce_typing
    from registry_io.mac_file import read_codes

    nomenclature = choose_nomenclature(release)
    book = read_codes(codes) if codes is not None else None
    failed = 0
    # A byte that is no UTF-8 spoils its own line, not the others.
    lines: Iterable[str] = typings or (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        try:
            say(reduce_typing(nomenclature, text, level, book) if text else "")
        except TypingError as error:
            failed += 1
            say("")
            say(f"line {number}: {error}", err=True)
    if failed:
        raise click.exceptions.Exit(2)
