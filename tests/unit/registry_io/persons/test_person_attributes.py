"""A bad cell of an attribute: the person stays, the cell is empty, and the report says which."""

from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import FileError, Reason
from hla_match.nomenclature.release import Nomenclature
from registry_io.persons.blood_groups import BLOOD_NOTE
from registry_io.persons.patient_file import read_patients
from registry_io.persons.person_attributes import FINDINGS
from registry_io.persons.person_table import PersonRecords, read_persons
from registry_io.store.donor_import import import_donors
from registry_io.store.import_report import ImportReport
from registry_io.store.registry_store import open_registry

NOMENCLATURE = Nomenclature.builtin()
TODAY = datetime.date(2026, 2, 28)
BAD, IMPLAUSIBLE, UNUSUAL = Reason.BAD_ATTRIBUTE, Reason.IMPLAUSIBLE_VALUE, Reason.UNUSUAL_VALUE

LEFT_EMPTY = [
    ("sex", "男人", BAD), ("sex", "X", BAD), ("sex", "1", BAD), ("sex", "#N/A", BAD), ("abo", "A1+", BAD),
    ("abo", "C", BAD), ("abo", "C型", BAD), ("abo", "0", BAD),
    ("abo", "AP", BAD), ("abo", "A RH", BAD), ("rhesus", "?", BAD), ("rhesus", "性", BAD),
    ("cmv", "maybe", BAD), ("cmv", "yes", BAD),
    ("weight_kg", "heavy", BAD),
    ("weight_kg", "0", BAD), ("weight_kg", "-3", BAD), ("weight_kg", "500.5", BAD), ("weight_kg", "130斤", BAD),
    ("weight_kg", "inf", BAD), ("weight_kg", "143lb", BAD), ("weight_kg", "65,5", BAD),
    ("birth_date", "01/05/1990", BAD),
    ("birth_date", "1990/5-1", BAD), ("birth_date", "1990/13/1", BAD), ("birth_date", "90/5/1", BAD),
    ("birth_date", "1990年5月", BAD), ("birth_date", "19901301", BAD), ("birth_date", "1.5.1990", BAD),
    ("birth_date", "31.12.1980", BAD), ("birth_date", "1985-02-30", BAD), ("birth_date", "0000-00-00", BAD),
    ("birth_date", "0080-02-03", BAD), ("birth_date", "1985", BAD), ("birth_date", "31167", BAD),
    ("birth_date", "1899-12-31", BAD), ("birth_date", "2101-01-01", BAD), ("birth_date", "1985-05-01 12:30:00", BAD),
    ("birth_date", "2026-03-01", IMPLAUSIBLE), ("birth_date", "2090-01-01", IMPLAUSIBLE),
    ("birth_date", "1905-02-28", IMPLAUSIBLE), ("birth_date", "1900-01-01", IMPLAUSIBLE),
    ("registered_on", "yesterday", BAD), ("last_contact_on", "2020/2/30", BAD),
    ("city", "Hang\x1bzhou", Reason.BAD_TEXT),
    ("grid", "G\u200b1", Reason.BAD_TEXT), ("population", "Han\ufffd", Reason.BAD_TEXT),
]  # fmt: skip
KEPT = [
    ("birth_date", "2010-03-01", datetime.date(2010, 3, 1)),
    ("birth_date", "2026-02-28", datetime.date(2026, 2, 28)),
    ("birth_date", "1955-02-28", datetime.date(1955, 2, 28)),
    ("birth_date", "1905-03-01", datetime.date(1905, 3, 1)),
    ("registered_on", "2026-03-01", datetime.date(2026, 3, 1)),
    ("last_contact_on", "2099-01-01", datetime.date(2099, 1, 1)),
]
READ = [
    ("birth_date", "2010-02-28", datetime.date(2010, 2, 28)),
    ("birth_date", "1955-03-01", datetime.date(1955, 3, 1)),
    ("birth_date", "1985-05-01 00:00:00", datetime.date(1985, 5, 1)),
    ("registered_on", "2026-02-28", datetime.date(2026, 2, 28)),
    ("reserved_until", "2026-03-01", datetime.date(2026, 3, 1)),
    ("weight_kg", "500", 500.0),
    ("weight_kg", "0.5", 0.5),
    ("sex", "female", "F"),
    ("cmv", "+", "P"),
    ("cmv", "-", "N"),
    ("cmv", "IgG\uff0b", "P"),
    ("rhesus", "RhD阴性", "N"),
    ("sex", "女", "F"),
    ("abo", "AB型", "AB"),
    ("abo", "\uff41型", "A"),
    ("weight_kg", "nan", None),
    ("weight_kg", "65kg", 65.0),
    ("weight_kg", "65.5 KG", 65.5),
    ("weight_kg", "65公斤", 65.0),
    ("weight_kg", "\uff16\uff15千克", 65.0),
    ("sex", "-", None),
    ("sex", "未知", None),
    ("city", "NA", None),
    ("birth_date", "N/A", None),
    ("status", "暂缓", "TU"),
    ("status", ".", None),
    *(
        ("birth_date", text, datetime.date(1990, 5, 1))
        for text in ("1990/5/1", "1990.5.1", "19900501", "1990年5月1日", "1990-5-1", "1990/05/01 0:00", "\uff11990/5/1")
    ),
    ("city", "杭州\uff08西湖\uff09", "杭州\uff08西湖\uff09"),
]


def donors(folder: Path, content: str) -> PersonRecords:
    path = folder / "donors.csv"
    path.write_text(content, encoding="utf-8")
    return read_persons(path, kind="donor", today=TODAY)


def imported(folder: Path, content: str) -> ImportReport:
    path = folder / "donors.csv"
    path.write_text(content, encoding="utf-8")
    return import_donors(folder / "registry", path, NOMENCLATURE, today=TODAY)


@pytest.mark.parametrize(("column", "value", "reason"), LEFT_EMPTY)
def test_a_bad_cell_is_left_empty_and_reported(tmp_path: Path, column: str, value: str, reason: Reason) -> None:
    frame = pl.DataFrame({"donor_id": ["X1", "X2"], "A_1": "2", "A_2": "24", column: ["", value]})
    frame.write_parquet(tmp_path / "donors.parquet")
    records = read_persons(tmp_path / "donors.parquet", kind="donor", today=TODAY)
    assert records.quarantined == []
    assert records.frame.select("person_id", column).rows() == [("X1", None), ("X2", None)]
    assert records.warnings.select("row", "person_id", "column", "text", "reason").rows() == [
        (3, "X2", column, value, reason)
    ]
    message = records.warnings["message"][0]
    assert message.startswith(f"{column} ")
    assert message.endswith(", left empty")
    assert "X2" not in message


@pytest.mark.parametrize(("column", "value", "read"), KEPT)
def test_an_unusual_cell_is_kept_and_reported(tmp_path: Path, column: str, value: str, read: object) -> None:
    records = donors(tmp_path, f"donor_id,A_1,A_2,{column}\nX1,2,24,{value}\n")
    assert records.frame[column].to_list() == [read]
    assert records.warnings.select("row", "column", "reason").rows() == [(2, column, UNUSUAL)]
    assert records.warnings["message"][0].endswith(", kept")


@pytest.mark.parametrize(("column", "value", "read"), READ)
def test_what_can_be_read_is_no_finding(tmp_path: Path, column: str, value: str, read: object) -> None:
    records = donors(tmp_path, f"donor_id,A_1,A_2,{column}\nX1,2,24,{value}\n")
    assert records.frame[column].to_list() == [read]
    assert (records.warnings.height, records.quarantined) == (0, [])


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("A+", ("A", "P")),
        ("ab-", ("AB", "N")),
        ("O RhD pos", ("O", "P")),
        ("A型RH阳性", ("A", "P")),
        ("B型(Rh阴性)", ("B", "N")),
        ("\uff21\uff0b", ("A", "P")),
    ],
)
def test_a_blood_group_may_say_rh_as_well(tmp_path: Path, cell: str, read: tuple[str, str]) -> None:
    records = donors(tmp_path, f"donor_id,A_1,A_2,血型\nX1,2,24,{cell}\nX2,2,24,A\n")
    assert records.frame.select("abo", "rhesus").rows() == [read, ("A", None)]
    assert records.warnings.height == 0
    assert records.notes[-1] == f"{BLOOD_NOTE}, cells of 血型 (1)"


def test_a_blood_group_beside_a_column_of_rh_says_the_same_or_is_reported(tmp_path: Path) -> None:
    records = donors(tmp_path, "donor_id,A_1,A_2,abo,Rh\nX1,2,24,A+,pos\nX2,2,24,A+,\nX3,2,24,A+,neg\n")
    assert records.frame.select("abo", "rhesus").rows() == [("A", "P"), ("A", "P"), (None, "N")]
    assert records.warnings.select("row", "column", "reason").rows() == [(4, "abo", BAD)]


def test_blood_groups_with_rh_may_begin_in_a_later_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry_io.tables.text_file._BLOCK", 40)
    report = imported(tmp_path, "donor_id,A_1,A_2,abo\n" + "X1,2,24,A\nX2,2,24,\nX3,2,24,O\nX4,2,24,B-\n")
    assert sorted(report.registry.attributes.select("donor_id", "abo", "rhesus").rows()) == [
        ("X1", "A", None),
        ("X2", None, None),
        ("X3", "O", None),
        ("X4", "B", "N"),
    ]


def test_patients_have_the_blood_groups_and_weights_of_donors(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id,A_1,A_2,血型,体重\nP1,2,24,AB-,65kg\n", encoding="utf-8")
    ((_, patient),) = read_patients(tmp_path / "patients.csv").patients
    assert (patient.abo, patient.rhesus, patient.weight_kg) == ("AB", "N", 65.0)


@pytest.mark.parametrize(("today", "unusual"), [("2024-02-28", True), ("2024-02-29", False)])
def test_the_birthday_of_a_leap_day_counts_from_that_day(tmp_path: Path, today: str, unusual: bool) -> None:
    path = tmp_path / "donors.csv"
    path.write_text("donor_id,A_1,A_2,birth_date\nX1,2,24,2008-02-29\n")
    records = read_persons(path, kind="donor", today=datetime.date.fromisoformat(today))
    assert records.warnings.height == unusual


def test_a_donor_whose_status_cannot_be_read_does_not_become_available(tmp_path: Path) -> None:
    report = imported(
        tmp_path, "donor_id,A_1,A_2,status\nX1,02:01,,未知\nX2,02:01,,\nX3,02:01,,AVAILABLE\nX4,02:01,,de\n"
    )
    assert report.registry.attributes["donor_id"].sort().to_list() == ["X2", "X4"]
    assert [(record.row, record.column, record.reason) for record in report.quarantined] == [
        (2, "status", BAD),
        (4, "status", BAD),
    ]
    assert "an empty status counts as available" in report.quarantined[0].hint
    assert report.warnings.height == 0


def test_warnings_stand_beside_the_quarantine(tmp_path: Path) -> None:
    report = imported(
        tmp_path,
        "donor_id,A_1,A_2,B_1,B_2,gl_string,Sex,abo,birth_date\n"
        "X1,02:01,,,,,男?,A类,01/05/1990\n"
        "X2,02:9999,,,,,男,,\n"
        "X3,02:01,,,,A*03:01,男,,\n"
        ",02:01,,,,,男,,\n"
        "X5,02:01,,40:01,,,M,A,2012-01-01\n"
        "X6,,02:01,,,,男,,\n",
    )
    assert report.n_imported == 2
    written = pl.read_csv(report.warnings_path, schema_overrides={"text": pl.String})
    assert report.warnings_path == tmp_path / "registry" / "warnings.csv"
    assert written.columns == list(FINDINGS)
    assert written.select("row", "column", "text", "reason").rows() == [
        (2, "Sex", "男?", "bad_attribute"),
        (2, "birth_date", "01/05/1990", "bad_attribute"),
        (2, "abo", "A类", "bad_attribute"),
        (6, "birth_date", "2012-01-01", "unusual_value"),
    ]
    assert report.n_warned == 2
    assert sorted({record.row for record in report.quarantined}) == [3, 4, 5, 7]
    opened = open_registry(tmp_path / "registry").attributes.sort("donor_id")
    assert opened.select("donor_id", "sex", "abo").rows() == [("X1", None, None), ("X5", "M", "A")]


def test_warnings_of_an_earlier_import_do_not_stay(tmp_path: Path) -> None:
    for sex, n_lines in (("X", 2), ("M", 1)):
        path = tmp_path / "donors.csv"
        path.write_text(f"donor_id,A_1,A_2,sex\nX1,02:01,,{sex}\n", encoding="utf-8")
        report = import_donors(tmp_path / "registry", path, NOMENCLATURE, today=TODAY, replace=True)
        assert len(report.warnings_path.read_text(encoding="utf-8").splitlines()) == n_lines


def test_patients_are_searched_without_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text(
        "patient_id,A_1,A_2,sex,birth_date,abo,rhesus,cmv,weight_kg,status\n"
        "P1,02:01,,X,01/05/1990,A类,x,x,0,urgent\nP2,02:01,,M,2020-01-01,A,P,N,3.5,\nP3,02:01,,,2026-03-01,,,,,\n",
        encoding="utf-8",
    )
    read = read_patients(path, today=TODAY)
    assert [row for row, _ in read.patients] == [2, 3, 4]
    assert read.quarantined == []
    first, second, third = (patient for _, patient in read.patients)
    assert first.model_dump(exclude={"patient_id", "typings"}, exclude_none=True) == {}
    assert (second.sex, second.birth_date, second.weight_kg) == ("M", datetime.date(2020, 1, 1), 3.5)
    assert third.birth_date is None
    assert set(read.warnings) == {2, 4}
    for name in ("sex", "birth_date", "abo", "rhesus", "cmv", "weight_kg", "status"):
        assert f"{name}: bad_attribute: {name} is not " in read.warnings[2]
    assert read.warnings[4] == "birth_date: implausible_value: birth_date is later than 2026-02-28, left empty"


def test_without_a_day_the_clock_tells_what_is_to_come(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    tomorrow = datetime.date.today() + datetime.timedelta(2)
    path.write_text(f"patient_id,A_1,A_2,birth_date\nP1,02:01,,{tomorrow}\n")
    assert read_patients(path).patients[0][1].birth_date is None


def test_a_file_of_bad_cells_alone_still_has_its_persons(tmp_path: Path) -> None:
    rows = "".join(f"X{number},02:01,,X,A类\n" for number in range(500))
    report = imported(tmp_path, f"donor_id,A_1,A_2,sex,abo\n{rows}")
    assert (report.n_imported, report.warnings.height, report.n_warned) == (500, 1000, 500)


def test_a_file_without_typings_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column of typings"):
        donors(tmp_path, "donor_id,sex\nX1,男\n")
