"""The pages that readers are given, and what tests look for in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = (README, *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("zh/*.md")))
NOTEBOOKS = tuple(sorted(DOCS.glob("notebooks/*.ipynb")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [content for kind, content in _BLOCK.findall(text_of(page)) if kind == language]


def command_lines(page: Path) -> Iterator[str]:
    """The lines of shell blocks that call the command."""
    for block in blocks(page, "sh"):
        yield from (line for line in block.splitlines() if line.startswith("hla-match "))


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as links spell them."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
