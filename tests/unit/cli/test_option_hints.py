"""Errors that Python raises name no option of the command; the command adds those that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from hla_match.cli.main import group
from hla_match.cli.option_hints import OPTION_HINTS
from hla_match.errors import ErrorCode

ROOT = Path(__file__).resolve().parents[3]
BELOW_COMMANDS = sorted(
    path
    for package in ("hla_match", "registry_io")
    for path in (ROOT / package).rglob("*.py")
    if path.relative_to(ROOT).parts[:2] not in (("hla_match", "cli"), ("hla_match", "desk"))
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def all_options(command: click.Command) -> set[str]:
    """The options of a command and of those below it."""
    found = {name for one in command.params if isinstance(one, click.Option) for name in one.opts}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found |= all_options(below)
    return found


def named_options(source: str) -> set[str]:
    """The options that texts of a module name, its docstrings apart."""
    tree = ast.parse(source)
    documented = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in documented)
    return {option for node in texts if isinstance(node.value, str) for option in OPTION.findall(node.value)}


@pytest.mark.parametrize("path", BELOW_COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_below_the_commands_names_an_option(path: Path) -> None:
    assert named_options(path.read_text(encoding="utf-8")) == set()


def test_every_hint_is_of_a_code_and_of_options_that_there_are() -> None:
    assert set(OPTION_HINTS) <= set(ErrorCode)
    assert {option for hint in OPTION_HINTS.values() for option in OPTION.findall(hint)} <= all_options(group)


def test_an_option_in_a_message_is_found_and_one_in_a_docstring_left() -> None:
    source = 'def rule():\n    """Where ``--limit`` is given."""\n    raise ValueError(f"{1} rows; give --limit")\n'
    assert named_options(source) == {"--limit"}
