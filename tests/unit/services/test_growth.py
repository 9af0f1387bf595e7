"""Frequencies are estimated again once the registry has grown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import registry_io
from hla_match.cli import frequencies_estimate
from hla_match.cli.frequencies_estimate import estimate as command
from hla_match.services.estimation import Growth, growth_since_estimate

ROWS = "".join(f"D{number},02:01,24:02\n" for number in range(20))


def run(*options: str) -> str:
    arguments = ["registry", "--out", "own.csv", "--loci", "A", *options]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stderr + done.stdout


def test_an_estimate_waits_for_the_growth_of_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(frequencies_estimate, "prepare_kernels", lambda: None)
    Path("donors.csv").write_text("donor_id,A_1,A_2\n" + ROWS, encoding="utf-8")
    registry_io.import_donors("registry", "donors.csv", "builtin")
    # Without an estimate there is nothing to wait for.
    assert growth_since_estimate("registry", "own.csv") is None
    assert "frequencies in own.csv" in run("--if-grown-by", "0.05")
    first = Path("own.csv").stat().st_mtime_ns
    registry_io.add_donor("registry", "N1", {"A": "11:01,24:02"})
    assert growth_since_estimate("registry", "own.csv") == Growth(20, 21)
    kept = "own.csv stays: it was estimated when the registry had 20 donors, which now has 21\n"
    assert run("--if-grown-by", "0.06") == kept
    assert Path("own.csv").stat().st_mtime_ns == first
    assert "frequencies in own.csv" in run("--if-grown-by", "0.04")
    assert json.loads(Path("own.report.json").read_text())["n_donors"] == 21
    registry_io.withdraw_donor("registry", "N1")
    assert growth_since_estimate("registry", "own.csv") == Growth(21, 20)
    assert Growth(21, 20).share < 0
    Path("own.report.json").write_text("{}")
    assert growth_since_estimate("registry", "own.csv") is None
    said = "own.csv: no report beside it says from how many donors it was estimated; it is estimated again\n"
    assert run("--if-grown-by", "0.9").startswith(said)
