"""Donors who were imputed for one registry are refused by any other one, and taken by the same donors opened again."""

from __future__ import annotations

import dataclasses
import datetime
import pickle
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import registry_io
from hla_match.auditing.audit import audit_registry
from hla_match.donors.registry import Registry, build_registry
from hla_match.donors.registry_settings import RegistrySettings
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation import donor_identity
from hla_match.imputation.imputed_registry import DonorImputation, ImputedRegistry, imputed_on_demand
from hla_match.imputation.panels import registry_panels
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from registry_io.store.imputation_store import open_imputation

BUILTIN = Nomenclature.builtin()
DAY = datetime.date(2026, 1, 31)
SHARES = pl.DataFrame(
    {
        "A": ["02:01", "11:01", "24:02"],
        "north": [0.6, 0.1, 0.3],
        "south": [0.2, 0.3, 0.5],
    }
).unpivot(index="A", variable_name="population", value_name="frequency")
PATIENT = Patient(typings={"A": ("02:01", "02:01")})
CRITERIA = SearchCriteria(scope="A", max_mismatches=2)
DONORS = {"D1": ("02:01/11:01", "north"), "D2": ("02:01/24:02", "south"), "D3": ("24:02", "north")}


def registry_of(donors: dict[str, tuple[str, str]]) -> Registry:
    rows = {
        "person_id": list(donors),
        "A_1": [typing for typing, _ in donors.values()],
        "A_2": ["02:01"] * len(donors),
        "population": [name for _, name in donors.values()],
    }
    return build_registry(pl.DataFrame(rows), BUILTIN, name="three", provenance={"imported_on": "2026-01-31"})[0]


def in_advance(registry: Registry, *, apart: bool = False) -> DonorImputation:
    table = SHARES if not apart else SHARES.with_columns(population=pl.lit("")).filter(pl.col("A").is_first_distinct())
    return ImputedRegistry.of(registry, code_haplotypes(table, BUILTIN, name="three"))


def on_demand(registry: Registry) -> DonorImputation:
    return imputed_on_demand(registry, registry_panels(registry, code_haplotypes(SHARES, BUILTIN, name="three")))


def pickled(registry: Registry) -> DonorImputation:
    found: DonorImputation = pickle.loads(pickle.dumps(in_advance(registry)))
    return found


WAYS = [in_advance, on_demand, pickled]


@pytest.mark.parametrize("impute", WAYS)
@pytest.mark.parametrize(
    "others",
    [
        DONORS | {"D3": ("11:01", "north")},
        DONORS | {"D3": ("24:02", "south")},
        {**DONORS, "D1": DONORS["D2"], "D2": DONORS["D2"]},
    ],
    ids=["typing", "population", "number of each"],
)
def test_others_of_the_same_number_are_refused(
    impute: Callable[[Registry], DonorImputation], others: dict[str, tuple[str, str]]
) -> None:
    imputed = impute(registry_of(DONORS))
    registry = registry_of(others)
    expected = "imputed: found 3 imputed donors who are typed otherwise, or in another order, expected those of the"
    for use in (Matcher, lambda registry, imputed: audit_registry(registry, imputed=imputed)):
        with pytest.raises(CriteriaError, match=expected) as refused:
            use(registry, imputed)
        assert refused.value.code == ErrorCode.CRITERIA_CONFLICT


@pytest.mark.parametrize("impute", WAYS)
def test_the_same_donors_read_again_are_taken(impute: Callable[[Registry], DonorImputation]) -> None:
    again = Matcher(registry_of(DONORS), impute(registry_of(DONORS))).search(PATIENT, CRITERIA)
    once = Matcher(registry_of(DONORS), in_advance(registry_of(DONORS))).search(PATIENT, CRITERIA)
    assert again.to_polars().equals(once.to_polars())


def test_the_order_of_the_donors_counts() -> None:
    registry = registry_of(DONORS)
    turned = registry.take(registry.ranked[::-1])
    with pytest.raises(CriteriaError, match="in another order"):
        Matcher(turned, in_advance(registry))


def test_who_they_are_does_not_decide() -> None:
    renamed = registry_of({f"X{name}": one for name, one in DONORS.items()})
    assert Matcher(renamed, in_advance(registry_of(DONORS))).imputed is not None


def test_a_population_that_the_frequencies_do_not_know_does_not_decide() -> None:
    moved = registry_of(DONORS | {"D3": ("24:02", "south")})
    assert Matcher(moved, in_advance(registry_of(DONORS), apart=True)).imputed is not None


def test_a_loose_imputation_says_nothing_of_its_donors() -> None:
    imputed = in_advance(registry_of(DONORS))
    assert isinstance(imputed, ImputedRegistry)
    assert Matcher(registry_of(DONORS), ImputedRegistry(imputed.panels, imputed.donors)).imputed is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [f"{name},{typing},02:01,{population}\n" for name, (typing, population) in DONORS.items()]
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2,population\n" + "".join(rows), encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", BUILTIN, today=DAY)
    return tmp_path / "registry"


def test_a_snapshot_is_known_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> Registry:
        return registry_io.open_registry(folder)

    def unwanted(*_: object) -> bytes:
        raise AssertionError("all donors were looked at")

    frequencies = code_haplotypes(SHARES, BUILTIN, name="three")
    computed = open_imputation(folder, opened(), frequencies)
    kept = open_imputation(folder, opened(), frequencies)
    monkeypatch.setattr(donor_identity, "donors_digest", unwanted)
    registry = opened()
    for one in (registry, dataclasses.replace(registry, settings=RegistrySettings(min_age=18))):
        assert Matcher(one, computed).imputed is computed
        assert Matcher(one, kept).imputed is kept


def test_a_registry_that_changed_refuses_those_of_before_where_typings_did(folder: Path) -> None:
    before = open_imputation(folder, registry_io.open_registry(folder), code_haplotypes(SHARES, BUILTIN, name="three"))
    registry_io.update_donor(folder, "D3", {"sex": "F"})
    assert Matcher(registry_io.open_registry(folder), before).imputed is before
    registry_io.update_donor(folder, "D3", {"A_1": "11:01"})
    with pytest.raises(CriteriaError, match="typed otherwise"):
        Matcher(registry_io.open_registry(folder), before)


def test_what_is_pickled_has_no_registry() -> None:
    imputed = in_advance(registry_of(DONORS))
    assert b"D1" not in pickle.dumps(imputed)
