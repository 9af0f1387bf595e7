"""Donors chosen by their attributes."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.eligibility import within
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher

DONORS = [
    {"person_id": "D1", "sex": "M", "abo": "A", "cmv": "N", "city": "杭州"},
    {"person_id": "D2", "sex": "F", "abo": "O", "cmv": "P", "city": "杭州市"},
    {"person_id": "D3", "sex": None, "abo": None, "cmv": None, "city": None},
    {"person_id": "D4", "sex": "M", "abo": "AB", "cmv": "N", "city": "Ningbo"},
]
PATIENT = Patient(typings={"A": ("02:01", "")})


def searched(donors: list[dict[str, Any]], **criteria: Any) -> Any:
    frame = pl.DataFrame(donors).with_columns(A_1=pl.lit("02:01"), A_2=pl.lit(None, pl.String))
    made_from = {"imported_on": "2026-01-01"}
    registry, _ = build_registry(frame, Nomenclature.builtin(), name="four", provenance=made_from)
    return Matcher(registry).search(PATIENT, SearchCriteria(scope="A", **criteria))


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"sex": ("M",)}, {"D1", "D4"}),
        ({"sex": ("F", "unknown")}, {"D2", "D3"}),
        ({"abo": ("A", "O")}, {"D1", "D2"}),
        ({"abo": ("unknown",)}, {"D3"}),
        ({"cmv": ("N",)}, {"D1", "D4"}),
        ({"city": ("杭州市",)}, {"D1", "D2"}),
        ({"city": ("杭州", "ningbo ")}, {"D1", "D2", "D4"}),
        ({"city": ("unknown", "Ningbo")}, {"D3", "D4"}),
        ({"city": ("上海",)}, set()),
        ({"sex": ("M",), "cmv": ("N",), "abo": ("AB",), "city": ("NINGBO",)}, {"D4"}),
        ({"sex": ()}, {"D1", "D2", "D3", "D4"}),
    ],
)
def test_donors_are_chosen_by_their_attributes(criteria: dict[str, Any], expected: set[str]) -> None:
    found = searched(DONORS, **criteria)
    assert set(found.to_polars()["donor_id"]) == expected
    assert found.n_found == len(expected)


def test_a_registry_without_cities_has_donors_of_unknown_city() -> None:
    without = [{name: value for name, value in one.items() if name != "city"} for one in DONORS]
    assert searched(without, city=("杭州",)).n_found == 0
    assert searched(without, city=("杭州", "unknown")).n_found == 4


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_range_of_rows_keeps_the_bits_of_its_donors_alone(share: float) -> None:
    n_donors = 29
    eligible = np.random.default_rng(1).random(n_donors) < share
    bits = np.packbits(eligible, bitorder="little")
    for start in range(n_donors + 1):
        for stop in range(start, n_donors + 1):
            found = np.unpackbits(within(bits, range(start, stop), n_donors), bitorder="little")
            inside = np.arange(n_donors)
            assert found[:n_donors].tolist() == (eligible & (inside >= start) & (inside < stop)).tolist()
            assert not found[n_donors:].any()
    assert within(bits, None, n_donors) is bits


@pytest.mark.parametrize("donors", [range(0, 30), range(-1, 5), range(0, 20, 2), range(9, 3)])
def test_a_range_that_is_none_of_the_registrys_rows_is_refused(donors: range) -> None:
    with pytest.raises(CriteriaError, match="a range of rows from 0 to 29"):
        within(np.zeros(4, np.uint8), donors, 29)


def test_the_criterion_that_left_nobody_is_named() -> None:
    assert "0 in 上海" in searched(DONORS, city=("上海",)).notices[-1]
    assert "1 with CMV status P, 0 with blood group B or unknown" not in searched(DONORS, cmv=("P",)).notices
    none = searched(DONORS, cmv=("P",), abo=("B", "unknown")).notices[-1]
    assert none.endswith("1 with blood group B or unknown, 0 with CMV status P, 0 with at most 1 mismatch in A")


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"sex": ("X",)}, "sex: found 'X', expected values of F, M, unknown"),
        ({"abo": ("A", "C")}, "abo: found 'C', expected values of A, B, AB, O, unknown"),
        ({"min_p": 0}, "min_p: found 0, expected more than 0"),
        ({"min_p": 1.5}, "min_p: found 1.5, expected at most 1"),
        ({"min_p": 0.1, "max_mismatches": 5}, "min_p: found 0.1, expected none above 4 mismatches"),
    ],
)
def test_values_that_donors_cannot_have_are_refused(criteria: dict[str, Any], message: str) -> None:
    with pytest.raises(CriteriaError, match=message):
        SearchCriteria(**criteria)
    asked = SearchCriteria(sex=("M",), min_p=0.2)
    assert pickle.loads(pickle.dumps(asked)) == asked


def test_probabilities_need_frequencies() -> None:
    with pytest.raises(CriteriaError, match=r"min_p: found 0\.2") as refused:
        searched(DONORS, min_p=0.2)
    assert refused.value.code == "criteria.frequencies"


def test_at_least_one_status_is_asked_for() -> None:
    with pytest.raises(CriteriaError, match="statuses: found nothing, expected at least one status"):
        SearchCriteria(statuses=())
