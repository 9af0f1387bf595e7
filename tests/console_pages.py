"""Pages whose commands are run: what stands below a command is what it prints.

    python -m tests.console_pages

writes the output of the commands into the pages, of Chinese pages in Chinese; a test fails where the two differ. The
commands of a page run in one folder, one after another: a new one, or a demonstration of 6,000 donors. `cat FILE` shows
a file that the commands find there, and `> FILE` keeps what a command prints out of the page. Times and the
user's name, and the codes of cases, differ from run to run, so that the page has its own: its today is the last of
January.
"""

from __future__ import annotations

import datetime
import itertools
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hla_match.cases.blind_codes import donor_code, patient_code
from hla_match.cli.languages import spoken
from hla_match.cli.main import group
from hla_match.cli.told_errors import error_lines
from hla_match.errors import HlaMatchError
from tests.pages import DOCS

PAGE = DOCS / "keeping-a-registry.md"
ON_NEW_FOLDERS = (PAGE, DOCS / "cases.md", DOCS / "zh" / "keeping.md")
_CHINESE = ("first-search", "reading-a-list", "probabilities", "whom-to-call", "case")
ON_A_DEMONSTRATION = (DOCS / "coordinator.md", *(DOCS / "zh" / f"{name}.md" for name in _CHINESE))
CONSOLE_PAGES = (*ON_NEW_FOLDERS, *ON_A_DEMONSTRATION)
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BESIDE = ("note: ", "Nomenclature: ", "提示：", "命名法：")
"""Lines that say the same below every import."""
_TODAY = datetime.date(2026, 1, 31)
"""The day of the pages; a reservation that they ask for until a later day is asked for as many days from today."""
_UNTIL: dict[str, str] = {}
"""Days until which the commands so far asked for something, and what the pages say for them."""
_CODE = re.compile(r"\b[PD](?:-[0-9A-Y]{4}){3}\b")
_CODES: dict[str, str] = {}
"""The codes of cases, by what stands for them on the page."""
_KEPT: list[tempfile.TemporaryDirectory[str]] = []
"""Folders that live as long as the process."""


def written(page: Path) -> str:
    """The page with the output of its commands."""
    text = page.read_text(encoding="utf-8")
    _CODES.clear()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "folder"
        if page in ON_A_DEMONSTRATION:
            shutil.copytree(_demonstration(), folder)
        else:
            folder.mkdir()
        code = "zh" if page.parent.name == "zh" else "en"
        with _inside(folder), _speaking(code):
            return _BLOCK.sub(lambda block: f"```console\n{''.join(_ran(block[1]))}```", text)


@cache
def _demonstration() -> Path:
    """The folder of a demonstration, as the pages tell to make one; whoever runs it next to it finds it made."""
    kept = tempfile.TemporaryDirectory()
    _KEPT.append(kept)
    folder = Path(kept.name) / "lianxi"
    with _speaking("en"):
        done = CliRunner().invoke(group, ["demo", "--donors", "6000", "--folder", str(folder)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return folder


def _ran(block: str) -> Iterator[str]:
    """The lines of a block, each command with what it prints now."""
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        line, _, rest = part.partition("\n")
        program, *arguments = shlex.split(line.removeprefix("$ ")) or [""]
        if program == "cat":
            Path(arguments[0]).write_text(rest, encoding="utf-8")
            yield part
        elif program == "hla-match" and ">" in arguments:
            *arguments, _, file = arguments
            Path(file).write_text(_output(arguments), encoding="utf-8")
            yield f"{line}\n"
        elif program == "hla-match":
            yield f"{line}\n{_output(arguments)}"


def _output(arguments: list[str]) -> str:
    asked = [datetime.date.fromisoformat(day) for option, day in itertools.pairwise(arguments) if option == "--until"]
    days = {day.isoformat(): (day - _TODAY + datetime.date.today()).isoformat() for day in asked}
    done = CliRunner().invoke(group, [_CODES.get(one, days.get(one, one)) for one in arguments])
    return _CODE.sub(_page_code, _with_page_days(_said(done), {told: day for day, told in days.items()}))


def _said(done: Result) -> str:
    """What a command printed, its error too."""
    error = done.exception
    if error is not None and not isinstance(error, HlaMatchError | SystemExit):
        raise error
    lines = error_lines(error) if isinstance(error, HlaMatchError) else []
    told = "hla-match: " * bool(lines) + "".join(f"{line}\n" for line in lines)
    said = "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith(_BESIDE))
    return said + told


def _with_page_days(text: str, until: dict[str, str]) -> str:
    """A text with the days of the page: today's, and those until which something holds."""
    _UNTIL.update(until)
    days = {datetime.date.today().isoformat(), datetime.datetime.now(datetime.UTC).date().isoformat()}
    for told, day in _UNTIL.items():
        text = text.replace(told, day)
    return re.sub(rf"(?:{'|'.join(days)})(?: \d\d:\d\dZ)?", _fixed, text)


def _page_code(found: re.Match[str]) -> str:
    """The code of the page that stands for one of this run: its first, its second, and so on."""
    shown = {own: code for code, own in _CODES.items()}
    if found[0] not in shown:
        number = len(_CODES) + 1
        code = patient_code(b"page", number) if found[0][0] == "P" else donor_code(b"page", number, number)
        _CODES[code] = found[0]
        return code
    return shown[found[0]]


def _fixed(found: re.Match[str]) -> str:
    return "2026-01-31 08:30Z" if found[0].endswith("Z") else "2026-01-31"


@contextmanager
def _speaking(code: str) -> Iterator[None]:
    """Let commands speak a language, to a user of the name that the pages have."""
    with spoken(code), pytest.MonkeyPatch.context() as patch:
        patch.setenv("HLA_MATCH_LANG", code)
        patch.setenv("LOGNAME", "li")
        yield


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    for one in CONSOLE_PAGES:
        one.write_text(written(one), encoding="utf-8")
    sys.exit()
