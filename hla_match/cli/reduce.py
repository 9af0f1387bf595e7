"""``hla-match reduce``: the nomenclature for everybody's own use."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import click

from hla_match.cli.messages import say
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.errors import TypingError

_LONGEST_LINE = 1_000_000  # bytes, as in a table of persons
_KEPT = 500  # typings, of which most files repeat some
_CHUNK = 1 << 16


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

    @lru_cache(maxsize=_KEPT)
    def reduced(text: str) -> str | TypingError:
        try:
            return reduce_typing(nomenclature, text, level, book) if text else ""
        except TypingError as error:
            return error

    too_long = f"found more than {_LONGEST_LINE:,} bytes, expected one typing"
    failed = 0
    lines: Iterable[str | None] = typings or _lines(sys.stdin.buffer)
    for number, line in enumerate(lines, start=1):
        found = too_long if line is None else reduced(line.strip())
        if line is None or isinstance(found, TypingError):
            failed += 1
            say(f"line {number}: {found}", err=True)
            found = ""
        say(found)
    if failed:
        raise click.exceptions.Exit(2)


def _lines(source: BinaryIO) -> Iterator[str | None]:
    """Yield each line as text, or None for one that is too long to be a typing."""
    while line := source.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := source.readline(_CHUNK)) and not rest.endswith(b"\n"):
                pass
            yield None
        else:
            # A byte that is no UTF-8 spoils its own line, not the others.
            yield line.decode("utf-8", "replace")
