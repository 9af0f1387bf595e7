"""Workbooks of several sheets: the first one with a known header is read, and named."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from hla_match.errors import FileError
from registry_io.formats.frequency_file import read_frequencies
from registry_io.persons.person_table import PersonRecords, read_persons

Sheets = dict[str, list[list[object]]]
ABOUT: list[list[object]] = [["供者表", "2026"], ["字段", "说明"], ["A_1", "A 位点"]]
DONORS: list[list[object]] = [["编号", "A1", "A2", "性别"], ["X1", "02:01", "24:02", "女"]]
OTHERS: list[list[object]] = [["ID", "A_1", "A_2"], ["Y1", "11:01", ""]]
FREQUENCIES: list[list[object]] = [["haplotype", "freq"], ["A*01:01", 0.5]]


def written(folder: Path, sheets: Sheets) -> Path:
    path = folder / "book.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        text = workbook.add_format({"num_format": "0000"})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(number, column, value, text if isinstance(value, int) else None)
    return path


def read(folder: Path, sheets: Sheets) -> PersonRecords:
    return read_persons(written(folder, sheets), kind="donor")


@pytest.mark.parametrize("before", [{"说明": ABOUT}, {"empty": []}, {"说明": ABOUT, "empty": [], "b": [["x"]]}])
def test_the_first_sheet_with_a_known_header_is_read_and_named(tmp_path: Path, before: Sheets) -> None:
    records = read(tmp_path, {**before, "供者": DONORS})
    assert records.frame.select("person_id", "A_1", "A_2", "sex").rows() == [("X1", "02:01", "24:02", "F")]
    assert records.notes[0] == f"read the sheet 供者, number {len(before) + 1} of {len(before) + 1} in the workbook"
    assert records.read_notes.cautions == ()


def test_a_second_sheet_that_could_be_read_is_a_caution(tmp_path: Path) -> None:
    records = read(tmp_path, {"one": DONORS, "about": ABOUT, "two": OTHERS})
    assert records.frame["person_id"].to_list() == ["X1"]
    assert records.notes[0] == "read the sheet one, number 1 of 3 in the workbook"
    assert records.read_notes.cautions == (
        "the sheet two can be read as well and was not: put all rows into one sheet",
    )


def test_nothing_is_said_of_an_only_sheet(tmp_path: Path) -> None:
    records = read(tmp_path, {"one": OTHERS})
    assert records.notes == ()
    with pytest.raises(FileError, match="no column of identifiers"):
        read(tmp_path, {"one": ABOUT})


def test_where_no_sheet_has_a_known_header_the_first_says_what_lacks(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column of identifiers"):
        read(tmp_path, {"one": ABOUT, "two": [["code", "meaning"], ["AV", "available"]]})


def test_numbers_are_looked_at_in_the_sheet_that_is_read(tmp_path: Path) -> None:
    rows: list[list[object]] = [["ID", "A_1", "A_2"], [123, "02:01", ""]]
    records = read(tmp_path, {"about": [["x", 7], [8, 9]], "donors": rows})
    assert records.frame["person_id"].to_list() == ["123"]
    assert "column ID: the identifier is a number that Excel shows by the format 0000" in records.read_notes.cautions[0]
    twice: list[list[object]] = [["ID", "A", "A"], ["X1", 703, "02:01"]]
    records = read(tmp_path, {"about": ABOUT, "donors": twice})
    assert [(record.row, record.column) for record in records.quarantined] == [(2, "A (1)")]


def test_the_sheet_of_frequencies_is_found(tmp_path: Path) -> None:
    found = read_frequencies(written(tmp_path, {"about": ABOUT, "donors": DONORS, "frequencies": FREQUENCIES}))
    assert found.frame["A"].to_list() == ["01:01"]
    assert "read the sheet frequencies, number 3 of 3 in the workbook" in found.notes
