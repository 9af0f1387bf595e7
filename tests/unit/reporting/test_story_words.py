"""The words and the layout of explanations."""

from __future__ import annotations

import re

import pytest

from hla_match.imputation.panels import FallbackLevel
from hla_match.nomenclature.reading import locus_reading
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.explanation import person_words, probability_lines
from hla_match.reporting.fallback_words import FALLBACK_WORDS
from hla_match.reporting.locus_words import matched, understood
from hla_match.reporting.side_by_side import paragraph, shown_width, side_by_side
from tests.pages import DOCS, text_of

BUILTIN = Nomenclature.builtin()


@pytest.mark.parametrize(
    ("counts", "grades", "expected"),
    [
        ((2, 2, 0, 0, 0, 0), "AA", "both alleles match"),
        ((2, 1, 0, 1, 0, 1), "AP", "both alleles may match, one certainly"),
        ((2, 0, 0, 2, 0, 2), "PP", "both alleles may match, neither certainly"),
        ((1, 1, 1, 1, 1, 1), "AM", "one mismatch GvH and HvG, at antigen level; the other allele matches"),
        (
            (1, 1, 1, 1, 0, 0),
            "AL",
            "one mismatch GvH, at allele level, with the same antigen; the other allele matches",
        ),
        ((1, 1, 0, 0, 1, 1), "AM", "one mismatch HvG, at antigen level; the other allele matches"),
        ((1, 0, 1, 2, 1, 2), "PM", "one mismatch GvH and HvG, at antigen level; the other allele may match"),
        ((0, 0, 2, 2, 2, 2), "MM", "two mismatches GvH and HvG, at antigen level"),
        (
            (0, 0, 2, 2, 2, 2),
            "LM",
            "two mismatches GvH and HvG, at allele level, with the same antigen, at antigen level",
        ),
        (
            (1, 1, 1, 1, 1, 1),
            "A?",
            "one mismatch GvH and HvG, with an allele that has no name; the other allele matches",
        ),
    ],
)
def test_a_locus_in_words(counts: tuple[int, ...], grades: str, expected: str) -> None:
    assert matched(counts, grades, patient_typed=True, donor_typed=True) == expected


def test_a_locus_at_which_somebody_is_not_typed() -> None:
    untyped = (2, 0, 0, 2, 0, 2)
    assert matched(untyped, "PP", patient_typed=False, donor_typed=True).startswith("the patient is not typed here")
    assert matched(untyped, "PP", patient_typed=True, donor_typed=False).startswith("the donor is not typed here")
    assert matched(untyped, "PP", patient_typed=False, donor_typed=False).startswith("neither person is typed here")


@pytest.mark.parametrize(
    ("locus", "first", "second", "expected"),
    [
        ("A", "02:01", "24:02", "02:01P + 24:02P"),
        ("A", "02:01", "", "02:01P, reported for both"),
        ("A", "", "", "not typed"),
        ("A", "NEW", "01:04N", "NEW, matches nothing + null"),
        ("DRB4", "NNNN", "", "absent on both chromosomes"),
        ("DRB4", "01:03", "NNNN", "01:01P + absent"),
        ("A", "02:01/24:02", "24:02", "2 P groups (A2, A24: 02:01P, 24:02P) + 24:02P"),
        ("A", "02:01+24:02|02:06+11:01", "", "one of 2 genotypes, as 02:01P + 24:02P"),
        ("A", "99:99", "", "cannot be read"),
    ],
)
def test_how_a_typing_is_understood(locus: str, first: str, second: str, expected: str) -> None:
    assert understood(locus_reading(BUILTIN, locus, first, second)) == expected


def test_every_step_of_the_chain_has_the_words_of_the_page() -> None:
    assert set(FALLBACK_WORDS) == {str(level) for level in FallbackLevel}
    page = text_of(DOCS / "frequencies.md").partition("| `fallback` | what the probability rests on |")[2]
    page = page.partition("\n\n")[0]
    for name, words in FALLBACK_WORDS.items():
        (row,) = re.findall(rf"^\| `{name}` \| (.+) \|$", page, re.MULTILINE)
        assert row.replace("`--global-frequencies`", "the global frequencies") == words


def test_columns_keep_their_width_and_break_behind_joining_signs() -> None:
    long = "/".join(f"A*02:{number:02}" for number in range(1, 40))
    lines = list(side_by_side(["A", long, "杭州 " * 12], [6, 30, 30]))
    assert all(shown_width(line) <= 68 for line in lines)
    assert all(line[7:37].rstrip().endswith("/") for line in lines[:-1])
    assert lines[-1][7:37].strip() == "... 8 more lines"
    assert len(lines) == 6
    assert list(side_by_side(["x" * 25], [10])) == ["x" * 10, "x" * 10, "x" * 5]


def test_paragraphs_break_between_words_alone() -> None:
    text = "one --status AV,TU,RS " * 12
    lines = list(paragraph(text, indent=4, first=2))
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(" ".join(lines).split()) == text.strip()
    assert lines[0].startswith("  one")
    assert lines[1].startswith("    ")


def test_a_chinese_paragraph_keeps_a_name_beside_its_percentage() -> None:
    text = "若 DRB1 位点错配（100%），则为：" + "、".join(["DRB1*12:02+13:02/14:01+16:02 8%"] * 9) + "、其他 <1%。"
    lines = list(paragraph(text, indent=2, first=0))
    assert len(lines) > 3
    assert all(shown_width(line) <= 80 for line in lines)
    assert all(line.strip().endswith(("8%、", "<1%。")) for line in lines)
    assert "".join(line.removeprefix("  ") for line in lines) == text


def test_an_english_paragraph_breaks_at_any_blank() -> None:
    text = "x" * 74 + " 80%, y 20%."
    assert list(paragraph(text, indent=2, first=0)) == ["x" * 74, "  80%, y 20%."]


def test_what_is_known_of_a_person() -> None:
    row = {
        "status": "RS",
        "reserved_until": "2026-05-01",
        "age": None,
        "sex": "M",
        "city": "Ningbo",
        "resolution": 1e-4,
    }
    assert person_words(row) == "status RS, reserved until 2026-05-01, male, Ningbo, typing resolution below 0.01"


def test_probabilities_and_what_they_rest_on() -> None:
    row = {f"p{k}": p for k, p in enumerate((0.25, 0.5, 0.2, 0.04, 0.006))}
    row |= {"fallback": "own", "frequency_set": "han", "p_cut": 0.01, "p_missing": None}
    assert list(probability_lines(row, {"A": 0.9, "B": 0.1, "C": 0.0})) == [
        "Probability: no mismatch 25%, one 50%, two 20%, three 4%, four 1%.",
        "If there is exactly one mismatch, it is at: A 90%, B 10%.",
        "They rest on whole haplotypes of the person's own population (fallback: own); frequencies: han; 1% was too "
        "unlikely to be compared.",
    ]
    missing = row | {"p0": None, "p_missing": "no frequencies explain the donor at A"}
    assert next(probability_lines(missing, {})) == "Probability: not known, as no frequencies explain the donor at A."
    assert list(probability_lines({"status": "AV"}, {})) == []
