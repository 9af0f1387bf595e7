"""Probabilities of facts and of mismatched alleles against the oracle of `tests.oracle.fact_probabilities`."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry, imputed_on_demand
from hla_match.imputation.panels import build_panels, registry_tables
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.searches.matcher import Matcher
from tests import strategies
from tests.examples import examples
from tests.oracle import fact_probabilities as oracle
from tests.oracle import probability
from tests.oracle.matching import NULL
from tests.properties.test_donor_facts import NAME, NOMENCLATURE, VALUE, texts

RULES = st.sampled_from(("consensus", "strict"))


@st.composite
def pairs(draw, loci, null=True):
    """Haplotype frequencies, and a patient and a donor who carry two of the haplotypes behind any typings."""
    frequencies = draw(strategies.frequency_sets(loci, null=null))
    persons = []
    for _ in range(2):
        first, second = (draw(st.sampled_from(sorted(frequencies))) for _ in range(2))
        blurred = [
            strategies.blurred(one, other, null=null, new=False) for one, other in zip(first, second, strict=True)
        ]
        persons.append({locus: draw(of_locus) for locus, of_locus in zip(loci, blurred, strict=True)})
    return frequencies, *persons


def explained(loci, drawn, null_rule="consensus", on_demand=False):
    """The one donor of a registry explained for a patient."""
    frequencies, patient, donor = drawn
    columns = {"person_id": ["D1"], "DRB1_1": ["01:01"], "DRB1_2": ["01:01"]}
    for locus in loci:
        first, second = texts(locus, donor[locus])
        columns |= {f"{locus}_1": [first], f"{locus}_2": [second]}
    registry, unreadable = build_registry(
        pl.DataFrame(columns),
        NOMENCLATURE,
        name="one",
        provenance={"imported_on": "2026-01-01"},
        ambiguous_nulls="keep",
    )
    assert not unreadable
    rows = [
        {locus: NAME[locus][name] for locus, name in zip(loci, haplotype, strict=True)}
        | {"population": "", "frequency": float(one)}
        for haplotype, one in frequencies.items()
    ]
    coded = code_haplotypes(pl.DataFrame(rows), NOMENCLATURE, name="drawn")
    if on_demand:
        imputed = imputed_on_demand(registry, build_panels(coded, registry_tables(registry)))
    else:
        imputed = ImputedRegistry.of(registry, coded)
    typed = {locus: texts(locus, typing) for locus, typing in patient.items() if typing is not None}
    person = Patient(typings={**typed, "DRB1": ("01:01", "01:01")})
    criteria = SearchCriteria(scope=",".join((*loci, "DRB1")), max_mismatches=6, null_rule=null_rule)
    return Matcher(registry, imputed).search(person, criteria, policy="plain").explain("D1")


def alone(distribution):
    return {genotype: p for (genotype,), p in distribution.items()}


def of_locus(loci, drawn, locus):
    """What patient and donor of a drawn pair may carry at a locus, by the oracle."""
    frequencies, *persons = drawn
    return [alone(probability.genotype_distribution(frequencies, loci, one, [locus])) for one in persons]


def assert_equal(found, expected):
    assert found == pytest.approx({name: float(p) for name, p in expected.items() if p}, abs=1e-9)


def assert_fact(found, expected, *, absent=False):
    """Compare the values of a fact; `absent` where there may be none, as the typings say so."""
    if found is None:
        assert absent or set(expected) == {oracle.NO_SINGLE}
        return
    assert sum(found.values()) == pytest.approx(1, abs=1e-9)
    assert_equal(found, expected)


@given(pairs(("B", "DPB1")), RULES, st.booleans())
@examples(300)
def test_mismatched_alleles_are_as_probable_as_the_oracle_says(drawn, null_rule, on_demand):
    loci = ("B", "DPB1")
    told = explained(loci, drawn, null_rule, on_demand)
    for locus in loci:
        p_mismatch, alleles = oracle.mismatched(*of_locus(loci, drawn, locus), null_rule)
        one = told.mismatched_alleles.get(locus)
        if one is None:
            assert p_mismatch == 0
            continue
        names = {**NAME[locus], NULL: "null", "a null allele of both": "null"}
        expected = {}
        for pair, p in alleles.items():
            key = tuple(tuple(sorted(names[name] for name in side)) for side in pair)
            expected[key] = expected.get(key, 0) + p
        found = {tuple(tuple(sorted(side)) for side in pair): p for pair, p in one.alleles.items()}
        assert one.p_mismatch == pytest.approx(float(p_mismatch), abs=1e-9)
        assert sum(found.values()) == pytest.approx(1, abs=1e-9)
        assert_equal(found, expected)


@given(pairs(("B", "DPB1")), RULES)
@examples(300)
def test_leaders_and_expression_are_as_probable_as_the_oracle_says(drawn, null_rule):
    loci = ("B", "DPB1")
    found = explained(loci, drawn, null_rule).probabilities
    leader = oracle.leader(VALUE["leader"]["B"])
    assert_fact(found.get("b_leader"), oracle.of_single_mismatch(*of_locus(loci, drawn, "B"), null_rule, leader))
    # The P groups of the haplotypes have alleles of both levels, which only a typing tells apart.
    level = oracle.expression({} if drawn[1]["DPB1"] is None else VALUE["expression"]["DPB1"])
    assert_fact(
        found.get("dpb1_expression"), oracle.of_single_mismatch(*of_locus(loci, drawn, "DPB1"), null_rule, level)
    )


@given(pairs(("A", "B", "C")), st.booleans())
@examples(300)
def test_missing_ligands_are_as_probable_as_the_oracle_says(drawn, on_demand):
    loci = ("A", "B", "C")
    found = explained(loci, drawn, on_demand=on_demand).probabilities
    frequencies, *persons = drawn
    values = [VALUE["kir_ligand"][locus] for locus in loci]
    patient, donor = (
        oracle.ligands(probability.genotype_distribution(frequencies, loci, one, loci), values) for one in persons
    )
    assert_fact(found.get("kir_missing_gvh"), oracle.missing(donor, patient))
    assert_fact(found.get("kir_missing_hvg"), oracle.missing(patient, donor))


@given(pairs(("DQA1", "DQB1"), null=False))
@examples(200)
def test_dq_groups_are_as_probable_as_the_oracle_says(drawn):
    loci = ("DQA1", "DQB1")
    found = explained(loci, drawn).probabilities
    frequencies, *persons = drawn
    values = [VALUE["group"][locus] for locus in ("DQB1", "DQA1")]
    for name, person in zip(("patient", "donor"), persons, strict=True):
        of_person = probability.genotype_distribution(frequencies, loci, person, ("DQB1", "DQA1"))
        expected = oracle.dq_groups(of_person, values)
        told = found.get(f"{name}_dq_groups")
        assert_fact(told, expected) if expected else None


@given(pairs(("DQB1",), null=False))
@examples(100)
def test_dq_groups_by_dqb1_alone_are_as_probable_as_the_oracle_says(drawn):
    found = explained(("DQB1",), drawn).probabilities
    frequencies, *persons = drawn
    for name, person in zip(("patient", "donor"), persons, strict=True):
        of_person = probability.genotype_distribution(frequencies, ("DQB1",), person, ("DQB1",))
        assert_fact(found.get(f"{name}_dq_groups"), oracle.dq_groups(of_person, [VALUE["group"]["DQB1"]]))


def test_the_alleles_of_a_locus_that_frequencies_do_not_know_are_not_told():
    side = frozenset({"p0"})
    drawn = {("p0",): 1.0}, {"B": [(side, side)]}, {"B": [(frozenset({"p1", "p2"}), side)]}
    told = explained(("B",), drawn)
    assert told.mismatched_alleles == {}
    assert "b_leader" not in told.probabilities


def test_lines_name_the_alleles_and_the_facts_that_are_open():
    side, other = frozenset({"p0"}), frozenset({"p1", "p2"})
    frequencies = {("p0",): 0.5, ("p1",): 0.3, ("p2",): 0.2}
    drawn = frequencies, {"B": [(side, side)]}, {"B": [(side, other)]}
    told = explained(("B",), drawn)
    assert list(told.probable_lines()) == [
        "If there is a mismatch at B (100%), it is: B*07:02/08:01 60%, B*07:02/15:01 40%.",
        "Leaders of a single mismatch at B, by frequencies: MMM 60%, MTM 40%.",
    ]
    assert [line for line in told.lines() if "by frequencies" in line]
    assert told.mismatched_alleles["B"].words == pytest.approx({"B*07:02/08:01": 0.6, "B*07:02/15:01": 0.4})


def searched(patient, donor, frequencies, scope):
    """The one donor of a registry explained for a patient, all as laboratories write it."""
    loci = scope.split(",")
    columns = {"person_id": ["D1"]}
    for locus in loci:
        columns |= {f"{locus}_{number}": [text] for number, text in enumerate(donor[locus], 1)}
    made_from = {"imported_on": "2026-01-01"}
    registry, unreadable = build_registry(pl.DataFrame(columns), NOMENCLATURE, name="one", provenance=made_from)
    assert not unreadable
    rows = [
        {**dict(zip(loci, names, strict=True)), "population": "", "frequency": p} for names, p in frequencies.items()
    ]
    imputed = ImputedRegistry.of(registry, code_haplotypes(pl.DataFrame(rows), NOMENCLATURE, name="own"))
    criteria = SearchCriteria(scope=scope, max_mismatches=2 * len(loci))
    return Matcher(registry, imputed).search(Patient(typings=patient), criteria, policy="plain").explain("D1")


def test_genotypes_that_antigens_tell_apart_are_none_of_a_fact():
    """Any B*15 may stand behind B62 and B75, and yet one mismatch is certain: not both are of one allele."""
    frequencies = {("15:01",): 0.3, ("15:02",): 0.3, ("15:11",): 0.1, ("07:02",): 0.3}
    told = searched({"B": ("62", "7")}, {"B": ("75", "7")}, frequencies, "B")
    mismatched = told.mismatched_alleles["B"]
    assert mismatched.p_mismatch == 1
    assert len(mismatched.alleles) > 1
    assert told.probabilities["b_leader"] == pytest.approx({"TTM": 1})


def test_an_absent_gene_is_no_null_allele():
    frequencies = {("11:01", "02:02"): 0.5, ("03:01", "01:01"): 0.25, ("01:01", "NNNN"): 0.25}
    patient = {"DRB1": ("11:01", "01:01"), "DRB3": ("02:02", "NNNN")}
    donor = {"DRB1": ("01:01", "01:01"), "DRB3": ("NNNN", "NNNN")}
    told = searched(patient, donor, frequencies, "DRB1,DRB3")
    assert told.mismatched_alleles["DRB3"].words == {"DRB3*02:02/NNNN": 1}


def test_without_frequencies_nothing_is_probable():
    columns = {"person_id": ["D1"], "B_1": ["07:02"], "B_2": ["08:01/15:01"]}
    made_from = {"imported_on": "2026-01-01"}
    registry, _ = build_registry(pl.DataFrame(columns), NOMENCLATURE, name="one", provenance=made_from)
    criteria = SearchCriteria(scope="B", max_mismatches=2)
    told = Matcher(registry).search(Patient(typings={"B": ("07:02", "40:01")}), criteria).explain(np.int64(0))
    assert (told.mismatched_alleles, told.probabilities, list(told.probable_lines())) == ({}, {}, [])
