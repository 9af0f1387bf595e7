"""Pages whose commands are run: what stands below a command is what it prints.

    python -m tests.console_pages

writes the output of the commands of `docs/keeping-a-registry.md` into the page; a test fails where the two differ. The
commands of a page run in one folder, one after another. `cat FILE` shows a file that the commands find there. Times and
the user's name differ from run to run, so that the page has one of each.
"""

from __future__ import annotations

import datetime
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from hla_match.cli.main import group
from hla_match.cli.option_hints import with_option_hint
from hla_match.errors import HlaMatchError
from registry_io.disk.writer_lock import user_name
from tests.pages import DOCS

PAGE = DOCS / "keeping-a-registry.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BESIDE = ("note: ", "Nomenclature: ")
"""Lines that say the same below every import."""


def written(text: str) -> str:
    """The page with the output of its commands."""
    with tempfile.TemporaryDirectory() as name, _inside(Path(name)):
        return _BLOCK.sub(lambda block: f"```console\n{''.join(_ran(block[1]))}```", text)


def _ran(block: str) -> Iterator[str]:
    """The lines of a block, each command with what it prints now."""
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        line, _, rest = part.partition("\n")
        program, *arguments = shlex.split(line.removeprefix("$ ")) or [""]
        if program == "cat":
            Path(arguments[0]).write_text(rest, encoding="utf-8")
            yield part
        elif program == "hla-match":
            yield f"{line}\n{_output(arguments)}"


def _output(arguments: list[str]) -> str:
    done = CliRunner().invoke(group, arguments)
    error = done.exception
    if error is not None and not isinstance(error, HlaMatchError | SystemExit):
        raise error
    told = f"hla-match: {with_option_hint(error)}\n" if isinstance(error, HlaMatchError) else ""
    said = "".join(line for line in done.output.splitlines(keepends=True) if not line.startswith(_BESIDE))
    text = re.sub(rf"\bby {re.escape(user_name())}\b", "by li", said + told)
    days = {datetime.date.today().isoformat(), datetime.datetime.now(datetime.UTC).date().isoformat()}
    return re.sub(rf"(?:{'|'.join(days)})(?: \d\d:\d\dZ)?", _fixed, text)


def _fixed(found: re.Match[str]) -> str:
    return "2026-01-31 08:30Z" if found[0].endswith("Z") else "2026-01-31"


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit()
