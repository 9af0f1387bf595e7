"""``hla-match reduce``: typings reduced to groups or antigens."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import click

from hla_match.cli.messages import say
from hla_match.cli.nomenclature import choose_nomenclature
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.cli.typing_lines import too_long, typing_lines
from hla_match.errors import TypingError
from hla_match.language import translated
from hla_match.language.retelling import retold
from hla_match.reporting.error_words import detail

_KEPT = 500  # typings, of which most files repeat some


@click.command(cls=SpokenCommand)
@click.argument("typings", nargs=-1)
@click.option("--to", "level", required=True, type=click.Choice(["P", "G", "lg", "S"]), help="What to reduce to.")
@click.option("--nomenclature", "release", help="Release, or builtin.")
@click.option("--codes", type=click.Path(path_type=Path), help="Multiple allele codes (NMDP alpha.v3 layout).")
def command(typings: tuple[str, ...], level: str, release: str | None, codes: Path | None) -> None:
    """Reduce TYPINGS, or the lines of standard input, one a line."""
    from hla_match.nomenclature.reduction import reduce_typing
    from registry_io.formats.mac_file import read_codes

    nomenclature = choose_nomenclature(release)
    book = read_codes(codes) if codes is not None else None

    @lru_cache(maxsize=_KEPT)
    def reduced(text: str) -> tuple[str | TypingError, tuple[str, ...]]:
        notes: list[str] = []
        try:
            return (reduce_typing(nomenclature, text, level, book, notes) if text else ""), tuple(notes)
        except TypingError as error:
            return error, ()

    number, failed = 0, False
    said: set[str] = set()
    for lines in typing_lines(typings):
        answers: list[str] = []
        remarks: list[str] = []
        for line in lines:
            number += 1
            found, notes = ("", ()) if line is None else reduced(line.strip())
            is_error = line is None or isinstance(found, TypingError)
            if is_error:
                failed = True
                remarks.append(too_long(number) if line is None else _about(number, found))
            remarks += [
                translated("line {number}: note: {note}", number=number, note=retold(note))
                for note in notes
                if note not in said
            ]
            said.update(notes)
            answers.append("" if is_error else str(found))
        if remarks:
            say(*remarks, err=True)
        say(*answers)
    if failed:
        raise click.exceptions.Exit(2)


def _about(number: int, error: str | TypingError) -> str:
    found = detail(error) if isinstance(error, TypingError) else error
    return translated("line {number}: {found}", number=number, found=found)
