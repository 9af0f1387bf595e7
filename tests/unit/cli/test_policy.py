"""``hla-match policy``, and searches in an order of one's own."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hla_match.choice.policies import POLICIES, RankingPolicy
from hla_match.cli.main import group

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
DONORS = f"""donor_id,birth_date,gl_string
D1,1970-01-01,{PATIENT}
D2,2000-01-01,{PATIENT.replace("A*02:01", "A*11:01")}
D3,1960-01-01,{PATIENT}
"""
OURS = """name = "ours"
caveat = "Agreed for adults."
filters = { max_age = 60, scope = "6/6" }
keys = ["age", "donor_id"]
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("donors.csv").write_text(DONORS, encoding="utf-8")
    Path("ours.toml").write_text(OURS, encoding="utf-8")
    Path("patients.csv").write_text(f"patient_id,gl_string\nP1,{PATIENT}\n", encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    assert call("registry", "import", "registry", "donors.csv", "--nomenclature", "builtin").exit_code == 0
    return call


def test_policies_are_listed_and_shown(run) -> None:
    lines = run("policy", "list").stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == [*POLICIES]
    used = {line.partition(":")[0]: line.rpartition(" (")[2] for line in lines if "used w" in line}
    assert used == {
        "wmda": "used with frequencies)",
        "plain": "used where there are no frequencies)",
        "certain-first": "used with --frequencies none)",
    }
    for name, policy in POLICIES.items():
        shown = run("policy", "show", name).stdout.splitlines()
        assert shown[0] == f"{name}, version {policy.version}: {policy.title}"
        assert [line for line in shown if line.startswith("  1. ")] == [
            f"  1. {policy.keys[0].feature}: {policy.keys[0]}"
        ]
        assert {f"  {source}" for source in policy.sources} <= {*shown}
        written = run("policy", "show", name, "--toml").stdout
        assert RankingPolicy.from_dict(tomllib.loads(written)) == policy
    shown = run("policy", "show", "ours.toml").stdout
    assert "  max_age = 60\n" in shown
    assert shown.endswith("caveat: Agreed for adults.\n")


def test_an_order_of_ones_own_is_checked(run) -> None:
    done = run("policy", "check", "ours.toml")
    assert done.stdout.startswith("ours.toml holds the policy ours: younger (")
    Path("ours.toml").write_text(OURS.replace('"age"', '"height"'), encoding="utf-8")
    done = run("policy", "check", "ours.toml")
    assert done.exit_code != 0
    assert "found 'height' at policy ours: key 1: feature, expected one of p0," in str(done.exception)


def test_a_search_in_an_order_of_ones_own(run) -> None:
    day = ("--as-of", "2026-01-01")
    given = ("--hla", PATIENT, "--policy", "ours.toml", *day)
    lines = run("search", "registry", *given).stdout.splitlines()
    assert "2 donors; 6/6" in lines
    assert "ours: Agreed for adults." in lines
    found = [line.split()[1] for line in lines if re.match(r" *\d+ +D", line)]
    assert found == ["D2", "D1"]
    # What is asked for holds against the policy's filters.
    more = run("search", "registry", *given, "--max-age", "70", "--scope", "A,B").stdout
    assert "3 donors; A,B" in more
    assert run("batch", "registry", "patients.csv", "--out", "m.csv", "--policy", "ours.toml", *day).exit_code == 0
    assert pl.read_csv("m.csv")["donor_id"].to_list() == ["D2", "D1"]
    manifest = json.loads(Path("m.csv.manifest.json").read_text(encoding="utf-8"))
    assert RankingPolicy.from_dict(manifest["policy_data"]) == RankingPolicy.from_dict(tomllib.loads(OURS))
    assert (manifest["criteria"]["max_age"], manifest["criteria"]["scope"]) == (60, "6/6")


def test_antibodies_that_a_policy_leaves_donors_out_for_can_be_let_in(run) -> None:
    Path("careful.toml").write_text(OURS.replace("max_age = 60", 'without_antibodies = "certain"'), encoding="utf-8")
    asked = ("search", "registry", "--hla", PATIENT, "--patient-antibodies", "A11=4500", "--policy", "careful.toml")
    asked += ("--max-mismatches", "1", "--as-of", "2026-01-01")
    assert "D2" not in run(*asked).stdout
    assert "D2" in run(*asked, "--without-antibodies", "none").stdout
