"""The commands on files with bad cells and misnamed columns: nobody lost, everything said, the warnings last."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from hla_match.cli import compilation
from hla_match.cli.main import main

GOOD = "02:01,24:02,40:01,46:01"
HEADER = "ID,A_1,A_2,B_1,B_2,DR_1,DR_2,sex,abo,birth_date,weight_kg"
DONORS = f"""{HEADER}
X1,{GOOD},09:01,15:01,公,A甲,5/1/1990,0
X2,{GOOD},09:01,15:01,M,A,2090-01-01,60
X3,{GOOD},09:01,15:01,M,A,1985-05-01,60
X4,{GOOD},09:01,15:01,M,A,2020-05-01,60
X5,02:9999,24:02,40:01,46:01,09:01,15:01,公,A,,
"""
WARNING = "warning: columns DR_1, DR_2 look like typings and were not read; name them DRB1_1, DRB1_2"


class Done(NamedTuple):
    status: int
    out: list[str]
    errors: list[str]


Command = Callable[..., Done]


@pytest.fixture
def hla_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process, in an empty folder, with no nomenclature installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLA_MATCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(compilation, "say", lambda **_: None)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["hla-match", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(ended.value.code or 0), captured.out.splitlines(), captured.err.splitlines())

    return run


@pytest.fixture
def registry(hla_match: Command, tmp_path: Path) -> Done:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    return hla_match("registry", "import", "registry", "donors.csv")


def test_an_import_says_which_cells_and_columns_it_did_not_read(registry: Done, tmp_path: Path) -> None:
    assert registry.status == 0
    assert registry.out[0].startswith("5 rows: 4 imported, 1 quarantined under ")
    start = registry.out.index("Quarantine report: registry/quarantine.csv") + 1
    assert registry.out[start : start + 6] == [
        "  abo: 1 cell left empty",
        "  birth_date: 2 cells left empty",
        "  sex: 1 cell left empty",
        "  weight_kg: 1 cell left empty",
        "  birth_date: 1 cell kept although unusual",
        "Report on cells of imported donors: registry/warnings.csv",
    ]
    assert registry.errors[-1] == WARNING
    report = pl.read_csv(tmp_path / "registry" / "warnings.csv")
    assert report.select("row", "column").rows() == [
        (2, "sex"), (2, "birth_date"), (2, "abo"), (2, "weight_kg"), (3, "birth_date"), (5, "birth_date"),
    ]  # fmt: skip
    said = "\n".join((*registry.out, *registry.errors))
    assert not any(text in said for text in ("X1", "公", "A甲", "5/1/1990", "02:9999"))


def test_a_batch_searches_patients_with_bad_cells(registry: Done, hla_match: Command, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(DONORS.replace("X", "P"), encoding="utf-8")
    done = hla_match("batch", "registry", "p.csv", "--out", "out.csv", "--scope", "A,B", "--as-of", "2026-01-01")
    assert done.status == 0
    assert done.errors[-1] == WARNING
    status = pl.read_csv(tmp_path / "out.csv.status.csv").with_columns(pl.col("reason").fill_null(""))
    assert status["status"].to_list() == ["ok", "ok", "ok", "ok", "error"]
    first, second, third, fourth, fifth = status["reason"]
    for name in ("sex", "abo", "birth_date", "weight_kg"):
        assert f"{name}: bad_attribute: {name} is not " in first
    assert first.count(", left empty") == 4
    assert second == "birth_date: implausible_value: birth_date is later than 2026-01-01, left empty"
    assert (third, fourth) == ("", "")
    assert fifth.startswith("A: unknown_allele: ")
    assert "; sex: bad_attribute: " in fifth
    # Only the first has a donor's age; the next two have a sex.
    found = pl.read_csv(tmp_path / "out.csv").filter(patient_id="P1")
    assert found["donor_id"].to_list() == ["X3", "X2", "X4", "X1"]
    assert found["age"].to_list() == [40, None, 5, None]


def test_persons_with_bad_cells_are_imputed(registry: Done, hla_match: Command, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(DONORS.replace("X", "P"), encoding="utf-8")
    (tmp_path / "f.csv").write_text("A,B,frequency\n02:01,40:01,0.5\n24:02,46:01,0.5\n")
    done = hla_match("impute", "registry", "p.csv", "--frequencies", "f.csv", "--out", "out.csv")
    assert done.status == 0
    assert done.errors[-1] == WARNING
    status = pl.read_csv(tmp_path / "out.csv.status.csv").with_columns(pl.col("reason").fill_null(""))
    assert status["status"].to_list() == ["ok", "ok", "ok", "ok", "error"]
    assert status["reason"][0].startswith("sex: bad_attribute: ")
    assert status["reason"][2] == ""


def test_a_file_whose_typings_are_all_misnamed_is_refused(hla_match: Command, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("ID,DR_1,DR_2,A1\nX1,09:01,15:01,02:01\n")
    done = hla_match("registry", "import", "registry", "d.csv")
    assert done.status == 2
    assert "DR_1, DR_2, A1 look like typings: name them DRB1_1, DRB1_2, A_1" in done.errors[-1]
    assert not (tmp_path / "registry").exists()
