"""``hla-match reduce``: the nomenclature for everybody's own use."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from hla_match.cli.messages import say
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.errors import TypingError

if TYPE_CHECKING:
    import io

_LONGEST_LINE = 1_000_000  # bytes, as in a table of persons
_KEPT = 500  # typings, of which most files repeat some
_CHUNK = 1 << 12  # bytes; a typing of two letters may stand for some kilobytes of P groups


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
    def reduced(text: str) -> tuple[str | TypingError, tuple[str, ...]]:
        notes: list[str] = []
        try:
            return (reduce_typing(nomenclature, text, level, book, notes) if text else ""), tuple(notes)
        except TypingError as error:
            return error, ()

    too_long = f"found more than {_LONGEST_LINE:,} bytes, expected one typing"
    number, failed = 0, False
    said: set[str] = set()
    for lines in typing_lines(typings):
        answers: list[str] = []
        remarks: list[str] = []
        for line in lines:
            number += 1
            found, notes = (too_long, ()) if line is None else reduced(line.strip())
            is_error = line is None or isinstance(found, TypingError)
            if is_error:
                failed = True
                remarks.append(f"line {number}: {found}")
            remarks += [f"line {number}: note: {note}" for note in notes if note not in said]
            said.update(notes)
            answers.append("" if is_error else str(found))
        if remarks:
            say(*remarks, err=True)
        say(*answers)
    if failed:
        raise click.exceptions.Exit(2)


def typing_lines(typings: Sequence[str]) -> Iterable[Sequence[str | None]]:
    """Return the typings given as arguments, or else the lines of standard input as they arrive, None for one too long.

    What arrives together is one sequence.
    """
    return [typings] if typings else _batches(sys.stdin.buffer)


def _batches(source: BinaryIO) -> Iterator[list[str | None]]:
    """Yield the lines that arrive together as text, None for one that is too long to be a typing.

    Printing is dear, so that they are answered together; but who waits for the answer to a line gets it.
    """
    rest, is_too_long = b"", False
    while chunk := cast("io.BufferedReader", source).read1(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        # A byte that is no UTF-8 spoils its own line, not the others.
        lines = [line.decode("utf-8", "replace") if len(line) <= _LONGEST_LINE else None for line in whole]
        if lines:
            lines[0] = None if is_too_long else lines[0]
            is_too_long = False
            yield lines
        if len(rest) > _LONGEST_LINE:
            rest, is_too_long = b"", True
    if rest or is_too_long:
        yield [None if is_too_long else rest.decode("utf-8", "replace")]
