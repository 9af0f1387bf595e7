"""The entry point of the command: how every command ends, after an error, a signal or on a full disk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hla_match.cli.interruption import Interrupter

if TYPE_CHECKING:
    from hla_match.cli.commands import group as group


def __getattr__(name: str) -> Any:
    # The commands load when they are used: until `main` listens, a signal ends Python itself, and with a traceback.
    if name != "group":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hla_match.cli import commands

    return commands.group


def main() -> None:
    """Run the command and exit; one line on standard error says what ended it, and the exit code what kind it was."""
    interrupter = Interrupter()
    interrupter.listen()
    try:
        code = _run()
        interrupter.end()
    except BaseException as error:
        # While an exception is handled, no signal interrupts.
        from hla_match.cli import failures, standard_streams

        code = failures.report(error, interrupter.signal)
        standard_streams.abandon()
        interrupter.end()
    sys.exit(code)


def _run() -> int:
    from hla_match.cli import standard_streams

    standard_streams.prepare()
    from hla_match.cli.commands import run

    code = run(sys.argv[1:])
    sys.stdout.flush()
    return code
