"""Probabilities of DPB1's T-cell epitope classes against the oracle of `tests.oracle.tce`."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.immunogenetics.tce import TCE_CLASSES
from hla_match.imputation.imputed_registry import ImputedRegistry, imputed_on_demand
from hla_match.imputation.panels import build_panels, registry_tables
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from tests import strategies
from tests.examples import examples
from tests.oracle import probability
from tests.oracle import tce as oracle

NOMENCLATURE = Nomenclature.builtin()
ALLELES = {
    "A": dict(zip(strategies.PANEL_NAMES, ("02:01", "11:01", "24:02", "33:03"), strict=True)),
    # A group of its own each, and one without a group.
    "DPB1": dict(zip(strategies.PANEL_NAMES, ("09:01", "03:01", "04:02", "900:01"), strict=True)),
}
GROUP = dict(zip(strategies.PANEL_NAMES, ("1", "2", "3", ""), strict=True))
LOCI = ("A", "DPB1")
NAME = st.sampled_from(strategies.PANEL_NAMES)
SIDE = st.frozensets(NAME, min_size=1, max_size=3)


@st.composite
def persons(draw, *, typed=False):
    """Typings of A and DPB1, at times without one of DPB1."""
    of_dpb1 = [(draw(SIDE), draw(SIDE))] if typed or draw(st.booleans()) else None
    return {"A": [(draw(SIDE), draw(SIDE))], "DPB1": of_dpb1}


FREQUENCIES = strategies.frequency_sets(LOCI, null=False)


def texts(locus, typing):
    if typing is None:
        return "", ""
    return tuple("/".join(ALLELES[locus][name] for name in sorted(side)) for side in typing[0])


def registry_of(donors):
    columns = {"person_id": [f"D{number}" for number in range(len(donors))]}
    for locus in LOCI:
        pairs = [texts(locus, donor[locus]) for donor in donors]
        columns |= {f"{locus}_1": [first for first, _ in pairs], f"{locus}_2": [second for _, second in pairs]}
    registry, _ = build_registry(
        pl.DataFrame(columns), NOMENCLATURE, name="few", provenance={"imported_on": "2026-01-01"}
    )
    return registry, [registry.attributes["donor_id"].to_list().index(one) for one in columns["person_id"]]


def coded(frequencies, loci=LOCI):
    rows = [
        {
            **{locus: ALLELES[locus][name] for locus, name in zip(loci, haplotype, strict=True)},
            "population": "",
            "frequency": float(one),
        }
        for haplotype, one in frequencies.items()
    ]
    return code_haplotypes(pl.DataFrame(rows), NOMENCLATURE, name="drawn")


def matcher_of(registry, frequencies, on_demand):
    if on_demand:
        return Matcher(registry, imputed_on_demand(registry, build_panels(frequencies, registry_tables(registry))))
    return Matcher(registry, ImputedRegistry.of(registry, frequencies))


def found_for(matcher, patient):
    """The probabilities of all donors, in the order of their rows."""
    typings = {locus: texts(locus, typing) for locus, typing in patient.items() if typing}
    search = matcher.search(Patient(typings=typings), SearchCriteria(scope="A", max_mismatches=2))
    return search.tce_probabilities(np.arange(matcher.registry.n_donors, dtype=np.uint32))


def assert_equal(found, expected):
    assert dict(zip(TCE_CLASSES, found.tolist(), strict=True)) == pytest.approx(
        {name: float(expected.get(name, 0)) for name in TCE_CLASSES}, abs=1e-12
    )


@given(FREQUENCIES, persons(), st.lists(persons(), min_size=1, max_size=4), st.booleans())
@examples(300)
def test_classes_are_as_probable_as_the_oracle_says(frequencies, patient, donors, on_demand):
    registry, rows = registry_of(donors)
    found = found_for(matcher_of(registry, coded(frequencies), on_demand), patient)
    sums = found.sum(axis=1)
    assert np.all(np.isnan(sums) | (np.abs(sums - 1) < 1e-12))
    mine = probability.genotype_distribution(frequencies, LOCI, patient, ["DPB1"])
    for donor, row in zip(donors, rows, strict=True):
        theirs = probability.genotype_distribution(frequencies, LOCI, donor, ["DPB1"])
        if mine is None or theirs is None:
            continue
        mine_alone, theirs_alone = ({genotype: p for (genotype,), p in one.items()} for one in (mine, theirs))
        assert_equal(found[row], oracle.class_probabilities(mine_alone, theirs_alone, GROUP))


@given(FREQUENCIES, persons(), st.lists(persons(), min_size=1, max_size=4))
@examples(100)
def test_frequencies_apart_are_used(frequencies, patient, donors):
    registry, rows = registry_of(donors)
    apart = probability.marginal(frequencies, LOCI, ["DPB1"])
    of_a = coded(probability.marginal(frequencies, LOCI, ["A"]), ("A",))
    found = found_for(matcher_of(registry, replace(of_a, apart=coded(apart, ("DPB1",))), False), patient)
    mine = probability.genotype_distribution(apart, ["DPB1"], patient, ["DPB1"])
    for donor, row in zip(donors, rows, strict=True):
        theirs = probability.genotype_distribution(apart, ["DPB1"], donor, ["DPB1"])
        if mine is None or theirs is None:
            continue
        mine_alone, theirs_alone = ({genotype: p for (genotype,), p in one.items()} for one in (mine, theirs))
        assert_equal(found[row], oracle.class_probabilities(mine_alone, theirs_alone, GROUP))


def test_what_the_typings_make_certain_needs_no_frequencies():
    donors = [{"A": None, "DPB1": [(frozenset({"p0"}), frozenset({"p2"}))]}, {"A": None, "DPB1": None}]
    registry, rows = registry_of([{**one, "A": [(frozenset({"p0"}),) * 2]} for one in donors])
    patient = {"A": [(frozenset({"p0"}),) * 2], "DPB1": [(frozenset({"p1"}), frozenset({"p1", "p2"}))]}
    frequencies = coded({("p0", "p2"): 1.0})
    found = found_for(matcher_of(registry, frequencies, False), patient)
    # Nothing explains the patient, who is of group 2 whichever the alleles are; the donor is of group 1.
    assert found[rows[0]].tolist() == [0, 0, 1, 0, 0]
    assert np.isnan(found[rows[1]]).all()


def test_frequencies_without_dpb1_give_no_probability():
    registry, _ = registry_of([{"A": [(frozenset({"p0"}),) * 2], "DPB1": [(frozenset({"p0"}),) * 2]}])
    matcher = matcher_of(registry, coded({("p0",): 1.0}, ("A",)), False)
    search = matcher.search(Patient(typings={"A": ("02:01", "")}), SearchCriteria(scope="A", max_mismatches=2))
    assert search.tce_probabilities is None
    assert search.to_polars()["p_dpb1_permissive"].to_list() == [None]


def test_the_column_is_the_sum_of_match_and_permissive():
    donors = [{"A": [(frozenset({"p0"}),) * 2], "DPB1": None}]
    registry, _ = registry_of(donors)
    frequencies = {("p0", "p0"): 0.5, ("p0", "p1"): 0.3, ("p0", "p2"): 0.2}
    matcher = matcher_of(registry, coded(frequencies), False)
    patient = Patient(typings={"A": ("02:01", ""), "DPB1": ("03:01", "04:02")})
    found = matcher.search(patient, SearchCriteria(scope="A")).to_polars()
    # The patient is of group 2; the donor is of group 2 without 09:01, unless both alleles are 04:02.
    assert found["p_dpb1_permissive"].to_list() == pytest.approx([0.5**2 - 0.2**2])
    assert found["dpb1_tce"].to_list() == ["unknown"]
