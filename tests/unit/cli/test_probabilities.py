"""``search`` and ``batch`` with haplotype frequencies: what is computed once, what is said, what the files name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from hla_match.errors import CriteriaError, FileError

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
DONORS = f"""donor_id,birth_date,gl_string
D1,1990-01-01,A2+A24^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01
D2,1980-01-01,A*02:01/A*02:07+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01
D3,1970-01-01,{PATIENT.replace("A*24:02", "A*11:01")}
"""
# Of A*02:01 and A*02:07 on the haplotype of D1 and D2 the second is nine times as frequent.
FREQUENCIES = """haplotype,frequency
A*02:01~B*46:01~DRB1*09:01,0.05
A*02:07~B*46:01~DRB1*09:01,0.45
A*24:02~B*40:01~DRB1*15:01,0.4
A*98:01~B*40:01~DRB1*15:01,0.1
"""
DAY = "--as-of=2026-06-14"
BATCH = ("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", "--scope", "6/6", DAY)
SEARCH = ("search", "registry", "--hla", PATIENT, "--scope", "6/6", DAY)
BUILDING = "Imputing 3 donors, which is done once for a registry and a set of frequencies ...\n"
LEFT_OUT = (
    "Frequencies {}: 1 name is no single P group of built-in nomenclature 1 (A*98:01); left out a frequency of 0.1\n"
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("donors.csv").write_text(DONORS, encoding="utf-8")
    Path("patients.csv").write_text(f"ID,gl_string\nP1,{PATIENT}\nP2,A*11:01/A*11:02\n", encoding="utf-8")
    Path("han.csv").write_text(FREQUENCIES, encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    assert call("registry", "import", "registry", "donors.csv", "--nomenclature", "builtin").exit_code == 0
    return call


def test_donors_are_imputed_once_and_what_is_left_out_is_said(run) -> None:
    assert run("frequencies", "install", "han.csv", "--name", "han").exit_code == 0
    first = run(*SEARCH, "--frequencies", "han")
    assert first.stderr == LEFT_OUT.format("han") + BUILDING
    assert "wmda: " in first.stdout
    assert run(*SEARCH, "--frequencies", "han").stderr == LEFT_OUT.format("han")
    # The file has the same content under another name, which results show.
    assert run(*SEARCH, "--frequencies", "han.csv").stderr == LEFT_OUT.format("han.csv")
    assert run(*BATCH, "--frequencies", "han.csv").exit_code == 0
    assert pl.read_csv("out.csv")["frequency_set"].unique().to_list() == ["han.csv"]
    assert len(list(Path("registry").glob("snapshot-*/imputed-*"))) == 1
    assert run("registry", "verify", "registry").exit_code == 0
    (damaged, *_) = Path("registry").glob("snapshot-*/imputed-*/member.npy")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x7f")
    done = run("registry", "verify", "registry")
    assert "imputed-*; the donors are imputed again" in str(done.exception)


def test_probabilities_order_the_donors_unless_another_policy_is_named(run) -> None:
    assert run(*BATCH, "--frequencies", "han.csv").exit_code == 0
    rows = pl.read_csv("out.csv").filter(pl.col("patient_id") == "P1")
    probability = dict(rows.select("donor_id", "p0").iter_rows())
    assert probability == {"D1": pytest.approx(0.1), "D2": pytest.approx(0.1), "D3": 0.0}
    assert rows["frequency_set"].unique().to_list() == ["han.csv"]
    manifest = json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))
    assert manifest["policy"].startswith("wmda: ")
    assert manifest["frequencies"]["global"] is None
    assert manifest["frequencies"]["own"] == {
        "name": "han.csv",
        "sha256": hashlib.sha256(FREQUENCIES.encode()).hexdigest(),
        "loci": ["A", "B", "DRB1"],
        "haplotypes": 3,
        "unmapped_names": 1,
        "unmapped_mass": {"": 0.1},
    }
    assert run(*BATCH, "--frequencies", "han.csv", "--policy", "certain-first").exit_code == 0
    assert "certain-first: " in json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))["policy"]
    assert run(*BATCH).exit_code == 0
    plain = json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))
    assert plain["policy"].startswith("plain: ")
    assert plain["frequencies"] is None
    assert "p0" not in pl.read_csv("out.csv").columns


def test_summary_and_statuses_name_the_set_and_whom_it_does_not_explain(run) -> None:
    Path("world.csv").write_text("hap,freq\nA*11:01~B*46:01~DRB1*09:01,1\n", encoding="utf-8")
    done = run(*BATCH, "--frequencies", "han.csv")
    checksum = hashlib.sha256(FREQUENCIES.encode()).hexdigest()[:12]
    assert f"  frequencies: han.csv, SHA-256 {checksum}..., left out a frequency of 0.1\n" in done.stdout
    status = pl.read_csv("out.csv.status.csv")
    assert status["status"].to_list() == ["ok", "ok"]
    assert status["reason"][0] == ""
    assert status["reason"][1].endswith("; no frequencies explain the patient at A")
    done = run(*BATCH, "--frequencies", "han.csv", "--global-frequencies", "world.csv")
    assert "left out a frequency of 0.1; then world.csv, SHA-256 " in done.stdout
    assert not pl.read_csv("out.csv.status.csv")["reason"].str.contains("frequencies").any()
    manifest = json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))
    assert manifest["frequencies"]["global"]["name"] == "world.csv"


def test_a_batch_that_finds_nobody_has_the_columns_of_one_that_does(run) -> None:
    Path("patients.csv").write_text("ID,gl_string\nP1,A*99:01\n", encoding="utf-8")
    assert run(*BATCH, "--frequencies", "han.csv").exit_code == 0
    nobody = pl.read_csv("out.csv")
    assert nobody.height == 0
    Path("patients.csv").write_text(f"ID,gl_string\nP1,{PATIENT}\n", encoding="utf-8")
    assert run(*BATCH, "--frequencies", "han.csv").exit_code == 0
    somebody = pl.read_csv("out.csv")
    assert somebody.height > 0
    assert set(nobody.columns) <= set(somebody.columns)
    assert "p0" in nobody.columns


@pytest.mark.parametrize("command", [SEARCH, BATCH])
@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--frequencies", "missing"), FileError),
        (("--global-frequencies", "han.csv"), CriteriaError),
        (("--frequencies", "han.csv", "--global-frequencies", "missing"), FileError),
        (("--frequencies", "unknown.csv"), CriteriaError),
        (("--frequencies", "donors.csv"), FileError),
    ],
)
def test_frequencies_that_cannot_be_are_refused(
    run, command: tuple[str, ...], options: tuple[str, ...], error: type[Exception]
) -> None:
    Path("unknown.csv").write_text("hap,freq\nA*99:01,0.1\n", encoding="utf-8")
    assert isinstance(run(*command, *options).exception, error)
    assert not Path("out.csv").exists()


def test_a_result_does_not_replace_the_frequencies(run) -> None:
    done = run("batch", "registry", "patients.csv", "--out", "han.csv", "--frequencies", "han.csv", DAY)
    assert isinstance(done.exception, CriteriaError)
    assert Path("han.csv").read_text(encoding="utf-8") == FREQUENCIES


def test_donors_are_chosen_by_probability_and_attributes(run) -> None:
    given = (*SEARCH, "--frequencies", "han.csv")
    assert "3 donors; 6/6" in run(*given).stdout
    assert "2 donors; 6/6" in run(*given, "--max-mismatches", "0", "--min-p", "10%").stdout
    assert "0 donors; 6/6" in run(*given, "--max-mismatches", "0", "--min-p", "0.2").stdout
    assert "'5' is no share such as 5% or 0.05" in run(*given, "--min-p", "5").output
    done = run(*given, "--cmv", "p,unknown", "--patient-abo", "A")
    assert "3 donors; 6/6" in done.stdout
    assert "--cmv: keeps donors of these values; the patient's own is --patient-cmv" in done.stderr
    assert "--abo" not in done.stderr
    assert "0 with sex M" in run(*given, "--sex", "m").stdout
    assert run(*BATCH, "--frequencies", "han.csv", "--city", "unknown", "--min-p", "100%").exit_code == 0
    assert json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))["criteria"]["min_p"] == 1.0
