"""A test lies in the folder of the room that it proves, so that whoever reads a module knows where its tests are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"
OTHER_FOLDERS = {"benchmarks": "benchmarks", "oracle": "tests.oracle"}
# A test that lies above the rooms spans several of them, or proves a module that lies there, too.
ABOVE_ROOMS = {Path(), Path("registry_io")}
ALL_TESTS = sorted(path.relative_to(UNIT) for path in UNIT.rglob("test_*.py"))
TESTS = [path for path in ALL_TESTS if path.parent not in ABOVE_ROOMS]


def room_of(folder: Path) -> str:
    """The package whose modules the tests of a folder prove."""
    package = "" if folder.parts[0] == "registry_io" else "hla_match."
    return OTHER_FOLDERS.get(folder.name, package + ".".join(folder.parts))


def imports_from(source: str, room: str) -> bool:
    """Whether a test, or a program in its text, imports something of a room."""
    package, _, name = room.rpartition(".")
    whole = rf"\b(from|import) {re.escape(room)}\b"
    return re.search(rf"{whole}|\bfrom {re.escape(package)} import .*\b{name}\b", source) is not None


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_a_test_lies_in_the_folder_of_its_room(test: Path) -> None:
    room = room_of(test.parent)
    assert ROOT.joinpath(*room.split(".")).is_dir(), f"{room} is no room"
    assert imports_from((UNIT / test).read_text(encoding="utf-8"), room), f"imports nothing of {room}"


def test_an_import_of_a_room_is_found() -> None:
    assert imports_from("from hla_match.choice.policies import POLICIES", "hla_match.choice")
    assert imports_from("from hla_match import choice", "hla_match.choice")
    assert not imports_from("from hla_match.choices import POLICIES", "hla_match.choice")
    assert not imports_from("from hla_match.matching.criteria import choice", "hla_match.choice")
