"""Null alleles and absent genes in match probabilities: the consensus of the WMDA, row by row."""

import numpy as np
import pytest

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_registry import ImputedRegistry, impute
from hla_match.imputation.panels import FallbackLevel, build_panels
from hla_match.imputation.typing_membership import typing_membership
from hla_match.prediction import few_genotypes
from hla_match.prediction.pair_prediction import PairPredictor
from hla_match.prediction.patient_imputation import PatientImputer
from hla_match.prediction.predictor import PatientPredictor
from hla_match.prediction.scope import PredictionScope
from hla_match.typings.encoding import Side, typing_table
from tests.locus_mismatches import wmda_locus_mismatches

ROWS = [(patient, donor, most) for patient, donor, *_, most in wmda_locus_mismatches()]
CODE = {"N": 0, "A": 2, "B": 3, "C": 4, "D": 5}
GENOTYPES = sorted({genotype for row in ROWS for genotype in row[:2]})
PRESENT, ABSENT = "AA|AN", "NN"


def carried(text):
    """The alternatives of "AB", or of "AA|AN" where it is open which of the two it is."""
    return tuple(tuple(Side((CODE[letter],)) for letter in genotype) for genotype in text.split("|"))


def registry_of(locus, typings, frequencies):
    """Donors with these typings at a locus, and not typed at others."""
    tables = {locus: typing_table([(), *(carried(text) for text in typings)])}
    panels = build_panels(frequencies, tables)
    typing = np.zeros((len(panels.loci), len(typings)), np.int32)
    typing[panels.loci.index(locus)] = np.arange(len(typings)) + 1
    population = np.zeros(len(typings), np.int16)
    return ImputedRegistry(panels, impute(typing, population, panels, typing_membership(panels, tables)))


def uniform(loci, allele):
    n = len(allele)
    return HaplotypeFrequencies(
        "all", loci, np.array(allele, np.int32), ("",), np.full((1, n), 1 / n), (), np.zeros(1), ""
    )


# Every allele at B with every one of five at A, so that a patient typed at B alone has many genotypes.
BOTH = uniform(("A", "B"), [(first, second) for first in range(2, 7) for second in CODE.values()])
AT_B = registry_of("B", GENOTYPES, BOTH)
# No frequencies know DRB4.
AT_DRB4 = registry_of("DRB4", [PRESENT, ABSENT, "AB", "BB|BN", "AN"], uniform(("A",), [(2,), (3,)]))


def predictor(person, donors, loci, null_rule="consensus"):
    return PatientPredictor(person, donors, PredictionScope(donors.panels, loci, null_rule))


def expected(most):
    return (np.arange(5) == most).astype(float)


@pytest.mark.parametrize(("patient", "donor", "most"), ROWS)
@pytest.mark.parametrize("few", [0, 8], ids=["ambiguous", "certain"])
def test_every_row_of_the_consensus_holds(monkeypatch, patient, donor, most, few):
    monkeypatch.setattr(few_genotypes, "FEW_GENOTYPES", few)
    person = PatientImputer(AT_B.panels).impute({"B": carried(patient)})
    row = np.array([GENOTYPES.index(donor)], np.uint32)
    assert predictor(person, AT_B, ("B",)).predict(row).mismatches[0] == pytest.approx(expected(most))
    # Of A there are fifteen genotypes.
    joint = predictor(person, AT_B, ("A", "B")).predict(row)
    assert joint.p_both[0, 1] == pytest.approx(float(most == 0))
    assert joint.p_one[0, 1] == pytest.approx(float(most == 1))


def test_every_row_holds_for_all_pairs():
    persons = AT_B.donors
    found, listed, _ = PairPredictor(PredictionScope(AT_B.panels, ("B",))).predict(persons, persons, persons.person)
    assert listed.all()
    for patient, donor, most in ROWS:
        assert found[GENOTYPES.index(patient), GENOTYPES.index(donor)] == pytest.approx(expected(most))


@pytest.mark.parametrize(
    ("patient", "donor", "strict", "mismatches"),
    [
        ("NA", "NB", True, 2),
        ("NA", "NA", True, 0),
        ("NN", "NN", True, 2),
        ("NN", "NA", True, 2),
        ("NA", "NB", False, 1),
    ],
)
@pytest.mark.parametrize("few", [0, 8], ids=["ambiguous", "certain"])
def test_by_the_strict_rule_two_nulls_never_match(monkeypatch, patient, donor, strict, mismatches, few):
    monkeypatch.setattr(few_genotypes, "FEW_GENOTYPES", few)
    person = PatientImputer(AT_B.panels).impute({"B": carried(patient)})
    prepared = predictor(person, AT_B, ("B",), "strict" if strict else "consensus")
    found = prepared.predict(np.array([GENOTYPES.index(donor)], np.uint32))
    assert found.mismatches[0] == pytest.approx((np.arange(5) == mismatches).astype(float))


@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
@pytest.mark.parametrize(
    ("patient", "probable"),
    [
        # The donors are AA or NA, NN, AB, BB or NB, and NA; None is not known.
        (ABSENT, [None, 0, 2, None, 1]),
        (PRESENT, [0, None, 1, None, 0]),
        ("AB", [1, 2, 0, 1, 1]),
        ("AN", [0, 1, 1, None, 0]),
        ("BN", [None, 1, 1, 0, 1]),
        ("CD", [2, 2, 2, 2, 2]),
    ],
)
def test_a_gene_without_frequencies_counts_where_it_makes_no_difference_what_is_carried(patient, probable, null_rule):
    person = PatientImputer(AT_DRB4.panels).impute({"DRB4": carried(patient)})
    donors = np.arange(5, dtype=np.uint32)
    found = predictor(person, AT_DRB4, ("DRB4",), null_rule).predict(donors)
    for mismatches, of_donor, why in zip(probable, found.mismatches, found.why_missing(), strict=True):
        if mismatches is None:
            assert np.isnan(of_donor).all()
            assert "DRB4" in why
        else:
            assert of_donor == pytest.approx((np.arange(5) == mismatches).astype(float))
    assert (
        found.fallback == [FallbackLevel.MISSING if one is None else FallbackLevel.CERTAIN for one in probable]
    ).all()
