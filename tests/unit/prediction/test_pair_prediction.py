"""All pairs of many patients and many donors: the same numbers as patient by patient, whatever way they are found."""

import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError, TypingError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry, imputed_on_demand
from hla_match.kernels.prediction import genotype_pairs
from hla_match.loci import LOCI as ALL_LOCI
from hla_match.matching.criteria import Patient
from hla_match.nomenclature.release import Nomenclature
from hla_match.prediction import pair_prediction
from hla_match.searches.matcher import Matcher

NOMENCLATURE = Nomenclature.builtin()
LOCI = ("A", "B", "DRB1", "DQB1")
FREQUENCIES = {
    ("02:01", "46:01", "09:01", "03:03"): 0.3,
    ("11:01", "40:01", "09:01", "03:03"): 0.2,
    ("02:03", "46:01", "04:05", "04:01"): 0.1,
    ("11:01", "46:02", "04:05", "04:01"): 0.1,
    ("24:02", "51:11N", "12:02", "03:01"): 0.1,
    ("24:02", "40:01", "12:02", "03:01"): 0.1,
    ("02:01", "40:01", "12:02", "03:03"): 0.1,
}
# Typings at the loci in turn, "" where not typed.
PERSONS = {
    "resolved": ("02:01", "11:01", "46:01", "40:01", "09:01", "09:01", "03:03", "03:03"),
    "equal": ("02:01", "11:01", "46:01", "40:01", "09:01", "09:01", "03:03", "03:03"),
    "coarse": ("02:XX", "11:XX", "46:XX", "40:XX", "", "", "", ""),
    "homozygous": ("11:01", "", "40:01", "", "09:01", "", "", ""),
    "hardly": ("02:XX", "24:XX", "", "", "", "", "", ""),
    "anybody": ("", "", "", "", "", "", "03:XX", "03:XX"),
    "null": ("24:02", "24:02", "51:11N", "40:01", "12:02", "12:02", "", ""),
    "maybe null": ("24:02", "11:01", "51:11N/40:01", "40:01", "", "", "", ""),
    # No pair of haplotypes, but each block or locus by itself.
    "blocks": ("02:03", "24:02", "46:01", "40:01", "04:05", "12:XX", "", ""),
    "mixed": ("02:XX", "24:02", "46:02", "40:01", "09:01", "12:XX", "", ""),
    # No frequencies explain what has no name here, or no such allele.
    "strange": ("02:01", "33:03", "58:01", "58:01", "09:01", "09:01", "03:03", "03:03"),
    "unknown": ("02:01/33:01", "11:01", "58:01/58:02", "40:01", "09:01", "09:01", "", ""),
    "new": ("NEW", "11:01", "46:01", "40:01", "09:01", "09:01", "", ""),
}
COLUMNS = [f"{locus}_{side}" for locus in LOCI for side in (1, 2)]
SCOPES = ("A,B", "A,B,DRB1,DQB1", "DRB1", "10/10", "DQB1,C")


def patient_of(typing):
    pairs = {locus: typing[2 * i : 2 * i + 2] for i, locus in enumerate(LOCI)}
    return Patient(typings=pairs)


PATIENTS = [patient_of(typing) for typing in PERSONS.values()]
PATIENTS.append(Patient(typings={"A": ("02:01", "11:01"), "C": ("01:02", "03:04")}))


@pytest.fixture(scope="module")
def matcher():
    frame = pl.DataFrame(
        [(name, *typing) for name, typing in PERSONS.items()], schema=["person_id", *COLUMNS], orient="row"
    )
    frame = frame.with_columns(pl.col(COLUMNS).replace("", None))
    registry, unreadable = build_registry(frame, NOMENCLATURE, name="many", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    # The populations know the same haplotypes; what is frequent in one is rare in the other.
    reverse = reversed(FREQUENCIES.values())
    rows = [(*haplotype, "north", frequency) for haplotype, frequency in FREQUENCIES.items()]
    rows += [(*haplotype, "south", frequency) for haplotype, frequency in zip(FREQUENCIES, reverse, strict=True)]
    table = pl.DataFrame(rows, schema=[*LOCI, "population", "frequency"], orient="row")
    return Matcher(registry, ImputedRegistry.of(registry, code_haplotypes(table, NOMENCLATURE, name="seven")))


@pytest.fixture(scope="module")
def expected(matcher):
    donors = matcher.registry.attributes["donor_id"].to_list()
    return {
        scope: np.stack([matcher.predict(patient, donors, scope=scope).mismatches for patient in PATIENTS])
        for scope in SCOPES
    }


def same(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("scope", SCOPES)
def test_all_pairs_are_as_patient_by_patient(matcher, expected, scope):
    same(matcher.predict_pairs(PATIENTS, scope=scope), expected[scope])


def test_the_small_registry_has_pairs_of_every_kind(matcher, expected):
    whole = expected["A,B,DRB1,DQB1"]
    assert np.isnan(whole).any()
    assert ((whole > 0) & (whole < 1)).any()
    assert (expected["A,B"] == 1).any()
    assert np.isnan(expected["10/10"]).all()
    donors = matcher.imputed.donors
    assert np.diff(donors.classes.person_part).max() > 1


@pytest.mark.parametrize("limit", [0, 1, 2, 5])
@pytest.mark.parametrize("side", ["PATIENT_DIPLOTYPES", "DONOR_DIPLOTYPES"])
def test_persons_of_many_diplotypes_are_predicted_one_by_one(matcher, expected, monkeypatch, side, limit):
    monkeypatch.setattr(pair_prediction, side, limit)
    for scope in ("A,B", "A,B,DRB1,DQB1"):
        same(matcher.predict_pairs(PATIENTS, scope=scope), expected[scope])


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 10])
def test_neither_threads_nor_tiles_change_anything(matcher, monkeypatch, workers, size):
    once = matcher.predict_pairs(PATIENTS, scope="A,B,DRB1,DQB1")
    monkeypatch.setattr(pair_prediction, "TILE_GENOTYPES", size)
    monkeypatch.setattr(pair_prediction, "BLOCK_DIPLOTYPES", 2 * size)
    monkeypatch.setattr(pair_prediction, "_DONORS_A_TASK", size)
    monkeypatch.setattr(pair_prediction, "_ROWS_A_TASK", size)
    threaded = Matcher(matcher.registry, matcher.imputed, workers=workers)
    found = threaded.predict_pairs(PATIENTS, scope="A,B,DRB1,DQB1")
    assert np.array_equal(found, once, equal_nan=True)


def test_many_donors_of_one_task_are_each_their_own(matcher):
    # More than are written together.
    names = [f"{first}:{second:02}" for first, many in (("02", 12), ("11", 6), ("24", 6)) for second in range(1, many)]
    frame = pl.DataFrame({"person_id": [f"D{k}" for k in range(60)]}).with_columns(
        A_1=pl.Series([names[k % 7] for k in range(60)]),
        A_2=pl.Series([names[7 + k % 9] for k in range(60)]),
        B_1=pl.lit("46:01"),
        B_2=pl.lit("40:01"),
    )
    registry, unreadable = build_registry(frame, NOMENCLATURE, name="task", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    rows = [(name, allele, "", 1.0 / (k + 1)) for k, name in enumerate(names) for allele in ("46:01", "40:01")]
    table = pl.DataFrame(rows, schema=["A", "B", "population", "frequency"], orient="row")
    table = table.with_columns(pl.col("frequency") / pl.col("frequency").sum())
    many = Matcher(registry, ImputedRegistry.of(registry, code_haplotypes(table, NOMENCLATURE, name="task")))
    assert many.imputed.donors.classes.person_missing.size > 2 * genotype_pairs._DONORS_AT_ONCE
    patients = [Patient(typings={"A": (names[k], names[k + 8]), "B": ("46:01", "40:01")}) for k in range(5)]
    donors = registry.attributes["donor_id"].to_list()
    wanted = np.stack([many.predict(patient, donors, scope="A,B").mismatches for patient in patients])
    assert not np.isnan(wanted).all()
    same(many.predict_pairs(patients, scope="A,B"), wanted)


def test_donors_come_in_the_order_asked_for(matcher, expected):
    named = ["null", "equal", "blocks", "resolved", "null", "unknown"]
    order = matcher.registry.attributes["donor_id"].to_list()
    rows = [order.index(name) for name in named]
    same(matcher.predict_pairs(PATIENTS, named, scope="A,B"), expected["A,B"][:, rows])


def test_donors_imputed_on_demand_are_the_same(matcher, expected):
    lazy = Matcher(matcher.registry, imputed_on_demand(matcher.registry, matcher.imputed.panels))
    same(lazy.predict_pairs(PATIENTS, scope="A,B"), expected["A,B"])


def test_nobody_is_asked_for(matcher):
    assert matcher.predict_pairs([], scope="A,B").shape == (0, len(PERSONS), 5)
    assert matcher.predict_pairs(PATIENTS, [], scope="A,B").shape == (len(PATIENTS), 0, 5)


def test_patients_are_predicted_by_their_own_populations(matcher, expected):
    homes = ("north", "south", "elsewhere", None)
    patients = [
        patient.model_copy(update={"population": home, "patient_id": str(home)})
        for patient in PATIENTS
        for home in homes
    ]
    donors = matcher.registry.attributes["donor_id"].to_list()
    found = matcher.predict_pairs(patients, scope="A,B")
    same(found, np.stack([matcher.predict(patient, donors, scope="A,B").mismatches for patient in patients]))
    same(found[2::4], expected["A,B"])
    assert np.nanmax(np.abs(found[0::4] - found[1::4])) > 0.01


def test_what_cannot_be_asked_is_refused(matcher):
    with pytest.raises(CriteriaError, match="frequencies"):
        Matcher(matcher.registry).predict_pairs(PATIENTS)
    with pytest.raises(CriteriaError, match="donors"):
        matcher.predict_pairs(PATIENTS, ["nobody"])
    with pytest.raises(TypingError):
        matcher.predict_pairs([*PATIENTS, Patient(typings={"A": ("rubbish", "")})])


def test_bytes_do_not_overflow():
    assert genotype_pairs.TOO_MANY + 2 * len(ALL_LOCI) <= np.iinfo(np.uint8).max
