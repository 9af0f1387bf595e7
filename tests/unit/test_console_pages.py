"""Pages with commands show what they print: those on keeping a registry, and the coordinator's."""

from __future__ import annotations

from pathlib import Path

import pytest

import registry_io
from tests import console_pages
from tests.pages import DOCS, blocks, text_of

PAGE = console_pages.PAGE
every_page = pytest.mark.parametrize("page", console_pages.CONSOLE_PAGES, ids=lambda page: str(page.relative_to(DOCS)))


@every_page
def test_a_page_shows_what_its_commands_print(page: Path) -> None:
    assert console_pages.written(page) == text_of(page), "run: python -m tests.console_pages"


def test_lines_of_commands_are_no_wider_than_a_terminal() -> None:
    for block in blocks(PAGE, "console"):
        said = (line for line in block.splitlines() if not line.startswith(("$ ", "hla-match: ")))
        assert [line for line in said if len(line) > 80] == []


def test_the_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (block.split("$ ")[1].partition("\n")[2] for block in blocks(PAGE, "console")[:2])
    Path("donors.csv").write_text(first, encoding="utf-8")
    Path("january.csv").write_text(second, encoding="utf-8")
    registry_io.import_donors("zhejiang", "donors.csv", "builtin")
    registry_io.add_donor("zhejiang", "ZJ0008", {"A": "11:01,33:03"})
    (code,) = blocks(PAGE, "python")
    exec(compile(code, str(PAGE), "exec"), {})
    reasons = [one.reason for one in registry_io.registry_log("zhejiang")]
    assert reasons == ["", "", "monthly file", "pregnant", "", "request of 31 January"]


def test_the_pages_tell_to_make_the_demonstration_that_their_commands_ran_in() -> None:
    told = [page for page in console_pages.ON_A_DEMONSTRATION if "hla-match demo" in text_of(page)]
    assert {page.name for page in told} == {"coordinator.md", "first-search.md"}
    for page in told:
        assert "hla-match demo --donors 6000 --folder lianxi\ncd lianxi\n" in "\n".join(blocks(page, "sh"))
