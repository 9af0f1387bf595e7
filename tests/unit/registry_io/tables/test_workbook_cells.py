"""Workbooks: what Excel shows differently than it holds, so that nothing is read as what nobody typed."""

from __future__ import annotations

import datetime
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from hla_match.errors import FileError, Reason
from hla_match.nomenclature.release import Nomenclature
from registry_io.persons.person_table import PersonRecords, read_persons
from registry_io.store.donor_import import import_donors
from registry_io.tables import workbook_cells
from registry_io.tables.spreadsheet_values import typing_hint
from registry_io.tables.table_file import read_table
from registry_io.tables.workbook_cells import NO_RESULT

HEADER = ["donor_id", "A_1", "A_2", "sex", "birth_date"]


def workbook(path: Path, rows: list[list[Any]], *, at: tuple[int, int] = (0, 0), header: list[str] = HEADER) -> Path:
    """Write rows; a cell that is a pair is a value with its number format."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([header, *rows], start=at[0]):
            for column, cell in enumerate(cells, start=at[1]):
                if isinstance(cell, tuple):
                    sheet.write(row, column, cell[0], book.add_format({"num_format": cell[1]}))
                elif isinstance(cell, str) and cell.startswith("#"):
                    sheet.write_formula(row, column, "=1/0", None, cell)
                elif cell is not None:
                    sheet.write(row, column, cell)
    return path


def donors(path: Path) -> PersonRecords:
    return read_persons(path, kind="donor", today=datetime.date(2026, 1, 1))


def rewritten(path: Path, part: str, change: Callable[[str], str]) -> Path:
    """Change the text of a part of a workbook."""
    aside = path.with_suffix(".old")
    shutil.move(path, aside)
    with zipfile.ZipFile(aside) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data.decode()).encode() if name == part else data)
    return path


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (123, "0000000", "shows by the format 0000000, and was read without it"),
        (123, '"DE"0', 'shows by the format "DE"0,'),
        (123, "000-00", "shows by the format 000-00,"),
        (100000, "0.00E+00", "shows by the format 0.00E+00,"),
        (1, "0%", "shows by the format 0%,"),
        (123456789012345678, "0", "a number of more than 15 digits, of which Excel keeps 15"),
        (123456789012345678, "General", "a number of more than 15 digits, of which Excel keeps 15"),
        (45000, "yyyy-mm-dd", "the identifier is a date"),
        (45000.5, "yyyy-mm-dd hh:mm", "the identifier is a date"),
    ],
)
def test_an_identifier_that_is_shown_otherwise_is_said(tmp_path: Path, value: float, code: str, words: str) -> None:
    rows = [["X1", "02:01", "", "M"], [(value, code), "02:01", "", "M"], [(value + 1, code), "02:01", "", "F"]]
    records = donors(workbook(tmp_path / "d.xlsx", rows))
    (caution,) = records.read_notes.cautions
    assert caution.startswith("column donor_id: the identifier is ")
    assert words in caution
    assert "the first row 3; format the column as text" in caution
    assert str(value) not in caution


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1234567, "0000000"), (123, "General"), (123, "0"), (1234, "#,##0"), (12, "0.00"), (12, "@"),
        (1234, "#,##0;[Red]-#,##0"), ("0000123", "@"), ("123456789012345678", "General"), (123456789012345, "0"),
    ],
)  # fmt: skip
def test_an_identifier_that_is_shown_as_it_is_read_is_not(tmp_path: Path, value: object, code: str) -> None:
    records = donors(workbook(tmp_path / "d.xlsx", [[(value, code), "02:01", "", "M"]]))
    assert records.read_notes.cautions == ()
    assert records.frame["person_id"].to_list() == [str(value)]


@pytest.mark.parametrize("identifier", ["1.23E+05", "1E+17", "2024-05-01"])
def test_a_text_table_may_hold_what_excel_made_of_identifiers(tmp_path: Path, identifier: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(f"id,A_1,A_2\nX1,02:01,\n{identifier},02:01,\n")
    (caution,) = donors(path).read_notes.cautions
    assert "in 1 row, the first row 3" in caution


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (703, r"00\:00", "703"),
        (1, '"02:"00', "1"),
        (2, "00", "2"),
        (datetime.time(2, 1), "hh:mm", "1899-12-31 02:01:00"),
        (datetime.time(2, 1), "[h]:mm:ss", "1899-12-31 02:01:00"),
        (1 + 2 / 1440, "[h]:mm", "1900-01-01 00:02:00"),
        (datetime.datetime(2026, 1, 2), "d-mmm", "2026-01-02"),
        (0.084027777777778, "General", "0.084027778"),
        (2.01, "General", "2.01"),
        (1234567890123456789, "0", "1234567890123457024"),
        (True, "General", "true"),
        ("#N/A", "", "#N/A"),
        ("#DIV/0!", "", "#DIV/0!"),
    ],
)
def test_a_typing_that_excel_made_something_else_of_is_never_read(
    tmp_path: Path, value: object, code: str, text: str
) -> None:
    cell = (value, code) if code else value
    path = workbook(tmp_path / "d.xlsx", [["X1", "02:01", cell, "M"], ["X2", 2, 24, "M"], ["X3", "02:01", "", "M"]])
    report = import_donors(tmp_path / "r", path, Nomenclature.builtin(), today=datetime.date(2026, 1, 1))
    assert report.registry.attributes["donor_id"].sort().to_list() == ["X2", "X3"]
    assert {record.row for record in report.quarantined} == {2}
    assert text in {record.text for record in report.quarantined}
    if isinstance(value, datetime.time | datetime.datetime | float):
        assert text == "2.01" or "format the column as text" in report.quarantined[0].hint
    if code in (r"00\:00", '"02:"00', "00"):
        (record,) = report.quarantined
        assert (record.column, record.reason) == ("A_2", Reason.MALFORMED)
        assert record.message == f"a number that Excel shows by the format {code}"


def test_failed_formulas_of_attributes_are_reported(tmp_path: Path) -> None:
    rows = [["X1", "02:01", "", "#N/A", "#REF!"], ["X2", "02:01", "", "M", None], ["#NAME?", "02:01", "", "F", None]]
    records = donors(workbook(tmp_path / "d.xlsx", rows))
    assert records.frame.select("row", "person_id", "sex").rows() == [
        (2, "X1", None),
        (3, "X2", "M"),
        (4, "#NAME?", "F"),
    ]
    assert records.warnings.select("row", "column", "text").rows() == [(2, "sex", "#N/A"), (2, "birth_date", "#REF!")]


def test_a_formula_that_was_never_worked_out_is_not_an_empty_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path / "d.xlsx", [["X1", "02:01", "#A", "M"], ["X2", "02:01", "", "#B"]])
    change = {'t="str"': "", 't="e"': ""}

    def without_results(text: str) -> str:
        for old, new in change.items():
            text = text.replace(old, new)
        return text.replace("<v>#A</v>", "").replace("<v>#B</v>", "<v></v>")

    records = donors(rewritten(path, "xl/worksheets/sheet1.xml", without_results))
    assert records.frame.select("person_id", "A_2", "sex").rows() == [("X1", NO_RESULT, "M"), ("X2", None, None)]
    assert records.warnings["text"].to_list() == [NO_RESULT]


def test_a_formula_that_gives_an_empty_text_is_empty(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "d.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["X1", "02:01"])
        sheet.write_formula(1, 3, '=""', None, "")
    path = tmp_path / "d.xlsx"
    rewritten(path, "xl/worksheets/sheet1.xml", lambda text: text.replace('<c r="D2">', '<c r="D2" t="str">'))
    records = donors(path)
    assert (records.quarantined, records.warnings.height) == ([], 0)


@pytest.mark.parametrize("at", [(0, 0), (3, 0), (0, 4), (2, 3)])
def test_places_hold_wherever_the_table_begins(tmp_path: Path, at: tuple[int, int]) -> None:
    rows = [
        ["X1", "02:01", "", "M", None],
        [None] * 5,
        [(7, "000"), "02:01", (703, r"00\:00"), "#N/A", (45000, "yyyy")],
    ]
    records = donors(workbook(tmp_path / "d.xlsx", rows, at=at))
    assert [(record.row, record.column) for record in records.quarantined] == [(4, "A_2")]
    assert "the first row 4" in records.read_notes.cautions[0]


def test_a_plain_workbook_is_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "d.xlsx", [[1, "02:01", "", "M", (31000, "yyyy-mm-dd")]])
    monkeypatch.setattr(workbook_cells, "_SheetScan", None)
    assert donors(path).frame["birth_date"].to_list() == [datetime.date(1984, 11, 14)]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("</worksheet>", ""),
        lambda text: '<!DOCTYPE x [<!ENTITY a "b">]>' + text.partition("?>")[2],
        lambda text: text.replace('r="A2"', 'r="ZZ99"'),
    ],
    ids=["cut", "entities", "misplaced"],
)
def test_a_damaged_sheet_is_refused(tmp_path: Path, change: Callable[[str], str]) -> None:
    path = workbook(tmp_path / "d.xlsx", [[(7, "000"), "02:01", "", "M"]])
    with pytest.raises(FileError, match="workbook"):
        read_table(rewritten(path, "xl/worksheets/sheet1.xml", change))


@pytest.mark.parametrize("number", ["99999999999", "-1", "9" * 5_000])
def test_a_format_of_an_impossible_number_is_damage(tmp_path: Path, number: str) -> None:
    path = workbook(tmp_path / "d.xlsx", [["D1", "02:01", "24:02"]])
    rewritten(path, "xl/styles.xml", lambda xml: xml.replace('numFmtId="0"', f'numFmtId="{number}"'))
    with pytest.raises(FileError, match="damaged workbook"):
        donors(path)


def test_a_workbook_without_styles_has_no_formats(tmp_path: Path) -> None:
    path = workbook(tmp_path / "d.xlsx", [[(7, "000"), "02:01", "", "M"]])
    records = donors(rewritten(path, "xl/_rels/workbook.xml.rels", lambda text: text.replace("/styles", "/other")))
    assert records.read_notes.cautions == ()


@pytest.mark.parametrize("part", ["_rels/.rels", "xl/_rels/workbook.xml.rels"])
def test_a_workbook_without_its_relations_is_refused(tmp_path: Path, part: str) -> None:
    path = workbook(tmp_path / "d.xlsx", [[7, "02:01", "", "M"]])
    with pytest.raises(FileError, match="workbook"):
        donors(rewritten(path, part, lambda text: re.sub("<Relationship .*/>", "", text)))


def test_elements_may_have_a_prefix(tmp_path: Path) -> None:
    path = workbook(tmp_path / "d.xlsx", [[(7, "000"), "02:01", "", "M"]])
    prefixed = rewritten(
        path,
        "xl/worksheets/sheet1.xml",
        lambda text: re.sub(r"<(/?)([a-z])", r"<\1x:\2", text.partition("?>")[2]).replace("xmlns=", "xmlns:x=", 1),
    )
    assert "by the format 000" in donors(prefixed).read_notes.cautions[0]


def test_cells_without_places_follow_one_another(tmp_path: Path) -> None:
    path = workbook(tmp_path / "d.xlsx", [[(7, "000"), "02:01", "02:01", "M"]])

    def without_places(text: str) -> str:
        for place in [f"{letter}{row}" for letter in "ABCDE" for row in (1, 2)] + ["1", "2"]:
            text = text.replace(f' r="{place}"', "")
        return text

    records = donors(rewritten(path, "xl/worksheets/sheet1.xml", without_places))
    assert "by the format 000" in records.read_notes.cautions[0]


@pytest.mark.parametrize(
    "text",
    [
        "1899-12-31 02:01:00", "2026-01-02", "02:01:00", "24:02:00", "2:01", "2:01 AM", "02:01:00 pm", "0.084027778",
        "2-Jan", "Jan-02", "1/2/2026", "9.02E+01",
    ],
)  # fmt: skip
def test_a_time_or_date_in_place_of_a_typing_gets_a_hint(text: str) -> None:
    assert "format the column as text" in typing_hint(text, "install a newer release")


@pytest.mark.parametrize("text", ["02:01", "02:01:01", "99:99", "A2", "703", "02:01:30"])
def test_a_name_keeps_its_own_hint(text: str) -> None:
    assert typing_hint(text, "check the name") == "check the name"
