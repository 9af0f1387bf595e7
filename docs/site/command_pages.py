"""Every command with its usage, its arguments and options, as the program itself explains them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy

import click

from hla_match.cli.languages import spoken
from hla_match.cli.main import group
from hla_match.cli.spoken_commands import paragraphs, short_help, translated_help

_HEADS = {
    "en": """\
# Commands

Each command with all of its options, as `--help` prints them. `python -m hla_match` is the same command as `hla-match`,
where the folder of scripts is not on the path. [The list of pages](../docs/README.md#all-commands) names the page of
each task, and the [exit codes](../docs/README.md#exit-codes).

| command | what it does |
""",
    "zh": """\
# 命令一览

每个命令和它的全部选项，与 `--help` 显示的相同。找不到 `hla-match` 时，用 `python -m hla_match` 代替，两者完全一样。

| 命令 | 用途 |
""",
}
_FOLDERS = {"en": "commands", "zh": "docs/zh/commands"}
_COLUMNS = {"en": "| argument or option | what it asks for |", "zh": "| 参数或选项 | 含义 |"}


def command_pages() -> dict[str, str]:
    """The pages by their paths, in English and Chinese: one for each first word, and their list."""
    pages: dict[str, str] = {}
    for code, folder in _FOLDERS.items():
        with spoken(code):
            pages |= {f"{folder}/{name}.md": text for name, text in _pages(code).items()}
    return pages


def _pages(code: str) -> dict[str, str]:
    """The pages in the language of the moment, by their names."""
    context = click.Context(group, info_name="hla-match")
    names = group.list_commands(context)
    rows, pages = [], {}
    for name in names:
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context)
        pages[name] = "\n".join(_lines(command, below, 1, _COLUMNS[code]))
        rows.append(f"| [`hla-match {name}`]({name}.md) | {_cell(short_help(command))} |")
    tree = "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"
    pages["index"] = _HEADS[code] + "|---|---|\n" + "\n".join(rows) + "\n\n" + tree
    return pages


def _lines(command: click.Command, context: click.Context, level: int, columns: str) -> Iterator[str]:
    """A command, then those below it, one heading deeper."""
    yield f"{'#' * level} {context.command_path}\n"
    yield f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield from (f"{_escaped(one)}\n" for one in paragraphs(translated_help(command.help or "")))
    rows = [_row(parameter, context) for parameter in command.get_params(context)]
    if any(rows):
        yield f"{columns}\n|---|---|"
        yield from filter(None, rows)
        yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _lines(below, click.Context(below, info_name=name, parent=context), level + 1, columns)


def _row(parameter: click.Parameter, context: click.Context) -> str:
    """A line of the table; of an argument the usage above says all."""
    if not isinstance(parameter, click.Option):
        return ""
    told = copy(parameter)
    told.help = translated_help(parameter.help or "")
    record = told.get_help_record(context)
    return "" if record is None else f"| `{record[0].replace('|', chr(92) + '|')}` | {_cell(record[1])} |"


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    """A help text as Markdown: options as code, and no sign that means something else."""
    parts = re.split(r"(?<![\w-])(--[a-z][a-z-]*)", text.replace("*", "\\*").replace("<", "\\<"))
    return "".join(f"`{part}`" if k % 2 else part for k, part in enumerate(parts))
