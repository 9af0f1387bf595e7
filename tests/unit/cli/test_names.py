"""``nomenclature show`` and ``reduce``: a name that cannot be read is one line, and other names go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from hla_match.errors import TypingError


@pytest.fixture
def run(tmp_path: Path):
    def call(*arguments: str, given: str | bytes = "") -> Result:
        return CliRunner().invoke(group, arguments, input=given, env={"HLA_MATCH_HOME": str(tmp_path)})

    return call


@pytest.mark.parametrize("name", ["FOO*01:01", "MICA*001", "A*99:01", "A2+A3", "A9999", "*02:01", "DRBX*01:01"])
def test_a_name_of_no_known_locus_is_a_typing_error(run, name: str) -> None:
    shown = run("nomenclature", "show", name, "--nomenclature", "builtin")
    assert isinstance(shown.exception, TypingError)
    assert shown.stdout == ""


def test_antigens_are_shown_and_unknown_g_groups_left_out(run) -> None:
    shown = run("nomenclature", "show", "A2", "--nomenclature", "builtin")
    assert shown.exit_code == 0
    assert "A*02:01P" in shown.stdout
    assert shown.stdout.count(" more\n") == 2
    assert "\n  G  " not in shown.stdout
    assert "\n  lg  " in shown.stdout


@pytest.mark.parametrize("level", ["P", "lg", "S"])
def test_a_bad_line_does_not_stop_the_others(run, level: str) -> None:
    lines = b"MICA\nDRBX:01:01+A*01:01\nFOO*1\n\xff\xfe\n\nA*02:01\n"
    done = run("reduce", "--to", level, "--nomenclature", "builtin", given=lines)
    assert done.exit_code == 2
    expected = {"P": "A*02:01P", "lg": "A*02:01g", "S": "A2"}[level]
    assert done.stdout == "\n" * 5 + expected + "\n"
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["line 1", "line 2", "line 3", "line 4"]


@pytest.mark.parametrize(
    ("line", "is_read"),
    [
        (b"A*02:01" + b" " * (1_000_000 - 7), True),
        (b"A*02:01" + b" " * (1_000_000 - 6), False),
        (b"A*02:01" * 500_000, False),
    ],
    ids=["longest", "longer", "many reads"],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_long_line_is_one_line(run, line: bytes, is_read: bool, last: bool) -> None:
    given = b"A*01:01\n" + line + (b"" if last else b"\nA*03:01\n")
    done = run("reduce", "--to", "lg", "--nomenclature", "builtin", given=given)
    assert done.stdout == "A*01:01g\n" + ("A*02:01g\n" if is_read else "\n") + ("" if last else "A*03:01g\n")
    said = "" if is_read else "line 2: found more than 1,000,000 bytes, expected one typing\n"
    assert done.stderr == said


def test_many_lines_are_numbered_through(run) -> None:
    done = run("reduce", "--to", "lg", "--nomenclature", "builtin", given=b"A*02:01\nx\n" * 5_000)
    assert done.stdout == "A*02:01g\n\n" * 5_000
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [f"line {2 * n}" for n in range(1, 5_001)]


@pytest.mark.parametrize(
    ("level", "typing", "reduced"),
    [
        ("P", "A*02:01+A*NEW", "A*02:01P+A*NEW"),
        ("lg", "HLA-A*NEW+HLA-A*02:01", "A*NEW+A*02:01g"),
        ("S", "A*02:01+A*NEW", "A2+A*NEW"),
        ("P", "A*02:NEW", "A*02:NEW"),
    ],
)
def test_new_stays_new(run, level: str, typing: str, reduced: str) -> None:
    assert run("reduce", "--to", level, "--nomenclature", "builtin", typing).stdout == f"{reduced}\n"
