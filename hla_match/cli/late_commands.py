"""A group some of whose commands are imported when they are called: they need much that the others do not."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import gettext
from importlib import import_module
from typing import Any

import click

from hla_match.cli.spoken_commands import SpokenGroup, short_help
from hla_match.language import translated


class LateCommands(SpokenGroup):
    """A group with commands of its own module, and others.

    Args:
        late: by name of a command its module below `hla_match.cli`, where it has the same name, and its help.
        given: what a group takes.

    Attributes:
        late: as given.
    """

    def __init__(self, *given: Any, late: Mapping[str, tuple[str, str]], **named: Any) -> None:
        super().__init__(*given, **named)
        self.late = late

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return sorted([*super().list_commands(ctx), *self.late])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name."""
        if cmd_name not in self.late:
            return super().get_command(ctx, cmd_name)
        found: click.Command = getattr(import_module(f"hla_match.cli.{self.late[cmd_name][0]}"), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        rows = [(name, short_help(command)) for name, command in self.commands.items()]
        with formatter.section(gettext("Commands")):
            formatter.write_dl(sorted([*rows, *((name, translated(text)) for name, (_, text) in self.late.items())]))
