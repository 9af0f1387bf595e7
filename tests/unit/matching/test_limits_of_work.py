"""What is too much to compare is cut, never silently: results stay lower bounds, and the cut closes the gap."""

import numpy as np
import pytest

from hla_match.encoding import Side, typing_table
from hla_match.frequencies.genotypes import diplotypes, genotype_distribution
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.frequencies.imputation import ImputedRegistry, impute, impute_typings
from hla_match.frequencies.panels import Step, build_panels
from hla_match.frequencies.typing_membership import typing_membership
from hla_match.matching import predictor
from hla_match.matching.predictor import PatientPredictor

LOCI = ("A", "B", "DRB1")
N_ALLELES = 4
# Every haplotype of four alleles a locus, all equally frequent: every weight is a tie.
EVERY = (
    np.stack(np.meshgrid(*[np.arange(2, 2 + N_ALLELES)] * 3, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int32)
)


def equal_frequencies(allele, loci=LOCI):
    n = allele.shape[0]
    return HaplotypeFrequencies("equal", loci, allele, ("",), np.full((1, n), 1 / n), (), np.zeros(1), "")


ANY = Side(tuple(range(2, 2 + N_ALLELES)))
ONE, TWO, THREE = Side((2,)), Side((3,)), Side((9,))
TABLES = {locus: typing_table([(), ((ANY, ANY),), ((ONE, TWO),), ((ONE, THREE),)]) for locus in LOCI}
PANELS = build_panels(equal_frequencies(EVERY), TABLES)


def registry(*donors):
    typing = np.array(donors, np.int32).T
    membership = typing_membership(PANELS, TABLES)
    population = np.zeros(len(donors), np.int16)
    return ImputedRegistry(PANELS, impute(np.ascontiguousarray(typing), population, PANELS, membership))


# One donor of whom nothing is known but that all loci were typed as anything, one resolved at B, one whom only blocks
# of loci explain (an allele at A that no haplotype has).
DONORS = registry((1, 1, 1), (1, 2, 1), (3, 1, 1))
PATIENT = predictor.impute_patient(PANELS, {"DRB1": ((ONE, TWO),)})


def predicted(patient=PATIENT, donors=(0, 1, 2)):
    return PatientPredictor(patient, DONORS, LOCI).predict(np.array(donors, np.uint32))


@pytest.mark.parametrize(("genotypes", "pairs"), [(16, 1 << 14), (1024, 16), (16, 16), (9, 1)])
def test_what_is_cut_is_reported(monkeypatch, genotypes, pairs):
    exact = predicted()
    assert (exact.cut < 1e-9).all()
    monkeypatch.setattr(predictor, "PATIENT_GENOTYPES", genotypes)
    monkeypatch.setattr(predictor, "DONOR_PAIRS", pairs)
    found = predicted()
    assert (found.cut > 0.01).any()
    assert (found.mismatches <= exact.mismatches + 1e-9).all()
    assert (found.mismatches + found.cut[:, None] >= exact.mismatches - 1e-9).all()
    by_locus = found.loci_to_polars()
    total = by_locus["two"] + by_locus["one"] + by_locus["none"]
    assert total.to_numpy() == pytest.approx(1 - found.patient_cut)


def test_a_pair_has_one_probability_in_every_search(monkeypatch):
    monkeypatch.setattr(predictor, "PATIENT_GENOTYPES", 16)
    together, alone = predicted(), predicted(donors=(1,))
    assert together.mismatches[1] == pytest.approx(alone.mismatches[0], abs=1e-12)


def test_equal_weights_fill_the_room_there_is():
    person = impute_typings(PANELS, {"DRB1": ((ONE, TWO),)})
    (part,) = diplotypes(person, PANELS, 0, limit=10)
    assert part.probability.size == 10
    assert part.cut == pytest.approx(1 - part.probability.sum())
    genotypes = genotype_distribution(person, PANELS, 0, LOCI, limit=10)
    assert genotypes.probability.size > 0
    assert genotypes.probability.sum() + genotypes.cut == pytest.approx(1)


def test_a_population_without_readable_haplotypes_does_not_count():
    frequencies = HaplotypeFrequencies(
        "two", LOCI, EVERY[:2], ("X", "Y"), np.array([[0.5, 0.25], [0.0, 0.0]]), (), np.array([0.0, 0.5]), ""
    )
    assert frequencies.pooled() == pytest.approx([2 / 3, 1 / 3])


def test_a_global_set_serves_the_loci_that_the_own_set_lacks():
    own = equal_frequencies(np.unique(EVERY[:, :2], axis=0), ("A", "B"))
    panels = build_panels(own, TABLES, equal_frequencies(EVERY))
    person = impute_typings(panels, {"A": ((ONE, TWO),)})
    found = genotype_distribution(person, panels, 0, LOCI)
    assert found.missing == ()
    assert found.step == Step.LOCI


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_change_nothing_for_an_ambiguous_patient(monkeypatch, workers):
    monkeypatch.setattr(predictor, "_FEWEST_PERSONS", 1)
    alone = predicted()
    donors = np.arange(3, dtype=np.uint32)
    threaded = PatientPredictor(PATIENT, DONORS, LOCI, workers=workers).predict(donors)
    assert np.array_equal(alone.mismatches, threaded.mismatches)
    assert np.array_equal(alone.two, threaded.two)
    assert np.array_equal(alone.step, threaded.step)
