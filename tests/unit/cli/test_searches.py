"""The options that ``search`` and ``batch`` share, and what a batch writes."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hla_match.choice.policies import POLICIES, RankingPolicy
from hla_match.cli import batch as batch_command
from hla_match.cli.main import group
from hla_match.cli.option_hints import with_option_hint
from hla_match.cli.search_options import locus_limits
from hla_match.errors import CriteriaError, FileError, TypingError
from hla_match.searches.matcher import Matcher
from hla_match.services import batch_parts, batch_run

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
DONORS = f"""donor_id,status,birth_date,gl_string
D1,AV,1990-01-01,{PATIENT}
D2,TU,1970-06-15,{PATIENT}^DPB1*05:01^DQB1*03:03+DQB1*06:01
D3,AV,,{PATIENT.replace("A*02:01", "A*11:01")}
D4,AV,1950-01-01,{PATIENT.replace("B*46:01", "B*07:02")}
"""
PATIENTS = f"""patient_id,gl_string
P1,{PATIENT}^DQB1*03:03
P2,{PATIENT}^DPB1*05:01
P3,A*02:9999
P4,{PATIENT}
"""
DAY = "--as-of=2026-06-14"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("donors.csv").write_text(DONORS, encoding="utf-8")
    Path("patients.csv").write_text(PATIENTS, encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    assert call("registry", "import", "registry", "donors.csv").exit_code == 0
    return call


def donors(run, *options: str) -> list[str]:
    done = run("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", "--scope", "6/6", DAY, *options)
    assert done.exit_code == 0, done
    return pl.read_csv("out.csv").filter(pl.col("patient_id") == "P4")["donor_id"].to_list()


def test_every_option_of_the_criteria_reaches_the_search(run) -> None:
    Path("ids.txt").write_text("\ufeffD1\n\n D3 \nD99\n", encoding="utf-8")
    assert donors(run) == ["D1", "D4", "D3"]
    assert donors(run, "--status", " av, TU ") == ["D1", "D2", "D4", "D3"]
    assert donors(run, "--max-age", "60") == ["D1", "D3"]
    assert donors(run, "--min-age", "55", "--max-age", "55", "--status", "AV,TU") == ["D2", "D3"]
    assert donors(run, "--locus-limit", "A=0", "--locus-limit", "DRB1=1") == ["D1", "D4"]
    assert donors(run, "--only-donors", "ids.txt") == ["D1", "D3"]
    assert donors(run, "--without-donors", "ids.txt", "--status", "AV,TU") == ["D2", "D4"]
    search = ("search", "registry", "--hla", PATIENT, "--scope", "6/6", "--only-donors", "ids.txt")
    done = run(*search, "--locus-limit", "A=0", "--frequencies", "none")
    assert "1 donor; 6/6" in done.stdout
    assert done.stderr == "--only-donors: 1 of 3 identifiers are not in the registry\n"


@pytest.mark.parametrize(
    "options",
    [
        ("--locus-limit", "A=3"),
        ("--locus-limit", "A"),
        ("--locus-limit", "C=0"),
        ("--min-age", "40", "--max-age", "30"),
        ("--status", "AV,XX"),
        ("--only-donors", "missing.txt"),
        ("--only-donors", "empty.txt"),
        ("--policy", "unknown"),
    ],
)
def test_options_that_cannot_be_are_refused(run, options: tuple[str, ...]) -> None:
    Path("empty.txt").touch()
    for command in (("search", "registry", "--hla", PATIENT), ("batch", "registry", "patients.csv", "--out", "o.csv")):
        done = run(*command, "--scope", "6/6", *options)
        assert isinstance(done.exception, CriteriaError | FileError | ValueError)
        assert not list(Path().glob("o.*"))


def test_a_locus_is_limited_once() -> None:
    with pytest.raises(CriteriaError, match="a locus, once"):
        locus_limits(("A=0", "a=1"))


def test_columns_do_not_depend_on_the_order_of_the_patients(run) -> None:
    done = run(
        "batch",
        "registry",
        "patients.csv",
        "--overwrite",
        "--out",
        "out.csv",
        "--scope",
        "6/6",
        "--status",
        "AV,TU",
        DAY,
    )
    assert done.exit_code == 0, done
    found = pl.read_csv("out.csv")
    at = found.columns.index("A_grade")
    assert found.columns[:3] == ["patient_id", "rank", "donor_id"]
    assert found.columns[at : at + 6] == ["A_grade", "B_grade", "DRB1_grade", "DQB1_grade", "DPB1_grade", "age"]
    assert found.columns[-1] == "nomenclature"
    (title,) = found["nomenclature"].unique()
    assert "builtin" in title.lower() or "built-in" in title.lower()


def test_the_manifest_says_what_decided_the_result_and_no_time(run) -> None:
    Path("ids.txt").write_text("D1\nD3\n", encoding="utf-8")
    names = ("out.csv", "out.csv.status.csv", "out.csv.manifest.json")
    options = ("--scope", "6/6", "--only-donors", "ids.txt", DAY)
    written = []
    for _ in range(2):
        assert run("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", *options).exit_code == 0
        written.append([Path(name).read_bytes() for name in names])
    assert written[0] == written[1]
    manifest = json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))
    assert manifest["registry"]["snapshot"] == Path("registry/CURRENT").read_text(encoding="utf-8").strip()
    assert manifest["registry"]["provenance"]["source"] == "donors.csv"
    assert manifest["patients"]["file"] == "patients.csv"
    assert manifest["criteria"]["as_of"] == "2026-06-14"
    assert manifest["criteria"]["only_donors"]["number"] == 2
    assert manifest["policy"].startswith("plain: ")
    assert RankingPolicy.from_dict(manifest["policy_data"]) == POLICIES["plain"]
    assert "D1" not in json.dumps(manifest)


def test_the_day_does_not_count_where_there_are_no_ages(run) -> None:
    Path("donors.csv").write_text(f"donor_id,gl_string\nD1,{PATIENT}\n", encoding="utf-8")
    assert run("registry", "import", "registry", "donors.csv", "--replace", "--allow-shrink").exit_code == 0
    texts = []
    for day in ("2026-06-14", "2026-06-15"):
        assert (
            run("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", "--as-of", day).exit_code == 0
        )
        texts.append(Path("out.csv.manifest.json").read_bytes())
    assert texts[0] == texts[1]


def test_a_continued_batch_takes_up_finished_parts_only_of_the_same_day(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_run, "PART_SIZE", 1)
    monkeypatch.setattr(batch_command, "_SAY_EVERY", 2)
    batch = ("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", "--scope", "6/6")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_parts.BatchParts, "joined", lambda *_, **__: 1 / 0)
        done = run(*batch, DAY)
    assert isinstance(done.exception, ZeroDivisionError)
    assert done.stderr.splitlines()[:2] == ["2 of 4 patients", "4 of 4 patients"]
    (parts,) = Path().glob(".out.csv.parts-*")
    searched = []
    inner = Matcher.search
    monkeypatch.setattr(Matcher, "search", lambda *args, **options: searched.append(1) or inner(*args, **options))
    assert run(*batch, "--as-of=2026-06-15").exit_code == 0
    assert (len(searched), parts.exists()) == (4, True)
    assert run(*batch, DAY).exit_code == 0
    assert (len(searched), parts.exists()) == (4, False)


@pytest.mark.parametrize(
    "out", ["patients.csv", "./patients.csv", "link.csv", "x.parquet", "y.csv", "registry/quarantine.csv"]
)
def test_a_result_never_replaces_what_the_batch_reads(run, out: str) -> None:
    Path("link.csv").symlink_to("patients.csv")
    Path("x.parquet.status.csv").write_text(PATIENTS, encoding="utf-8")
    Path("y.csv.manifest.json").write_text("D1\n", encoding="utf-8")
    patients = "x.parquet.status.csv" if out == "x.parquet" else "patients.csv"
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    done = run("batch", "registry", patients, "--out", out, "--only-donors", "y.csv.manifest.json", DAY)
    assert isinstance(done.exception, CriteriaError)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_reasons_of_patients_are_plain_and_hint_at_spreadsheets(run) -> None:
    rows = "patient_id,A_1,A_2,weight_kg\nP1,2:01,,\nP2,,,\nP3,02:01,,-1\n"
    Path("patients.csv").write_text(rows, encoding="utf-8")
    assert run("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", DAY).exit_code == 0
    reasons = pl.read_csv("out.csv.status.csv")["reason"].fill_null("").to_list()
    assert reasons[0].startswith("A: malformed: expected ")
    assert reasons[0].endswith(
        "; a spreadsheet such as Excel took the typing for a date or time: format the column as text and enter it again"
    )
    assert "'" not in reasons[0]
    assert reasons[1] == "not_typed: no locus is typed"
    assert not any("Value error" in reason for reason in reasons)


def test_unreadable_typings_are_named_by_column_without_what_stands_there(run) -> None:
    Path("patients.csv").write_text("ID,A_1,A_2,B_1,B_2\nP1,98:77,24:02,98:77,40:01\n", encoding="utf-8")
    done = run("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", DAY)
    assert done.stdout.startswith("1 patient: 0 ok, 1 with errors")
    (reason,) = pl.read_csv("out.csv.status.csv")["reason"]
    assert reason.startswith("A: unknown_allele: expected ")
    assert "; B: unknown_allele: expected " in reason
    assert "98:77" not in reason


def test_a_file_without_header_is_read_and_it_is_said(run) -> None:
    Path("patients.csv").write_text(f"P1;{PATIENT}\n", encoding="utf-8")
    done = run("batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", DAY)
    assert done.exit_code == 0
    assert "patients.csv: read without header" in done.stderr
    assert pl.read_csv("out.csv.status.csv").select("patient_id", "row", "status").rows() == [("P1", 1, "ok")]


@pytest.mark.parametrize("command", ["search", "batch"])
def test_an_order_by_probabilities_needs_frequencies(run, command: str) -> None:
    given = {"search": ("--hla", PATIENT), "batch": ("patients.csv", "--overwrite", "--out", "out.csv")}[command]
    done = run(command, "registry", *given, "--policy", "probability-first")
    assert isinstance(done.exception, CriteriaError)
    assert with_option_hint(done.exception).endswith("; give --frequencies")
    assert not Path("out.csv").exists()


def test_a_return_is_named_where_there_is_one(run) -> None:
    same = run("registry", "import", "registry", "donors.csv", "--replace")
    assert "Nothing changed" in same.stdout
    assert "To return" not in same.stdout
    lines = Path("donors.csv").read_text(encoding="utf-8").splitlines()
    Path("donors.csv").write_text("\n".join(lines[:-1]), encoding="utf-8")
    done = run("registry", "import", "registry", "donors.csv", "--replace", "--allow-shrink")
    assert "Replaced" in done.stdout
    assert "To return" in done.stdout


def test_info_says_what_is_known(run) -> None:
    assert run("registry", "import", "one", "one.csv").exception is not None
    Path("one.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\n", encoding="utf-8")
    assert run("registry", "import", "one", "one.csv").stdout.startswith("1 row: 1 imported")
    lines = run("registry", "info", "one").stdout.splitlines()
    assert lines[0].startswith("one: 1 donor, ")
    assert not any(line.endswith(": ") for line in lines)


def test_a_misspelt_locus_ends_a_search(run) -> None:
    misspelt = PATIENT.replace("DRB1*", "DR*")
    done = run("search", "registry", "--hla", misspelt, "--scope", "6/6")
    assert isinstance(done.exception, TypingError)
    assert "position 32" in str(done.exception)
    assert "did you mean DRB1, " in str(done.exception)
    assert done.stdout == ""


def test_what_is_missing_or_assumed_stands_above_the_list(run) -> None:
    text = PATIENT.replace("+B*46:01", "") + "^MICA*008"
    lines = run("search", "registry", "--hla", text, "--scope", "8/8", DAY).stdout.splitlines()
    assert lines[:6] == [
        "note: MICA: reported, but not a locus that is compared; ignored",
        "note: C: the patient is not typed here, so that every donor is a potential match",
        "note: C: no donor of the registry is typed here, so that every donor is a potential match",
        "note: B: one typing reported, counted as homozygous",
        "note: 2 of 2 donors are unresolved: their typings allow at most 1 mismatch and more, and nothing says how "
        "probable either is; haplotype frequencies do, or typing these donors",
        "2 donors; 8/8",
    ]


def test_an_empty_list_says_which_criterion_left_no_donor(run) -> None:
    done = run("search", "registry", "--hla", PATIENT, "--scope", "6/6", "--max-age", "20", "--locus-limit", "A=0", DAY)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[:2] == [
        "note: no donor meets all criteria; left after each: 4 in the registry, 3 with status AV, "
        "1 aged at most 20 or of unknown age, 0 within the limits A=0, 0 with at most 1 mismatch in 6/6",
        "0 donors; 6/6",
    ]


def test_statuses_say_what_is_missing_or_assumed_and_why_a_list_is_empty(run) -> None:
    rows = f"P1,{PATIENT}\nP2,A*02:01+A*24:02^B*40:01\nP3,A*01:01+A*03:01^B*08:01+B*07:02\nP4,{PATIENT}^dr*09:01\n"
    Path("patients.csv").write_text(f"patient_id,gl_string\n{rows}", encoding="utf-8")
    done = run(
        "batch", "registry", "patients.csv", "--overwrite", "--out", "out.csv", "--scope", "6/6", "--max-age", "60", DAY
    )
    assert done.stdout.startswith("4 patients: 3 ok, 1 with errors")
    statuses = pl.read_csv("out.csv.status.csv").with_columns(pl.col("reason").fill_null(""))
    assert statuses["status"].to_list() == ["ok", "ok", "ok", "error"]
    untyped = "DRB1: the patient is not typed here, so that every donor is a potential match"
    counts = (
        "no donor meets all criteria; left after each: 4 in the registry, 3 with status AV, "
        "2 aged at most 60 or of unknown age, 0 with at most 1 mismatch in 6/6"
    )
    assert statuses["reason"].to_list()[:3] == [
        "",
        f"{untyped}; B: one typing reported, counted as homozygous",
        f"{untyped}; {counts}",
    ]
    assert statuses["donors"].to_list()[2] == 0
    assert "unknown_locus" in statuses["reason"][3]
