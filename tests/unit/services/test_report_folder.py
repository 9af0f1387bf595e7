"""Reports of a file of patients: a whole folder or none, an index that links them, and no name that leads elsewhere."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pytest
from click.testing import CliRunner

import hla_match
import registry_io
from hla_match.cli.main import group
from hla_match.errors import CriteriaError, ErrorCode, FileError, LockedError
from hla_match.services.report_folder import INDEX, MANIFEST
from registry_io.disk.durable_files import Action, listening
from registry_io.disk.hidden_names import hidden_path
from registry_io.disk.joint_files import lock_files
from registry_io.disk.whole_folder import folder_lock_name
from registry_io.tables import sheets_workbook
from registry_io.tables.results_file import EXCEL_TEXT

ASKED = hla_match.SearchCriteria(scope="A", max_mismatches=1)
HOSTILE = ("../../x", "CON", "a/b\\c", "<b>", "=1+1", "x" * 300, "患者1", "..")
PATIENTS = pl.DataFrame(
    {
        "patient_id": ["P1", "P2", "bad", "worse", *HOSTILE],
        "A_1": ["02:01", "11:01", "zz:99", "02:01+02:01", *["02:01"] * len(HOSTILE)],
        "A_2": ["24:02", "11:01", "02:01", "24:02", *["24:02"] * len(HOSTILE)],
    }
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folder")
    donors = pl.DataFrame({"donor_id": ["D1", "D2"], "A_1": ["02:01", "01:01"], "A_2": ["24:02", "03:01"]})
    registry_io.import_donors(folder / "registry", donors, "builtin")
    return folder / "registry"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_the_index_links_a_report_of_each_patient_and_says_why_there_is_none(registry: Path, tmp_path: Path) -> None:
    made = hla_match.reports(registry, PATIENTS, tmp_path / "reports", ASKED)
    assert (made.n_patients, made.n_failed) == (len(PATIENTS), 2)
    index = made.index.read_text(encoding="utf-8")
    links = [unquote(one) for one in re.findall(r'href="([^"]+)"', index)]
    assert len(links) == len(PATIENTS) - 2
    assert names(made.out) == {*links, INDEX, MANIFEST}
    assert all(not re.search(r'[/\\<>"|?*:]', link) and len(link) < 80 for link in links)
    assert links[0] == "02-P1.html"
    assert "Donors for patient P1" in (made.out / links[0]).read_text(encoding="utf-8")
    assert index.count("not searched for: ") == 2
    assert "<b>" not in index
    manifest = json.loads((made.out / MANIFEST).read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {*links, INDEX}
    assert "P1" not in json.dumps({name: value for name, value in manifest.items() if name != "files"})
    for path in (made.out, *made.out.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_same_reports_are_the_same_bytes_in_chinese_too(registry: Path, tmp_path: Path) -> None:
    first, second = (hla_match.reports(registry, PATIENTS, tmp_path / one, ASKED, language="zh").out for one in "ab")
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }
    index = (first / "index.html").read_text(encoding="utf-8")
    assert "一批患者的供者检索报告" in index
    assert index.count("应为") == 2
    assert "expected" not in index


@pytest.fixture
def one_report_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell of Excel that holds no more than the longest text of all reports but one, that of the patient LONG."""
    whole = sheets_workbook.check_cells

    def check(table: pl.DataFrame, place: Path, **given: bool) -> None:
        text = "x" * (EXCEL_TEXT + 1) if "LONG" in place.name else ""
        whole(table.with_columns(pl.lit(text).alias("typing")), place, **given)

    monkeypatch.setattr(sheets_workbook, "check_cells", check)


TOO_LONG = pl.DataFrame({"patient_id": ["P1", "LONG", "bad", "P4"], "A_1": ["02:01", "02:01", "zz:99", "11:01"]})
TOO_LONG = TOO_LONG.with_columns(A_2=pl.Series(["24:02", "24:02", "02:01", "11:01"]))


@pytest.mark.usefixtures("one_report_too_long")
def test_a_report_that_cannot_be_written_is_an_entry_and_the_others_are_written(registry: Path, tmp_path: Path) -> None:
    made = hla_match.reports(registry, TOO_LONG, tmp_path / "reports", ASKED, kind="xlsx")
    assert (made.n_patients, made.n_failed, made.n_unwritten) == (4, 2, 1)
    assert names(made.out) == {"2-P1.xlsx", "5-P4.xlsx", INDEX, MANIFEST}
    assert set(json.loads((made.out / MANIFEST).read_bytes())["files"]) == {"2-P1.xlsx", "5-P4.xlsx", INDEX}
    index = made.index.read_text(encoding="utf-8")
    assert index.count("the report could not be written: output file: found") == 1
    assert "32,767 characters in a cell of Excel; write .html or .pdf" in index
    assert "1 report could not be written; the table says why." in index
    assert "1 could not be searched for; the table says why." in index
    # How many donors the patient has is known all the same.
    found = re.findall(r'<th scope="row">(?:<a [^>]*>)?(\w+)(?:</a>)?</th>\n<td class="n">([0-9]*)</td>', index)
    assert found == [("P1", "1"), ("LONG", "1"), ("bad", ""), ("P4", "0")]
    said = [str(one) for one in made.notices if one.kind is hla_match.NoticeKind.CAUTION]
    assert said == ["1 of 4 reports could not be written; the index says why"]


@pytest.mark.usefixtures("one_report_too_long")
def test_a_report_that_cannot_be_written_is_said_at_the_end_in_both_languages(registry: Path, tmp_path: Path) -> None:
    TOO_LONG.write_csv(tmp_path / "patients.csv")
    asked = ["report", str(registry), "--patients", str(tmp_path / "patients.csv"), "--scope", "A", "--kind", "xlsx"]
    for code, said in (("en", "1 of 4 reports could not be written"), ("zh", "4 份报告中有 1 份无法写出")):
        result = CliRunner().invoke(group, ["--lang", code, *asked, "--out", str(tmp_path / code)])
        assert result.exit_code == 1
        assert said in result.stderr
        assert "LONG" not in result.output
        assert "5-P4.xlsx" in names(tmp_path / code)
    assert "报告无法写出：" in (tmp_path / "zh" / INDEX).read_text(encoding="utf-8")


def test_a_folder_that_is_there_is_replaced_only_where_asked_and_only_reports(registry: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    hla_match.reports(registry, PATIENTS[:2], out, ASKED)
    with pytest.raises(FileError) as caught:
        hla_match.reports(registry, PATIENTS[:1], out, ASKED)
    assert caught.value.code is ErrorCode.FILE_RESULT_EXISTS
    hla_match.reports(registry, PATIENTS[:1], out, ASKED, overwrite=True)
    assert names(out) == {"2-P1.html", INDEX, MANIFEST}
    (out / "notes.txt").write_text("of the coordinator")
    with pytest.raises(FileError, match="no report made"):
        hla_match.reports(registry, PATIENTS[:1], out, ASKED, overwrite=True)
    assert (out / "notes.txt").read_text() == "of the coordinator"
    for other in ("file", "folder"):
        place = tmp_path / other
        place.write_text("x") if other == "file" else (place / "inside").mkdir(parents=True)
        with pytest.raises(FileError, match="no report made"):
            hla_match.reports(registry, PATIENTS[:1], place, ASKED, overwrite=True)
        assert place.exists()
    (tmp_path / "empty").mkdir()
    hla_match.reports(registry, PATIENTS[:1], tmp_path / "empty", ASKED)


@pytest.mark.parametrize("step", ["create", "write", "flush", "rename"])
def test_a_full_disk_leaves_what_was_there(registry: Path, tmp_path: Path, step: Action) -> None:
    out = tmp_path / "reports"
    hla_match.reports(registry, PATIENTS[:2], out, ASKED)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    times = 0

    def full(action: Action, path: Path) -> None:
        nonlocal times
        if action == step and tmp_path in path.parents and not path.name.endswith("lock"):
            times += 1
            if times == 2 or step != "rename":
                raise OSError(28, os.strerror(28))

    with listening(full), pytest.raises(FileError, match="no room"):
        hla_match.reports(registry, PATIENTS[:1], out, ASKED, overwrite=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert names(tmp_path) == {"reports"}


def test_a_killed_writer_leaves_the_old_folder_or_the_new_one(registry: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    hla_match.reports(registry, PATIENTS[:2], out, ASKED)
    # As a kill between the two names leaves it: the old folder aside, and a new one that has no name yet.
    os.rename(out, hidden_path(out, "replaced"))
    hidden_path(out, "01234567.writing").mkdir()
    with pytest.raises(FileError) as caught:
        hla_match.reports(registry, PATIENTS[:1], out, ASKED)
    assert caught.value.code is ErrorCode.FILE_RESULT_EXISTS
    assert names(tmp_path) == {"reports"}
    assert "2-P1.html" in names(out)


def test_two_writers_lock_each_other_out(registry: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    with lock_files(folder_lock_name(out)), pytest.raises(LockedError):
        hla_match.reports(registry, PATIENTS[:1], out, ASKED)


def test_no_folder_holds_what_is_read(registry: Path, tmp_path: Path) -> None:
    patients = tmp_path / "inside" / "patients.csv"
    patients.parent.mkdir()
    PATIENTS[:1].write_csv(patients)
    for place in (registry / "reports", registry.parent, patients.parent):
        with pytest.raises((CriteriaError, FileError)):
            hla_match.reports(registry, patients, place, ASKED, overwrite=True)
    assert patients.exists()
    assert (registry / "CURRENT").exists()


def test_the_command_writes_a_folder_or_one_patient(registry: Path, tmp_path: Path) -> None:
    patients = tmp_path / "patients.csv"
    PATIENTS[:3].write_csv(patients)
    asked = ["report", str(registry), "--patients", str(patients), "--scope", "A"]
    result = CliRunner().invoke(group, [*asked, "--out", str(tmp_path / "all"), "--kind", "xlsx"])
    assert result.exit_code == 0, result.output
    assert f"3 patients, 1 without a report; begin with {tmp_path / 'all' / 'index.html'}" in result.output
    assert {"2-P1.xlsx", "3-P2.xlsx"} < names(tmp_path / "all")
    result = CliRunner().invoke(group, [*asked, "--patient", "P2", "--out", str(tmp_path / "P2.html")])
    assert result.exit_code == 0, result.output
    assert "Donors for patient P2" in (tmp_path / "P2.html").read_text(encoding="utf-8")


def test_a_link_to_an_empty_folder_is_kept(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for overwrite in (False, True):
        with pytest.raises(FileError) as told:
            hla_match.reports(registry, PATIENTS, tmp_path / "link", ASKED, overwrite=overwrite)
        assert told.value.code in (ErrorCode.FILE_EXISTS, ErrorCode.FILE_RESULT_EXISTS)
    assert (tmp_path / "link").is_symlink()


def test_attributes_of_one_patient_are_not_those_of_a_file(registry: Path, tmp_path: Path) -> None:
    PATIENTS.write_csv(tmp_path / "patients.csv")
    given = ["report", str(registry), "--patients", str(tmp_path / "patients.csv"), "--out", str(tmp_path / "reports")]
    told = CliRunner().invoke(group, [*given, "--patient-sex", "F"])
    assert told.exit_code != 0
    assert "--patient-sex" in told.output
    assert not (tmp_path / "reports").exists()
