"""Frequencies know the nomenclature that they are coded by, and meet no registry of another one."""

from __future__ import annotations

import dataclasses
import datetime
import pickle
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import hla_match
import registry_io
from hla_match.auditing.audit import audit_registry
from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.estimation.estimate import estimate_frequencies
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_registry import ImputedRegistry, imputed_on_demand
from hla_match.imputation.panels import registry_panels
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.identity import NomenclatureIdentity
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from registry_io.store import worker_registry
from registry_io.store.worker_registry import OwnFrequencySource, registry_source
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
DONORS = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01/11:01"], "A_2": ["02:01"]})
PATIENT = Patient(typings={"A": ("02:01", "02:01")})
CRITERIA = SearchCriteria(scope="A", max_mismatches=2)
SHARES = {"A*02:01": 0.4, "A*11:01": 0.1, "A*24:02": 0.5}
REFUSED = r"found haplotypes coded by old, expected new, the nomenclature of the registry; open the frequencies for"


def release(title: str, *groups: str) -> Nomenclature:
    """A nomenclature of alleles of A, each a P group by itself, numbered in their order."""
    tables = tiny_nomenclature({"A": {f"{name}:01:01": (f"{name}P", f"{name}:01G") for name in groups}}).tables
    return Nomenclature(dataclasses.replace(tables, title=title, checksum=f"{title}, {' '.join(groups)}"))


OLD = release("old", "02:01", "11:01", "24:02")
# What 11:01 was is 02:07 now.
NEW = release("new", "02:01", "02:07", "11:01", "24:02")


def registry_of(nomenclature: Nomenclature) -> Registry:
    return build_registry(DONORS, nomenclature, name="one", provenance={"imported_on": "2026-01-31"})[0]


@pytest.fixture(scope="module")
def new() -> Registry:
    return registry_of(NEW)


@pytest.fixture(scope="module")
def stale() -> HaplotypeFrequencies:
    return registry_io.open_frequencies(SHARES, registry_of(OLD))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01/11:01,02:01\n", encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", NEW, today=DAY)
    return tmp_path / "registry"


def test_they_know_it(new: Registry, stale: HaplotypeFrequencies) -> None:
    assert stale.coded_by == OLD.identity == NomenclatureIdentity("old", "old, 02:01 11:01 24:02")
    assert registry_io.open_frequencies(SHARES, new).coded_by == NEW.identity
    assert pickle.loads(pickle.dumps(stale)).coded_by == OLD.identity
    assert estimate_frequencies(new, ["A"]).frequencies.coded_by == NEW.identity


def test_the_same_haplotypes_opened_for_the_registry_give_its_probability(new: Registry) -> None:
    # The donor is 02:01 and 02:01, or 02:01 and 11:01: 0.4 * 0.4 against 2 * 0.4 * 0.1.
    imputed = ImputedRegistry.of(new, registry_io.open_frequencies(SHARES, new))
    found = Matcher(new, imputed).search(PATIENT, CRITERIA).to_polars()
    assert found["p0"].to_list() == pytest.approx([0.16 / 0.24])


@pytest.mark.parametrize(
    "door",
    [
        registry_io.open_frequencies,
        lambda stale, new: ImputedRegistry.of(new, stale),
        lambda stale, new: estimate_frequencies(new, ["A"], start=stale),
        lambda stale, new: audit_registry(new, frequencies=stale),
    ],
    ids=["open", "impute", "estimate", "audit"],
)
def test_an_open_registry_of_another_one_refuses_them(
    new: Registry, stale: HaplotypeFrequencies, door: Callable[[HaplotypeFrequencies, Registry], object]
) -> None:
    with pytest.raises(CriteriaError, match=REFUSED) as refused:
        door(stale, new)
    assert refused.value.code == ErrorCode.CRITERIA_CONFLICT


def test_each_of_two_sets_is_looked_at(new: Registry, stale: HaplotypeFrequencies) -> None:
    fresh = registry_io.open_frequencies(SHARES, new)
    with pytest.raises(CriteriaError, match=f"^global_frequencies: {REFUSED}"):
        ImputedRegistry.of(new, fresh, stale)
    with pytest.raises(CriteriaError, match=f"^frequencies: {REFUSED}"):
        ImputedRegistry.of(new, dataclasses.replace(fresh, apart=stale))


Use = Callable[[Path, Path, HaplotypeFrequencies], object]
USES: dict[str, Use] = {
    "search": lambda folder, out, stale: hla_match.search(folder, PATIENT, CRITERIA, frequencies=stale),
    "matcher": lambda folder, out, stale: hla_match.open_matcher(folder, frequencies=stale, scope="A"),
    "batch": lambda folder, out, stale: hla_match.batch(folder, PATIENTS, out, CRITERIA, frequencies=stale),
    "impute": lambda folder, out, stale: hla_match.impute(folder, PATIENTS, out, frequencies=stale),
    "audit": lambda folder, out, stale: hla_match.audit(folder, frequencies=stale),
    "imputation": lambda folder, out, stale: registry_io.open_imputation(
        folder, registry_io.open_registry(folder), stale
    ),
    "worker": lambda folder, out, stale: pickle.loads(pickle.dumps(registry_source(folder, stale)))(),
}
PATIENTS = pl.DataFrame({"patient_id": ["P1"], "A_1": ["02:01"], "A_2": ["02:01"]})


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_folder_of_another_one_refuses_them(folder: Path, stale: HaplotypeFrequencies, use: Use) -> None:
    out = folder.parent / "out.csv"
    with pytest.raises(CriteriaError, match=f"^frequencies: {REFUSED}"):
        use(folder, out, stale)
    assert not out.exists()
    assert not list(folder.rglob("imputed-*"))


def test_the_argument_is_named(folder: Path, stale: HaplotypeFrequencies) -> None:
    with pytest.raises(CriteriaError, match=f"^global_frequencies: {REFUSED}"):
        hla_match.search(folder, PATIENT, CRITERIA, frequencies=SHARES, global_frequencies=stale)
    with pytest.raises(CriteriaError, match=f"^global_frequencies: {REFUSED}"):
        registry_source(folder, registry_io.open_frequencies(SHARES, registry_io.open_registry(folder)), stale)()
    with pytest.raises(CriteriaError, match=f"^start: {REFUSED}"):
        hla_match.estimate(folder, folder.parent / "out.csv", loci="A", start=stale)


def test_the_past_of_a_registry_that_was_rebased_refuses_those_of_today(folder: Path) -> None:
    hla_match.rebase(folder, release("newer", "01:01", "02:01", "11:01"))
    today = registry_io.open_frequencies(SHARES, registry_io.open_registry(folder))
    assert hla_match.search(folder, PATIENT, CRITERIA, frequencies=today).n_found == 1
    with pytest.raises(CriteriaError, match="coded by newer, expected new, the nomenclature of the registry"):
        hla_match.search(folder, PATIENT, CRITERIA, frequencies=today, at=1)


def test_a_worker_refuses_kept_ones_of_another_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = dataclasses.replace(registry_io.open_frequencies(SHARES, registry_of(OLD)), checksum="kept")
    monkeypatch.setattr(worker_registry, "own_frequencies_place", lambda root, checksum: root)
    source = registry_source(folder, stale)
    assert isinstance(source.frequencies, OwnFrequencySource)
    with pytest.raises(CriteriaError, match=f"^frequencies: {REFUSED}"):
        source()


def test_a_matcher_refuses_donors_who_were_imputed_by_another_one(new: Registry, stale: HaplotypeFrequencies) -> None:
    old = registry_of(OLD)
    expected = "found donors with haplotypes coded by old, expected new, the nomenclature of the registry"
    for imputed in (ImputedRegistry.of(old, stale), imputed_on_demand(old, registry_panels(old, stale))):
        assert Matcher(old, imputed).imputed is imputed
        with pytest.raises(CriteriaError, match=expected) as refused:
            Matcher(new, imputed)
        assert refused.value.code == ErrorCode.CRITERIA_CONFLICT


def test_names_are_given_by_no_other_one(stale: HaplotypeFrequencies) -> None:
    assert stale.to_polars(OLD)["haplotype"].to_list() == ["A*24:02P", "A*02:01P", "A*11:01P"]
    with pytest.raises(CriteriaError, match="nomenclature: found new, expected old, by which the haplotypes are coded"):
        stale.to_polars(NEW)


def test_of_two_with_one_title_the_checksums_are_told(stale: HaplotypeFrequencies) -> None:
    patched = Nomenclature(dataclasses.replace(OLD.tables, checksum="patched files of the same release"))
    expected = r"coded by old \(SHA-256 old, 02:01 1\.\.\.\), expected old \(SHA-256 patched file\.\.\.\)"
    with pytest.raises(CriteriaError, match=expected):
        registry_io.open_frequencies(stale, registry_of(patched))


def test_the_same_nomenclature_read_twice_is_the_same(stale: HaplotypeFrequencies) -> None:
    again = registry_of(Nomenclature(dataclasses.replace(OLD.tables)))
    assert again.nomenclature is not OLD
    assert registry_io.open_frequencies(stale, again) is stale
    assert Matcher(again, ImputedRegistry.of(registry_of(OLD), stale)).imputed is not None


def test_codes_of_a_maker_who_does_not_say_are_taken_as_those_of_the_registry(
    new: Registry, stale: HaplotypeFrequencies
) -> None:
    unsaid = dataclasses.replace(stale, coded_by=None)
    imputed = ImputedRegistry.of(new, unsaid)
    assert imputed.panels.coded_by == NEW.identity
    with pytest.raises(CriteriaError, match="coded by new, expected old"):
        Matcher(registry_of(OLD), imputed)
