"""What a donor file may do to a registry that is there, and what the record of the registry tells of it."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hla_match.donors.provenance import Provenance
from hla_match.errors import CriteriaError, ErrorCode, FileError, HlaMatchError, RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.donor_changes import withdraw_donor
from registry_io.store.donor_import import import_donors
from registry_io.store.import_modes import RecordCounts
from registry_io.store.import_report import ImportReport
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.transactions import Transaction
from registry_io.store.recorded_registry import write_registry, write_registry_stream
from registry_io.store.registry_builder import RegistryBuilder
from registry_io.store.registry_folder import JOURNAL, current_snapshot, writing_registry
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.registry_versions import publish
from registry_io.store.rollback import roll_back
from registry_io.store.snapshot_store import read_manifest
from tests.tiny_tables import tiny_nomenclature

NOMENCLATURE = Nomenclature.builtin()
TODAY = datetime.date(2026, 1, 1)
HEADER = "donor_id,A_1,A_2,status\n"
THREE = HEADER + "D1,02:01,24:02,\nD2,02:01,11:01,TU\nD3,11:01,24:02,\n"


def imported(folder: Path, content: str, **options: Any) -> ImportReport:
    path = folder / "donors.csv"
    path.write_text(content, encoding="utf-8")
    return import_donors(folder / "registry", path, options.pop("nomenclature", None), **{"today": TODAY, **options})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    imported(tmp_path, THREE, nomenclature=NOMENCLATURE)
    return tmp_path


def donors(folder: Path) -> list[str]:
    return sorted(open_registry(folder / "registry").attributes["donor_id"].to_list())


def status(folder: Path, donor: str) -> str | None:
    attributes = open_registry(folder / "registry").attributes
    return attributes.filter(pl.col("donor_id") == donor)["status"].item()  # type: ignore[no-any-return]


def transactions(folder: Path) -> list[Transaction]:
    with Journal.open(folder / "registry") as journal:
        assert journal.verify() == []
        return journal.transactions()


def test_a_file_without_a_mode_is_refused_with_its_counts(folder: Path) -> None:
    before = (folder / "registry" / JOURNAL).read_bytes()
    with pytest.raises(RegistryError) as caught:
        imported(folder, HEADER + "D1,02:01,24:02,\nD2,02:01,11:01,\nD9,11:01,24:02,\n")
    assert "1 new, 1 known and equal, 1 known and different, 1 not in the file" in str(caught.value)
    assert (folder / "registry" / JOURNAL).read_bytes() == before


def test_a_file_that_changes_nothing_needs_no_mode(folder: Path) -> None:
    assert imported(folder, THREE).transaction is None
    with pytest.raises(RegistryError, match="0 new, 3 known and equal, 0 known and different, 0 not in the file"):
        imported(folder, THREE, ambiguous_nulls="keep")


def test_a_first_import_that_was_killed_before_the_switch_is_repeated(folder: Path) -> None:
    (folder / "registry" / "CURRENT").unlink()
    with pytest.raises(RegistryError, match="no registry"):
        open_registry(folder / "registry")
    assert imported(folder, THREE).transaction is None
    assert donors(folder) == ["D1", "D2", "D3"]


def test_of_the_modes_there_is_one(folder: Path) -> None:
    with pytest.raises(CriteriaError, match="found 'add, replace', expected one of them"):
        imported(folder, THREE, add=True, replace=True)


def test_new_donors_are_added_and_known_ones_refused_by_their_rows(folder: Path) -> None:
    report = imported(folder, HEADER + "D8,02:01,24:02,\nD9,11:01,24:02,\n", add=True)
    assert report.counts == RecordCounts(n_new=2)
    assert donors(folder) == ["D1", "D2", "D3", "D8", "D9"]
    with pytest.raises(FileError, match="row 3: found an identifier that the registry knows, and so in row 5"):
        imported(folder, HEADER + "D7,02:01,24:02,\nD1,02:01,24:02,\nD6,02:01,,\nD9,11:01,,\n", add=True)
    assert donors(folder) == ["D1", "D2", "D3", "D8", "D9"]


def test_records_are_updated_and_equal_ones_make_no_version(folder: Path) -> None:
    report = imported(folder, HEADER + "D1,02:01,24:02,RS\nD2,02:01,11:01,TU\nD4,11:01,,\n", update=True)
    assert report.counts == RecordCounts(n_new=1, n_equal=1, n_different=1)
    assert (report.transaction, report.n_imported, report.registry.n_donors) == (2, 3, 4)
    assert [status(folder, donor) for donor in ("D1", "D2")] == ["RS", "TU"]
    assert transactions(folder)[-1].counts == {"add": 1, "update": 1}


def test_whoever_is_not_in_a_replacing_file_is_withdrawn_and_can_come_back(folder: Path) -> None:
    report = imported(folder, HEADER + "D1,02:01,24:02,\nD2,02:01,11:01,TU\n", replace=True, allow_shrink=True)
    assert str(report.replacement) == "3 donors: 1 go, 2 stay, 0 come"
    assert donors(folder) == ["D1", "D2"]
    report = imported(folder, HEADER + "D3,11:01,24:02,\n", update=True)
    assert report.counts == RecordCounts(n_different=1)
    assert donors(folder) == ["D1", "D2", "D3"]


def test_nobody_is_left_of_no_registry(folder: Path) -> None:
    with pytest.raises(RegistryError, match="a change that leaves no donor"):
        imported(folder, "donor_id,action\nD1,withdraw\nD2,withdraw\nD3,withdraw\n", update=True)
    assert donors(folder) == ["D1", "D2", "D3"]


def test_a_file_that_changes_nothing_makes_no_transaction(folder: Path) -> None:
    for option in ("update", "replace"):
        report = imported(folder, THREE, **{option: True})
        assert (report.transaction, report.counts.n_equal) == (None, 3)
    assert len(transactions(folder)) == 1


def test_a_differential_file_says_what_it_asks_for(folder: Path) -> None:
    header = HEADER.replace("status", "status,Action")
    rows = "D1,,,,WITHDRAW\nD2,02:01,11:01,AV,更新\nD4,11:01,,,新增\nD5,11:01,,,?\nD6,11:01,,,\n"
    report = imported(folder, header + rows, update=True)
    assert report.counts == RecordCounts(n_new=1, n_different=1, n_withdrawn=1)
    assert [(one.row, one.message) for one in report.quarantined] == [
        (row, "no action that is known") for row in (5, 6)
    ]
    assert donors(folder) == ["D2", "D3", "D4"]
    assert transactions(folder)[-1].counts == {"add": 1, "update": 1, "withdraw": 1}


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ("D1,02:01,24:02,,add\n", "row 2: found an identifier that the registry knows, expected new donors"),
        ("D9,,,,withdraw\n", "row 2: found an identifier to withdraw that the registry does not know"),
    ],
)
def test_a_differential_file_that_does_not_fit_changes_nothing(folder: Path, rows: str, error: str) -> None:
    with pytest.raises(FileError, match=error):
        imported(folder, HEADER.replace("status", "status,操作") + rows, update=True)
    assert len(transactions(folder)) == 1


@pytest.mark.parametrize("mode", ["add", "replace", None])
def test_a_differential_file_is_taken_by_update_alone(folder: Path, mode: str | None) -> None:
    options = {mode: True} if mode else {}
    with pytest.raises(CriteriaError, match=r"a file with a column of actions.*expected update"):
        imported(folder, HEADER.replace("status", "action") + "D9,02:01,,add\n", **options)


def test_the_record_of_a_row_that_cannot_be_read_stays(folder: Path) -> None:
    rows = "D1,99:99,,\nD2,02:01,11:01,x\nD3,11:01,24:02,RS\nD9,99:99,,\n"
    for option in ("update", "replace"):
        report = imported(folder, HEADER + rows, **{option: True})
        assert "2 rows that cannot be read are of known donors, whose earlier records stay" in report.notes
        assert report.n_quarantined == 3
        assert donors(folder) == ["D1", "D2", "D3"]
        assert [status(folder, donor) for donor in donors(folder)] == [None, "TU", "RS"]
    assert pl.read_csv(folder / "registry" / "quarantine.csv").height == 3


def test_a_file_is_not_taken_again_where_later_ones_changed_its_donors(folder: Path) -> None:
    imported(folder, HEADER + "D1,02:01,24:02,RS\nD9,11:01,,\n", update=True)
    for option in ("update", "replace"):
        with pytest.raises(FileError, match="the file of transaction 1 again") as caught:
            imported(folder, THREE, **{option: True}, allow_shrink=True)
        assert caught.value.code == ErrorCode.REGISTRY_OUT_OF_ORDER
    assert status(folder, "D1") == "RS"
    imported(folder, THREE, update=True, again=True)
    assert status(folder, "D1") is None


def test_a_file_whose_rows_can_be_read_now_is_taken_again(folder: Path) -> None:
    more = HEADER + "D4,02:AB,24:02,\nD5,11:01,,\n"
    assert imported(folder, more, update=True).n_quarantined == 1
    report = imported(folder, more, update=True, codes=MacTable.from_items([("AB", "01/06")]))
    assert report.counts == RecordCounts(n_new=1, n_equal=1)
    assert donors(folder) == ["D1", "D2", "D3", "D4", "D5"]


def test_a_file_is_not_older_than_the_newest(folder: Path) -> None:
    days = [datetime.date(2025, 12, day) for day in (2, 1, 2)]
    imported(folder, HEADER + "D4,11:01,,\n", update=True, file_date=days[0])
    with pytest.raises(FileError, match="a file as of 2025-12-01, expected none before 2025-12-02"):
        imported(folder, HEADER + "D5,11:01,,\n", update=True, file_date=days[1])
    imported(folder, HEADER + "D5,11:01,,\n", update=True, file_date=days[2])
    imported(folder, HEADER + "D6,11:01,,\n", update=True, file_date=days[1], again=True)
    assert [one.file_date for one in transactions(folder)] == [None, days[0], days[2], days[1]]


def test_codes_are_remembered(tmp_path: Path) -> None:
    imported(tmp_path, HEADER + "D1,02:AB,24:02,\n", codes=MacTable.from_items([("AB", "01/06")]), codes_source="a.txt")
    imported(tmp_path, HEADER + "D2,02:AC,02:AB,\n", update=True, codes=MacTable.from_items([("AC", "01/07")]))
    report = imported(tmp_path, HEADER + "D3,02:AB,02:AC,\n", update=True)
    assert (report.registry.n_donors, report.registry.provenance.codes) == (3, "a.txt")
    with pytest.raises(FileError, match="1 codes with other alleles than the registry knows, first AB"):
        imported(tmp_path, HEADER + "D4,11:01,,\n", update=True, codes=MacTable.from_items([("AB", "02/03")]))


def test_additions_are_read_as_the_registry_was(folder: Path) -> None:
    other = Nomenclature(dataclasses.replace(NOMENCLATURE.tables, checksum="other"))
    with pytest.raises(CriteriaError, match="which the donors of the registry are read with"):
        imported(folder, HEADER + "D4,11:01,,\n", update=True, nomenclature=other)
    report = imported(folder, HEADER + "D4,11:01,,\n", update=True, nomenclature=NOMENCLATURE)
    assert report.registry.n_donors == 4


def test_null_alleles_are_read_as_the_registry_was_where_nothing_is_said(tmp_path: Path) -> None:
    imported(tmp_path, HEADER + "D1,24:02/24:09N,11:01,\n", ambiguous_nulls="keep")
    assert imported(tmp_path, HEADER + "D2,11:01,,\n", update=True).registry.ambiguous_nulls == "keep"
    report = imported(tmp_path, HEADER + "D2,11:01,,\n", update=True, ambiguous_nulls="drop")
    assert (report.transaction, report.registry.ambiguous_nulls) == (3, "drop")


def test_the_record_says_who_changed_what_and_why(folder: Path) -> None:
    imported(folder, HEADER + "D4,11:01,,\n", update=True, actor="li", reason="weekly file", file_date=TODAY)
    first, second = transactions(folder)
    assert (first.action, first.source, first.source_rows, first.n_donors) == ("import", "donors.csv", 3, 3)
    assert (second.action, second.actor, second.reason, second.file_date) == ("update", "li", "weekly file", TODAY)
    assert open_registry(folder / "registry").provenance.transaction == 2


def test_the_cells_of_a_row_are_kept_as_they_came(tmp_path: Path) -> None:
    path = tmp_path / "donors.csv"
    path.write_text("志愿者编号,A_1,A_2,性别,GL-String,phone\nD1,,,女,HLA-A*02:01+HLA-A*24:02,0571\n", encoding="utf-8")
    import_donors(tmp_path / "registry", path, NOMENCLATURE, today=TODAY)
    with Journal.open(tmp_path / "registry") as journal:
        (version,) = journal.versions("D1")
    assert version.person == {"A_1": "02:01", "A_2": "24:02", "sex": "F"}
    assert version.reported == {"性别": "女", "GL-String": "HLA-A*02:01+HLA-A*24:02"}, (
        "and of no column that is not read"
    )


def without_record(folder: Path) -> Path:
    """The registry as earlier versions of the program wrote it."""
    registry = folder / "registry"
    opened = open_registry(registry)
    (registry / JOURNAL).unlink()
    provenance = opened.provenance.entries()
    del provenance["transaction"]
    older = folder / "older"
    with writing_registry(older), RegistryBuilder(older, NOMENCLATURE, name="registry") as builder:
        builder.add(pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"], "status": ["TU"]}))
        built = builder.build()
        publish(built.aside, built.description, Provenance.of(provenance))
    return older


def test_a_registry_without_a_record_gets_one_with_its_first_change(folder: Path) -> None:
    older = without_record(folder)
    frame = pl.DataFrame({"donor_id": ["D2"], "A_1": ["11:01"], "A_2": ["24:02"]})
    report = import_donors(older, frame, today=TODAY, add=True)
    with Journal.open(older) as journal:
        first, second = journal.transactions()
        assert (first.action, first.counts, first.source) == ("adopt", {"adopt": 1}, "donors.csv")
        assert (second.action, second.counts, second.n_donors) == ("add", {"add": 1}, 2)
        assert next(journal.persons_at(1)).drop("row").rows() == [("D1", "02:01", "24:02", "TU")]
        assert journal.verify() == []
    assert report.registry.n_donors == 2
    roll_back(older)
    assert open_registry(older).n_donors == 1
    with Journal.open(older) as journal:
        assert [(one.action, one.same_as) for one in journal.transactions()[2:]] == [("rollback", None)]


@pytest.mark.parametrize("refused", ["import", "add"])
def test_a_refused_change_gives_no_record_to_a_registry_without_one(folder: Path, refused: str) -> None:
    older = without_record(folder)
    frame = pl.DataFrame({"donor_id": ["D1"], "A_1": ["11:01"], "A_2": ["24:02"]})
    with pytest.raises(HlaMatchError):
        import_donors(older, frame, today=TODAY, add=refused == "add")
    assert not (older / JOURNAL).exists()


def test_the_snapshot_of_a_file_is_that_of_its_record(folder: Path) -> None:
    written = open_registry(folder / "registry")
    snapshot = current_snapshot(folder / "registry")
    for path in snapshot.glob("typing-*"):
        path.write_bytes(b"")
    imported(folder, THREE, replace=True)
    again = current_snapshot(folder / "registry")
    assert again.name == f"{snapshot.name}.2"
    assert read_manifest(again) == read_manifest(again.with_name(snapshot.name))
    assert open_registry(folder / "registry").notes == written.notes


def test_the_snapshot_after_changes_is_that_of_the_same_donors_at_once(folder: Path) -> None:
    imported(folder, "donor_id,B_1,B_2,sex\nD1,40:01,46:01,F\nD7,40:01,,\n", update=True)
    imported(folder, "donor_id,action\nD2,withdraw\n", update=True)
    found = open_registry(folder / "registry")
    with Journal.open(folder / "registry") as journal:
        parts = list(journal.persons_at(3))
    place = folder / "at-once"
    write_registry_stream(parts, place, NOMENCLATURE, name="registry", provenance=found.provenance)
    at_once = open_registry(place)
    assert at_once.attributes.equals(found.attributes)
    assert (at_once.loci, at_once.notes) == (found.loci, found.notes)
    assert (at_once.donor_typing == found.donor_typing).all()


def test_a_written_registry_has_its_record(folder: Path) -> None:
    opened = open_registry(folder / "registry")
    place = folder / "copy"
    write_registry(opened, place)
    with Journal.open(place) as journal:
        assert [(one.action, one.n_donors) for one in journal.transactions()] == [("import", 3)]
    assert write_registry(opened, place, replace=True) == current_snapshot(place)
    with pytest.raises(RegistryError):
        write_registry(opened, place)
    with Journal.open(place) as journal:
        assert len(journal.transactions()) == 1


@pytest.mark.parametrize("write", [True, False], ids=["all of them", "nobody"])
def test_a_stream_is_recorded_as_far_as_it_can_be_read(tmp_path: Path, write: bool) -> None:
    frame = pl.DataFrame({"person_id": ["D1", "D2"], "A_1": ["02:01" if write else "99:99", "99:99"], "A_2": None})
    write_registry_stream([frame], tmp_path / "r", NOMENCLATURE, name="r", provenance={"imported_on": "2026-01-01"})
    if not write:
        assert list((tmp_path / "r").iterdir() if (tmp_path / "r").exists() else []) == []
        return
    with Journal.open(tmp_path / "r") as journal:
        assert [one.n_donors for one in journal.transactions()] == [1]


def test_rolling_back_is_recorded_with_its_reason(folder: Path) -> None:
    imported(folder, HEADER + "D1,02:01,24:02,RS\nD4,11:01,,\n", update=True)
    roll_back(folder / "registry", actor="li", reason="wrong file")
    *_, last = transactions(folder)
    assert (last.action, last.same_as, last.actor, last.reason, last.n_donors) == ("rollback", 1, "li", "wrong file", 3)
    assert last.counts == {"rollback": 2}
    report = imported(folder, HEADER + "D5,11:01,,\n", add=True)
    assert report.registry.n_donors == 4
    assert donors(folder) == ["D1", "D2", "D3", "D5"]
    assert status(folder, "D1") is None


def test_codes_that_came_since_go_with_a_rollback_and_do_not_come_back(folder: Path) -> None:
    """No record of a donor changed with them: the rollback is one of the settings alone."""
    registry = folder / "registry"
    imported(folder, THREE, update=True, codes=MacTable.from_items([("AB", "01/06")]))
    assert open_registry(registry).codes is not None
    roll_back(registry)
    assert open_registry(registry).codes is None
    assert [(one.number, one.action, one.same_as) for one in transactions(folder)][-1] == (3, "rollback", 1)
    assert prove_registry(registry) is None
    imported(folder, HEADER + "D9,11:01,,\n", update=True)
    assert open_registry(registry).codes is None


def test_what_a_killed_writer_recorded_is_published_by_the_next(folder: Path) -> None:
    before = current_snapshot(folder / "registry").name
    imported(folder, HEADER + "D4,11:01,,\n", update=True)
    (folder / "registry" / "CURRENT").write_text(f"{before}\n")
    assert donors(folder) == ["D1", "D2", "D3"]
    imported(folder, HEADER + "D4,11:01,,\n", update=True)
    assert donors(folder) == ["D1", "D2", "D3", "D4"]


@pytest.mark.parametrize("mode", [{}, {"update": True}], ids=["first import", "update"])
def test_an_import_that_was_killed_before_the_switch_is_published_with_its_reports(
    tmp_path: Path, mode: dict[str, bool]
) -> None:
    registry, before = tmp_path / "registry", {}
    if mode:
        imported(tmp_path, THREE, nomenclature=NOMENCLATURE)
        before = {name: (registry / name).read_bytes() for name in ("CURRENT", "quarantine.csv")}
    content = THREE + "D6,02:01,02:01,\nD4,99:99,24:02,\n"
    imported(tmp_path, content, nomenclature=NOMENCLATURE, **mode)
    finished, known = current_snapshot(registry), set(registry.glob("snapshot-*"))
    for name in ("CURRENT", "quarantine.csv"):
        (registry / name).unlink()
    for name, content_before in before.items():
        (registry / name).write_bytes(content_before)

    assert imported(tmp_path, content, nomenclature=NOMENCLATURE, **mode).transaction is None

    # What was finished is taken, and not written a second time.
    assert (current_snapshot(registry), set(registry.glob("snapshot-*"))) == (finished, known)
    assert (registry / "quarantine.csv").read_bytes() == (finished / "quarantine.csv").read_bytes()
    assert b"99:99" in (registry / "quarantine.csv").read_bytes()


@pytest.mark.parametrize("damaged", [False, True])
def test_reports_of_an_import_that_the_record_does_not_know_are_not_taken(tmp_path: Path, damaged: bool) -> None:
    registry, other = tmp_path / "registry", tmp_path / "other"
    imported(tmp_path, THREE + "D5,02:01,98:98,\n", nomenclature=NOMENCLATURE)
    registry.rename(other)
    unknown = current_snapshot(other)
    content = THREE + "D4,99:99,24:02,\n"
    imported(tmp_path, content, nomenclature=NOMENCLATURE)
    finished = current_snapshot(registry)
    unknown.rename(registry / unknown.name)
    if damaged:
        (registry / unknown.name / "manifest.json").write_bytes(b"{")
    for name in ("CURRENT", "quarantine.csv"):
        (registry / name).unlink()

    imported(tmp_path, content, nomenclature=NOMENCLATURE)

    assert current_snapshot(registry) == finished
    assert b"98:98" not in (registry / "quarantine.csv").read_bytes()


def test_a_file_of_the_future_is_refused_since_every_later_one_would_be_out_of_order(tmp_path: Path) -> None:
    imported(tmp_path, HEADER + "D1,11:01,,\n")
    day = TODAY + datetime.timedelta(days=1)
    imported(tmp_path, HEADER + "D2,11:01,,\n", add=True, file_date=day)
    with pytest.raises(CriteriaError, match=r"file_date: found .*, expected a day that has begun"):
        imported(tmp_path, HEADER + "D3,11:01,,\n", add=True, file_date=day + datetime.timedelta(days=1))
    assert len(transactions(tmp_path)) == 2


def test_donors_who_had_left_and_come_back_by_a_file_are_told_of(tmp_path: Path) -> None:
    imported(tmp_path, HEADER + "D1,11:01,,\nD2,11:01,,\n")
    withdraw_donor(tmp_path / "registry", "D2", today=TODAY)
    report = imported(tmp_path, HEADER + "D1,11:01,24:02,\nD2,11:01,24:02,\n", update=True)
    told = "1 donor who had left the registry is a donor again, since the file has their record"
    assert report.notes == (told,)
    assert not imported(tmp_path, HEADER + "D1,11:01,,\nD2,11:01,,\n", update=True, again=True).notes


def test_a_differential_file_without_a_readable_row_is_no_file_that_changes_nothing(folder: Path) -> None:
    header = HEADER.replace("status", "status,action")
    for rows in ("D1,99:99,24:02,,update\n", "D1,,,,remove\n"):
        with pytest.raises(FileError, match="found no donor that can be read in 1 row") as caught:
            imported(folder, header + rows, update=True)
        assert caught.value.code is ErrorCode.FILE_NOTHING
        assert (folder / "registry" / "quarantine-failed.csv").exists()
    imported(folder, header + "D1,99:99,24:02,,update\nD2,,,,withdraw\n", update=True)
    assert not (folder / "registry" / "quarantine-failed.csv").exists()
    assert imported(folder, header + "D2,,,,withdraw\n", update=True, again=True).transaction is None
    assert imported(folder, header, update=True).transaction is None, "a day without a change"
    assert donors(folder) == ["D1", "D3"]


def test_rows_of_donors_whose_first_row_was_read_are_not_told_of_as_if_they_stayed(folder: Path) -> None:
    report = imported(folder, HEADER + "D1,02:01,24:02,RS\nD1,02:01,24:02,\nD2,99:99,,\nD2,02:01,,\n", update=True)
    assert [one.row for one in report.quarantined] == [3, 4, 5]
    assert report.notes[0] == "1 row that cannot be read is of a known donor, whose earlier record stays"
    assert (status(folder, "D1"), status(folder, "D2")) == ("RS", "TU")


def test_a_donor_whose_identifier_is_written_in_characters_that_are_refused_is_not_withdrawn(folder: Path) -> None:
    rows = "\uff24\uff11,02:01,24:02,\n\u200bD2\ufeff,02:01,11:01,TU\nD3,11:01,24:02,\n"
    report = imported(folder, HEADER + rows, replace=True)
    assert (report.n_quarantined, report.transaction) == (2, None)
    assert report.notes[0] == "2 rows that cannot be read are of known donors, whose earlier records stay"
    assert donors(folder) == ["D1", "D2", "D3"]


def test_a_file_whose_import_was_rolled_back_is_no_earlier_file(folder: Path) -> None:
    changed = HEADER + "D1,02:01,24:02,RS\n"
    imported(folder, changed, update=True, file_date=TODAY)
    roll_back(folder / "registry")
    imported(folder, HEADER + "D2,02:01,11:01,RS\n", update=True, file_date=TODAY - datetime.timedelta(days=1))
    assert imported(folder, changed, update=True).transaction == 5
    assert [status(folder, donor) for donor in ("D1", "D2")] == ["RS", "RS"]
    with pytest.raises(FileError, match="found the file of transaction 1 again"):
        imported(folder, THREE, update=True)


def test_a_file_whose_import_a_second_rollback_brought_back_is_an_earlier_one(folder: Path) -> None:
    changed = HEADER + "D1,02:01,24:02,RS\n"
    imported(folder, changed, update=True, file_date=TODAY)
    roll_back(folder / "registry")
    roll_back(folder / "registry")
    imported(folder, HEADER + "D1,02:01,24:02,OP\n", update=True)
    with pytest.raises(FileError, match="found the file of transaction 2 again"):
        imported(folder, changed, update=True)
    with pytest.raises(FileError, match=f"none before {TODAY}, as the newest imported"):
        imported(folder, THREE, update=True, file_date=TODAY - datetime.timedelta(days=1))


def test_the_counts_of_a_refusal_name_the_rows_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(RegistryError, match="1 not in the file, and 2 rows that cannot be read"):
        imported(folder, HEADER + "D1,02:01,24:02,\nD9,99:99,,\nD2,99:99,,\n")


def test_who_is_spared_by_a_replacement_is_read_by_its_nomenclature_or_withdrawn(folder: Path) -> None:
    release = dataclasses.replace(tiny_nomenclature({"A": {"02:01": ("", ""), "11:01": ("", "")}}).tables, checksum="c")
    content = (
        HEADER + "".join(f"N{number},02:01,11:01,\n" for number in range(40)) + "D2,99:99,11:01,\nD3,11:01,99:99,\n"
    )
    options = {"nomenclature": Nomenclature(release), "replace": True}
    with pytest.raises(RegistryError, match="found 1 donor with a typing that the nomenclature cannot read") as caught:
        imported(folder, content, **options)
    assert caught.value.code is ErrorCode.REGISTRY_SHRINKS
    failed = pl.read_csv(folder / "registry" / "quarantine-failed.csv")
    assert (failed["row"].to_list(), donors(folder)) == ([42, 43], ["D1", "D2", "D3"])

    report = imported(folder, content, allow_shrink=True, **options)
    assert report.notes[:2] == (
        "1 row that cannot be read is of a known donor, whose earlier record stays",
        "1 donor withdrawn: the nomenclature reads neither the row in the file nor the earlier record",
    )
    assert (report.n_donors, report.counts.n_absent) == (41, 2)
    assert set(donors(folder)) == {"D2", *(f"N{number}" for number in range(40))}
    assert prove_registry(folder / "registry") is None
    withdraw_donor(folder / "registry", "N1", today=TODAY)
    assert prove_registry(folder / "registry") is None
