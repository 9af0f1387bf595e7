"""Two records of one person made one: whose values hold, what is refused, and what the record tells afterwards."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from hla_match.errors import CriteriaError, ErrorCode, Reason, RegistryError
from registry_io.store.donor_changes import add_donor, reinstate_donor, update_donor
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_merge import MergedValue, merge_donors, plan_merge
from registry_io.store.donor_records import donor_history, registry_log, show_donor
from registry_io.store.journal.journal import Journal
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.rollback import roll_back
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
NAMES = {
    "A": ("01:01", "02:01", "02:03", "02:06", "03:01", "24:02"),
    "B": ("07:02", "08:01", "40:01", "46:01", "54:01"),
    "DRB1": ("09:01", "15:01"),
}
NOMENCLATURE = tiny_nomenclature({locus: {name: ("", "") for name in names} for locus, names in NAMES.items()})
THREE = (
    "donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2,status,sex,city\n"
    "D1,02:01/02:06,24:02,40:01,46:01,09:01,15:01,AV,,杭州\n"
    "D2,24:02,02:01,40:01,46:01/54:01,,,AV,F,杭州\n"
    "D3,01:01,03:01,07:02,08:01,15:01,15:01,TU,M,宁波\n"
)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "donors.csv"
    path.write_text(THREE, encoding="utf-8")
    import_donors(tmp_path / "registry", path, NOMENCLATURE, today=DAY)
    return tmp_path / "registry"


def searched(registry: Path) -> set[str]:
    return set(open_registry(registry).attributes["donor_id"])


def test_the_record_that_stays_is_completed_and_has_the_finer_typing(registry: Path) -> None:
    change = merge_donors(registry, "D1", "D2", today=DAY, actor="li", reason="one person")
    assert (change.transaction, change.n_donors) == (2, 2)
    assert show_donor(registry, "D1").person == {
        "A_1": "24:02",
        "A_2": "02:01",
        "B_1": "40:01",
        "B_2": "46:01",
        "DRB1_1": "09:01",
        "DRB1_2": "15:01",
        "status": "AV",
        "sex": "F",
        "city": "杭州",
    }
    assert searched(registry) == {"D1", "D3"}
    assert prove_registry(registry) is None


def test_both_histories_name_the_other_record(registry: Path) -> None:
    merge_donors(registry, "D1", "D2", today=DAY, reason="one person")
    stays, leaves = donor_history(registry, "D1")[-1], donor_history(registry, "D2")[-1]
    assert (stays.version.action, stays.version.merged_with) == ("merge", "D2")
    assert (leaves.version.action, leaves.version.merged_with, leaves.version.person) == ("merge", "D1", None)
    found = show_donor(registry, "D2")
    assert (found.is_donor, found.merged_into, found.person["B_2"]) == (False, "D1", "46:01/54:01")
    assert show_donor(registry, "D1").merged_into is None
    assert registry_log(registry)[-1].counts == {"merge": 2}


def test_a_merge_that_changes_no_value_is_in_both_histories(registry: Path) -> None:
    update_donor(registry, "D2", {"A": "", "B": "", "gl_string": "DRB1*15:01+DRB1*09:01", "sex": ""}, today=DAY)
    before = show_donor(registry, "D1").person
    merge_donors(registry, "D1", "D2", today=DAY)
    assert show_donor(registry, "D1").person == before
    assert donor_history(registry, "D1")[-1].version.merged_with == "D2"
    assert prove_registry(registry) is None


def test_what_differs_is_refused_by_columns_and_names_nobody(registry: Path) -> None:
    with pytest.raises(
        CriteriaError, match=r"exclude each other \(A, B, DRB1\); different values \(status, city\)"
    ) as error:
        merge_donors(registry, "D1", "D3", today=DAY)
    assert error.value.code == ErrorCode.CRITERIA_CONFLICT
    assert "two persons" in error.value.hint
    assert not {"D1", "D3", "杭州", "02:01"} & set(str(error.value).split())
    update_donor(registry, "D2", {"B": "40:01,46:01", "A": "02:01/02:03,24:02"}, today=DAY)
    with pytest.raises(CriteriaError, match=r"neither is the finer one \(A\)"):
        merge_donors(registry, "D1", "D2", today=DAY)
    assert len(registry_log(registry)) == 2


def test_somebody_says_whose_value_holds(registry: Path) -> None:
    merge_donors(
        registry,
        "D1",
        "D3",
        take={"A": "D1", "B_1": "D3", "DRB1": "D3", "城市": "D3"},
        values={"status": "RS", "weight_kg": "70"},
        today=DAY,
    )
    person = show_donor(registry, "D1").person
    assert person == {
        "A_1": "02:01/02:06",
        "A_2": "24:02",
        "B_1": "07:02",
        "B_2": "08:01",
        "DRB1_1": "15:01",
        "DRB1_2": "15:01",
        "sex": "M",
        "weight_kg": "70.0",
        "status": "RS",
        "city": "宁波",
    }


def test_a_plan_says_the_same_and_changes_nothing(registry: Path) -> None:
    planned = {value.name: value for value in plan_merge(registry, "D1", "D2")}
    assert {name: value.origin for name, value in planned.items()} == {
        "A": "leaves",
        "B": "stays",
        "DRB1": "stays",
        "sex": "leaves",
        "status": "both",
        "city": "both",
    }
    assert planned["sex"] == MergedValue("sex", (None,), ("F",), "leaves")
    origins = [
        (one.name, one.origin) for one in plan_merge(registry, "D1", "D3", values={"status": "AV"}) if one.is_open
    ]
    assert origins == [("A", "apart"), ("B", "apart"), ("DRB1", "apart"), ("city", "different")]
    assert len(registry_log(registry)) == 1


@pytest.mark.parametrize(
    ("stays", "leaves", "take", "error"),
    [
        ("D1", "D1", {}, "one identifier twice"),
        ("D1", "D2", {"status": "D3"}, "take status: found another identifier"),
        ("D1", "D2", {"colour": "D1"}, "column: found 'colour'"),
        ("D1", "D2", {"gl_string": "D1"}, "take gl_string: found no GL String, expected the loci that are meant"),
        ("D1", "D2", {"A_1": "D1", "A_2": "D2"}, "take A: found a side of each record"),
        ("D1", " D1 ", {}, "one identifier twice"),
    ],
)
def test_a_merge_that_cannot_be_is_refused(
    registry: Path, stays: str, leaves: str, take: dict[str, str], error: str
) -> None:
    for merge in (plan_merge, merge_donors):
        with pytest.raises(CriteriaError, match=error):
            merge(registry, stays, leaves, take=take)


def test_a_side_that_is_not_given_is_that_of_a_record(registry: Path) -> None:
    values = {"DRB1_1": "15:01"}
    planned = {one.name: one for one in plan_merge(registry, "D2", "D1", values=values)}
    assert planned["DRB1"] == MergedValue("DRB1", (None, None), ("09:01", "15:01"), "leaves")
    merge_donors(registry, "D2", "D1", values=values, today=DAY)
    found = show_donor(registry, "D2").person
    assert (found["DRB1_1"], found["DRB1_2"]) == ("15:01", "15:01")


def test_a_rollback_to_a_merge_leaves_the_record_merged(registry: Path, tmp_path: Path) -> None:
    merge_donors(registry, "D1", "D2", today=DAY)
    roll_back(registry)
    assert (searched(registry), show_donor(registry, "D2").merged_into) == ({"D1", "D2", "D3"}, None)
    roll_back(registry)
    assert (searched(registry), show_donor(registry, "D2").merged_into) == ({"D1", "D3"}, "D1")
    with pytest.raises(RegistryError, match="merged into another one by transaction 4, expected a donor"):
        merge_donors(registry, "D3", "D2", today=DAY)
    report = import_donors(registry, tmp_path / "donors.csv", update=True, again=True, today=DAY)
    assert [(one.row, one.reason) for one in report.quarantined] == [(3, Reason.MERGED_RECORD)]
    with Journal.open(registry) as journal:
        assert journal.merges(3) == journal.merges(9) == {"D2": "D1"}
    roll_back(registry)
    assert show_donor(registry, "D2").merged_into == "D1", "the import above is taken back, and not the merge"


def test_a_merged_record_is_no_donor_until_it_is_reinstated(registry: Path, tmp_path: Path) -> None:
    merge_donors(registry, "D1", "D2", today=DAY)
    with pytest.raises(RegistryError, match="that was merged into another one by transaction 2, expected a new donor"):
        add_donor(registry, "D2", {"A_1": "02:01"}, today=DAY)
    with pytest.raises(RegistryError, match="merged into another one by transaction 2, expected a donor"):
        update_donor(registry, "D2", {"status": "TU"}, today=DAY)
    with pytest.raises(RegistryError, match="merged into another one"):
        merge_donors(registry, "D3", "D2", today=DAY)
    report = import_donors(registry, tmp_path / "donors.csv", update=True, again=True, today=DAY)
    assert [(one.row, one.reason) for one in report.quarantined] == [(3, Reason.MERGED_RECORD)]
    assert searched(registry) == {"D1", "D3"}
    (tmp_path / "week.csv").write_text("donor_id,action\nD2,withdraw\nD3,withdraw\n", encoding="utf-8")
    report = import_donors(registry, tmp_path / "week.csv", update=True, today=DAY)
    assert [(one.row, one.reason) for one in report.quarantined] == [(2, Reason.MERGED_RECORD)], "D1 is still a donor"
    assert (report.counts.n_withdrawn, searched(registry)) == (1, {"D1"})
    reinstate_donor(registry, "D3", today=DAY)
    reinstate_donor(registry, "D2", today=DAY)
    assert not import_donors(registry, tmp_path / "donors.csv", update=True, again=True, today=DAY).quarantined
    assert searched(registry) == {"D1", "D2", "D3"}
    with Journal.open(registry) as journal:
        assert journal.verify() == []


@pytest.mark.parametrize("options", [{"take": ["status=D1"]}, {"take": "status"}, {"values": "status=TU"}])
def test_what_is_no_mapping_is_refused_by_its_name(registry: Path, options: Any) -> None:
    (name,) = options
    for call in (plan_merge, merge_donors):
        with pytest.raises(CriteriaError, match=f"{name}: found a value of type .*, expected a mapping"):
            call(registry, "D1", "D2", **options)


@pytest.mark.parametrize(
    ("take", "values", "found"),
    [
        ({"status": "D1", "状态": "D2"}, {}, "the other record, too"),
        ({"A": "D1", "A_1": "D2"}, {}, "the other record, too"),
        ({"A": "D1"}, {"HLA-A": "02:01,24:02"}, "a value that is set, too"),
        ({"status": "D1"}, {"status": "TU"}, "a value that is set, too"),
    ],
)
def test_two_words_on_one_value_are_refused(
    registry: Path, take: dict[str, str], values: dict[str, str], found: str
) -> None:
    with pytest.raises(CriteriaError, match=f"^take .*: found {found}, expected one of the two$") as caught:
        merge_donors(registry, "D1", "D2", take=take, values=values, today=DAY)
    assert caught.value.code == ErrorCode.CRITERIA_CONFLICT
    assert len(registry_log(registry)) == 1
