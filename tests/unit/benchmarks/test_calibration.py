"""What the calibration rests on: reports that say no more than what they allow, and errors that are known."""

import numpy as np
import polars as pl
import pytest

from benchmarks.calibration import measure_names, simulated_pairs
from benchmarks.calibration_bins import N_BINS, Pairs, bin_name, bin_of, off, picture, reliability_table, standard_error
from benchmarks.frequency_sets import frequency_set, nomenclature_of, one_population
from benchmarks.simulated_persons import DONOR_DECADES, METHODS, Laboratory, matching_alleles
from hla_match.kernels.codes import FIRST_P_GROUP

LOCI = ("A", "B", "C", "DRB1", "DQB1")


@pytest.fixture(scope="module")
def nomenclature():
    return nomenclature_of(None)


@pytest.fixture(scope="module")
def laboratory(nomenclature):
    chosen = one_population(frequency_set(None, nomenclature), LOCI, most_frequent=2000)
    return Laboratory(chosen, nomenclature, seed=3)


@pytest.mark.parametrize("method", METHODS)
def test_whoever_can_have_a_text_reports_it_as_often(laboratory, nomenclature, method):
    """A text's alleles are those that report it, and with several kits each of them reports it as often."""
    frequencies = laboratory.frequencies
    persons = laboratory.persons(3000, decades=DONOR_DECADES, seed=5, prefix="D", method=method)
    for column, locus in enumerate(frequencies.loci):
        known = set((np.unique(frequencies.allele[:, column]) - FIRST_P_GROUP).tolist())
        first, second = (persons.reported[f"{locus}_{side}"].to_list() for side in (1, 2))
        assert None not in first
        means = {text: set(nomenclature.expand(locus, text).p_codes) & known for text in {*first, *second} - {None}}
        for one, other, genotype in zip(first, second, persons.genotype[:, column] - FIRST_P_GROUP, strict=True):
            sets = means[one], means[other or one]
            lesser, greater = genotype.tolist()
            assert (lesser in sets[0] and greater in sets[1]) or (lesser in sets[1] and greater in sets[0])
            # The two parts are of one partition: the same, or without a common allele.
            assert sets[0] == sets[1] if other is None else not sets[0] & sets[1]
        if method != "list":
            parts = {frozenset(one) for one in means.values()}
            assert sum(map(len, parts)) == len(set().union(*parts))


def test_persons_are_drawn_by_their_frequencies(laboratory):
    persons = laboratory.persons(20_000, decades=DONOR_DECADES, seed=6, prefix="D")
    frequencies = laboratory.frequencies
    code, share = np.unique(frequencies.allele[:, 0], return_inverse=True)
    wanted = np.bincount(share, frequencies.frequency[0])
    found = np.array([(persons.genotype[:, 0] == one).mean() for one in code])
    np.testing.assert_allclose(found, wanted, atol=5 * np.sqrt(0.25 / 40_000))


def test_matching_alleles_is_the_better_pairing():
    one = np.array([[[2, 3]], [[2, 3]], [[2, 2]], [[2, 3]]], np.int32)
    other = np.array([[[3, 2]], [[3, 4]], [[2, 3]], [[4, 5]]], np.int32)
    assert matching_alleles(one, other)[:, 0].tolist() == [2, 1, 1, 0]


def test_every_probability_has_its_bin():
    values = np.linspace(0, 1, 10_001)
    number = bin_of(values)
    assert number[0] == 0
    assert number[-1] == N_BINS - 1
    for value, one in zip(values[1:-1].tolist(), number[1:-1].tolist(), strict=True):
        low, high = map(float, bin_name(one).split("-"))
        assert low <= value < high


def test_error_of_independent_pairs_is_binomial_and_clusters_widen_it():
    predicted = np.full(400, 0.25)
    observed = np.repeat([True, False, False, False], 100)
    every = np.ones(400, np.bool_)
    alone = standard_error(Pairs("P", predicted, observed), every)
    assert alone == pytest.approx(np.sqrt(0.25 * 0.75 / 400))
    ten_a_patient = np.arange(400) // 10
    clustered = Pairs("P", predicted, observed, patient=ten_a_patient, donor=np.arange(400))
    # Forty patients, of whom all ten pairs match or none: as forty independent pairs.
    assert standard_error(clustered, every) == pytest.approx(np.sqrt(0.25 * 0.75 / 40))


def test_a_wrong_prediction_is_off_and_never_must_be_never():
    rng = np.random.default_rng(1)
    observed = rng.random(1000) < 0.5
    assert off(reliability_table(Pairs("P", np.full(1000, 0.5), observed))).is_empty()
    assert off(reliability_table(Pairs("P", np.full(1000, 0.35), observed))).height == 1
    never = reliability_table(Pairs("P", np.zeros(1000), np.arange(1000) == 7))
    assert never["z"].to_list() == [np.inf]
    assert off(never).height == 1


def test_simulated_pairs_share_no_person_within_a_bin_and_fill_a_picture(laboratory, nomenclature):
    pairs, _ = simulated_pairs(laboratory, nomenclature, n_donors=1500, n_patients=60, seed=2)
    assert [one.measure for one in pairs] == measure_names(laboratory.frequencies.loci)
    tables = {one.measure: reliability_table(one) for one in pairs}
    assert pl.concat(tables.values())["pairs"].max() <= 60
    drawing = picture(tables, "title")
    assert drawing.startswith("<svg")
    assert drawing.count("<circle") == sum(table.height for table in tables.values())
    assert reliability_table(pairs[0]).filter(pl.col("bin") == "1")["observed"].to_list() in ([], [1.0])
