"""The command group. Each command imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import os
from gettext import gettext
from importlib import import_module

import click

from hla_match.cli.languages import lang_option
from hla_match.cli.spoken_commands import SpokenGroup
from hla_match.language import translated

COMMANDS = {
    "batch": "Match a file of patients and write the ranked donors to a file.",
    "case": "Keep the cases of patients: open, search, ask, type, check, reserve, collect, close.",
    "demo": "Make a synthetic registry, search it, and leave the files to look at.",
    "desk": "Open a registry as pages for a browser on this machine.",
    "explain": "Explain why a donor stands where it stands, or is not in the list.",
    "frequencies": "Estimate, install, list and look into sets of haplotype frequencies.",
    "impute": "Write what persons may carry, with probabilities, to a file.",
    "next": "Say which typing to order next for one patient, and how many donors to ask.",
    "nomenclature": "Install, list and look into IPD-IMGT/HLA releases.",
    "policy": "List, show and check ranking policies: in which order donors stand, and why.",
    "reduce": "Reduce typings to P groups, G groups, small g groups or serology.",
    "registry": "Import, describe, audit, verify, roll back and clean up a registry.",
    "report": "Write a report of the donors for a patient: a page, PDF or a workbook.",
    "repeat": "Tell for every open case which donors are new, changed or gone since its last search.",
    "search": "Search a registry for one patient and print the donors.",
    "typing": "Show how typings are understood, before anything is searched.",
    "warmup": "Compile the kernels in advance, so that no command waits for it.",
}


class LazyGroup(SpokenGroup):
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
        with formatter.section(gettext("Commands")):
            formatter.write_dl([(name, translated(text)) for name, text in sorted(COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hla-match")
def group() -> None:
    """Find and rank the volunteers of a registry who match a patient's HLA typing.

    For research and decision support; validate independently before clinical use.
    """


group.params.insert(0, lang_option(hidden=False))


def run(arguments: list[str]) -> int:
    """Run the command of these arguments and return its exit code; any other end is raised."""
    if "_HLA_MATCH_COMPLETE" in os.environ:
        group.main(arguments, "hla-match")  # a shell asks what an unfinished word could become
    try:
        # Click's own `main` does this and says a word of its own to interruptions and broken pipes.
        with group.make_context("hla-match", arguments) as context:
            group.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return 0
