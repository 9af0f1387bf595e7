"""The table of a search within 80 columns, and the wide one with every column."""

from __future__ import annotations

import io

import polars as pl
import pytest
from rich.console import Console

from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.compact_table import compact_lines, short_typing
from hla_match.reporting.match_summary import UNKNOWN_PROBABILITY, match_summary, percent, wide_summary
from hla_match.reporting.terminal import GRADES, PROBABILITIES, match_table
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

LOCI = {"A": ("02:01", "24:02"), "B": ("40:01", "46:01"), "C": ("01:02", "07:02"), "DRB1": ("09:01", "15:01")}
MORE = {"DQB1": ("03:03", "06:01"), "DPB1": ("05:01", "02:01")}


def found(donor_id: str = "ZJ0000001", *, scope: str = "10/10", **attributes: object) -> MatchList:
    typed = {f"{locus}_{side + 1}": pair[side] for locus, pair in {**LOCI, **MORE}.items() for side in (0, 1)}
    rows = [
        {"person_id": donor_id, **typed, **attributes},
        {"person_id": donor_id + "B", **typed, "A_1": "11:01", "DRB1_1": None, "DRB1_2": None, **attributes},
    ]
    registry, _ = build_registry(
        pl.DataFrame(rows), Nomenclature.builtin(), name="two", provenance={"imported_on": "2026-01-01"}
    )
    return Matcher(registry).search(Patient(typings={**LOCI, **MORE}), SearchCriteria(scope=scope, max_mismatches=3))


def test_a_line_a_donor_with_the_typing_below() -> None:
    lines = list(compact_lines(found(sex="F", abo="AB", cmv="P", status="AV")))
    assert lines[0].split() == [
        "rank", "donor", "match", "A", "B", "C", "DR", "DQ", "(DP)", "GvH", "HvG", "age", "sex", "ABO", "CMV", "status",
    ]  # fmt: skip
    assert lines[2].split() == ["1", "ZJ0000001", "10/10", *["AA"] * 6, "0", "0", "F", "AB", "P", "AV"]
    assert lines[3] == "      A 02:01+24:02  B 40:01+46:01  C 01:02+07:02  DR 09:01+15:01"
    assert lines[4] == "      DQ 03:03+06:01  DP 05:01+02:01"
    assert lines[5] == "      DPB1 match"
    assert lines[6].split()[1:5] == ["ZJ0000001B", "7-9/10", "MA", "AA"]
    assert lines[7].startswith("      A 11:01+24:02  B ")
    assert "DR" not in "".join(lines[7:])
    assert lines[-1] == "      mismatch: A*02:01/11:01 GvH+HvG antigen; DPB1 match"


@pytest.mark.parametrize(
    ("donor_id", "lacks"),
    [
        ("D1", set()),
        ("ZJ00000001", set()),
        ("3553ABCDEFGHIJ00154", {"GvH", "HvG"}),
        ("3553ABCDEFGHIJ001540000000", {"GvH", "HvG", "CMV"}),
    ],
)
def test_columns_that_do_not_fit_are_left_out_and_nothing_is_cut(donor_id: str, lacks: set[str]) -> None:
    lines = list(compact_lines(found(donor_id, sex="F", abo="AB", cmv="P", status="AV")))
    assert max(map(len, lines)) <= 80
    assert {"GvH", "HvG", "CMV", "ABO", "sex", "age"} - set(lines[0].split()) == lacks
    assert f" {donor_id} " in lines[2]
    assert "status" in lines[0]


def test_an_identifier_as_long_as_the_page_is_whole() -> None:
    lines = list(compact_lines(found("D" * 70, sex="F")))
    assert "D" * 70 in lines[2]
    assert lines[0].split() == ["rank", "donor", "match", "A", "B", "C", "DR", "DQ", "status"]


def test_lists_of_alleles_are_shortened_and_lines_break_between_loci() -> None:
    long = "A*02:01/A*02:02/A*02:03/A*02:04/A*02:05+A*24:02^" + "^".join(
        f"B*{n}:01:01:01+B*07:02:01:01" for n in (40, 46)
    )
    assert short_typing(long) == [
        "A 02:01/02:02/02:03/2 more+24:02  B 40:01:01:01+07:02:01:01",
        "B 46:01:01:01+07:02:01:01",
    ]
    assert short_typing("DR53+DRB4*NNNN^A2+A*24:XX^Cw7^DR17+DR4") == ["DRB4 DR53+NNNN  A A2+24:XX  C Cw7  DR DR17+DR4"]
    assert short_typing("") == ["not typed"]


def test_an_unknown_probability_and_an_unknown_allele_have_two_signs() -> None:
    assert percent(None) == UNKNOWN_PROBABILITY == "n/a"
    assert f"{UNKNOWN_PROBABILITY}: not known" in PROBABILITIES
    assert "? unknown allele" in GRADES


def test_the_wide_table_has_every_column() -> None:
    matches = found(city="杭州", last_contact_on=None, sex="F")
    printed = {}
    for wide in (False, True):
        out = io.StringIO()
        match_table(matches, Console(file=out, width=80), wide=wide)
        printed[wide] = out.getvalue()
        assert f"patient: {matches.to_polars()['patient_typing'][0]}" in out.getvalue().replace("\n", "")
    assert max(map(len, printed[False].splitlines())) <= 80
    heading = next(line for line in printed[True].splitlines() if line.startswith("rank"))
    assert heading.split() == [name for column in wide_summary(matches).columns for name in column.split()]
    assert {"status", "city", "last contact", "resolution", "typing", "(DPB1)"} <= set(wide_summary(matches).columns)
    assert matches.to_polars()["donor_typing"][0] in printed[True]
    assert match_summary(matches)["typing"].to_list() == matches.to_polars()["donor_typing"].to_list()


def test_python_shows_the_same_table() -> None:
    matches = found()
    assert "\n".join(compact_lines(matches)) in repr(matches)
