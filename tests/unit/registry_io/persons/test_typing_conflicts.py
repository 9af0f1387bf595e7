"""Typings given in columns and in a GL String: which one holds, and when neither can."""

from __future__ import annotations

from pathlib import Path

import pytest

from hla_match.errors import Reason
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import LocusEncoder
from registry_io.persons.patient_file import read_patients
from registry_io.persons.person_table import read_persons
from registry_io.persons.typing_conflicts import choose, reconcile

NOMENCLATURE = Nomenclature.builtin()
CODES = MacTable.from_items([("AB", "01/06")])
FILE = """patient_id,A_1,A_2,B_1,B_2,gl_string
P1,A2,A24,40:01,46:01,A*02:01+A*24:02^B*46:01+B*40:01
P2,02:01,24:02,B60,B46,A*02:XX+A*24:02
P3,02:01,24:02,,,A*03:01+A*24:02
P4,02:01,24:02,,,A*02:01:01G+A*24:02
"""


@pytest.mark.parametrize(
    ("columns", "gl_string", "holds"),
    [
        (("A2", "A24"), ("02:01", "24:02"), "gl_string"),
        (("24:02", "02:XX"), ("A2", "A24"), "columns"),
        (("A2", "A24"), ("02:XX", "24:XX"), "gl_string"),
        (("02:AB", "24:02"), ("24:02", "02:01"), "gl_string"),
        (("02:01", "24:02"), ("02:AB", "24:02"), "columns"),
        (("02:01", "24:02"), ("02:01|02:06", "24:02"), "gl_string"),  # it cannot be read, and is refused later
        (("02:01", "24:02"), ("02:01+24:02|02:06+24:02", ""), "columns"),
        (("02:01", ""), ("02:01", "24:02"), "conflict"),
        (("A2", "A24"), ("03:01", "24:02"), "conflict"),
        (("02:01", "24:02"), ("02:01", "NEW"), "conflict"),
        (("02:9999", "24:02"), ("02:01", "24:02"), "columns"),
    ],
)
def test_dna_before_serology_then_the_finer_typing(
    columns: tuple[str, str], gl_string: tuple[str, str], holds: str
) -> None:
    assert choose(NOMENCLATURE, LocusEncoder(NOMENCLATURE, "A", CODES), columns, gl_string) == holds


@pytest.mark.parametrize(
    ("columns", "gl_string", "holds"),
    [
        (("NNNN", ""), ("NNNN", "NNNN"), "columns"),
        (("NNNN", ""), ("01:03", ""), "conflict"),
        (("01:03", "NNNN"), ("NNNN", "NNNN"), "conflict"),
        (("01:03", ""), ("01:03", "NNNN"), "gl_string"),
        (("DR53", "NNNN"), ("01:03", "NNNN"), "gl_string"),
        (("01:03", ""), ("01:05", "01:03"), "conflict"),
    ],
)
def test_a_gene_reported_as_absent_is_typed(columns: tuple[str, str], gl_string: tuple[str, str], holds: str) -> None:
    assert choose(NOMENCLATURE, LocusEncoder(NOMENCLATURE, "DRB4", CODES), columns, gl_string) == holds


@pytest.mark.parametrize(("gl_string", "holds"), [(("24:02", "24:09N"), "columns"), (("24:02", "03:01"), "conflict")])
def test_a_null_allele_counts_as_its_partner_beside_none(gl_string: tuple[str, str], holds: str) -> None:
    assert choose(NOMENCLATURE, LocusEncoder(NOMENCLATURE, "A", CODES), ("24:02", ""), gl_string) == holds


def test_typings_that_agree_are_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(FILE, encoding="utf-8")
    records = reconcile(read_persons(path, kind="donor"), NOMENCLATURE)
    assert records.frame.drop("row").rows() == [
        ("P1", "02:01", "24:02", "40:01", "46:01"),
        ("P2", "02:01", "24:02", "B60", "B46"),
        ("P4", "02:01", "24:02", None, None),
    ]
    assert [(record.row, record.reason) for record in records.quarantined] == [(4, Reason.CONFLICTING_TYPINGS)]
    assert records.notes == ("3 typings given in columns and in gl_string: the DNA one or the finer one was taken",)


def test_patients_are_settled_alike(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(FILE, encoding="utf-8")
    patients = read_patients(path, NOMENCLATURE)
    assert [patient.patient_id for _, patient in patients.patients] == ["P1", "P2", "P4"]
    assert patients.patients[0][1].typings["A"] == ("02:01", "24:02")
    assert [record.row for record in read_patients(path).quarantined] == [2, 3, 4, 5]
