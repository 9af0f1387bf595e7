"""``hla-match desk``: the coordinator's pages, in a browser on the same machine."""

from __future__ import annotations

import traceback
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.messages import say
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated

if TYPE_CHECKING:
    from hla_match.desk.state import Desk

_PACKAGES = ("fastapi", "uvicorn")


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port to listen at.  [default: a free one]")
@click.option("--results", type=click.Path(path_type=Path), help="Results of a night run to look at: CSV, Parquet.")
def command(registry: Path, port: int, results: Path | None) -> None:
    """Open REGISTRY as pages for a browser on this machine, until Ctrl-C.

    The address that is printed holds a token: who knows it can see the donors.
    """
    _check_packages()
    from hla_match.desk.server import serve
    from hla_match.matching.criteria import SearchCriteria
    from hla_match.services.searched_registry import SearchRequest

    request = SearchRequest(criteria=SearchCriteria())

    def prepare(desk: Desk) -> None:
        prepare_kernels(probabilities=True)
        with own_progress() as on_iteration:
            desk.make_ready(request, lambda text: say(text, err=True), on_iteration)

    def on_address(address: str) -> None:
        say(translated("The desk is open; Ctrl-C closes it. Open in a browser on this machine:"), address)

    serve(registry, port=port, results=results, prepare=prepare, on_address=on_address, on_fault=say_fault)
    say(translated("The desk is closed."), err=True)


def say_fault(error: BaseException) -> None:
    """Say where a fault of the program is, without its message, which may name a person."""
    lines = "".join(traceback.format_tb(error.__traceback__)).splitlines()
    told = translated("{kind}, a fault of the program; please report these lines.", kind=type(error).__name__)
    say(*lines, told, err=True)


def _check_packages() -> None:
    """Refuse to begin without the packages of the extra.

    Raises:
        CriteriaError: one is not installed.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        from hla_match.errors import CriteriaError, ErrorCode
        from hla_match.errors.arguments import InWords

        raise CriteriaError(
            "desk",
            found=InWords(f"no package {', '.join(missing)}"),
            expected="the packages of the desk: pip install 'hla-match[desk]'",
            code=ErrorCode.CRITERIA_PACKAGE,
        )
