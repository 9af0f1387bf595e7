"""A moment in the life of a registry, as arguments and options name it: the number of a transaction, or a date."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import click

from hla_match.language import translated


def moment(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | datetime.date | None:
    """Return the number or the date that a text is; None of none.

    Raises:
        click.BadParameter: it is neither.
    """
    if text is None:
        return None
    try:
        return int(text) if text.isdecimal() else datetime.date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            translated("found {text}, expected a number of a transaction or a date such as 2026-01-31", text=text)
        ) from None


def at_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the option `--at`, with a help text of its own."""
    return click.option("--at", callback=moment, metavar="DATE|TRANSACTION", help=text)
