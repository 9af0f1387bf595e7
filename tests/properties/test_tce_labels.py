"""Labels of DPB1 alleles by version 3 of the T-cell epitope groups against the oracle, and as columns of lists."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.fact_columns import TCE_V3_COLUMNS
from hla_match.searches.matcher import Matcher
from tests.examples import examples
from tests.oracle import tce as oracle
from tests.oracle.matching import NEW, NULL
from tests.properties.test_donor_facts import NAME, persons, texts
from tests.strategies import NAMES

LABELS = ("1", "3 (core)", "3 (non-core)", "3 (core)", "", "2", "3")
"""Of the alleles that stand for the oracle's names, in their order."""

LABEL = dict(zip(NAMES, LABELS, strict=True))


def with_version_3() -> Nomenclature:
    """The built-in nomenclature, with labels of a few alleles."""
    tables = Nomenclature.builtin().tables
    dpb1 = tables.loci["DPB1"]
    written = {NAME["DPB1"][name]: label for name, label in LABEL.items()}
    labels = tuple(written.get(":".join(name.split(":")[:2]), "") for name in dpb1.allele)
    return Nomenclature(replace(tables, loci={**tables.loci, "DPB1": replace(dpb1, tce_group_v3=labels)}))


NOMENCLATURE = with_version_3()


def search(patient, donors, nomenclature=NOMENCLATURE):
    """The list of a patient in a registry of some donors, all of whom match at A."""
    columns = {"person_id": [f"D{number}" for number in range(len(donors))], "A_1": "02:01", "A_2": "02:01"}
    pairs = [texts("DPB1", donor["DPB1"]) for donor in donors]
    columns |= {"DPB1_1": [first for first, _ in pairs], "DPB1_2": [second for _, second in pairs]}
    registry, unreadable = build_registry(
        pl.DataFrame(columns),
        nomenclature,
        name="few",
        provenance={"imported_on": "2026-01-01"},
        ambiguous_nulls="keep",
    )
    assert not unreadable
    typed = {} if patient["DPB1"] is None else {"DPB1": texts("DPB1", patient["DPB1"])}
    person = Patient(typings={"A": ("02:01", "02:01"), **typed})
    return Matcher(registry).search(person, SearchCriteria(scope="A", ambiguous_nulls="keep"))


@given(persons("DPB1"), st.lists(persons("DPB1"), min_size=1, max_size=6))
@examples(100)
def test_labels_are_the_oracles(patient, donors):
    frame = search(patient, donors).to_polars().sort("donor_id")
    mine = oracle.version_3_labels(patient["DPB1"], LABEL)
    assert frame["patient_dpb1_tce_v3"].to_list() == [mine] * len(donors)
    # Nothing is compared where the patient is not typed.
    theirs = [oracle.version_3_labels(donor["DPB1"], LABEL) if mine else None for donor in donors]
    assert frame["donor_dpb1_tce_v3"].to_list() == theirs


def test_a_release_without_version_3_has_no_labels_and_the_same_classes():
    persons_typed = [{"DPB1": [(frozenset({one}), frozenset({other}))]} for one, other in (NAMES[:2], NAMES[2:4])]
    without = search(persons_typed[0], persons_typed, Nomenclature.builtin()).to_polars()
    beside = search(persons_typed[0], persons_typed).to_polars()
    assert {*beside.columns} - {*without.columns} == {*TCE_V3_COLUMNS}
    assert beside.drop(*TCE_V3_COLUMNS).equals(without)
    assert beside["patient_dpb1_tce_v3"].to_list() == ["1+3 (core)"] * 2
    assert beside.sort("donor_id")["donor_dpb1_tce_v3"].to_list() == ["1+3 (core)", "3 (non-core)+3 (core)"]


def test_lists_null_alleles_and_alleles_without_a_name_are_told():
    donor = {"DPB1": [(frozenset({NAMES[2], NAMES[4]}), frozenset({NULL}))]}
    found = search({"DPB1": [(frozenset({NAMES[5]}), frozenset({NEW}))]}, [donor]).to_polars()
    assert found["patient_dpb1_tce_v3"].to_list() == ["2+?"]
    assert found["donor_dpb1_tce_v3"].to_list() == ["3 (non-core)/?+null"]
