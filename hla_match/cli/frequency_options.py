"""The options that name sets of haplotype frequencies: one pair, shared by ``search``, ``batch`` and ``impute``."""

from __future__ import annotations

from collections.abc import Callable

import click


def frequency_options(*, required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the two options; it receives them as texts, `frequencies` and `global_frequencies`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        default = "" if required else " none: without.  [default: the registry's own, estimated once]"
        own = click.option(
            "--frequencies",
            required=required,
            help=f"Haplotype frequencies: a file, or an installed set's name.{default}",
        )
        fallback = click.option(
            "--global-frequencies", help="File or set that is tried for persons whom --frequencies do not explain."
        )
        return own(fallback(command))

    return decorate
