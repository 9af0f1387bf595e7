"""The README and the pages of ``docs/`` name what there is: every command and option, and no other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from hla_match.cli.main import group
from tests.pages import DOCS, NOTEBOOKS, PAGES, README, ROOT, anchors, blocks, command_lines, text_of

OTHER_PAGES = tuple(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "tests/README.md"))
_FOREIGN = {"--host", "--port", "--no-dashboard", "--nworkers", "--nthreads"}
_FOREIGN |= {"--wheel-dir", "--no-index", "--find-links"}
"""Options of ``dask``, which the page of clusters names, and of ``pip``, on the page for whoever runs the machine."""


def leaves(command: click.Command, name: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """The commands that do something, by their words."""
    if not isinstance(command, click.Group):
        return {name: command}
    found: dict[tuple[str, ...], click.Command] = {}
    context = click.Context(command)
    for word in command.list_commands(context):
        below = command.get_command(context, word)
        assert below is not None
        found |= leaves(below, (*name, word))
    return found


LEAVES = leaves(group)


def options(command: click.Command) -> set[str]:
    given = [one for one in command.params if isinstance(one, click.Option)]
    return {name for one in given for name in (*one.opts, *one.secondary_opts) if name[:2] == "--"}


def page_of(words: tuple[str, ...]) -> Path:
    """The page that the table of all commands names for a command."""
    row = re.search(
        rf"^\| `hla-match {' '.join(words)}[ `].*\]\((\S+)\) \|$", text_of(DOCS / "README.md"), re.MULTILINE
    )
    assert row is not None, f"docs/README.md has no row for {' '.join(words)}"
    return DOCS / row[1]


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_has_a_page_that_names_it_and_its_options(words: tuple[str, ...]) -> None:
    text = text_of(page_of(words))
    if words in (("batch",), ("next",), ("report",), ("case", "open")):
        text += text_of(DOCS / "search.md")  # whose options these take, as their pages say
    named = set(re.findall(r"--[a-z][a-z-]+", text + text_of(DOCS / "README.md")))
    assert options(LEAVES[words]) <= named
    assert words[-1] in text


def test_every_option_that_a_page_names_is_one() -> None:
    known = set().union(*map(options, LEAVES.values())) | _FOREIGN | {"--help", "--version", "--lang"}
    for page in PAGES:
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text_of(page))) <= known, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_can_be_read(page: Path) -> None:
    for line in command_lines(page):
        arguments = shlex.split(line.partition(" < ")[0], comments=True)[1:]
        command: click.Command = group
        context = group.make_context("hla-match", arguments, resilient_parsing=False)
        while isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            word, below, rest = command.resolve_command(context, rest)
            assert below is not None, line
            command, context = below, below.make_context(word, list(rest), parent=context)


@pytest.mark.parametrize("page", [*PAGES, *OTHER_PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), target
        assert not anchor or anchor in anchors(goal), target


def test_every_page_is_in_the_index() -> None:
    index = text_of(DOCS / "README.md")
    others = [page.relative_to(DOCS) for page in (*PAGES, *NOTEBOOKS) if page not in (README, DOCS / "README.md")]
    assert [page for page in others if f"]({page.as_posix()})" not in index] == []


def test_the_front_page_is_short() -> None:
    assert len(text_of(README).splitlines()) <= 140
    assert len(blocks(README, "sh")) == 3
