"""The options that name sets of haplotype frequencies: one pair, shared by ``search``, ``batch`` and ``impute``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from hla_match.cli.counts import counted
from hla_match.cli.messages import say
from hla_match.errors import CriteriaError, ErrorCode


def frequency_options(*, required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the two options; it receives them as texts, `frequencies` and `global_frequencies`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = click.option(
            "--frequencies", required=required, help="Haplotype frequencies: a file, or an installed set's name."
        )
        fallback = click.option(
            "--global-frequencies", help="File or set that is asked where --frequencies explain nobody."
        )
        return own(fallback(command))

    return decorate


def check_frequency_options(frequencies: str | None, fallback: str | None) -> None:
    """Refuse a fallback without what it is a fallback of.

    Raises:
        CriteriaError: there are global frequencies only.
    """
    if frequencies is None and fallback is not None:
        raise CriteriaError(
            "global-frequencies",
            found=fallback,
            expected="--frequencies beside it; name the set there if it is alone",
            code=ErrorCode.CRITERIA_CONFLICT,
        )


def say_imputing(n_donors: int) -> Callable[[], None]:
    """Return what says on standard error that donors are imputed, so that the seconds it takes are no riddle."""
    return lambda: say(
        f"Imputing {counted(n_donors, 'donor')}, which is done once for a registry and a set of frequencies ...",
        err=True,
    )


def n_workers() -> int:
    """Return the number of threads to compute with."""
    return os.cpu_count() or 1


def source_files(*names: str | None) -> tuple[Path, ...]:
    """Return the names that are files, which a result must not replace."""
    return tuple(Path(name) for name in names if name is not None and os.path.exists(name))
