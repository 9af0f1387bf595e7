"""Commands print through `hla_match.cli.messages` alone, so that no text from outside reaches a terminal as it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THE_ONE_PLACE = ROOT / "hla_match" / "cli" / "messages.py"
MODULES = sorted(path for path in (ROOT / "hla_match" / "cli").rglob("*.py") if path != THE_ONE_PLACE)
PRINTS = re.compile(
    r"(click\.)?(echo|secho|echo_via_pager)|print|(rich\.)?print(_json)?|([\w.]+\.)?Console|([\w.]+\.)?Progress"
    r"|(sys\.)?(stdout|stderr)\.write(lines)?|([\w.]+\.)?print_(exc|exception|stack)"
)


def printing(source: str) -> list[int]:
    """The lines of a module that print, or make what prints."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if PRINTS.fullmatch(ast.unparse(call.func))]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_command_prints_through_messages(path: Path) -> None:
    assert printing(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "click.echo(text)",
        "from click import secho\nsecho(text)",
        "print(text)",
        "def f():\n    sys.stderr.write(text)",
        "rich.console.Console(stderr=True)",
        "with Progress() as bar: pass",
        "traceback.print_exc()",
    ],
)
def test_planted_printing_is_found(source: str) -> None:
    assert len(printing(source)) == 1


def test_the_one_place_is_where_it_is_said_to_be() -> None:
    assert printing(THE_ONE_PLACE.read_text(encoding="utf-8"))
    assert printing("say(text)\nfile.write(text)\nclick.progressbar(length=1)") == []
