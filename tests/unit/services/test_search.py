"""The use cases that search, called from Python: own orders, and arguments that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hla_match
import registry_io
from hla_match.errors import ErrorCode
from hla_match.services.batch_outputs import manifest_path

PATIENT = "A*02:01+A*24:02"
SHARES = {"A*02:01": 0.3, "A*24:02": 0.2, "A*11:01": 0.2}
CRITERIA = hla_match.SearchCriteria(scope="A")
OLDER = hla_match.RankingPolicy.from_dict(
    {"name": "older", "keys": [{"feature": "age", "direction": "descending"}, "donor_id"]}
)
PROBABLE = hla_match.RankingPolicy.from_dict({"name": "probable", "keys": ["p0", "donor_id"]})


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    donors = pl.DataFrame(
        {
            "donor_id": ["D1", "D2", "D3"],
            "A_1": ["02:01", "02:01", "02:XX"],
            "A_2": ["24:02", "24:02", "24:02"],
            "birth_date": ["2000-01-01", "1980-01-01", "1990-01-01"],
        }
    )
    registry_io.import_donors(tmp_path / "registry", donors, "builtin")
    (tmp_path / "patients.csv").write_text(f"patient_id,gl_string\nP1,{PATIENT}\n", encoding="utf-8")
    return tmp_path / "registry"


def test_an_order_of_ones_own_ranks_a_search_and_a_batch(registry: Path) -> None:
    found = hla_match.search(registry, PATIENT, CRITERIA, policy=OLDER)
    assert found.to_polars()["donor_id"].to_list() == ["D2", "D3", "D1"]
    out = registry.parent / "found.csv"
    hla_match.batch(registry, registry.parent / "patients.csv", out, CRITERIA, policy=OLDER)
    assert pl.read_csv(out)["donor_id"].to_list() == ["D2", "D3", "D1"]
    assert str(OLDER) in manifest_path(out).read_text(encoding="utf-8")


def test_an_order_by_probabilities_needs_frequencies(registry: Path) -> None:
    with pytest.raises(hla_match.CriteriaError, match="policy: found 'probable', expected frequencies") as caught:
        hla_match.search(registry, PATIENT, CRITERIA, policy=PROBABLE)
    assert caught.value.code == ErrorCode.CRITERIA_FREQUENCIES
    found = hla_match.search(registry, PATIENT, CRITERIA, policy=PROBABLE, frequencies=SHARES)
    assert found.to_polars()["donor_id"].to_list() == ["D1", "D2", "D3"]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"criteria": {"scope": "A"}}, "criteria"),
        ({"policy": ["age"]}, "policy"),
        ({"workers": 0}, "workers"),
        ({"workers": "2"}, "workers"),
        ({"global_frequencies": SHARES}, "global_frequencies"),
    ],
)
def test_arguments_of_a_search_that_cannot_be_are_refused(registry: Path, wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(hla_match.CriteriaError) as caught:
        hla_match.search(registry, PATIENT, **wrong)
    assert caught.value.name == name
    assert "A*02:01" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"executor": 2}, {"criteria": {"scope": "A"}}])
def test_arguments_of_a_batch_that_cannot_be_are_refused(registry: Path, wrong: dict[str, Any]) -> None:
    out = registry.parent / "found.csv"
    with pytest.raises(hla_match.CriteriaError) as caught:
        hla_match.batch(registry, registry.parent / "patients.csv", out, **wrong)
    assert [caught.value.name] == [*wrong]
    assert not out.exists()


def test_an_open_registry_is_no_folder(registry: Path) -> None:
    opened: Any = registry_io.open_registry(registry)
    for call in (
        lambda: hla_match.search(opened, PATIENT, CRITERIA),
        lambda: hla_match.batch(opened, registry.parent / "patients.csv", registry.parent / "found.csv", CRITERIA),
    ):
        with pytest.raises(hla_match.CriteriaError, match=r"registry: .*hla_match\.Matcher searches a registry"):
            call()
