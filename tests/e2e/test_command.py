"""The command as scripts rely on it; what ends well, and an error, in processes of its own."""

import os
import shutil
import subprocess
import sys

import polars as pl
import pytest

from tests.own_process import called

DONORS = """donor_id,gl_string
D1,A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01
D2,A*02:XX+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01
D3,A*11:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01
D4,A*02:9999+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01
D1,A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01
"""
PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01"


def hla_match(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-c", "from hla_match.cli.main import main; main()", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "HLA_MATCH_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A folder with a registry."""
    folder = tmp_path_factory.mktemp("imported")
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    done = hla_match(folder, "registry", "import", "registry", "donors.csv")
    assert done.returncode == 0, done.stderr
    assert "5 rows: 3 imported, 2 quarantined" in done.stdout
    assert "builtin" in done.stderr
    return folder


@pytest.fixture
def folder(imported, tmp_path):
    return shutil.copytree(imported, tmp_path, dirs_exist_ok=True)


def test_quarantine_names_row_and_reason(folder):
    report = pl.read_csv(folder / "registry" / "quarantine.csv")
    assert report.select("row", "reason").rows() == [(5, "unknown_allele"), (6, "duplicate_identifier")]


def test_batch_reports_a_bad_patient_and_ranks_the_others(folder):
    (folder / "patients.csv").write_text(f"patient_id,gl_string\nP1,{PATIENT}\nP2,A*99:01+A*24:02\n", encoding="utf-8")
    done = hla_match(folder, "batch", "registry", "patients.csv", "--out", "out.csv", "--max-mismatches", "1")
    assert done.returncode == 0, done.stderr
    rows = pl.read_csv(folder / "out.csv")
    assert rows["donor_id"].to_list() == ["D1", "D3", "D2"]
    assert rows.select("matches_best", "matches_worst").rows() == [(10, 10), (9, 9), (10, 5)]
    assert rows["A_grade"].to_list() == ["AA", "MA", "PA"]
    status = pl.read_csv(folder / "out.csv.status.csv")
    assert status.select("patient_id", "status").rows() == [("P1", "ok"), ("P2", "error")]
    assert not list(folder.glob(".out*"))


def test_search_prints_donors(folder):
    done = hla_match(folder, "search", "registry", "--hla", PATIENT)
    assert done.returncode == 0, done.stderr
    assert "D1" in done.stdout
    assert "validate independently" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "nowhere", "--hla", PATIENT),
        ("search", "registry", "--hla", "A*99:01+A*24:02"),
        ("search", "registry", "--hla", PATIENT, "--scope", "11/10"),
        ("batch", "registry", "missing.csv", "--out", "out.csv"),
        ("batch", "registry", "donors.csv", "--out", "out.doc"),
        ("registry", "import", "other", "missing.csv"),
        ("nomenclature", "install", "--from", "registry"),
    ],
)
def test_an_error_is_one_line_and_exit_status_2(folder, arguments):
    done = called(folder, *arguments)
    assert_one_line(done.status, done.err)


def test_an_error_of_a_process_is_one_line_and_exit_status_2(folder):
    done = hla_match(folder, "search", "registry", "--hla", "A*99:01+A*24:02")
    assert_one_line(done.returncode, done.stderr)


def assert_one_line(status, told):
    assert status == 2
    assert "Traceback" not in told
    errors = [line for line in told.splitlines() if not line.startswith("Nomenclature: ")]
    assert len(errors) == 1
    assert errors[0].startswith("hla-match: ")


def test_reduce_writes_p_groups(folder):
    done = hla_match(folder, "reduce", "--to", "P", "--nomenclature", "builtin", "A*02:09", "B*46:01")
    assert done.stdout.split() == ["A*02:01P", "B*46:01"]
