"""What stands in the site's sidebar: the tables of `docs/README.md`, heading by heading, then what the site adds."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "docs" / "README.md"

WRITTEN = {
    "All commands and names": ["commands/index", "docs/zh/commands/index", "api/hla_match", "api/registry_io"],
    "The program itself": [
        "README", "docs/README", "CHANGELOG", "SECURITY", "ARCHITECTURE", "CONTRIBUTING", "registry_io/FORMAT",
        "hla_match/kernels/DESIGN", "tests/README", "benchmarks/README", "benchmarks/REPORT",
    ],
}  # fmt: skip
"""Pages that no table of `docs/README.md` names."""

_ROW = re.compile(r"^\| \[[^\]]+\]\(([\w./-]+)\.(?:md|ipynb)\) \|", re.MULTILINE)


def contents(text: str | None = None) -> dict[str, list[str]]:
    r"""The pages of the site by the headings that they stand under, as the list of pages has them.

    >>> contents("# Documentation\n## Tasks\n| page | |\n|---|---|\n| [search](search.md) | how |\n## Codes\n")
    {'Tasks': ['docs/search']}
    """
    sections = re.split(r"^## ", LIST.read_text(encoding="utf-8") if text is None else text, flags=re.MULTILINE)
    named = {section.partition("\n")[0]: [f"docs/{page}" for page in _ROW.findall(section)] for section in sections[1:]}
    return {heading: pages for heading, pages in named.items() if pages}


def index_page() -> str:
    """The first page, with the sidebar's contents."""
    text = (Path(__file__).parent / "index.md").read_text(encoding="utf-8")
    trees = [
        f"```{{toctree}}\n:hidden:\n:caption: {heading}\n\n" + "\n".join(f"/{page}" for page in pages) + "\n```\n"
        for heading, pages in {**contents(), **WRITTEN}.items()
    ]
    return text + "\n" + "\n".join(trees)
