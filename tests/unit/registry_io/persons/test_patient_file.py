"""Files of patients: what becomes a patient's attribute."""

from __future__ import annotations

from pathlib import Path

from registry_io.persons.patient_file import read_patients


def test_the_population_of_a_patient_is_kept_as_text(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("ID,A_1,A_2,population\nP1,02:01,,Han\nP2,02:01,,\n", encoding="utf-8")
    assert [patient.population for _, patient in read_patients(path).patients] == ["Han", None]
