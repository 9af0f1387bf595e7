"""A patient as the hospital reported it: no locus of a GL String is lost without a word."""

from __future__ import annotations

import pytest

from hla_match.errors import CriteriaError, Reason, TypingError
from hla_match.matching.criteria import Patient


@pytest.mark.parametrize(
    ("text", "position", "meant"),
    [
        ("A*02:01+A*24:02^DR*09:01+DR*15:01", 16, "DRB1"),
        ("A*02:01+A*24:02^DQ1*03:03+DQ1*06:01", 16, "DQB1"),
        ("A*02:01^Cw1*01:02", 8, "C"),
        ("A*02:01^DRB*09:01", 8, "DRB1"),
        ("HLA-AA*02:01+HLA-AA*24:02", 4, "A"),
        ("A*02:01^HLA-DPB*05:01", 12, "DPB1"),
        ("a*02:01^dr*09:01", 8, "DRB1"),
    ],
)
def test_a_misspelt_locus_is_an_error_that_says_what_may_be_meant(text: str, position: int, meant: str) -> None:
    with pytest.raises(TypingError) as caught:
        Patient.from_gl_string("P1", text)
    error = caught.value
    assert (error.position, error.reason) == (position, Reason.UNKNOWN_LOCUS)
    assert "A, B, C, DRB1, DRB3, DRB4, DRB5, DQA1, DQB1, DPA1, DPB1" in error.expected
    assert meant in error.hint.rstrip("?").replace(",", "").split()


def test_other_loci_of_the_region_are_kept_by_name() -> None:
    patient = Patient.from_gl_string("P1", "A*02:01+A*24:02^MICA*008^hla-dra*01:01^DRB3*01:01+DRBX*NNNN^Cw*07:02")
    assert patient.typings == {
        "A": ("02:01", "24:02"),
        "C": ("07:02", ""),
        "DRB3": ("01:01", "NNNN"),
        "DRB4": ("NNNN", "NNNN"),
        "DRB5": ("NNNN", "NNNN"),
    }
    assert patient.ignored_loci == ("MICA", "DRA")
    assert patient.model_copy(update={"cmv": "P"}).ignored_loci == patient.ignored_loci


def test_what_is_ignored_makes_no_other_patient() -> None:
    patient = Patient.from_gl_string("P1", "A*02:01^MICA*008")
    alike = Patient(patient_id="P1", typings={"A": ("02:01", "")})
    assert patient == alike
    assert patient != Patient.from_gl_string("P1", "A*02:06^MICA*008")
    assert patient.model_dump() == alike.model_dump()
    assert repr(patient) == repr(alike)


def test_unknown_loci_of_typings_are_refused_with_what_may_be_meant() -> None:
    with pytest.raises(CriteriaError, match=r"typings: found 'DQ', expected loci of A, .*; did you mean DQA1, DQB1"):
        Patient(typings={"A": ("02:01", ""), "DQ": ("03:03", "")})
