"""Cautions: what may have gone wrong unseen while a file was read, said in the last lines of a command."""

from __future__ import annotations

from collections.abc import Iterable

from hla_match.cli.messages import say


def print_cautions(cautions: Iterable[str]) -> None:
    """Say each on a line of standard error."""
    for caution in cautions:
        say(f"warning: {caution}", err=True)
