"""``explain`` on a terminal: pages of 80 columns that answer why, why not, and what would help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from hla_match.errors import CriteriaError, TypingError

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
DONORS = f"""donor_id,status,birth_date,city,gl_string
D1,AV,1990-01-01,Ningbo,{PATIENT}
D2,TU,1970-06-15,,{PATIENT}^DPB1*05:01^DQB1*03:03+DQB1*06:01
D3,AV,,,{PATIENT.replace("A*02:01", "A*11:01")}
D4,AV,1950-01-01,,{PATIENT.replace("B*46:01", "B*07:02")}
D5,AV,1995-01-01,,A*11:01+A*33:03^B*07:02+B*58:01^DRB1*03:01+DRB1*13:02
"""
PATIENTS = f"patient_id,gl_string\nP1,{PATIENT}\nP2,A*11:01+A*33:03^B*07:02+B*58:01^DRB1*03:01+DRB1*13:02\n"
SCOPE = ("--scope", "6/6", "--as-of", "2026-06-14")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("donors.csv").write_text(DONORS, encoding="utf-8")
    Path("patients.csv").write_text(PATIENTS, encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    assert call("registry", "import", "registry", "donors.csv").exit_code == 0
    return call


def explained(run, *arguments: str) -> str:
    done = run("explain", "registry", *arguments, *SCOPE)
    assert done.exit_code == 0, done
    assert max(map(len, done.stdout.splitlines())) <= 80
    return " ".join(done.stdout.split())


def test_a_donor_of_the_list(run) -> None:
    said = explained(run, "--hla", PATIENT, "D3")
    assert "D3: rank 3 of 3 donors" in said
    assert "A*02:01+A*24:02 A*11:01+A*24:02 = 02:01P + 24:02P = 11:01P + 24:02P" in said
    assert "MA: one mismatch GvH and HvG, at antigen level; the other allele matches" in said
    assert "B*40:01+B*46:01 B*40:01+B*46:01" in said
    assert "Behind rank 2 (D4): age: 76 years before no age" in said
    assert "Before rank" not in said


def test_a_donor_who_is_kept_out(run) -> None:
    said = explained(run, "--hla", PATIENT, "D2", "--max-age", "40")
    assert "D2: not in the list; would be rank 2 if let in status TU, age 55" in said
    assert "kept out by: with status AV; the donor: status TU. Let in by: --status AV,TU." in said
    assert "and by: aged at most 40 or of unknown age; the donor: aged 55. Let in by: --max-age 55." in said
    assert "would be rank 1" not in said
    lists = run("explain", "registry", "--hla", PATIENT, "--max-age", "55", "--status", "AV,TU", *SCOPE).stdout
    assert "   2  D2:" in lists


def test_a_donor_of_too_many_mismatches(run) -> None:
    said = explained(run, "--hla", PATIENT, "D5", "D4", "--locus-limit", "B=0")
    assert "kept out by: within the limit B=0; the donor: 2 mismatches there. Let in by: --locus-limit B=2." in said
    assert "and by: with at most 1 mismatch in 6/6; the donor: at least 6 mismatches, at A (2), B (2), DRB1 (2)" in said
    assert "Let in by: --max-mismatches 6." in said
    assert "the donor: 1 mismatch there. Let in by: --locus-limit B=1." in said


def test_two_donors_side_by_side(run) -> None:
    said = explained(run, "--patients", "patients.csv", "--patient", "P1", "--compare", "D4", "D1")
    assert "place rank 2 of 3 donors rank 1 of 3 donors" in said
    assert said.endswith("D1 stands before D4 by mismatches: fewer mismatches (0 before 1).")
    said = explained(run, "--hla", PATIENT, "--compare", "D2", "D1")
    assert said.endswith("D2 is not in the list: asked for were donors with status AV; this one: status TU.")


def test_the_order_of_a_list_and_what_it_rests_on(run) -> None:
    said = explained(run, "--hla", PATIENT, "--scope", "10/10", "--max-mismatches", "2")
    said = explained(run, "--hla", f"{PATIENT}^C*07", "--limit", "2")
    assert "A A*02:01+A*24:02 02:01P + 24:02P" in said
    assert "1 D1: 6/6 at best, 6/6 certainly; before the next by mismatches: fewer mismatches (0 before 1)" in said
    assert "How much the order rests on choices: by the policy certain-first: the first 3 stay as they are" in said
    assert "with at most 0 mismatches: 2 of the first 3 change places; the first one stays; 2 leave (D4, D3)" in said


def test_what_other_frequencies_change(run) -> None:
    shares = {"one.csv": (0.5, 0.1), "two.csv": (0.1, 0.5)}
    for name, (first, second) in shares.items():
        rows = f"A*02:01~B*46:01~DRB1*09:01,{first}\nA*24:02~B*40:01~DRB1*15:01,{second}\n"
        Path(name).write_text(f"haplotype,frequency\n{rows}", encoding="utf-8")
    said = explained(run, "--hla", PATIENT, "--frequencies", "one.csv", "--other-frequencies", "two.csv")
    assert "with the frequencies two.csv: the first 3 stay as they are" in said
    said = explained(run, "--hla", PATIENT, "--frequencies", "one.csv", "--other-frequencies", "none", "--min-p", "1%")
    assert "without frequencies, by plain: " in said
    assert "with the frequencies none: " in said
    said = explained(run, "--hla", PATIENT, "--frequencies", "one.csv", "--other-frequencies", "none")
    assert re.search("with the frequencies none: (the first|[0-9]+ of the first) 3", said)


def test_an_empty_list_says_what_the_nearest_donors_miss(run) -> None:
    said = explained(run, "--hla", PATIENT, "--max-mismatches", "0", "--min-age", "60")
    assert "note: no donor meets all criteria; left after each: 5 in the registry" in said
    near = said.partition("Nearest to the criteria: ")[2]
    assert near.startswith("D1: status AV, age 36, Ningbo, typing resolution 0.")
    assert "Let in by: --min-age 36." in near
    assert "D4: status AV, age 76" in near
    assert "at B. Let in by: --max-mismatches 1." in near


def test_a_search_without_donors_names_the_nearest_ones(run) -> None:
    done = run("search", "registry", "--hla", PATIENT, "--max-mismatches", "0", "--min-age", "60", *SCOPE)
    assert done.exit_code == 0
    near = " ".join(done.stdout.partition("Nearest to the criteria:\n")[2].split())
    assert near.startswith("D1: status AV, age 36")
    assert "Let in by: --min-age 36." in near
    assert "Nearest" not in run("search", "registry", "--hla", PATIENT, *SCOPE).stdout


def test_a_locus_that_the_patient_is_not_typed_at_stands_above_all(run) -> None:
    done = run("explain", "registry", "--hla", "A*02:01+A*24:02^B*40:01+B*46:01", "D1", "--scope", "6/6")
    assert done.stdout.startswith("note: DRB1: the patient is not typed here")
    assert "DRB1   not typed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        (("--hla", PATIENT, "D99"), CriteriaError, "donor"),
        (("--hla", PATIENT, "--compare", "D1"), CriteriaError, "compare"),
        (("--hla", PATIENT, "D1", "--other-frequencies", "none"), CriteriaError, "other_frequencies"),
        (("D1",), CriteriaError, "patient"),
        (("--hla", PATIENT, "--patients", "patients.csv", "D1"), CriteriaError, "patient"),
        (("--hla", PATIENT, "--patient", "P9", "D1"), CriteriaError, "patient"),
        (("--patients", "patients.csv", "D1"), CriteriaError, "patient"),
        (("--patients", "patients.csv", "--patient", "P9", "D1"), CriteriaError, "patient"),
        (("--hla", "A*99:99", "D1"), TypingError, "99:99"),
    ],
)
def test_what_is_refused_names_no_person(run, arguments: tuple[str, ...], error: type, named: str) -> None:
    done = run("explain", "registry", *arguments, *SCOPE)
    assert isinstance(done.exception, error)
    assert named in str(done.exception)
    assert not {"D99", "P9"} & set(str(done.exception).split())


def test_names_from_files_are_printed_safely(run) -> None:
    Path("odd.csv").write_text("donor_id,city,A_1,A_2\nX\x1b[31m,a,02:01,24:02\n", encoding="utf-8")
    run("registry", "import", "odd", "odd.csv")
    done = run("explain", "odd", "--hla", "A*02:01+A*24:02", "--scope", "A")
    assert "\x1b" not in done.output


def test_what_was_not_read_of_a_patient_of_a_file_is_said(run) -> None:
    file = f"patient_id,gl_string,cmv,weight\nP1,{PATIENT},maybe,70\nP2,{PATIENT},P,70\nP3,,,\n"
    Path("odd.csv").write_text(file, encoding="utf-8")
    said = run("explain", "registry", "D1", "--patients", "odd.csv", "--patient", "P1", *SCOPE).stderr
    assert "odd.csv: cmv: bad_attribute: cmv is not one of" in said
    assert "P1" not in said
    assert "bad_attribute" not in run("explain", "registry", "--patients", "odd.csv", "--patient", "P2", *SCOPE).stderr
    refused = run("explain", "registry", "--patients", "odd.csv", "--patient", "P3", *SCOPE)
    assert isinstance(refused.exception, CriteriaError)
    assert "row 4, which cannot be read: not_typed: no locus is typed" in str(refused.exception)


def test_the_notice_is_chinese_in_chinese(run) -> None:
    done = run("--lang", "zh", "explain", "registry", "--hla", PATIENT, *SCOPE)
    assert done.exit_code == 0, done
    assert "validate independently" not in done.stdout


def test_null_alleles_of_a_patient_of_a_file_are_read_as_the_search_reads_them(run) -> None:
    row = f"P1,24:09N,02:01,{PATIENT.replace('A*02:01+A*24:02', 'A*24:02/A*24:09N+A*02:01')}"
    Path("nulls.csv").write_text(f"patient_id,A_1,A_2,gl_string\n{row}\n", encoding="utf-8")
    asked = ("explain", "registry", "--patients", "nulls.csv", "--patient", "P1", *SCOPE)
    assert "have no genotype in common" in str(run(*asked).exception)
    assert run(*asked, "--ambiguous-nulls", "keep").exit_code == 0
