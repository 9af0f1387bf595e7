"""Donors whom the patient has antibodies against: the key of a policy, the column, the threshold and the notice."""

from __future__ import annotations

import polars as pl
import pytest

from hla_match.choice.policies import RankingPolicy
from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.policy_text import policy_description
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


@pytest.mark.parametrize(
    ("limit", "kept", "criterion"),
    [
        (None, ["D3", "D2", "D1"], None),
        ("certain", ["D3", "D2"], "without an antibody of the patient against them, as far as known"),
        ("possible", ["D3"], "certain to be without an antibody of the patient against them"),
    ],
)
def test_donors_are_left_out_whom_the_patient_has_antibodies_against(
    limit: str | None, kept: list[str], criterion: str | None
) -> None:
    matches = found("B27=4500", without_antibodies=limit)
    assert order(matches) == kept
    assert matches.n_found == len(kept)
    assert matches.criteria_counts.get(str(criterion)) == (None if criterion is None else len(kept))
    told = [dict(matches.explain(donor).obstacles[0].change) for donor in ("D1", "D2", "D3") if donor not in kept]
    assert told == {
        None: [], "certain": [{"without_antibodies": None}],
        "possible": [{"without_antibodies": None}, {"without_antibodies": "certain"}],
    }[limit]  # fmt: skip


def test_what_would_let_a_donor_in_does() -> None:
    matches = found("B27=4500", without_antibodies="possible")
    for donor in ("D1", "D2"):
        (obstacle,) = matches.explain(donor).obstacles
        assert donor in order(found("B27=4500", **obstacle.change))
    lines = "\n".join(matches.explain("D2").lines(options=True))
    assert "the donor: antibodies B27 (4500)?. Let in by: --without-antibodies" in " ".join(lines.split())
    assert "Let in by: --without-antibodies none." in " ".join(
        "\n".join(matches.explain("D1").lines(options=True)).split()
    )


def test_a_weak_antibody_leaves_nobody_out() -> None:
    assert order(found("B27=4500", without_antibodies="possible", antibody_mfi=5000)) == ["D1", "D2", "D3"]
    without_list = found(None, without_antibodies="possible")
    assert order(without_list) == ["D1", "D2", "D3"]
    said = "the patient has no list of antibodies, so that no donor is left out by them"
    assert said in without_list.notices
    assert said not in found(None).notices


def test_a_policy_leaves_donors_out() -> None:
    filters = {"without_antibodies": "certain", "antibody_mfi": 1000}
    policy = RankingPolicy.from_dict(POLICY.to_dict() | {"filters": filters})
    assert RankingPolicy.from_dict(policy.to_dict()) == policy
    made_from = {"imported_on": "2026-01-01"}
    registry, _ = build_registry(DONORS, Nomenclature.builtin(), name="three", provenance=made_from)
    patient = Patient(typings={"A": ("02:01", "24:02"), "B": ("07:02", "40:01")}, antibodies="B27=4500")
    asked = SearchCriteria(scope="A,B", max_mismatches=2)
    assert order(Matcher(registry).search(patient, asked, policy=policy)) == ["D3", "D2"]
    weak = SearchCriteria(scope="A,B", max_mismatches=2, antibody_mfi=9000)
    assert order(Matcher(registry).search(patient, weak, policy=policy)) == ["D1", "D2", "D3"]
    assert any("without_antibodies" in line for line in policy_description(policy))


@pytest.mark.parametrize(
    ("filters", "place"),
    [
        ({"without_antibodies": "never"}, "filters: without_antibodies"),
        ({"without_antibodies": True}, "filters: without_antibodies"),
        ({"antibody_mfi": "1000"}, "filters: antibody_mfi"),
        ({"antibody_mfi": -1}, "filters: antibody_mfi"),
    ],
)
def test_filters_of_antibodies_have_values_that_they_can_have(filters: dict[str, object], place: str) -> None:
    with pytest.raises(CriteriaError, match=place):
        RankingPolicy.from_dict(POLICY.to_dict() | {"filters": filters})


def test_an_empty_list_names_those_whom_antibodies_alone_keep_out() -> None:
    matches = found("B27=4500; B62", without_antibodies="possible")
    assert order(matches) == []
    near = {one.donor_id: [dict(obstacle.change) for obstacle in one.obstacles] for one in matches.nearest()}
    certain = {"without_antibodies": None}
    assert near == {"D1": [certain], "D2": [certain], "D3": [certain]}
