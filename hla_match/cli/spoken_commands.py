"""Commands and groups that speak the language of the moment: their helps, and what click says of wrong arguments.

Helps stand in the code in English; `tests/catalogues.py` finds those of all commands and brings them into the
catalogue. Every command and group takes `--lang`. In English the output is click's own.
"""

from __future__ import annotations

import inspect
import os
from copy import copy
from gettext import gettext

import click

from hla_match.cli.languages import asked_for, lang_option, language_of_command, spoken
from hla_match.language import DEFAULT, language, translatable, translated

_HELP = translatable("Show this message and exit.")
_USAGE_PIECES = frozenset((translatable("[OPTIONS]"), translatable("COMMAND [ARGS]...")))
_KINDS = frozenset(
    (
        translatable("TEXT"),
        translatable("PATH"),
        translatable("INTEGER"),
        translatable("INTEGER RANGE"),
        translatable("FLOAT"),
        translatable("FLOAT RANGE"),
    )
)
"""What click calls the values of options that no name is given for."""


def translated_help(text: str) -> str:
    """Return a help in the language of the moment, paragraph by paragraph."""
    return "\n\n".join(translated(one) for one in paragraphs(text))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help, each in one line, as the catalogue has them."""
    return [" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n")]


class SpokenContext(click.Context):
    """A context whose helps are written in columns of the terminal where they are not in English."""

    def make_formatter(self) -> click.HelpFormatter:
        """Return what writes a help."""
        if language() == DEFAULT:
            return super().make_formatter()
        from hla_match.cli.wide_formatter import WideFormatter

        return WideFormatter(width=self.terminal_width, max_width=self.max_content_width)


class SpokenCommand(click.Command):
    """A command that speaks the language of the moment, and takes `--lang`."""

    context_class = SpokenContext

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options and arguments, `--lang` too; it is in the help of the outermost group alone."""
        found = super().get_params(ctx)
        return found if any(one.name == "lang" for one in found) else [*found, lang_option(hidden=True)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; what is wrong with them is said in the language that they ask for."""
        code = language_of_command(args, os.environ) if ctx.parent is None else asked_for(args)
        if code is not None and code != language():
            ctx.with_resource(spoken(code))
        return super().parse_args(ctx, args)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option `--help`, whose help click would keep in the language of its first use."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = _HELP
        return found

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what stands behind the name of the command where it says how it is called."""
        pieces = super().collect_usage_pieces(ctx)
        return [translated(one) if one in _USAGE_PIECES else one for one in pieces]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does."""
        if language() == DEFAULT or not self.help:
            return super().format_help_text(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(translated_help(self.help))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and the commands of a group."""
        if language() == DEFAULT:
            return super().format_options(ctx, formatter)
        options = (one for one in self.get_params(ctx) if isinstance(one, click.Option))
        records = (_translated(one).get_help_record(ctx) for one in options)
        with formatter.section(gettext("Options")):
            formatter.write_dl([record for record in records if record is not None])
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)


def _translated(option: click.Option) -> click.Option:
    told = copy(option)
    told.help = translated_help(option.help or "")
    kind = option.metavar or option.type.name.upper()
    if kind in _KINDS and not option.is_flag:
        told.metavar = translated(kind)
    return told


class SpokenGroup(SpokenCommand, click.Group):
    """A group that speaks the language of the moment, and takes `--lang`; its commands do so, too."""

    command_class = SpokenCommand

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands."""
        if language() == DEFAULT:
            return super().format_commands(ctx, formatter)
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, short_help(command)) for name, command in found.items() if command is not None]
        with formatter.section(gettext("Commands")):
            formatter.write_dl(rows)


def short_help(command: click.Command) -> str:
    """Return what a command does in one line: the first sentence of its help."""
    if language() == DEFAULT:
        return command.get_short_help_str(limit=100)
    return translated(paragraphs(command.help or "")[0]).partition("。")[0]
