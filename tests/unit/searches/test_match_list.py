"""A match list as a person handles it: parts of it, donors by identifier, conditions, a workbook."""

from __future__ import annotations

import datetime
import traceback
import zipfile
from pathlib import Path
from typing import Any

import fastexcel
import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError, ErrorCode, FileError, HlaMatchError
from hla_match.matching.criteria import SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.match_list import Match, MatchList
from hla_match.searches.matcher import Matcher

N_DONORS = 40
TYPINGS = (("02:01", "24:02"), ("02:01", "11:01"), ("24:02", "33:03"))


@pytest.fixture(scope="module")
def found() -> MatchList:
    """Forty donors of three genotypes, every other one a woman, ages from 20 to 58 and one unknown."""
    rows = range(N_DONORS)
    donors = pl.DataFrame(
        {
            "person_id": [f"D{row:02}" for row in rows],
            "A_1": [TYPINGS[row % 3][0] for row in rows],
            "A_2": [TYPINGS[row % 3][1] for row in rows],
            "sex": ["F" if row % 2 else "M" for row in rows],
            "birth_date": [None, *(datetime.date(2026 - 20 - row, 1, 1) for row in range(N_DONORS - 1))],
        }
    )
    made_from = {"imported_on": "2026-01-01"}
    registry, _ = build_registry(donors, Nomenclature.builtin(), name="forty", provenance=made_from)
    return Matcher(registry).search("A*02:01+A*24:02", SearchCriteria(scope="A", max_mismatches=1))


def test_a_slice_is_a_list_of_donors_and_a_head_a_match_list(found: MatchList) -> None:
    assert found[0:3] == [found[0], found[1], found[2]]
    assert isinstance(found.head(3), MatchList)
    assert found.head(3).to_polars().equals(found.to_polars(slice(0, 3)))
    assert len(found.head(N_DONORS + 1)) == N_DONORS
    assert not len(found.head(0))
    assert found.head(3).n_found == N_DONORS


def test_going_through_a_list_meets_each_donor_once(found: MatchList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hla_match.searches.match_list._BLOCK", 7)
    assert [*found] == [found[position] for position in range(N_DONORS)]


def test_a_donor_is_found_by_identifier(found: MatchList) -> None:
    for position, match in enumerate(found):
        assert found[match.donor_id] == match
        assert found.position_of(match.donor_id) == position
        assert match.donor_id in found
        assert match in found
    assert found.head(1)[0] not in found.filter(pl.col("rank") > 1)


@pytest.mark.parametrize("missing", ["D99", "", "d01"])
def test_a_donor_who_is_not_listed_is_missing_as_a_key_is(found: MatchList, missing: str) -> None:
    assert missing not in found
    with pytest.raises(KeyError) as raised:
        found[missing]
    assert isinstance(raised.value, HlaMatchError)
    told = "donor: found an identifier of none of them, expected one of the 40 donors of the list; `explain` tells why"
    assert str(raised.value).startswith(told)
    assert not missing or missing not in str(raised.value)
    assert raised.value.code == "criteria.donor"


def test_nothing_else_is_in_a_list(found: MatchList) -> None:
    first: Any = found[0]
    other = Match(**{name: getattr(first, name) for name in first.__slots__} | {"rank": 5})
    assert other not in found
    assert 3 not in found
    with pytest.raises(CriteriaError, match="donor_id: found a value of type int"):
        found.position_of(3)  # type: ignore[arg-type]


CONDITIONS: list[tuple[list[pl.Expr], dict[str, object]]] = [
    ([], {"sex": "F"}),
    ([pl.col("age") < 35], {}),
    ([pl.col("age") < 35, pl.col("matches_best") == 2], {"sex": ["M", "F"]}),
    ([], {"age": None}),
    ([], {"age": [20, None], "A_grade": ["AA", "PP", None]}),
    ([], {"age": [None]}),
    ([], {"age": []}),
    ([], {"age": range(20, 30), "donor_id": {"D01", "D05", "D99"}}),
    ([], {"A_grade": ["AA", "PP"]}),
    ([pl.lit(False)], {}),
    ([], {"age": 1000}),
]


@pytest.mark.parametrize(("expressions", "values"), CONDITIONS)
def test_a_filter_keeps_ranks_rows_and_reasons(
    found: MatchList, expressions: list[pl.Expr], values: dict[str, object]
) -> None:
    kept = found.filter(*expressions, **values)
    frame = found.to_polars()
    for name, value in values.items():
        several = list(value) if isinstance(value, list | set | range) else [value]
        frame = frame.filter(pl.Series([one in several for one in frame[name].to_list()], dtype=pl.Boolean))
    for expression in expressions:
        frame = frame.filter(expression)
    assert kept.to_polars().equals(frame)
    assert kept.notices[-1].startswith(f"{frame.height} of the 40 donors of the list, by conditions on ")
    assert kept.notices[-1] in repr(kept)
    for position in range(len(kept) - 1):
        before, after = (found.position_of(kept[at].donor_id) for at in (position, position + 1))
        assert kept.why(position) == found.take(slice(before, after + 1, after - before)).why(0)


def test_a_filtered_list_is_filtered_again(found: MatchList) -> None:
    twice = found.filter(sex="F").filter(pl.col("age") < 35)
    assert twice.to_polars().equals(found.filter(pl.col("age") < 35, sex="F").to_polars())
    assert len(twice.notices) == len(found.notices) + 2
    assert twice.head(2)[1].rank == twice[1].rank > 2


def test_a_reason_names_what_two_donors_who_are_left_differ_in(found: MatchList) -> None:
    two = found.filter(donor_id=["D01", "D04"])
    assert [match.age for match in two] == [20, 23]
    assert two.why(0) == "fewer mismatches (0 before 1)" or "20" in two.why(0)


@pytest.mark.parametrize(
    ("expressions", "values", "message"),
    [
        ([], {"sexx": "F"}, "filter: found 'sexx', expected a column of the list.*did you mean sex?"),
        ([pl.col("agee") < 3], {}, "found 'agee'.*did you mean age?"),
        ([], {"A_grade": "XX"}, "A_grade: found 'XX', expected one of"),
        ([pl.col("age") + 1], {}, "filter: found a condition that does not fit"),
        ([pl.col("age") == "x"], {}, "filter: found a condition that does not fit"),
        ([pl.col("age").drop_nulls() > 1], {}, "filter: found a condition that does not fit"),
        ([], {"age": "old"}, "age: found a condition that does not fit"),
        (["age < 35"], {}, "filter: found a value of type str, expected an expression"),
    ],
)
def test_a_condition_that_cannot_hold_is_named(
    found: MatchList, expressions: list[Any], values: dict[str, object], message: str
) -> None:
    with pytest.raises(CriteriaError, match=message):
        found.filter(*expressions, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"age": [5, "SECRET-ID"]},
        {"donor_id": ["SECRET-ID", 5]},
        {"age": object()},
        {"age": {1: "SECRET-ID"}},
        {"age": 10**40},
        {"donor_id": [["SECRET-ID"]]},
        {"A_grade": [["SECRET-ID"]]},
    ],
)
def test_values_of_a_wrong_type_are_refused_without_being_quoted(found: MatchList, values: dict[str, object]) -> None:
    with pytest.raises(CriteriaError) as caught:
        found.filter(**values)
    (name,) = values
    assert caught.value.name == name
    assert "SECRET-ID" not in "".join(traceback.format_exception(caught.value))


def test_a_notice_of_a_filter_names_no_donor(found: MatchList) -> None:
    notice = found.filter(donor_id="D07").notices[-1]
    assert "donor_id" in notice
    assert "D07" not in notice


def test_a_workbook_holds_the_rows_and_what_they_are_of(found: MatchList, tmp_path: Path) -> None:
    path = found.filter(sex="F").to_excel(tmp_path / "list.xlsx")
    sheets = fastexcel.read_excel(path)
    assert sheets.sheet_names == ["donors", "about"]
    donors = sheets.load_sheet("donors").to_polars()
    assert donors["donor_id"].to_list() == [match.donor_id for match in found.filter(sex="F")]
    assert donors.columns == found.to_polars().columns
    about = sheets.load_sheet("about").to_polars()
    assert ("order", str(found.policy)) in about.rows()
    assert any(text.startswith("20 of the 40 donors") for name, text in about.rows() if name == "note")


def test_a_workbook_is_not_replaced_unasked(found: MatchList, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"mine")
    with pytest.raises(FileError, match="overwrite=True") as raised:
        found.to_excel(path)
    assert raised.value.code == ErrorCode.FILE_EXISTS
    assert path.read_bytes() == b"mine"
    found.to_excel(path, overwrite=True)
    first = path.read_bytes()
    found.to_excel(path, overwrite=True)
    assert path.read_bytes() == first
    assert [one.name for one in tmp_path.iterdir()] == ["list.xlsx"]


@pytest.mark.parametrize("name", ["list.csv", "list", ".xlsx"])
def test_a_workbook_has_its_ending(found: MatchList, tmp_path: Path, name: str) -> None:
    with pytest.raises(CriteriaError, match=r"ends in \.xlsx"):
        found.to_excel(tmp_path / name)
    assert not [*tmp_path.iterdir()]


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    names = ["=1+1", "+2", "@x", "https://example.org", "007"]
    donors = pl.DataFrame({"person_id": names, "A_1": ["02:01"] * 5, "A_2": ["24:02"] * 5})
    made_from = {"imported_on": "2026-01-01"}
    registry, _ = build_registry(donors, Nomenclature.builtin(), name="five", provenance=made_from)
    path = Matcher(registry).search("A*02:01+A*24:02", SearchCriteria(scope="A")).to_excel(tmp_path / "x.xlsx")
    sheet = fastexcel.read_excel(path).load_sheet("donors", dtypes="string").to_polars()
    assert sorted(sheet["donor_id"]) == sorted(names)
    with zipfile.ZipFile(path) as package:
        for part in package.namelist():
            text = package.read(part).decode("utf-8", "replace")
            assert "<f>" not in text
            assert "hyperlink" not in text or part == "[Content_Types].xml"


def test_everything_that_a_list_holds_of_its_donors_is_cut(found: MatchList) -> None:
    whole, part = vars(found), vars(found.head(3))
    held = [name for name, value in whole.items() if isinstance(value, np.ndarray) and value.shape[-1] == N_DONORS]
    assert {"donor", "total", "age"} <= {*held}
    assert all(part[name].shape[-1] == 3 for name in held)
    assert {column.size for column in found.head(3).key_columns} == {3}


def test_what_an_order_rests_on_is_told_of_the_whole_list(found: MatchList) -> None:
    assert [*map(str, found.filter(sex="F").sensitivity())] == [*map(str, found.sensitivity())]
