"""The demonstration leaves its files, a report and tables that are never cut."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

import hla_match
import registry_io
from hla_match.cli.main import main
from hla_match.reporting.search_page import search_page
from hla_match.reporting.terminal import match_table
from registry_io.disk.joint_files import lock_files

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01^DPB1*05:01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["hla-match", "demo", "--folder", str(folder), "--donors", "2000"])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    return folder


@pytest.fixture(scope="module")
def matches(folder: Path) -> hla_match.MatchList:
    patient = hla_match.Patient.from_gl_string("<b>P</b>", PATIENT)
    registry = registry_io.open_registry(folder / "registry")
    found = hla_match.Matcher(registry).search(patient, hla_match.SearchCriteria(max_mismatches=2, limit=30))
    assert len(found) == 30
    return found


def test_demo_leaves_files_and_a_report_with_their_figures(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {"donors.csv.gz", "patients.csv", "registry", "matches.csv", "report.html"}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "2,000 donors; 20 patients" in page
    assert "G groups are unknown" in page
    assert not re.search(r"<script|<link|src=|https?:", page)
    best = pl.read_csv(folder / "matches.csv").filter(pl.col("rank") == 1)
    assert best.height > 0
    for patient, donor in best.select("patient_id", "donor_id").iter_rows():
        assert f">{patient}</a>" in page
        assert f"<td>{donor}</td>" in page


def test_demo_has_one_writer(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "matches.csv").read_bytes()
    assert (folder / "matches.csv").stat().st_mode & 0o077 == 0
    monkeypatch.setattr(sys, "argv", ["hla-match", "demo", "--folder", str(folder), "--donors", "100"])
    with lock_files(folder / "matches.csv"), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "expected no other writer" in capsys.readouterr().err
    assert (folder / "matches.csv").read_bytes() == before


def test_pages_escape_what_a_file_says(matches: hla_match.MatchList) -> None:
    for page in (matches._repr_html_(), search_page("Searches", matches.registry, [matches])):
        assert "&lt;b&gt;P&lt;/b&gt;" in page
        assert "<b>P</b>" not in page


@pytest.mark.parametrize("width", [40, 100, 200])
def test_a_narrow_terminal_cuts_no_identifier(matches: hla_match.MatchList, width: int) -> None:
    out = io.StringIO()
    match_table(matches, Console(file=out, width=width))
    text = out.getvalue()
    assert "\u2026" not in text
    assert all(donor in text for donor in matches.to_polars()["donor_id"])
    assert "(DP)" in text
    assert max(len(line) for line in text.splitlines()) <= max(width, 100)


@pytest.mark.parametrize("name", ["patients.csv", "donors.csv.gz", "report.html"])
def test_demo_replaces_no_file_that_it_did_not_make(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("patient_id,gl_string\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["hla-match", "demo", "--folder", str(tmp_path), "--donors", "100"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert f"{name}, a file that no demonstration made" in capsys.readouterr().err
    assert (tmp_path / name).read_text(encoding="utf-8") == "patient_id,gl_string\n"
