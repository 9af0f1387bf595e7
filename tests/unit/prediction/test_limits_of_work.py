"""What is too much to compare is cut, never silently: results stay lower bounds, and the cut closes the gap."""

import numpy as np
import pytest

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.genotypes import diplotypes, genotype_distribution
from hla_match.imputation.imputed_registry import ImputedRegistry, impute
from hla_match.imputation.panels import FallbackLevel, build_panels
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels.prediction import probable_pairs
from hla_match.kernels.prediction.packed_persons import PackedPart
from hla_match.prediction import few_genotypes, packed_genotypes, predictor
from hla_match.prediction.patient_imputation import PatientImputer
from hla_match.prediction.predictor import PatientPredictor
from hla_match.prediction.scope import PredictionScope
from hla_match.typings.encoding import Side, typing_table

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
SCOPE = PredictionScope(PANELS, LOCI)
PATIENT = PatientImputer(PANELS).impute({"DRB1": ((ONE, TWO),)})


def predicted(patient=PATIENT, donors=(0, 1, 2)):
    return PatientPredictor(patient, DONORS, SCOPE).predict(np.array(donors, np.uint32))


@pytest.mark.parametrize("limit", [1, 16, 100])
def test_what_is_cut_is_reported(monkeypatch, limit):
    exact = predicted()
    assert (exact.cut < 1e-9).all()
    monkeypatch.setattr(predictor, "DIPLOTYPES", limit)
    found = predicted()
    assert (found.cut > 0.01).any()
    assert (found.mismatches <= exact.mismatches + 1e-9).all()
    assert (found.mismatches + found.cut[:, None] >= exact.mismatches - 1e-9).all()
    # Loci by themselves are not listed.
    np.testing.assert_allclose(found.p_both, exact.p_both, atol=1e-9)
    by_locus = found.loci_to_polars()
    assert (by_locus["two"] + by_locus["one"] + by_locus["none"]).to_numpy() == pytest.approx(1 - found.patient_cut)


def test_alleles_that_get_no_name_are_cut(monkeypatch):
    exact = predicted()
    monkeypatch.setattr(packed_genotypes, "WORD_BITS", 7)
    found = predicted()
    assert 0 < found.patient_cut < 1
    assert (found.cut >= found.patient_cut - 1e-9).all()
    assert (found.mismatches <= exact.mismatches + 1e-9).all()
    assert (found.mismatches + found.cut[:, None] >= exact.mismatches - 1e-9).all()


def test_bounds_hold_whatever_of_the_patient_is_cut(monkeypatch):
    """The patient's other allele at A is anything but the donor's: there is one mismatch, of certain counts."""
    other = Side(tuple(code for code in ANY.codes if code != 3))
    typings = {"A": ((ONE, other),), "B": ((ONE, TWO),), "DRB1": ((ONE, TWO),)}
    patient, donors = PatientImputer(PANELS).impute(typings), registry((2, 2, 2))
    donor = np.zeros(1, np.uint32)
    monkeypatch.setattr(few_genotypes, "FEW_GENOTYPES", 0)
    exact = PatientPredictor(patient, donors, SCOPE).predict(donor)
    assert exact.mismatches[0].tolist() == pytest.approx([0, 1, 0, 0, 0])
    monkeypatch.setattr(packed_genotypes, "WORD_BITS", 6)
    prepared = PatientPredictor(patient, donors, SCOPE)
    assert prepared.predict(donor).patient_cut > 0.1
    assert prepared.bounds(donor)[0, 1] >= 1 - 1e-9


@pytest.mark.parametrize("tail", [0.0, 0.01, 0.3])
def test_of_many_diplotypes_the_least_probable_are_cut(tail):
    weight = np.array([8.0, 4.0, 2.0, 1.0, 1.0]) / 16
    pair, first = np.array([[0, 0]], np.uint16), np.array([0, 5])
    low, cut = _threshold(weight, pair, first, tail)
    products = np.outer(weight, weight)
    assert products[products >= low].sum() >= (1 - tail) * (1 - 1e-9)
    above = products[products > low * (1 + 1e-9)]
    assert above.sum() <= (1 - tail) * (1 + 1e-9)
    assert cut == pytest.approx(1 - products[products >= low].sum(), abs=1e-12)


def _threshold(weight, pair, first, tail):
    """The threshold where more than two pairs are not listed as a whole, uncompiled so that constants can be set."""
    function = getattr(probable_pairs.pair_threshold, "py_func", probable_pairs.pair_threshold)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probable_pairs, "TAIL", tail)
        patch.setattr(probable_pairs, "LISTED_WHOLE", 2)
        return function(100, PackedPart(1, float(weight.sum() ** 2), pair, first, np.arange(5), weight))


def test_a_pair_has_one_probability_in_every_search(monkeypatch):
    monkeypatch.setattr(predictor, "DIPLOTYPES", 16)
    together, alone = predicted(), predicted(donors=(1,))
    assert together.mismatches[1] == pytest.approx(alone.mismatches[0], abs=1e-12)


def test_few_mismatches_are_the_same_where_no_more_are_asked_for():
    prepared = PatientPredictor(PATIENT, DONORS, SCOPE)
    donors = np.arange(3, dtype=np.uint32)
    whole, near = prepared.predict(donors), prepared.predict(donors, most=1)
    np.testing.assert_allclose(near.mismatches[:, :2], whole.mismatches[:, :2], atol=1e-12)
    assert np.isnan(near.mismatches[:, 2:]).all()
    np.testing.assert_allclose(near.cut, whole.cut, atol=1e-12)


def test_equal_weights_fill_the_room_there_is():
    person = PATIENT.imputation
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
    person = PatientImputer(panels).impute({"A": ((ONE, TWO),)}).imputation
    found = genotype_distribution(person, panels, 0, LOCI)
    assert found.missing == ()
    assert found.fallback == FallbackLevel.LOCI


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_change_nothing_for_an_ambiguous_patient(monkeypatch, workers):
    monkeypatch.setattr(predictor, "_FEWEST_PERSONS", 1)
    alone = predicted()
    donors = np.arange(3, dtype=np.uint32)
    threaded = PatientPredictor(PATIENT, DONORS, SCOPE, workers=workers).predict(donors)
    assert np.array_equal(alone.mismatches, threaded.mismatches)
    assert np.array_equal(alone.p_both, threaded.p_both)
    assert np.array_equal(alone.fallback, threaded.fallback)


def test_of_persons_of_whom_hardly_anything_is_known_little_is_cut():
    allele = np.stack(np.meshgrid(*[np.arange(2, 10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int32)
    weight = 1 / np.random.default_rng(1).permutation(np.arange(1, allele.shape[0] + 1))
    frequencies = HaplotypeFrequencies("falling", LOCI, allele, ("",), weight[None] / weight.sum(), (), np.zeros(1), "")
    anything, some = Side(tuple(range(2, 10))), Side((2, 3, 4, 5))
    typings = [{}, {"A": ((anything, some),)}]
    tables = {"A": typing_table([(), typings[1]["A"]]), "B": typing_table([()]), "DRB1": typing_table([()])}
    panels = build_panels(frequencies, tables)
    typing = np.array([[0, 1], [0, 0], [0, 0]], np.int32)
    donors = ImputedRegistry(panels, impute(typing, np.zeros(2, np.int16), panels, typing_membership(panels, tables)))
    scope = PredictionScope(panels, LOCI)
    found = [
        PatientPredictor(PatientImputer(panels).impute(one), donors, scope).predict(np.arange(2, dtype=np.uint32))
        for one in typings
    ]
    assert all(((one.cut > 0) & (one.cut < 0.005)).all() for one in found)
    # A pair has the same probabilities whoever of the two is the patient.
    np.testing.assert_allclose(found[0].mismatches[1], found[1].mismatches[0], atol=0.005)
    np.testing.assert_allclose(found[0].p_both[1], found[1].p_both[0], atol=1e-9)
