"""``--help`` answers at once: no command waits for arrays, kernels, tables or checks that it does not use."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from hla_match.cli.main import group

HEAVY = ("numpy", "numba", "polars", "pydantic", "fastexcel", "rich", "jinja2")
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
PROGRAM = f"""
import sys
from hla_match.cli.main import group
group(sys.argv[1:], standalone_mode=False)
print("imported:", *(name for name in {HEAVY!r} if name in sys.modules))
"""


def commands(command: click.Command, name: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The names of a command and of all below it."""
    found = [name]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for one in command.list_commands(context):
            below = command.get_command(context, one)
            assert below is not None
            found += commands(below, (*name, one))
    return found


@pytest.mark.parametrize("name", commands(group), ids=" ".join)
def test_help_imports_nothing_heavy(name: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *name, "--help"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Usage: ")
    assert done.stdout.splitlines()[-1] == "imported:"


def test_a_search_imports_no_templates() -> None:
    code = "import sys, hla_match.services.search, hla_match.searches.matcher; sys.exit('jinja2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True)
