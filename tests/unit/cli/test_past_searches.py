"""``--at``: searches of a registry as it was, and what is written down of them."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import registry_io
from hla_match.cli.main import group
from hla_match.errors import HlaMatchError
from hla_match.services.batch import batch
from hla_match.services.search import search
from registry_io.store.search_log import logged_searches

PATIENT = "A*02:01+A*24:02"
SCOPE = ("--scope", "A")
BEFORE, AFTER = datetime.date(2020, 1, 31), datetime.date(2026, 6, 14)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry of three transactions and a file of patients."""
    place = tmp_path_factory.mktemp("past")
    (place / "donors.csv").write_text(
        "donor_id,A_1,A_2,birth_date\nD1,02:01,24:02,1990-06-01\nD2,02:01,24:02,2000-01-01\n", encoding="utf-8"
    )
    (place / "patients.csv").write_text(f"patient_id,gl_string\nP1,{PATIENT}\n", encoding="utf-8")
    registry_io.import_donors(place / "registry", place / "donors.csv", "builtin", today=BEFORE)
    registry_io.add_donor(place / "registry", "D3", {"A": "02:01,24:02"}, today=AFTER)
    registry_io.withdraw_donor(place / "registry", "D2", today=AFTER)
    return place


@pytest.fixture
def run(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(place)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(place / "home")})

    return call


def found(run, *options: str) -> list[str]:
    done = run("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", *SCOPE, *options)
    assert done.exit_code == 0, done
    return sorted(pl.read_csv("out.csv")["donor_id"])


@pytest.mark.parametrize("at", ["0", "4", "9223372036854775808", "9" * 5_000, "2026-13-01", "-1", ""])
def test_a_moment_that_is_none_is_an_error(run, at: str) -> None:
    refused = run("registry", "info", "registry", "--at", at)
    assert refused.exit_code == 2 or isinstance(refused.exception, HlaMatchError), refused


def test_a_search_sees_the_donors_of_then(run) -> None:
    assert found(run) == ["D1", "D3"]
    assert found(run, "--at", "1") == ["D1", "D2"]
    assert found(run, "--at", "2") == ["D1", "D2", "D3"]
    assert found(run, "--at", "2100-01-01") == ["D1", "D3"]
    shown = run("search", "registry", "--hla", PATIENT, *SCOPE, "--at", "1")
    assert "2 donors: the registry as it was at transaction 1, of 2020-01-31" in shown.stderr
    assert "D2" in shown.stdout
    assert "D3" not in shown.stdout


def test_ages_are_those_of_then_unless_a_day_is_named(run) -> None:
    assert found(run, "--at", "1", "--max-age", "29") == ["D1", "D2"]
    assert found(run, "--at", "1", "--max-age", "29", "--as-of", "2020-06-01") == ["D2"]
    assert found(run, "--at", "2100-01-01", "--max-age", "29") == ["D3"]


def test_what_is_no_moment_or_not_there_is_one_line(run) -> None:
    for at, message in (
        ("x", "Invalid value for '--at': found x, expected a number of a transaction or a date such as 2026-01-31"),
        ("7", "found no transaction 7, expected 1 to 3, or a date from"),
        ("2019-12-31", "found no transaction up to 2019-12-31, expected 1 to 3, or a date from"),
    ):
        for command in (("search", "registry", "--hla", PATIENT), ("registry", "info", "registry")):
            done = run(*command, "--at", at)
            assert done.exit_code != 0
            assert message in f"{done.stderr} {done.exception}"


def test_a_registry_is_described_as_it_was(run) -> None:
    lines = run("registry", "info", "registry", "--at", "1").stdout.splitlines()
    assert lines[0] == "registry: 2 donors, built-in nomenclature 1"
    assert "  transaction: 1" in lines
    assert "  imported_on: 2020-01-31" in lines


def test_the_log_and_the_manifest_name_the_transaction(run) -> None:
    found(run, "--at", "1")
    manifest = json.loads(Path("out.csv.manifest.json").read_text())
    assert manifest["registry"]["provenance"]["transaction"] == 1
    run("search", "registry", "--hla", PATIENT, *SCOPE)
    assert [one.transaction for one in logged_searches(Path("registry"))][-2:] == [1, 3]
    past, now, _ = run("registry", "searches", "registry").stdout.splitlines()[-3:]
    assert past.split("Z  ")[1].startswith("batch   the record  ")
    assert past.endswith("  transaction 1")
    assert now.endswith("  transaction 3")


def test_from_python_likewise(run) -> None:
    assert search("registry", PATIENT, at=1).to_polars()["donor_id"].to_list() == ["D2", "D1"]
    report = batch("registry", "patients.csv", "out.csv", overwrite=True, at=datetime.date(2100, 1, 1))
    assert report.n_rows == 2
    assert registry_io.open_registry("registry", at=2).n_donors == 3
