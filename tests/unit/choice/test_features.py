"""Features: each is declared once, and its declaration is all that ranks, prints, explains and shows it."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from hla_match.choice import ranking_key
from hla_match.choice.feature import Cost, Feature, Unknown, said_in
from hla_match.choice.features import FEATURES
from hla_match.choice.policies import RankingPolicy
from hla_match.donors.registry import Registry, build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting import match_summary
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

PATIENT = Patient(typings={"A": ("02:01", "11:01")}, cmv="P", abo="A")


@pytest.fixture(scope="module")
def registry() -> Registry:
    donors = pl.DataFrame(
        {
            "person_id": ["D1", "D2", "D3", "D4"],
            "A_1": "02:01",
            "A_2": "11:01",
            "sex": ["F", "M", None, "M"],
            "birth_date": pl.Series(["1990-01-01", "1995-01-01", "2000-01-01", None]).str.to_date(),
            "abo": ["A", "O", "B", "A"],
            "cmv": ["N", "P", "P", None],
            "donor_type": ["DONOR", None, "DONOR", None],
            "weight_kg": [60.0, 81.5, 80.0, None],
        }
    )
    made_from = {"imported_on": datetime.date(2026, 1, 1).isoformat()}
    found, unreadable = build_registry(donors, Nomenclature.builtin(), name="four", provenance=made_from)
    assert not unreadable
    return found


def search(registry: Registry, *keys: object) -> MatchList:
    policy = RankingPolicy.from_dict({"name": "own", "keys": [*keys, "donor_id"]})
    return Matcher(registry).search(PATIENT, SearchCriteria(scope="A"), policy=policy)


def weight(candidates: object) -> np.ndarray:
    kilograms = candidates.registry.attributes["weight_kg"][candidates.donor].fill_null(-1.0)  # type: ignore[attr-defined]
    return np.floor(kilograms.to_numpy()).astype(np.int16)


WEIGHT = Feature(
    name="weight",
    source="a heavier donor gives more cells",
    values=weight,
    directions={"descending": "heavier", "ascending": "lighter"},
    greatest=300,
    unit="kg",
    said=said_in(" kg"),
    unknown=Unknown(said="no weight", places={"last": "unknown last"}),
    columns=("weight_kg",),
    heading="kg",
)


def test_one_declaration_adds_a_feature(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ranking_key, match_summary):
        monkeypatch.setattr(module, "FEATURES", {**FEATURES, "weight": WEIGHT})
    found = search(registry, {"feature": "weight", "bands": 20}, "age")
    assert str(found.policy).startswith("own: heavier, in bands of 20 kg (unknown last), then younger")
    assert found.to_polars()["donor_id"].to_list() == ["D3", "D2", "D1", "D4"]
    assert found.why(0) == "age: younger (26 years before 31 years)"
    assert found.why(1) == "weight: heavier, in bands of 20 kg (80 to 99 kg before 60 to 79 kg)"
    assert found.why(2) == "weight: 60 to 79 kg before no weight"
    assert found.summary()["kg"].to_list() == ["80.0", "81.5", "60.0", ""]
    assert {column.dtype for column in found.key_columns} == {np.dtype(np.uint8), np.dtype(np.uint32)}


def test_a_feature_is_shown_in_columns_that_a_list_has(registry: Registry) -> None:
    columns = search(registry).to_polars().columns
    headings = search(registry).summary().columns
    for feature in FEATURES.values():
        if feature.cost is Cost.COLUMN:
            assert {*feature.columns} <= {*columns}, feature.name
        assert not feature.heading or feature.heading in headings, feature.name


@pytest.mark.parametrize("feature", FEATURES.values(), ids=list(FEATURES))
def test_declarations_are_whole(feature: Feature) -> None:
    assert FEATURES[feature.name] is feature
    assert feature.source
    assert feature.columns
    assert {*feature.directions} <= {"ascending", "descending"}
    # A bound is a greatest value: it spares predictions where greater values stand first.
    assert (feature.cost is Cost.PREDICTION) == (feature.bounds is not None)
    assert feature.bounds is None or [*feature.directions] == ["descending"]
    assert not feature.zero_apart or feature.unit
    assert feature.unknown is None or feature.said is not None


def test_every_donor_is_ordered_by_what_is_declared(registry: Registry) -> None:
    orders = {
        "age": ["D3", "D2", "D1", "D4"],
        "cmv": ["D2", "D3", "D4", "D1"],
        "abo": ["D1", "D4", "D2", "D3"],
        "sex": ["D2", "D4", "D1", "D3"],
    }
    for feature, order in orders.items():
        assert search(registry, feature).to_polars()["donor_id"].to_list() == order, feature


def test_ages_below_those_of_donors_are_unknown(registry: Registry) -> None:
    births = np.array([19900101, 20100102, 20100101, 0], np.int32)
    aged = replace(registry, attribute_codes={**registry.attribute_codes, "birth_date": births})
    order = search(aged, "age").to_polars()["donor_id"].to_list()
    assert order == ["D3", "D1", "D2", "D4"]
