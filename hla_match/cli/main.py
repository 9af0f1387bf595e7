"""The entry point of the command: how every command ends, after an error, a signal or on a full disk."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
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
    # What ended the command is said in its language, too.
    with ExitStack() as language:
        try:
            code = _run(language)
            interrupter.end()
        except BaseException as error:
            # While an exception is handled, no signal interrupts.
            from hla_match.cli import failures, standard_streams

            code = failures.report(error, interrupter.signal)
            standard_streams.abandon()
            interrupter.end()
    sys.exit(code)


def _run(language: ExitStack) -> int:
    from hla_match.cli import standard_streams

    standard_streams.prepare()
    from hla_match.cli.languages import language_of_command, spoken

    language.enter_context(spoken(language_of_command(sys.argv[1:], os.environ)))
    from hla_match.cli.commands import run

    code = run(sys.argv[1:])
    sys.stdout.flush()
    return code
