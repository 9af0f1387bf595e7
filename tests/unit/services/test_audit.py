"""The audit as a use case: files of findings, scores and a page, of which the page and the terminal name nobody."""

from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from hla_match.auditing.findings import SCHEMA, FindingKind
from hla_match.auditing.settings import AuditSettings
from hla_match.cli.commands import group
from hla_match.errors import CriteriaError, FileError
from hla_match.services.audit import audit
from registry_io.store.donor_import import import_donors
from registry_io.store.rollback import roll_back

TODAY = datetime.date(2026, 2, 28)
DONORS = """\
donor_id,A_1,A_2,B_1,B_2,C_1,C_2,DRB1_1,DRB1_2,DRB3_1,DRB3_2,sex,birth_date,registered_on
ZJ-ANNA,02:01,24:02,46:01,,01:02,,09:01,,,,F,1990-05-01,2010-01-01
ZJ-BERTA,2,24,46,,,,9,,,,F,1990-05-01,2012-01-01
ZJ-CARLA,02:01,24:02,46:01,,07:02,,04:05,15:01,02:02,,F,1995-05-01,1996-01-01
ZJ-DORA,99:99,24:02,46:01,,07:02,,04:05,15:01,,,F,1995-05-01,2015-01-01
"""
FREQUENCIES = "haplotype,frequency\nA*02:01~B*46:01~C*01:02~DRB1*09:01,0.01\nA*24:02~B*46:01~C*01:02~DRB1*09:01,0.01\n"
OTHERS = "A*11:01~B*40:01~C*07:02~DRB1*04:05,0.98\n"
NAMES = ("ZJ-ANNA", "ZJ-BERTA", "ZJ-CARLA", "ZJ-DORA")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    (tmp_path / "frequencies.csv").write_text(FREQUENCIES + OTHERS, encoding="utf-8")
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin", today=TODAY)
    return tmp_path


def test_an_audit_of_files(folder: Path) -> None:
    files = {name: folder / name for name in ("scores.csv", "page.html", "findings.parquet")}
    report = audit(
        folder / "registry",
        files["findings.parquet"],
        scores=files["scores.csv"],
        page=files["page.html"],
        frequencies=folder / "frequencies.csv",
        settings=AuditSettings(as_of=TODAY),
    )
    written = pl.read_parquet(files["findings.parquet"])
    assert written.columns == list(SCHEMA)
    assert sorted(written.select("donor_id", pl.col("kind").cast(pl.String)).rows()) == [
        ("ZJ-ANNA", "same_person"),
        ("ZJ-CARLA", "age_at_registration"),
        ("ZJ-CARLA", "b_c_linkage"),
        ("ZJ-CARLA", "dr_linkage"),
        ("ZJ-CARLA", "unexplained"),
        ("ZJ-DORA", "unknown_name"),
    ]
    assert written.filter(kind="same_person")["other_donor_id"].to_list() == ["ZJ-BERTA"]
    assert written.filter(kind="unknown_name")["detail"].to_list()[0].startswith("row 5: unknown_allele")
    assert written.filter(kind="unknown_name")["locus"].to_list() == ["A"]
    assert report.audit.findings.height == written.height
    scores = pl.read_csv(files["scores.csv"])
    assert sorted(scores["donor_id"]) == list(NAMES[:3])
    page = files["page.html"].read_text("utf-8")
    assert "<svg" in page
    assert "frequencies.csv" in page
    assert not [name for name in NAMES if name in page]
    without_namespace = page.replace("http://www.w3.org/2000/svg", "")
    assert not [text for text in ("http://", "https://", "<script") if text in without_namespace]


def test_the_terminal_shows_counts_and_names_nobody(folder: Path) -> None:
    out = folder / "findings.csv"
    arguments = ["registry", "audit", str(folder / "registry"), "--out", str(out), "--as-of", str(TODAY)]
    done = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "registry: 3 donors, 4 findings as of 2026-02-28" in done.output
    assert FindingKind.DR_LINKAGE.label in done.output
    assert "not looked at: B and C on no haplotype: no frequencies were given" in done.output
    assert not [name for name in NAMES if name in done.output]
    assert "ZJ-CARLA" in out.read_text("utf-8")


def test_ranges_of_ages_are_options(folder: Path) -> None:
    arguments = ["registry", "audit", str(folder / "registry"), "--as-of", str(TODAY), "--registration-ages"]
    done = CliRunner().invoke(group, [*arguments, "0-60"], catch_exceptions=False)
    assert "3 findings" in done.output
    with pytest.raises(CriteriaError, match="registration-ages"):
        CliRunner().invoke(group, [*arguments, "60-18"], catch_exceptions=False)


@pytest.mark.parametrize("name", ["findings.txt", "registry/findings.csv", "frequencies.csv"])
def test_files_that_cannot_be(folder: Path, name: str) -> None:
    with pytest.raises(CriteriaError, match="output file"):
        audit(folder / "registry", folder / name, frequencies=folder / "frequencies.csv")


def test_two_files_of_one_name_and_a_page_of_another_ending(folder: Path) -> None:
    with pytest.raises(CriteriaError, match="another name"):
        audit(folder / "registry", folder / "a.csv", scores=folder / "a.csv")
    with pytest.raises(CriteriaError, match=r"\.html"):
        audit(folder / "registry", page=folder / "page.pdf")
    assert not (folder / "a.csv").exists()


def test_global_frequencies_alone_are_refused(folder: Path) -> None:
    with pytest.raises(CriteriaError, match="global_frequencies"):
        audit(folder / "registry", global_frequencies=folder / "frequencies.csv")


def test_a_quarantine_report_that_is_none(folder: Path) -> None:
    (folder / "registry" / "quarantine.csv").write_text("something,else\n1,2\n", encoding="utf-8")
    with pytest.raises(FileError, match="no report of an import"):
        audit(folder / "registry")
    (folder / "registry" / "quarantine.csv").unlink()
    assert (
        audit(folder / "registry", settings=AuditSettings(as_of=TODAY))
        .audit.findings.filter(kind="unknown_name")
        .is_empty()
    )


def test_two_typings_of_one_row_are_dna_against_serology_or_two_reports(tmp_path: Path) -> None:
    rows = "D1,A2,A3,HLA-A*11:01+HLA-A*24:02\nD2,02:01,03:01,HLA-A*11:01\nD3,A2,A3,HLA-A*02:01+HLA-A*03:01\n"
    rows += "D4,A2,,HLA-A9\n"
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2,gl_string\n" + rows, encoding="utf-8")
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin", today=TODAY)
    found = audit(tmp_path / "registry", settings=AuditSettings(as_of=TODAY)).audit.findings
    assert found.select("donor_id", pl.col("kind").cast(pl.String), "locus").sort("donor_id").rows() == [
        ("D1", "dna_against_serology", "A"),
        ("D2", "conflicting_reports", "A"),
        ("D4", "conflicting_reports", "A"),
    ]


def test_what_a_rollback_took_back_was_no_report(tmp_path: Path) -> None:
    header = "donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2\n"
    one, other = "02:01,11:01,46:01,13:01,09:01,12:02\n", "24:02,33:03,58:01,40:01,03:01,15:01\n"
    (tmp_path / "right.csv").write_text(f"{header}D1,{one}D2,{other}", encoding="utf-8")
    (tmp_path / "wrong.csv").write_text(f"{header}D1,{other}D2,{one}", encoding="utf-8")
    registry = tmp_path / "registry"
    import_donors(registry, tmp_path / "right.csv", "builtin", today=TODAY)
    import_donors(registry, tmp_path / "wrong.csv", update=True, today=TODAY)

    def kinds() -> set[str]:
        return set(audit(registry, settings=AuditSettings(as_of=TODAY)).audit.findings["kind"])

    assert kinds() == {"conflicting_reports", "swapped_samples"}
    roll_back(registry)
    assert kinds() == set()
    roll_back(registry)  # which takes that back
    assert kinds() == {"conflicting_reports", "swapped_samples"}
    roll_back(registry)
    assert kinds() == set()
    import_donors(registry, tmp_path / "wrong.csv", update=True, again=True, today=TODAY)
    assert kinds() == {"conflicting_reports", "swapped_samples"}
