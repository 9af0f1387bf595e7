"""Values that options give by name: none is given twice, so that none silently takes the place of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import registry_io
from hla_match.cli.main import group
from hla_match.errors import CriteriaError


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\nD2,02:01,24:02\n", encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    return tmp_path / "registry"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(one) for one in arguments])


TWICE = {
    "set": ("donor", "update", "{registry}", "D1", "--set", "city=Ningbo", "--set", "city =Huzhou"),
    "take": ("merge", "{registry}", "D1", "D2", "--dry-run", "--take", "A=D1", "--take", "A=D2"),
    "settings": ("settings", "{registry}", "--set", "min-age=18", "--set", "min_age=20"),
    "unset": ("settings", "{registry}", "--set", "min-age=18", "--unset", "min-age"),
}


@pytest.mark.parametrize("arguments", TWICE.values(), ids=TWICE.keys())
def test_a_name_that_is_given_twice_is_refused(registry: Path, arguments: tuple[str, ...]) -> None:
    before = {path: path.read_bytes() for path in registry.iterdir() if path.is_file()}
    refused = run("registry", *(one.format(registry=registry) for one in arguments))
    assert refused.exit_code == 2
    assert "twice, expected each name once" in refused.stderr
    assert {path: path.read_bytes() for path in registry.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    "given", [("--set", "min-age"), ("--set", "min-age="), ("--set", "=5"), ("--unset", "min-age=5")]
)
def test_a_setting_that_is_none_is_refused(registry: Path, given: tuple[str, str]) -> None:
    assert run("registry", "settings", registry, "--set", "max-age=60").exit_code == 0
    refused = run("registry", "settings", registry, *given)
    assert refused.exit_code != 0
    assert "max-age=60" in run("registry", "settings", registry).stdout


def test_a_typing_is_given_by_one_option(registry: Path) -> None:
    hla = "A*02:01+A*24:02"
    assert run("case", "open", registry, "--hla", hla, "--frequencies", "none").exit_code == 0
    refused = run("case", "typing", registry, "1", "D1", "--hla", hla, "--set", f"gl_string={hla}")
    assert "a GL String by --hla and one by --set" in str(refused.exception)


@pytest.mark.parametrize("given", [("--sex", ""), ("--abo", ""), ("--cmv", ""), ("--city", ""), ("--city", "Ningbo,")])
def test_values_of_donors_that_are_empty_are_refused(registry: Path, given: tuple[str, str]) -> None:
    """A variable of a shell that is not set must not let all donors in."""
    refused = run("search", registry, "--hla", "A*02:01+A*24:02", "--frequencies", "none", *given)
    assert isinstance(refused.exception, CriteriaError)


def test_a_table_of_differences_lies_outside_the_registry(registry: Path) -> None:
    before = (registry / "warnings.csv").read_bytes()
    refused = run("registry", "diff", registry, "1", "1", "--out", registry / "warnings.csv")
    assert "a place outside the registry's folder" in str(refused.exception)
    assert (registry / "warnings.csv").read_bytes() == before
