"""Donors whom the patient has antibodies against: the key of a policy, the column, the threshold and the notice."""

from __future__ import annotations

import polars as pl
import pytest

from hla_match.choice.policies import RankingPolicy
from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

POLICY = RankingPolicy.from_dict(
    {"name": "no-antibodies", "version": "1", "title": "No antibody first", "keys": ["antibodies", "donor_id"]}
)
# Alike but for one allele of B.
DONORS = pl.DataFrame(
    {
        "person_id": ["D1", "D2", "D3"],
        "A_1": "02:01",
        "A_2": "24:02",
        "B_1": ["27:05", "15:01/27:05", "15:01"],
        "B_2": "07:02",
        "DPB1_1": [None, None, "05:01"],
        "DPB1_2": None,
    }
)


def found(antibodies: str | None, **criteria: object) -> MatchList:
    made_from = {"imported_on": "2026-01-01"}
    registry, _ = build_registry(DONORS, Nomenclature.builtin(), name="three", provenance=made_from)
    patient = Patient(typings={"A": ("02:01", "24:02"), "B": ("07:02", "40:01")}, antibodies=antibodies)
    asked = SearchCriteria(scope="A,B", max_mismatches=2, **criteria)
    return Matcher(registry).search(patient, asked, policy=POLICY)


def order(matches: MatchList) -> list[str]:
    return matches.to_polars()["donor_id"].to_list()


def test_donors_without_an_antibody_come_first() -> None:
    matches = found("B*27:05=4500; B*07:02=9000")
    assert order(matches) == ["D3", "D2", "D1"]
    # The patient has 07:02.
    assert matches.to_polars()["antibodies"].to_list() == ["", "B*27:05 (4500)?", "B*27:05 (4500)"]
    assert "no antibody before perhaps an antibody" in matches.why(0)
    assert "perhaps an antibody before an antibody" in matches.why(1)


def test_a_patient_without_a_list_orders_nobody_by_it() -> None:
    matches = found(None)
    assert order(matches) == ["D1", "D2", "D3"]
    assert matches.to_polars()["antibodies"].null_count() == 3


@pytest.mark.parametrize(("threshold", "expected"), [(1000, ["D3", "D2", "D1"]), (5000, ["D1", "D2", "D3"])])
def test_the_threshold_decides_which_count(threshold: float, expected: list[str]) -> None:
    assert order(found("B27=4500", antibody_mfi=threshold)) == expected


def test_antibodies_at_a_locus_that_the_patient_is_not_typed_at() -> None:
    matches = found("DPB1*05:01")
    assert dict(matches.to_polars().select("donor_id", "antibodies").rows()) == {
        "D1": "DPB1*05:01?", "D2": "DPB1*05:01?", "D3": "DPB1*05:01",
    }  # fmt: skip


def test_what_cannot_be_read_is_said() -> None:
    (notice,) = [one for one in found("B27; nothing=3").notices if "antibodies" in one]
    assert notice == "antibodies that name no allele or antigen, left aside: nothing=3"
