"""``frequencies``: sets installed by name, and what a nomenclature makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hla_match.cli import late_commands
from hla_match.cli.main import group
from hla_match.errors import CriteriaError, FileError

NMDP = """A,B,CAU_freq,NAM_freq
A*02:01,40:01,0.5,.3
A*24:02,46:01,0.2,
A*99:01,46:01,0.1,
A*98:01,40:01,,0.05
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("nmdp.csv").write_text(NMDP, encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, ("frequencies", *arguments), env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    return call


def test_sets_are_installed_and_listed_by_name(run) -> None:
    empty = run("list")
    assert (empty.exit_code, empty.stdout) == (0, "")
    assert "frequencies install" in empty.stderr
    for name in ("nmdp-2011", "CAU"):
        done = run("install", "nmdp.csv", "--name", name)
        assert done.stdout.startswith(f"Installed {name}: 5 frequencies over A~B, 2 populations.\n")
        assert "note: frequencies of CAU sum to 0.8\n" in done.stdout
    assert run("list").stdout == "CAU\nnmdp-2011\n"


@pytest.mark.parametrize("source", ["nmdp.csv", "a.set"])
def test_what_a_set_holds_and_what_is_left_out(run, source: str) -> None:
    assert run("install", "nmdp.csv", "--name", "a.set").exit_code == 0
    lines = run("show", source, "--nomenclature", "builtin").stdout.splitlines()
    assert lines[0].startswith(f"{source}: 2 haplotypes over A~B under built-in")
    assert lines[1].startswith("  from nmdp.csv, SHA-256 ")
    assert lines[2:5] == [
        "  CAU: 2 haplotypes, mass 0.700000, left out 0.100000",
        "  NAM: 1 haplotypes, mass 0.300000, left out 0.050000",
        "  left out: haplotypes with one of 2 names that are no single P group",
    ]
    assert [line.partition(":0")[0] for line in lines[5:7]] == ["    A*99", "    A*98"]
    assert all("unknown" in line for line in lines[5:7])


def test_long_lists_of_names_are_shown_in_part(run) -> None:
    rows = "".join(f"A*{field}:{number:02},0.001\n" for field in (97, 98) for number in range(1, 12))
    Path("many.csv").write_text(f"hap,freq\nA*02:01,0.1\n{rows}", encoding="utf-8")
    shown = run("show", "many.csv", "--nomenclature", "builtin").stdout
    assert "    and 2 more\n" in shown
    assert shown.count("    A*9") == 20


def test_what_cannot_be_is_refused(run) -> None:
    assert isinstance(run("install", "nmdp.csv", "--name", "../up").exception, CriteriaError)
    assert isinstance(run("install", "missing.csv", "--name", "x").exception, FileError)
    assert isinstance(run("show", "x").exception, FileError)
    Path("unknown.csv").write_text("hap,freq\nA*99:01,0.1\n", encoding="utf-8")
    assert isinstance(run("show", "unknown.csv", "--nomenclature", "builtin").exception, CriteriaError)


def test_help_lists_every_command_and_imports_none(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_commands, "import_module", lambda _: 1 / 0)
    shown = run("--help")
    assert shown.exit_code == 0
    listed = [line.split()[0] for line in shown.stdout.partition("Commands:\n")[2].splitlines() if line[2:3].strip()]
    assert listed == ["estimate", "install", "list", "show"]
    assert isinstance(run("estimate", "--help").exception, ZeroDivisionError)
