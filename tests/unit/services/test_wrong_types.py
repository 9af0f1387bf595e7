"""Arguments of a wrong type: refused by name, whatever function takes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hla_match
import registry_io
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.services.batch import batch

PATIENT = hla_match.Patient(typings={"A": ("02:01", "24:02")})


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("types") / "registry"
    donors = pl.DataFrame({"donor_id": ["D1", "D2"], "A_1": ["02:01"] * 2, "A_2": ["24:02", "11:01"]})
    registry_io.import_donors(folder, donors, "builtin")
    return folder


@pytest.fixture(scope="module")
def matcher(registry: Path) -> hla_match.Matcher:
    opened = registry_io.open_registry(registry)
    shares = registry_io.open_frequencies({"A*02:01": 0.3, "A*24:02": 0.2}, opened)
    return hla_match.Matcher(opened, hla_match.ImputedRegistry.of(opened, shares))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("folder", lambda of, _: registry_io.open_registry(of)),
        ("folder", lambda of, _: registry_io.import_donors(of, "donors.csv")),
        ("folder", lambda of, _: registry_io.show_donor(of, "D1")),
        ("folder", lambda of, _: registry_io.donor_history(of, "D1")),
        ("folder", lambda of, _: registry_io.registry_log(of)),
        ("folder", lambda of, _: registry_io.add_donor(of, "D3", {})),
        ("folder", lambda of, _: registry_io.withdraw_donor(of, "D1")),
        ("source", lambda of, _: registry_io.install_nomenclature(of)),
        ("values", lambda of, registry: registry_io.update_donor(registry, "D1", of)),
        ("transaction", lambda of, registry: registry_io.registry_diff(registry, 1, of)),
        ("registry", lambda of, _: hla_match.search(of, PATIENT)),
        ("registry", lambda of, _: batch(of, "patients.csv", "out.csv")),
        ("registry", lambda of, _: hla_match.impute(of, "patients.csv", "out.csv", frequencies="own")),
        ("registry", lambda of, _: hla_match.estimate(of, "out.csv")),
        ("registry", lambda of, _: hla_match.audit(of)),
        ("registry", lambda of, _: hla_match.figures(of, 2021)),
        ("out", lambda of, registry: batch(registry, "patients.csv", of)),
    ],
)
@pytest.mark.parametrize("given", [None, 3.5])
def test_what_is_no_path_is_refused_by_name(
    name: str, call: Callable[[Any, Path], object], given: object, registry: Path
) -> None:
    with pytest.raises(CriteriaError) as refused:
        call(given, registry)
    assert (str(refused.value).partition(":")[0], refused.value.code) == (name, ErrorCode.CRITERIA_TYPE)


def test_what_is_no_patient_is_refused(matcher: hla_match.Matcher) -> None:
    for call in (matcher.search, matcher.impute, lambda one: matcher.predict_pairs([one]), matcher.predict_pairs):
        # A search reads a GL String, as it reads the row of a table.
        for given in (None, 17 if call == matcher.search else "A*02:01"):
            with pytest.raises(CriteriaError, match=r"^patients?: found ") as refused:
                call(given)
            assert refused.value.code == ErrorCode.CRITERIA_TYPE


def test_donors_of_a_match_list_are_taken_by_place_and_by_slice(matcher: hla_match.Matcher) -> None:
    found = matcher.search(PATIENT, hla_match.SearchCriteria(scope="A"))
    assert [one.donor_id for one in found[0:2]] == [found[0].donor_id, found[1].donor_id] == ["D1", "D2"]
    assert found[-1:] == [found[1]]
    assert found[5:] == []
    with pytest.raises(IndexError):
        found[2]
