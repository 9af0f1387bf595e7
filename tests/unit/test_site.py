"""The documentation site: what is in it, and that it is built without a warning and without network."""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from babel.messages.pofile import read_po

import hla_match
import registry_io
from tests import speed_page
from tests.pages import DOCS, NOTEBOOKS, PAGES, ROOT, text_of

SITE = DOCS / "site"
NO_NETWORK = """
import socket

real = socket.socket.connect


def connect(self, address):
    local = self.family not in (socket.AF_INET, socket.AF_INET6) or str(address[0]) in ("127.0.0.1", "::1", "localhost")
    if not local:
        raise SystemExit(f"a connection was asked for: {address}")
    return real(self, address)


socket.socket.connect = connect
"""
"""A `sitecustomize` by which a process and those that it starts, such as the kernels of notebooks, have no network."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of the site's folder."""
    monkeypatch.syspath_prepend(str(SITE))
    return lambda name: runpy.run_path(str(SITE / f"{name}.py"))


def built(out: Path, *options: str, tmp_path: Path) -> tuple[int, str]:
    """Build the site in a process that has no network."""
    (tmp_path / "no-network").mkdir()
    (tmp_path / "no-network" / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'no-network'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "docs/site", str(out), *options]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=900, check=False)
    return run.returncode, (run.stdout + run.stderr).decode(errors="replace")


def pages_of(out: Path) -> dict[str, str]:
    return {str(page.relative_to(out)): page.read_text(encoding="utf-8") for page in out.rglob("*.html")}


@pytest.mark.exhaustive
def test_the_site_is_built_and_its_notebooks_run_without_network(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said = built(out, tmp_path=tmp_path)
    assert code == 0, said[-4000:]
    pages = pages_of(out)
    for page in (*PAGES, *NOTEBOOKS):
        assert str(page.relative_to(ROOT).with_suffix(".html")) in pages
    for name in hla_match.__all__:
        assert f"hla_match.{name}" in pages[f"api/hla_match/{name}.html"]
    for name in registry_io.__all__:
        assert f"registry_io.{name}" in pages[f"api/registry_io/{name}.html"]
    for name, text in pages.items():  # a reader's browser is asked for nothing of elsewhere
        assert not re.search(r"<(?:script|img|iframe)[^>]+src=\"(?:https?:)?//", text), name
        assert not re.search(r"<link[^>]+rel=\"stylesheet\"[^>]+href=\"(?:https?:)?//", text), name
    assert 'lang="zh-Hans"' in pages["docs/zh/README.html"]
    assert 'lang="en"' in pages["docs/search.html"]
    assert re.findall('caption-text">([^<]+)<', pages["docs/zh/README.html"])[:2] == ["中文指南", "协调员（英文）"]
    assert "本页内容" in pages["docs/zh/README.html"]
    assert "On this page" in pages["docs/search.html"]
    assert "SYN0002240" in pages["docs/notebooks/first_search.html"]  # what a cell gave
    index = json.loads((out / "searchindex.js").read_text("utf-8").removeprefix("Search.setIndex(").removesuffix(")"))
    assert {"单倍", "倍型", "haplotyp"} <= index["terms"].keys()


@pytest.mark.filterwarnings("ignore:'myst_parser")  # which calls what a later Sphinx will lack
def test_a_link_that_leads_nowhere_fails_the_build(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "HLA_MATCH_LANG", "IPYTHONDIR"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # the build sets them
    build = site("__main__")["build"]
    lone = {"index.md": "# One\n\n[nowhere](docs/nowhere.md)\n"}
    monkeypatch.setitem(build.__globals__, "assemble", lambda folder: write(folder, lone))
    assert build(tmp_path / "out", notebooks=False, quiet=True) == 1  # 2: the builder failed
    sound = {"index.md": "# One\n\n[here](#one)\n"}
    monkeypatch.setitem(build.__globals__, "assemble", lambda folder: write(folder, sound))
    assert build(tmp_path / "again", notebooks=False, quiet=True) == 0


def write(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_the_sidebar_has_every_page_of_the_list(site: Any) -> None:
    contents = site("contents")
    listed = [page for pages in contents["contents"]().values() for page in pages]
    assert len(listed) == len(set(listed))
    others = {page.relative_to(ROOT).with_suffix("").as_posix() for page in (*PAGES, *NOTEBOOKS)}
    assert set(listed) == others - {"README", "docs/README"}


def test_around_chinese_pages_stands_chinese(site: Any) -> None:
    chinese, contents = site("chinese_pages"), site("contents")
    assert chinese["HEADINGS"].keys() >= contents["contents"]().keys() | contents["WRITTEN"].keys()
    caption = '<p class="caption" role="heading"><span class="caption-text">{}</span></p>\n<ul><li>{}</li></ul>\n'
    pages = {"For coordinators": "one", "中文指南": "two", "Another": "three"}
    tree = "".join(caption.format(heading, page) for heading, page in pages.items())
    context = {"furo_navigation_tree": f"<div>\n{tree}</div>\n", "_": lambda text: text.upper()}
    chinese["make_chinese"](context)
    made = context["furo_navigation_tree"]
    assert re.findall('text">([^<]+)<', made) == ["中文指南", "协调员（英文）", "Another"]
    assert re.findall("<li>([^<]+)<", made) == ["two", "one", "three"]
    assert made.startswith("<div>")
    assert made.endswith("</div>\n")
    assert made.count("</div>") == 1
    assert [context["_"](text) for text in ("Search", "else")] == ["检索", "ELSE"]


def test_every_command_and_option_has_its_place(site: Any) -> None:
    pages = site("command_pages")["command_pages"]()
    assert "| `--max-mismatches " in pages["commands/search.md"]
    assert "## hla-match registry donor\n" in pages["commands/registry.md"]
    assert "### hla-match registry donor withdraw\n" in pages["commands/registry.md"]
    assert "(search.md)" in pages["commands/index.md"]
    assert "在 REGISTRY 中为一名患者检索" in pages["docs/zh/commands/search.md"]
    english = {name for name in pages if name.startswith("commands/")}
    assert pages.keys() == english | {f"docs/zh/{name}" for name in english}


def test_every_public_name_has_a_page(site: Any) -> None:
    pages = site("api_pages")["api_pages"]()
    for package in (hla_match, registry_io):
        for name in package.__all__:
            assert f":: {package.__name__}.{name}\n" in pages[f"api/{package.__name__}/{name}.rst"]


def test_the_search_splits_chinese_into_pairs(site: Any) -> None:
    words_of = site("search_words")["words_of"]
    assert words_of("单倍型频率 HLA-A") == ["单倍", "倍型", "型频", "频率", "HLA", "A"]
    assert words_of("错") == ["错"]


def test_the_drawings_are_those_of_their_script(site: Any) -> None:
    drawings = site("drawings")["drawings"]()
    there = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "drawings").glob("*.svg")}
    assert there == drawings, "run: python docs/site/drawings.py"


def test_the_figures_of_speed_are_those_of_the_report() -> None:
    assert speed_page.written() == text_of(speed_page.PAGE), "run: python -m tests.speed_page"
    assert len(speed_page.figures(text_of(speed_page.REPORT))) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert cells[0]["cell_type"] == "markdown"
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    for cell in code:
        ast.parse("".join(cell["source"]))
    for target in re.findall(r"\]\(([^)#\s]+)", "".join("".join(cell["source"]) for cell in cells)):
        assert "://" in target or (path.parent / target).exists(), target


def test_the_chinese_page_of_the_desk_calls_its_fields_and_pages_as_they_do() -> None:
    folder = ROOT / "hla_match" / "language" / "catalogues" / "zh_Hans" / "LC_MESSAGES"
    said: set[str] = set()
    for part in ("desk", "reports"):
        with (folder / f"{part}.po").open("rb") as file:
            said |= {text for message in read_po(file) for text in (message.string or "",) if isinstance(text, str)}
    named = set(re.findall("【(.+?)】", text_of(DOCS / "zh" / "desk.md")))
    assert len(named) > 10
    assert named - said == set()


CHINESE_PAGES = sorted((DOCS / "zh").glob("*.md"))


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: page.name)
def test_a_chinese_page_is_set_as_chinese_is(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$|`[^`]*`", "`", text_of(page), flags=re.MULTILINE | re.DOTALL)
    narrow = re.findall(r"[\u3400-\u9fff][,;:?!()]|[,;:?!][\u3400-\u9fff]", re.sub(r"\]\([^)]*\)", "]", prose))
    assert narrow == []
    broken = re.findall(r"^[^\n|#].*[\u3000-\u9fff，。；：、]\n[\u3400-\u9fff].*$", prose, flags=re.MULTILINE)
    assert broken == []  # a line's end would be shown as a space


def test_the_citation_file_is_valid() -> None:
    """What the schema of the Citation File Format 1.2.0 asks of the keys that are used, and what the package says."""
    text = text_of(ROOT / "CITATION.cff")
    cited = yaml.safe_load(text)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    required = {"cff-version", "message", "title", "authors"}
    assert required <= cited.keys() <= required | {"abstract", "type", "version", "license", "keywords", "references"}
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] in ("software", "dataset")
    assert cited["license"] == re.search(r'^license = "(.+)"$', project, re.MULTILINE)[1]  # type: ignore[index]
    assert str(cited["version"]) == re.search(r'^version = "(.+)"$', project, re.MULTILINE)[1]  # type: ignore[index]
    assert len(cited["keywords"]) == len(set(cited["keywords"]))
    for person in (*cited["authors"], *(one for work in cited["references"] for one in work["authors"])):
        assert set(person) <= {"name", "family-names", "given-names"}
        assert "name" in person or "family-names" in person
    for work in cited["references"]:
        assert {"type", "title", "authors"} <= work.keys()
        assert work["type"] == "article"
