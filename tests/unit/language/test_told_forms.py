"""What is said of typings and cells that are refused, or read otherwise, is told in Chinese as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hla_match.errors import HlaMatchError
from hla_match.language import retold_form, speaking
from hla_match.language.retelling import retold
from hla_match.nomenclature.gl_string import split_loci
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.error_words import told
from hla_match.services.person_statuses import quarantined_statuses
from hla_match.typings.encoding import LocusEncoder
from registry_io.persons.patient_file import read_patients
from tests.readable_forms import CELLS, CODES, LINES, Cell, Line, Section

NOMENCLATURE = Nomenclature.builtin()
BOOK = MacTable.from_items(CODES.items())
ENGLISH = re.compile(r"[a-z]{2,},? [a-z]{2,}")
PATIENTS = f"""patient_id,A_1,A_2,birth_date,sex,abo,cmv,weight
P1,02:01,24:02,1990年5月1日,男,A型,阳性,70
P2,02:01,24:02,2200-01-01,X,Q,maybe,
P3,02:01,24:02,01/05/1990,,,,
P4,02:01,24:02,1901-01-01,,,,
,02:01,24:02,,,,,
P1,02:01,24:02,,,,,
P5,,,,,,,
P6,,24:02,,,,,
{chr(0xFF30)}7,02:01,24:02,,,,,
"""


def left_in_english(text: str) -> bool:
    """Say whether two English words stand side by side, but for those of the file and for titles."""
    return ENGLISH.search(re.sub(r"'[^']*'", "", text).replace(NOMENCLATURE.title, "")) is not None


def said_of(row: Cell | Line) -> Iterator[str]:
    """What is said of a form, in Chinese: why it is refused, or what is noted."""
    notes: list[str] = []
    try:
        if isinstance(row, Cell):
            encoder = LocusEncoder(NOMENCLATURE, row.locus, BOOK)
            encoder.with_nulls(row.first, row.second)
            notes.extend(encoder.notes(row.first, row.second))
        else:
            split_loci(row.text, notes=notes)
    except HlaMatchError as error:
        yield told(error)
    # As they are noted, and as they are read back from a table.
    yield from (one for note in notes for one in (retold_form(note), retold(str(note))))


@pytest.mark.parametrize("section", [*CELLS, *LINES], ids=lambda section: section.title)
def test_what_is_said_of_a_form_is_chinese(section: Section) -> None:
    with speaking("zh"):
        said = [one for row in section.rows if isinstance(row, Cell | Line) for one in said_of(row)]
    assert not [one for one in said if left_in_english(one)]


def test_what_is_said_of_a_file_of_patients_is_chinese(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text(PATIENTS, encoding="utf-8")
    file = read_patients(path, NOMENCLATURE, None)
    reasons = quarantined_statuses(file.quarantined)["reason"].to_list()
    assert len(reasons) == 5
    assert len(file.warnings) == 3
    with speaking("zh"):
        said = [retold(one) for one in (*reasons, *file.warnings.values(), *file.notes, *file.cautions)]
    assert not [one for one in said if left_in_english(one)]
    assert "sex：bad_attribute：sex 不是 M, F, MALE, FEMALE 之一，留空；birth_date：" in "\n".join(said)


def test_english_in_a_text_is_seen() -> None:
    assert left_in_english("未检索：no locus")
    assert not left_in_english("sex：bad_attribute：sex 不是 M, F 之一，留空")
