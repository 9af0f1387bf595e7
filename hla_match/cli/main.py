"""The command group. Each command imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from hla_match.cli.messages import say, say_usage_error

COMMANDS = {
    "batch": "Match a file of patients and write the ranked donors to a file.",
    "demo": "Make a synthetic registry, search it, and leave the files to look at.",
    "frequencies": "Estimate, install, list and look into sets of haplotype frequencies.",
    "impute": "Write what persons may carry, with probabilities, to a file.",
    "nomenclature": "Install, list and look into IPD-IMGT/HLA releases.",
    "reduce": "Reduce typings to P groups, G groups, small g groups or serology.",
    "registry": "Import, describe, verify and roll back a registry.",
    "search": "Search a registry for one patient and print the donors.",
    "warmup": "Compile the kernels beforehand, so that no command waits for it.",
}


class LazyGroup(click.Group):
    """A group whose commands are modules of `hla_match.cli`, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of a name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"hla_match.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hla-match")
def group() -> None:
    """Find and rank the volunteers of a registry who match a patient's HLA typing.

    For research and decision support; validate independently before clinical use.
    """


def main() -> None:
    """Run the command; an expected error is one line on standard error and exit status 2."""
    from hla_match.errors import HlaMatchError

    try:
        # Not in standalone mode click returns the exit code of a command that ended early.
        sys.exit(group(standalone_mode=False))
    except click.ClickException as error:
        say_usage_error(error)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        # Python notes what a command adds, such as how it can be taken up again.
        notes = getattr(error.__cause__ or error, "__notes__", None) or ["nothing half-written was left behind"]
        say(f"hla-match: interrupted; {'; '.join(notes)}", err=True)
        sys.exit(130)
    except (HlaMatchError, OSError) as error:
        say(f"hla-match: {error}", err=True)
        sys.exit(getattr(error, "exit_status", 2))
    except ValueError as error:
        if type(error).__name__ != "ValidationError":
            raise
        say(f"hla-match: {_first_lines(error)}", err=True)
        sys.exit(2)


def _first_lines(error: ValueError) -> str:
    """Return pydantic's findings as one line: place and reason, never the value."""
    findings = error.errors(include_input=False, include_url=False)  # type: ignore[attr-defined]
    return "; ".join(
        f"{'.'.join(str(p) for p in item['loc']) or 'criteria'}: {item['msg'].removeprefix('Value error, ')}"
        for item in findings
    )
