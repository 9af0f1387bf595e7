"""The vocabulary of person attributes: what an entry says, and that one entry is all that an attribute takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hla_match.donors.attribute_types import Category, Text
from hla_match.donors.attributes import ATTRIBUTES, coded_types, of_persons
from hla_match.matching.criteria import Patient
from registry_io.persons.column_names import IDENTIFIERS, bare

ROOT = Path(__file__).resolve().parents[3]

ONE_MORE = """
from typing import Annotated, Literal

from hla_match.donors import attributes
from hla_match.donors.attribute_types import Attribute, Category, attribute_group, declared

@attribute_group
class PersonalAttributes(attributes.PersonalAttributes):
    smoker: Annotated[
        Literal["N", "Y"] | None,
        Attribute(
            type=Category(words={"是": "Y", "否": "N"}, is_coded=True),
            columns="smoker 吸烟",
            asked_columns="tobacco",
            in_lists=True,
            heading="smokes",
            option="Whether the patient smokes.",
        ),
    ] = None

attributes.ATTRIBUTES = declared(
    (
        (PersonalAttributes, ("donor", "patient")),
        (attributes.RegistrationAttributes, ("donor",)),
        (attributes.DescentAttributes, ("donor", "patient")),
    )
)
attributes.PersonalAttributes = PersonalAttributes
"""
"""One more attribute, told before anything else of the program is imported."""

FLOW = """
import datetime
from pathlib import Path

from click.testing import CliRunner

from hla_match.cli.search import command
from hla_match.matching.criteria import SearchCriteria
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.match_summary import match_summary
from hla_match.searches.matcher import Matcher
from registry_io.persons.patient_file import read_patients
from registry_io.store.donor_import import import_donors
from registry_io.store.registry_store import open_registry

today = datetime.date(2026, 2, 28)
for header, cells in (("smoker", "yNX"), ("吸烟", "是否也")):
    rows = [f"D{number},02:01,24:02,{cell}" for number, cell in enumerate(cells)]
    path = Path(f"{header}.csv")
    path.write_text("\\n".join([f"id,A_1,A_2,{header}", *rows]) + "\\n", encoding="utf-8")
    ((_, patient), *_) = read_patients(path, today=today).patients
    report = import_donors(Path(header), path, Nomenclature(builtin_tables()), today=today)
    opened = open_registry(header)
    found = Matcher(opened).search(patient, SearchCriteria(scope="A", max_mismatches=0))
    print(patient.smoker, dict(zip(opened.attributes["donor_id"], opened.attribute_codes["smoker"].tolist())))
    print(report.warnings["message"].to_list())
    print(dict(found.to_polars().select("donor_id", "smoker").iter_rows()))
    print(match_summary(found)["smokes"].to_list())
(path := Path("tobacco.csv")).write_text("id,A_1,A_2,tobacco\\nD1,02:01,,Y\\n")
print(read_patients(path, today=today).cautions)
lines = CliRunner().invoke(command, ["--help"]).output.splitlines()
print([" ".join(line.split()) for line in lines if "smoke" in line])
"""
"""An attribute read from files of both languages, stored, opened again, searched, listed and asked for."""


def test_an_attribute_is_one_entry(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONE_MORE + FLOW],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    unreadable = "['smoker is not one of N, Y, left empty']"
    assert done.stdout.splitlines() == [
        *(
            "Y {'D0': 1, 'D1': 0, 'D2': 255}",
            unreadable,
            "{'D0': 'Y', 'D1': 'N', 'D2': None}",
            "['Y', 'N', '']",
        )
        * 2,
        "('column tobacco looks like attributes and was not read; name it smoker',)",
        "['--patient-smoker [N|Y] Whether the patient smokes.']",
    ]


def test_a_name_of_a_column_stands_in_one_entry() -> None:
    named: dict[str, str] = {}
    for name, attribute in ATTRIBUTES.items():
        for word in (*attribute.columns.split(), *attribute.asked_columns.split()):
            assert bare(word) == word
            assert named.setdefault(word, name) == name, word
            # A number of GRID is an identifier and an attribute.
            assert (word in IDENTIFIERS) == (word in ATTRIBUTES["grid"].columns.split())
        assert bare(name) in attribute.columns.split()


@pytest.mark.parametrize(
    ("name", "category"),
    [(name, one.type) for name, one in ATTRIBUTES.items() if isinstance(one.type, Category)],
)
def test_words_of_a_category_stand_for_its_values(name: str, category: Category) -> None:
    assert set(category.values) <= category.spellings.keys()
    assert all(category.spellings[value] == value for value in category.values)
    for word, value in {**category.spellings, **category.words}.items():
        assert value in category.values
        assert word == "".join(word.split()).upper()
    assert any(not word.isascii() for word in category.words)
    assert not category.spellings.keys() & category.words.keys()


def test_every_column_has_a_name_in_english_and_in_chinese() -> None:
    for attribute in ATTRIBUTES.values():
        names = attribute.columns.split()
        assert {name.isascii() for name in names} == {True, False}


def test_codes_of_missing_values_are_those_of_no_other_value() -> None:
    for name, kind in coded_types().items():
        if isinstance(kind, Category) and kind.default is None:
            assert kind.missing_code >= len(kind.values), name
    with pytest.raises(TypeError, match="birth_date is no category"):
        _ = ATTRIBUTES["birth_date"].category


def test_a_patient_has_the_attributes_of_patients() -> None:
    fields = Patient.model_fields
    assert tuple(name for name in fields if name in ATTRIBUTES) == of_persons("patient")
    assert (
        not {"status", "registered_on", "last_contact_on", "reserved_until", "donated_on", "city", "grid"}
        & fields.keys()
    )
    for name in of_persons("patient"):
        kind = ATTRIBUTES[name].type
        for value in kind.values if isinstance(kind, Category) else ["anything"] if isinstance(kind, Text) else []:
            patient = Patient(typings={"A": ("02:01", "")}, **{name: value})
            assert getattr(patient, name) == value


@pytest.mark.parametrize("weight", [0, -1, 500.5, float("nan"), float("inf")])
def test_a_patient_of_no_possible_weight_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="kilograms above 0 and up to 500"):
        Patient(typings={"A": ("02:01", "")}, weight_kg=weight)
    assert Patient(typings={"A": ("02:01", "")}, weight_kg=500).weight_kg == 500
