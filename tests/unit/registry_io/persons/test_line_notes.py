"""Signs and words for not typed, and lines that are understood differently than written, in files of persons."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hla_match.errors import Reason
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.standard_form import CAPITALS, NO_SECOND
from registry_io.persons.attribute_values import EMPTY_NOTE
from registry_io.persons.patient_file import read_patients
from registry_io.store.donor_import import import_donors
from registry_io.store.import_report import ImportReport
from registry_io.store.registry_store import open_registry

SIGNS = ["-", ".", "****", "NA", "N/A", "Not typed", "NT", "UUUU", "\u672a\u505a", "\u65e0"]


def imported(folder: Path, content: str) -> ImportReport:
    (folder / "donors.csv").write_text(content, encoding="utf-8")
    nomenclature = Nomenclature.builtin()
    return import_donors(folder / "registry", folder / "donors.csv", nomenclature, today=datetime.date(2026, 1, 1))


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_or_word_is_not_typed_and_counted_by_column(tmp_path: Path, sign: str) -> None:
    report = imported(
        tmp_path, f"donor_id,A_1,A_2,B_1,B_2,C_1,C_2\nD1,02:01,,{sign},{sign},{sign},\nD2,02:01,24:02,40:01,,,\n"
    )
    assert report.n_imported == 2
    assert f"{EMPTY_NOTE}, cells of B_1 (1), B_2 (1), C_1 (1)" in report.notes
    assert "C" not in report.registry.loci


@pytest.mark.parametrize("sign", SIGNS)
def test_a_donor_of_signs_alone_is_typed_nowhere(tmp_path: Path, sign: str) -> None:
    report = imported(tmp_path, f"donor_id,A_1,A_2,B_1,B_2\nD1,{sign},{sign},{sign},{sign}\nD2,02:01,,,\n")
    assert [(record.row, record.reason) for record in report.quarantined] == [(2, Reason.NOT_TYPED)]


def test_a_sign_beside_a_first_typing_is_homozygous_and_before_a_second_refused(tmp_path: Path) -> None:
    report = imported(tmp_path, "donor_id,A_1,A_2\nD1,02:01,-\nD2,-,02:01\nD3,,-\nD4,24:02,\n")
    assert [(record.row, record.reason) for record in report.quarantined] == [
        (3, Reason.SECOND_WITHOUT_FIRST), (4, Reason.NOT_TYPED),
    ]  # fmt: skip
    assert f"1 donor: {NO_SECOND}" in report.notes
    column = report.registry.columns["A"]
    assert column.text["first"].to_list() == ["", "02:01", "24:02"]


def test_notes_on_lines_count_the_donors_that_are_imported(tmp_path: Path) -> None:
    report = imported(
        tmp_path,
        'donor_id,gl_string\nD1,a*02:01+A*24:02\nD2,"A2, A24"\nD3,a*02:9999\nD4,A*02:01^MICA*008\nD5,A2 A24\n',
    )
    assert report.n_imported == 4
    assert f"1 donor: {CAPITALS}" in report.notes
    assert any(note.startswith("2 donors: names separated by blanks or commas") for note in report.notes)
    assert open_registry(tmp_path / "registry").notes == report.registry.notes


def test_places_of_drb345_are_noted_like_lines(tmp_path: Path) -> None:
    report = imported(tmp_path, "donor_id,A_1,A_2,DRB345_1,DRB345_2\nD1,02:01,,drb3*01:01,DRB4*01:03\n")
    assert f"1 donor: {CAPITALS}" in report.notes


def test_patients_have_the_notes_of_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("patient_id,gl_string\nP1,a*02:01+A*24:02\nP2,A*02:01\n", encoding="utf-8")
    patients = [patient for _, patient in read_patients(path).patients]
    assert [patient.reading_notes for patient in patients] == [(CAPITALS,), ()]


def test_a_file_without_header_is_known_by_a_line_in_any_form(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("P1;a*02:01 + a*24:02\nP2;A*02:01\n", encoding="utf-8")
    patients = [patient for _, patient in read_patients(path).patients]
    assert [patient.patient_id for patient in patients] == ["P1", "P2"]


def test_a_note_at_several_loci_counts_each_donor_once(tmp_path: Path) -> None:
    rows = "D1,a*02:01,,b*40:01,\nD2,a*02:01,,B*40:01,\nD3,A*02:01,,b*40:01,\nD4,A*02:01,,B*40:01,\n"
    report = imported(tmp_path, f"donor_id,A_1,A_2,B_1,B_2\n{rows}")
    assert f"3 donors: {CAPITALS}" in report.notes
