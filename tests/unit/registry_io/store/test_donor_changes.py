"""One donor added, updated, withdrawn and brought back; and what the record tells of it afterwards."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError, ErrorCode, FileError, HlaMatchError, RegistryError
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.donor_changes import (
    DonorChange,
    add_donor,
    reinstate_donor,
    update_donor,
    withdraw_donor,
)
from registry_io.store.donor_erasure import erase_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_records import (
    Difference,
    donor_history,
    registry_diff,
    registry_log,
    show_donor,
)
from registry_io.store.journal.journal import Journal
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry

DAY = datetime.date(2026, 1, 31)
TWO = "donor_id,A_1,A_2,status,weight_kg\nD1,02:01,24:02,AV,65\nD2,11:01,24:02,TU,70.5\n"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "donors.csv"
    path.write_text(TWO, encoding="utf-8")
    import_donors(tmp_path / "registry", path, Nomenclature.builtin(), today=DAY)
    return tmp_path / "registry"


def searched(registry: Path) -> dict[str, dict[str, Any]]:
    """The donors that searches see."""
    attributes = open_registry(registry).attributes
    return {row.pop("donor_id"): row for row in attributes.iter_rows(named=True)}


def test_a_donor_is_added_in_any_form_that_a_file_may_have(registry: Path) -> None:
    values = {
        "HLA-A": "A*02:01+A*24:02",
        "gl_string": "HLA-B*40:01+HLA-B*46:01",
        "性别": "女",
        "出生日期": "1990年5月1日",
    }
    del values["HLA-A"]
    assert add_donor(registry, "N1", values, today=DAY, actor="li", reason="came") == DonorChange(2, 3)
    found = show_donor(registry, "N1")
    assert found.person == {"B_1": "40:01", "B_2": "46:01", "sex": "F", "birth_date": "1990-05-01"}
    assert found.reported == values
    assert (found.is_donor, found.changed_by.actor, found.changed_by.reason) == (True, "li", "came")
    assert searched(registry)["N1"]["sex"] == "F"


def test_values_are_set_and_the_others_stay(registry: Path) -> None:
    update_donor(registry, "D1", {"status": "RS", "A_2": "", "city": "杭州"}, today=DAY)
    assert show_donor(registry, "D1").person == {"A_1": "02:01", "status": "RS", "weight_kg": "65.0", "city": "杭州"}
    update_donor(registry, "D1", {"weight_kg": "", "A": "01:01,03:01"}, today=DAY)
    assert show_donor(registry, "D1").person == {"A_1": "01:01", "A_2": "03:01", "status": "RS", "city": "杭州"}
    update_donor(registry, "D1", {"GL-String": "A*11:01+A*24:02^DRB4*01:03"}, today=DAY)
    person = show_donor(registry, "D1").person
    assert {name: person[name] for name in ("A_1", "A_2", "DRB4_1")} == {
        "A_1": "11:01",
        "A_2": "24:02",
        "DRB4_1": "01:03",
    }
    assert searched(registry)["D2"]["weight_kg"] == 70.5


def test_a_typing_in_one_column_stays(registry: Path) -> None:
    update_donor(registry, "D1", {"A_2": ""}, today=DAY)
    update_donor(registry, "D1", {"status": "RS"}, today=DAY)
    assert show_donor(registry, "D1").person == {"A_1": "02:01", "status": "RS", "weight_kg": "65.0"}


def test_attributes_of_ones_own_stay(tmp_path: Path) -> None:
    from registry_io.store.recorded_registry import write_registry_stream

    frame = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"], "score": [7]})
    provenance = {"imported_on": "2026-01-01"}
    write_registry_stream([frame], tmp_path / "r", Nomenclature.builtin(), name="r", provenance=provenance)
    update_donor(tmp_path / "r", "D1", {"sex": "F"}, today=DAY)
    assert searched(tmp_path / "r") == {"D1": {"score": 7, "sex": "F"}}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"status": "gone"}, r"status: found 'gone', expected a value that can be read; status is not one of AV, TU"),
        ({"birth_date": "1/2/1990"}, r"birth_date: found '1/2/1990', .*write the year first"),
        ({"birth_date": "2026-02-01"}, r"birth_date: found '2026-02-01', .* is later than 2026-01-31"),
        ({"A_1": "99:99"}, r"A: found '99:99', expected a value that can be read; expected an allele"),
        ({"A_1": "", "A_2": ""}, r"donor: found nothing, expected a value that can be read; no locus is typed"),
        ({"gl_string": "A*02:0"}, r"A: found '02:0'"),
        ({"wieght": "9"}, r"column: found 'wieght', expected a column of donor files.*; is weight_kg meant\?"),
        ({"donor_id": "D9"}, r"column: found 'donor_id'"),
        (
            {"A": "A2,A24", "DRB1_1": "09:01", "DRB1_2": "15:01"},
            r"A: found 'A2,A24', expected typings by their locus alone.*; is HLA-A meant\?",
        ),
        (
            {"A": "NEW,24:02", "DRB1_1": "09:01", "DRB1_2": "15:01"},
            r"A: found 'NEW,24:02', expected typings by their locus alone",
        ),
        ({"gl_string": " "}, "gl_string: found no GL String, expected the loci that are meant"),
        ({"city": "\udcff"}, "city: found bytes that are no text in UTF-8"),
        ({7: "AV"}, "column: found a value of type int, expected a text"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused(registry: Path, values: dict[str, str], error: str) -> None:
    with pytest.raises(CriteriaError, match=error):
        update_donor(registry, "D1", values, today=DAY)
    assert len(registry_log(registry)) == 1


def test_an_identifier_is_read_as_in_files_without_blanks_around_it(registry: Path) -> None:
    with pytest.raises(RegistryError, match="a record of this identifier, expected a new donor"):
        add_donor(registry, " D1\t", {"A_1": "11:01"}, today=DAY)
    assert show_donor(registry, "D1 ").person["A_1"] == "02:01"
    assert update_donor(registry, "\u00a0D1", {"status": "TU"}, today=DAY).transaction == 2
    assert [one.version.action for one in donor_history(registry, " D1")] == ["add", "update"]
    assert withdraw_donor(registry, "D1 ", today=DAY).transaction == 3


def test_who_was_written_with_blanks_around_the_identifier_can_be_named(tmp_path: Path) -> None:
    """A program can write any identifier; no file can."""
    persons = pl.DataFrame({"person_id": [" X1 ", "X2", "X1"], "A_1": ["02:01"] * 3, "A_2": ["24:02"] * 3})
    made_from = {"imported_on": "2026-01-31"}
    made, _ = build_registry(persons, Nomenclature.builtin(), name="three", provenance=made_from)
    folder = tmp_path / "registry"
    write_registry(made, folder)
    update_donor(folder, " X1 ", {"status": "TU"}, today=DAY)
    assert {name: one["status"] for name, one in searched(folder).items()} == {" X1 ": "TU", "X2": None, "X1": None}
    assert show_donor(folder, " X1 ").donor_id == " X1 "
    assert show_donor(folder, " X2 ").donor_id == "X2"
    erase_donors(folder, [" X1 "], today=DAY)
    assert set(searched(folder)) == {"X1", "X2"}


@pytest.mark.parametrize(
    ("cause", "error"),
    [
        ({"today": datetime.datetime(2026, 1, 31, 12)}, "today: found a value of type datetime, expected a date"),
        ({"today": "2026-01-31"}, "today: found a value of type str, expected a date"),
        ({"reason": None}, "reason: found None, expected a text"),
        ({"reason": "moved\udcff"}, "reason: found bytes that are no text in UTF-8"),
        ({"actor": 5}, "actor: found a value of type int, expected a text"),
    ],
)
def test_a_cause_that_the_record_cannot_hold_is_refused(registry: Path, cause: dict[str, Any], error: str) -> None:
    for change in (
        lambda: withdraw_donor(registry, "D1", **cause),
        lambda: import_donors(registry, registry.parent / "donors.csv", update=True, **cause),
    ):
        with pytest.raises(CriteriaError, match=error):
            change()
    with pytest.raises(CriteriaError, match="donor_id: found bytes that are no text in UTF-8"):
        withdraw_donor(registry, "D1\udcff", today=DAY)


def test_two_values_of_one_meaning_are_refused(registry: Path) -> None:
    with pytest.raises(FileError, match="the meaning of column"):
        update_donor(registry, "D1", {"sex": "F", "性别": "女"}, today=DAY)


def test_what_is_unusual_is_kept_and_told(registry: Path) -> None:
    done = update_donor(registry, "D1", {"birth_date": "1930-01-01", "登记日期": "2026-02-01"}, today=DAY)
    assert done == DonorChange(2, 2, done.notes)
    assert [note.partition(" ")[0] for note in done.notes] == ["birth_date", "registered_on"]
    assert done.notes[1] == "registered_on is later than 2026-01-31, kept"
    assert show_donor(registry, "D1").person["birth_date"] == "1930-01-01"
    assert update_donor(registry, "D1", {"status": "TU"}, today=DAY).notes == (), "of what was given before"


def test_what_is_known_already_makes_no_transaction(registry: Path) -> None:
    assert update_donor(registry, "D1", {"status": "AV", "weight_kg": "65kg"}, today=DAY) == DonorChange(None, 2)
    assert reinstate_donor(registry, "D1") == DonorChange(None, 2)
    assert len(registry_log(registry)) == 1


def test_a_withdrawn_donor_is_in_no_search_and_comes_back_with_the_last_record(registry: Path) -> None:
    update_donor(registry, "D2", {"status": "RS"}, today=DAY)
    assert withdraw_donor(registry, "D2", today=DAY, reason="asked") == DonorChange(3, 1)
    assert set(searched(registry)) == {"D1"}
    found = show_donor(registry, "D2")
    assert (found.is_donor, found.person["status"], found.changed_by.reason) == (False, "RS", "asked")
    assert reinstate_donor(registry, "D2", today=DAY) == DonorChange(4, 2)
    assert searched(registry)["D2"]["status"] == "RS"
    with Journal.open(registry) as journal:
        assert journal.verify() == []


@pytest.mark.parametrize(
    ("change", "code", "found"),
    [
        (lambda folder: add_donor(folder, "D1", {"A_1": "02:01"}), ErrorCode.REGISTRY_KNOWN_DONOR, "a record"),
        (lambda folder: add_donor(folder, "D2", {"A_1": "02:01"}), ErrorCode.REGISTRY_KNOWN_DONOR, "a record"),
        (lambda folder: update_donor(folder, "D9", {"status": "AV"}), ErrorCode.REGISTRY_UNKNOWN_DONOR, "no record"),
        (lambda folder: update_donor(folder, "D2", {"status": "AV"}), ErrorCode.REGISTRY_UNKNOWN_DONOR, "withdrawn by"),
        (lambda folder: withdraw_donor(folder, "d1"), ErrorCode.REGISTRY_UNKNOWN_DONOR, "no record"),
        (lambda folder: withdraw_donor(folder, "D2"), ErrorCode.REGISTRY_UNKNOWN_DONOR, "withdrawn by transaction 2"),
        (lambda folder: withdraw_donor(folder, "D1"), ErrorCode.REGISTRY_SHRINKS, "no donor"),
        (lambda folder: reinstate_donor(folder, "D9"), ErrorCode.REGISTRY_UNKNOWN_DONOR, "no record"),
        (lambda folder: show_donor(folder, "D9"), ErrorCode.REGISTRY_UNKNOWN_DONOR, "no record"),
        (lambda folder: add_donor(folder / "none", "D9", {}), ErrorCode.REGISTRY_MISSING, "no registry"),
        (lambda folder: registry_log(folder / "none"), ErrorCode.REGISTRY_MISSING, "no registry"),
    ],
)
def test_what_does_not_fit_is_refused_and_names_nobody(
    registry: Path, change: Callable[[Path], object], code: str, found: str
) -> None:
    withdraw_donor(registry, "D2", today=DAY)
    with pytest.raises(RegistryError, match=found) as caught:
        change(registry)
    assert caught.value.code == code
    assert "D1" not in str(caught.value).replace(str(registry), "")
    assert len(registry_log(registry)) == 2
    assert not (registry / "none").exists()


def test_a_history_says_what_each_version_changed(registry: Path) -> None:
    update_donor(registry, "D1", {"status": "RS"}, today=DAY, actor="li")
    withdraw_donor(registry, "D1", today=DAY)
    reinstate_donor(registry, "D1", today=DAY)
    first, second, third, fourth = donor_history(registry, "D1")
    assert [one.column for one in first.differences] == ["A_1", "A_2", "weight_kg", "status"]
    assert (first.version.row, first.transaction.source) == (2, "donors.csv")
    assert second.differences == (Difference("status", "AV", "RS"),)
    assert (third.version.action, third.differences, fourth.differences) == ("withdraw", (), ())


def test_a_log_lists_all_transactions(registry: Path) -> None:
    update_donor(registry, "D1", {"status": "RS"}, today=DAY, reason="ill")
    assert [(one.number, one.action, one.reason, one.n_donors) for one in registry_log(registry)] == [
        (1, "import", "", 2),
        (2, "update", "ill", 2),
    ]


def test_a_difference_is_told_in_both_directions_by_number_and_by_day(registry: Path) -> None:
    update_donor(registry, "D1", {"status": "RS", "city": "宁波"}, today=DAY)
    add_donor(registry, "N1", {"A_1": "02:01"}, today=DAY + datetime.timedelta(1))
    withdraw_donor(registry, "D2", today=DAY + datetime.timedelta(1))
    there = [
        ("D1", "changed", "status", "AV", "RS"),
        ("D1", "changed", "city", None, "宁波"),
        ("D2", "withdrawn", None, None, None),
        ("N1", "added", None, None, None),
    ]
    assert registry_diff(registry, 1, 4).rows() == there
    today = datetime.datetime.now(datetime.UTC).date()
    assert registry_diff(registry, 1, today + datetime.timedelta(1)).rows() == there
    back = {(donor, change) for donor, change, *_ in registry_diff(registry, 4, 1).rows()}
    assert back == {("D1", "changed"), ("D2", "added"), ("N1", "withdrawn")}
    assert registry_diff(registry, 2, 2).is_empty()
    assert registry_diff(registry, 1, 4).columns == ["donor_id", "change", "column", "before", "after"]


def test_a_registry_whose_record_is_gone_begins_no_other_one_unless_it_is_replaced(
    registry: Path, tmp_path: Path
) -> None:
    update_donor(registry, "D1", {"status": "TU"}, today=DAY)
    (registry / "journal.sqlite").unlink()
    with pytest.raises(HlaMatchError, match="no record of the registry's changes"):
        show_donor(registry, "D1")
    before = searched(registry)
    with pytest.raises(RegistryError, match="no record, where the snapshot has transaction 2"):
        update_donor(registry, "D1", {"status": "RS"}, today=DAY)
    assert not list(registry.glob("journal.sqlite*"))
    assert searched(registry) == before
    import_donors(registry, tmp_path / "donors.csv", replace=True, today=DAY)
    assert searched(registry)["D1"]["status"] == "AV"
    assert prove_registry(registry) is None
    update_donor(registry, "D1", {"status": "RS"}, today=DAY)
    assert [one.action for one in registry_log(registry)][1:] == ["update"]
