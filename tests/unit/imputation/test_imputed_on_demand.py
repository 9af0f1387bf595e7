"""Donors imputed when they are asked for carry what they carry when everybody is imputed."""

import datetime

import numpy as np
import pytest

from benchmarks.frequency_sets import frequency_set
from hla_match.donors.registry import build_registry
from hla_match.imputation.imputed_registry import ImputedRegistry, imputed_on_demand
from hla_match.imputation.panels import build_panels, registry_tables
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from hla_match.synthetic.volunteers import patients, volunteers
from registry_io import open_imputation, open_registry
from registry_io.store import imputation_store
from registry_io.store.recorded_registry import write_registry

TODAY = datetime.date(2026, 1, 1)
NOMENCLATURE = Nomenclature.builtin()


@pytest.fixture(scope="module")
def frequencies():
    return frequency_set(None, NOMENCLATURE)


@pytest.fixture(scope="module")
def registry():
    donors = volunteers(3000, seed=9, as_of=TODAY)[0].rename({"donor_id": "person_id"})
    built, unreadable = build_registry(donors, NOMENCLATURE, name="many", provenance={"imported_on": TODAY.isoformat()})
    assert not unreadable
    return built


@pytest.fixture(scope="module")
def panels(registry, frequencies):
    return build_panels(frequencies, registry_tables(registry))


def a_person(found, number):
    """Everything that an imputation holds of a distinct person, offsets counted from its own first."""
    found = found.classes
    parts = slice(found.person_part[number], found.person_part[number + 1])
    classes = slice(found.part_class[parts.start], found.part_class[parts.stop])
    members = slice(found.class_member[classes.start], found.class_member[classes.stop])
    pairs = slice(found.part_pair[parts.start], found.part_pair[parts.stop])
    sizes = np.diff(found.class_member[classes.start : classes.stop + 1])
    return (
        int(found.person_missing[number]),
        found.part_panel[parts].tolist(),
        found.part_mass[parts].tolist(),
        sizes.tolist(),
        found.pair[pairs].tolist(),
        found.member[members].tolist(),
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_donors_carry_the_same(registry, frequencies, panels, workers):
    everybody = ImputedRegistry.of(registry, frequencies)
    rows = np.random.default_rng(1).integers(0, registry.n_donors, 700).astype(np.uint32)
    kept, person = everybody.of_donors(rows)
    asked, own = imputed_on_demand(registry, panels).of_donors(rows, workers=workers)
    for one, other in zip(person.tolist(), own.tolist(), strict=True):
        assert a_person(kept, one) == a_person(asked, other)


def test_searches_give_the_same_list(registry, frequencies, panels):
    matchers = (
        Matcher(registry, ImputedRegistry.of(registry, frequencies)),
        Matcher(registry, imputed_on_demand(registry, panels)),
    )
    for row in patients(5, seed=2, as_of=TODAY)[0].iter_rows(named=True):
        loci = ("A", "B", "C", "DRB1", "DQB1")
        typings = {locus: (row[f"{locus}_1"], row[f"{locus}_2"] or "") for locus in loci if row[f"{locus}_1"]}
        patient, criteria = Patient(typings=typings), SearchCriteria(max_mismatches=2, limit=50)
        kept, asked = (matcher.search(patient, criteria).to_polars() for matcher in matchers)
        assert kept.equals(asked)


def test_too_large_a_registry_is_not_imputed_as_a_whole(registry, frequencies, tmp_path, monkeypatch):
    write_registry(registry, tmp_path)
    monkeypatch.setattr(imputation_store, "KEPT_DONORS", registry.n_donors - 1)
    opened = open_registry(tmp_path)
    assert not isinstance(open_imputation(tmp_path, opened, frequencies), ImputedRegistry)
    assert not list(tmp_path.glob("snapshot-*/imputed-*"))
    monkeypatch.setattr(imputation_store, "KEPT_DONORS", registry.n_donors)
    assert isinstance(open_imputation(tmp_path, opened, frequencies), ImputedRegistry)
