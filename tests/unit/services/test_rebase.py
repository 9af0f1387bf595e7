"""A registry read again under another release: what donors say, whose list changes, and who can be read no more."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import registry_io
from hla_match import SearchCriteria
from hla_match.cli.main import group
from hla_match.errors import CriteriaError, ErrorCode, FileError, RegistryError
from hla_match.nomenclature.release import Nomenclature
from hla_match.services.rebase import rebase
from registry_io.store.registry_folder import FAILED_QUARANTINE
from registry_io.store.registry_proof import prove_registry
from registry_io.store.rollback import roll_back
from tests.properties.test_registry_union import assert_same
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
CRITERIA = SearchCriteria(scope="A", max_mismatches=2)
DONORS = "donor_id,A_1,A_2\nD1,02:01,24:02\nD2,02:01/02:07,24:02\nD3,02:07,24:02\nD4,11:01,24:02\n"
PATIENTS = "patient_id,A_1,A_2\nP1,02:07,24:02\nP2,24:02,24:02\nP3,11:01,24:02\n"


def release(title: str, **p_groups: str) -> Nomenclature:
    """A nomenclature of alleles of A, given as fields joined by a low line, and their P groups."""
    alleles = {f"{name[1:].replace('_', ':')}:01:01": (group, f"{group[:-1]}:01G") for name, group in p_groups.items()}
    tables = tiny_nomenclature({"A": alleles}).tables
    return Nomenclature(dataclasses.replace(tables, title=title, checksum=title))


OLD = release("old", a02_01="02:01P", a02_07="02:01P", a11_01="11:01P", a24_02="24:02P")
# 02:07 is a P group by itself, 24:02 got another member, and 11:01 is gone.
NEW = release("new", a02_01="02:01P", a02_07="02:07P", a24_02="24:02P", a24_99="24:02P", a33_03="33:03P")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    (tmp_path / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", OLD, today=DAY)
    return tmp_path / "registry"


def test_donors_whom_the_release_cannot_read_are_refused_and_nothing_changes(folder: Path) -> None:
    before = registry_io.open_registry(folder)
    with pytest.raises(RegistryError, match="1 donor with a typing that the nomenclature cannot read") as refused:
        rebase(folder, NEW)
    assert refused.value.code is ErrorCode.REGISTRY_SHRINKS
    report = pl.read_csv(folder / FAILED_QUARANTINE)
    assert report["person_id"].to_list() == ["D4"]
    assert_same(registry_io.open_registry(folder), before)
    assert len(registry_io.registry_log(folder)) == 1
    assert prove_registry(folder) is None


def test_what_donors_say_and_whose_list_changes_is_told(folder: Path, tmp_path: Path) -> None:
    report = rebase(
        folder,
        NEW,
        patients=tmp_path / "patients.csv",
        criteria=CRITERIA,
        changes=tmp_path / "changes.csv",
        lists=tmp_path / "lists.csv",
        allow_shrink=True,
        reason="yearly release",
    )
    assert report.changes.select("donor_id", "locus", "p_groups_before", "p_groups_after").rows() == [
        ("D2", "A", "02:01+24:02", "02:01/02:07+24:02"),
        ("D3", "A", "02:01+24:02", "02:07+24:02"),
        ("D4", "A", None, None),
    ]
    (gone,) = pl.read_csv(tmp_path / "changes.csv").filter(donor_id="D4").select("typing_1", "reason").rows()
    assert gone == ("11:01", "unknown_allele")
    assert report.lists is not None
    lists = pl.read_csv(tmp_path / "lists.csv")
    assert lists.filter(patient_id="P1").select("donor_id", "rank_before", "rank_after").rows() == [
        ("D3", 3, 1),
        ("D2", 2, 2),
        ("D1", 1, 3),
        ("D4", 4, None),
    ]
    first = lists.row(0, named=True)
    assert (first["grades_before"], first["grades_after"]) == ("AA", "AA")
    # To P2 the last donor is lost; P3 cannot be read under the new release.
    assert lists.filter(patient_id="P2")["rank_after"].to_list() == [1, 2, 3, None]
    assert lists.filter(patient_id="P3")["reason"].drop_nulls().to_list() == ["unknown_allele"]
    assert (report.transaction, report.n_leaving) == (2, 1)
    last = registry_io.registry_log(folder)[-1]
    assert (last.action, last.reason, last.counts, last.n_donors) == ("rebase", "yearly release", {"withdraw": 1}, 3)


def test_the_registry_is_the_one_that_is_built_under_the_new_release(folder: Path, tmp_path: Path) -> None:
    rebase(folder, NEW, allow_shrink=True)
    (tmp_path / "rest.csv").write_text(DONORS.replace("D4,11:01,24:02\n", ""), encoding="utf-8")
    at_once = registry_io.import_donors(tmp_path / "at_once", tmp_path / "rest.csv", NEW, today=DAY).registry
    found = registry_io.open_registry(folder)
    assert_same(found, at_once)
    assert found.nomenclature.title == "new"
    assert prove_registry(folder) is None
    # The past is read with the old release, and new donors with the new one.
    past = registry_io.open_registry(folder, at=1)
    assert (past.nomenclature.title, past.n_donors) == ("old", 4)
    registry_io.add_donor(folder, "D5", {"A": "33:03,24:99"})
    assert registry_io.open_registry(folder).n_donors == 4
    assert registry_io.open_registry(folder, at=2).nomenclature.title == "new"


def test_a_rebase_is_taken_back_by_a_rollback(folder: Path) -> None:
    before = registry_io.open_registry(folder)
    rebase(folder, NEW, allow_shrink=True)
    roll_back(folder)
    assert_same(registry_io.open_registry(folder), before)
    assert registry_io.open_registry(folder).nomenclature.title == "old"
    assert prove_registry(folder) is None
    assert_same(registry_io.open_registry(folder, at=3), before)


def test_a_dry_run_tells_the_same_and_changes_nothing(folder: Path, tmp_path: Path) -> None:
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told = rebase(folder, NEW, patients=tmp_path / "patients.csv", criteria=CRITERIA, dry_run=True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files
    assert (told.transaction, told.n_leaving) == (None, 1)
    done = rebase(folder, NEW, patients=tmp_path / "patients.csv", criteria=CRITERIA, allow_shrink=True)
    assert told.changes.equals(done.changes)
    assert told.lists is not None
    assert told.lists.equals(done.lists)
    assert_same(told.registry, done.registry)


def test_the_same_release_changes_nothing(folder: Path) -> None:
    assert rebase(folder, OLD).transaction is None
    assert len(registry_io.registry_log(folder)) == 1


def test_new_codes_are_read_from_then_on(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "codes.txt").write_text("AB\t01/07\n", encoding="utf-8")
    assert rebase(folder, OLD, codes=tmp_path / "codes.txt").transaction == 2
    registry_io.add_donor(folder, "D5", {"A": "02:AB,24:02"})
    assert registry_io.open_registry(folder).n_donors == 5
    assert registry_io.open_registry(folder, at=1).codes is None


def test_lists_need_patients(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CriteriaError, match="expected a file of patients beside it"):
        rebase(folder, NEW, lists=tmp_path / "lists.csv")


def test_criteria_that_no_search_can_have_are_refused_before_anything_changes(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CriteriaError, match="scope") as refused:
        rebase(folder, NEW, patients=tmp_path / "patients.csv", criteria=SearchCriteria(scope="B"), allow_shrink=True)
    assert refused.value.code is ErrorCode.CRITERIA_CONFLICT
    assert len(registry_io.registry_log(folder)) == 1


def test_a_table_that_no_sheet_holds_does_not_hide_it_either(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry_io.tables.results_file.EXCEL_ROWS", 0)
    with pytest.raises(CriteriaError, match=r"at most 0 rows in Excel.*the registry was rebased all the same.*2"):
        rebase(folder, NEW, changes=tmp_path / "changes.xlsx", allow_shrink=True)
    assert len(registry_io.registry_log(folder)) == 2


def test_a_table_that_cannot_be_written_does_not_hide_that_the_registry_was_rebased(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_args: object, **_options: object) -> None:
        raise FileError("changes.csv", found="no room left on the disk", expected="room for the whole file")

    monkeypatch.setattr("hla_match.services.rebase.write_report", refused)
    with pytest.raises(FileError, match=r"no room left on the disk.*the registry was rebased all the same.*2"):
        rebase(folder, NEW, changes=tmp_path / "changes.csv", allow_shrink=True)
    assert [one.action for one in registry_io.registry_log(folder)][-1] == "rebase"
    with pytest.raises(FileError) as untouched:
        rebase(folder, OLD, changes=tmp_path / "changes.csv", allow_shrink=True, dry_run=True)
    assert "rebased" not in str(untouched.value)


def test_the_command_says_what_changes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("registry_io.store.rebase.open_nomenclature", lambda _: NEW)
    monkeypatch.setattr("hla_match.cli.registry_rebase.prepare_kernels", lambda: None)
    how = ("--release", "3.99.0", "--patients", "patients.csv", "--scope", "A", "--max-mismatches", "2")
    done = CliRunner().invoke(group, ["registry", "rebase", "registry", *how, "--lists", "lists.csv", "--dry-run"])
    assert done.stdout.splitlines() == [
        "Nothing was changed: from old to new",
        "  3 donors; typings of 2 donors say something else",
        "  A               2 with other P groups",
        "  1 donor would leave, with a typing that cannot be read any more",
        "  3 patients: 3 with another list",
        "Lists: lists.csv",
    ]
    done = CliRunner().invoke(group, ["registry", "rebase", "registry", *how, "--allow-shrink"])
    assert done.stdout.splitlines()[0] == "Transaction 2: from old to new"
    assert "  1 donor left, with a typing that cannot be read any more" in done.stdout
    done = CliRunner().invoke(group, ["registry", "rebase", "registry", *how, "--allow-shrink"])
    assert done.stdout.splitlines()[0] == "Nothing changed: it is read so."
