"""Typings that a command takes: its arguments, or else the lines of standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

from hla_match.language import translated

if TYPE_CHECKING:
    import io

LONGEST_LINE = 1_000_000
"""Bytes of a line, as in a table of persons."""

_CHUNK = 1 << 12  # bytes; a typing of two letters may stand for some kilobytes of P groups


def typing_lines(typings: Sequence[str]) -> Iterable[Sequence[str | None]]:
    """Return the typings given as arguments, or else the lines of standard input as they arrive, None for one too long.

    What arrives together is one sequence.
    """
    return [typings] if typings else _batches(sys.stdin.buffer)


def too_long(number: int) -> str:
    """Return what is said of a line that is too long to be a typing, by its number."""
    return translated(
        "line {number}: found more than {most} bytes, expected one typing", number=number, most=f"{LONGEST_LINE:,}"
    )


def _batches(source: BinaryIO) -> Iterator[list[str | None]]:
    """Yield the lines that arrive together as text, None for one that is too long to be a typing.

    Printing is slow, so that they are answered together; a caller who sends one line and waits gets its answer.
    """
    rest, is_too_long = b"", False
    while chunk := cast("io.BufferedReader", source).read1(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        # A byte that is no UTF-8 spoils its own line, not the others.
        lines = [line.decode("utf-8", "replace") if len(line) <= LONGEST_LINE else None for line in whole]
        if lines:
            lines[0] = None if is_too_long else lines[0]
            is_too_long = False
            yield lines
        if len(rest) > LONGEST_LINE:
            rest, is_too_long = b"", True
    if rest or is_too_long:
        yield [None if is_too_long else rest.decode("utf-8", "replace")]
