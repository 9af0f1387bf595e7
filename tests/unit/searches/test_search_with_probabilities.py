"""Searches with haplotype frequencies: columns, order, certain pairs, missing probabilities."""

import math

import polars as pl
import pytest

from hla_match.choice.policies import RankingPolicy
from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.prediction import predictor
from hla_match.searches.matcher import Matcher

NOMENCLATURE = Nomenclature.builtin()
# Haplotypes h1 to h4 of A and B.
FREQUENCIES = {("02:01", "46:01"): 0.5, ("11:01", "40:01"): 0.3, ("02:03", "46:01"): 0.1, ("11:01", "46:02"): 0.1}
DONORS = {
    "young": ("02:XX", "11:01", "46:01", "40:01", "2000-01-01"),  # h1 h2 (0.3) or h3 h2 (0.06)
    "certain": ("02:01", "11:01", "46:01", "40:01", "1970-01-01"),
    "other": ("02:03", "11:01", "46:01", "40:01", "1999-01-01"),
    "strange": ("02:01", "33:03", "58:01", "58:01", "1990-01-01"),
    "unknown": ("02:01/33:01", "11:01", "58:01/58:02", "40:01", "1990-01-01"),
    "new": ("NEW", "11:01", "46:01", "40:01", "1990-01-01"),
    "hidden": ("33:01/33:03", "11:01", "46:01", "40:01", "1990-01-01"),
}
PATIENT = Patient(typings={"A": ("02:01", "11:01"), "B": ("46:01", "40:01")})
CRITERIA = SearchCriteria(scope="A,B", max_mismatches=4)
OWN = RankingPolicy.from_dict({"name": "own", "keys": ["age", "p0+p1", "donor_id"]})


@pytest.fixture(scope="module")
def matcher():
    frame = pl.DataFrame(
        [(name, *typing) for name, typing in DONORS.items()],
        schema=["person_id", "A_1", "A_2", "B_1", "B_2", "birth_date"],
        orient="row",
    ).with_columns(pl.col("birth_date").str.to_date())
    registry, unreadable = build_registry(frame, NOMENCLATURE, name="six", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    rows = [(*haplotype, "", frequency) for haplotype, frequency in FREQUENCIES.items()]
    table = pl.DataFrame(rows, schema=["A", "B", "population", "frequency"], orient="row")
    return Matcher(registry, ImputedRegistry.of(registry, code_haplotypes(table, NOMENCLATURE, name="four")))


@pytest.fixture(scope="module")
def rows(matcher):
    return {row["donor_id"]: row for row in matcher.search(PATIENT, CRITERIA).to_polars().iter_rows(named=True)}


def test_probabilities_are_those_of_the_diplotypes(rows):
    assert rows["young"]["p0"] == pytest.approx(0.3 / 0.36)
    assert rows["young"]["p1"] == pytest.approx(0.06 / 0.36)
    assert rows["young"]["p_A"] == pytest.approx(0.3 / 0.36)
    assert rows["young"]["p_B"] == 1.0
    assert (rows["young"]["frequency_set"], rows["young"]["fallback"]) == ("four", "registry")


def test_a_certain_pair_is_certain_without_frequencies(rows):
    assert (rows["certain"]["p0"], rows["other"]["p1"]) == (1.0, 1.0)
    assert rows["strange"]["p3"] == 1.0
    assert rows["strange"]["fallback"] == "certain"
    assert rows["strange"]["p_missing"] is None


def test_a_missing_probability_says_why(rows):
    # No panel has B*58, so that it is not known which of the two the donor has.
    assert rows["unknown"]["p0"] is None
    assert rows["unknown"]["fallback"] == "missing"
    assert rows["unknown"]["p_missing"] == "no frequencies explain the donor at B"


def test_an_allele_without_a_name_matches_nothing(rows):
    assert rows["new"]["p_A"] == 0.0
    assert rows["new"]["p1"] == pytest.approx(1.0)


def test_donors_stand_by_probability_and_the_impossible_last(matcher):
    assert matcher.search(PATIENT, CRITERIA).policy.name == "wmda"
    found = matcher.search(PATIENT, CRITERIA, policy="probability-first")
    order = found.to_polars()["donor_id"].to_list()
    assert order[:2] == ["certain", "young"]
    # Nothing explains the donor, yet the search knows that there is a mismatch at B.
    assert order.index("other") < order.index("unknown")
    assert found.why(0).startswith("p0: more probably no mismatch, in whole percent (100% before ")
    with pytest.raises(IndexError):
        found.why(len(order) - 1)


def test_an_unknown_probability_stands_before_an_impossible_match(matcher):
    # No panel has A*33: whether the donor matches is not known, while all others have a mismatch there.
    patient = Patient(typings={"A": ("33:03", "11:01"), "B": ("46:01", "40:01")})
    matches = matcher.search(patient, CRITERIA, policy="probability-first")
    found = matches.to_polars()
    assert matches.why(0) == "p0: not known before 0%"
    assert found["donor_id"][0] == "hidden"
    assert found["p0"][0] is None
    assert found["p0"][1] == 0.0


def test_the_policy_may_be_named(matcher):
    found = matcher.search(PATIENT, CRITERIA, policy="certain-first")
    assert found.policy.name == "certain-first"
    assert found[0].donor_id == "certain"
    assert found[0].probabilities == (1.0, 0.0, 0.0, 0.0, 0.0)


def test_limited_lists_keep_the_probabilities_of_their_donors(matcher):
    whole, first = matcher.search(PATIENT, CRITERIA), matcher.search(PATIENT, CRITERIA.model_copy(update={"limit": 2}))
    assert first.to_polars().equals(whole.to_polars().head(2))


def test_predict_takes_donors_in_any_order(matcher, rows):
    found = matcher.predict(PATIENT, ["other", "young"], scope="A,B")
    assert found.mismatches[:, 0] == pytest.approx([0.0, rows["young"]["p0"]])
    by_locus = found.loci_to_polars().filter(position=1)
    assert by_locus["none"].to_list() == pytest.approx([0.0, 0.0])
    assert by_locus["single"].to_list() == pytest.approx([1.0, 0.0])


def test_predict_refuses_donors_that_are_not_there(matcher):
    with pytest.raises(CriteriaError, match="donors"):
        matcher.predict(PATIENT, ["nobody"], scope="A,B")


def test_without_frequencies_there_are_no_predictions(matcher):
    plain = Matcher(matcher.registry)
    with pytest.raises(CriteriaError, match="frequencies"):
        plain.predict(PATIENT, ["young"], scope="A,B")
    with pytest.raises(CriteriaError, match="frequencies"):
        plain.impute(PATIENT)
    assert "p0" not in plain.search(PATIENT, CRITERIA).to_polars().columns


def test_impute_lists_what_a_person_may_carry(matcher):
    (part,) = matcher.impute(Patient(typings={"A": ("02:XX", "11:01"), "B": ("46:01", "40:01")}))
    assert part.probability == pytest.approx([0.3 / 0.36, 0.06 / 0.36])
    assert part.cut == pytest.approx(0.0, abs=1e-12)
    (first,) = matcher.impute(Patient(typings={"A": ("02:XX", "11:01"), "B": ("46:01", "40:01")}), limit=1)
    assert first.cut == pytest.approx(0.06 / 0.36)


def test_threads_change_nothing(matcher, monkeypatch):
    monkeypatch.setattr(predictor, "_FEWEST_PERSONS", 1)
    threaded = Matcher(matcher.registry, matcher.imputed, workers=2)
    assert threaded.search(PATIENT, CRITERIA).to_polars().equals(matcher.search(PATIENT, CRITERIA).to_polars())


def test_a_summary_reads_in_percent(matcher):
    summary = matcher.search(PATIENT, CRITERIA).summary()
    assert summary["P0"].to_list()[:2] == ["100%", "83%"]
    assert "n/a" in summary["P0"].to_list()
    assert not math.isnan(summary.height)


@pytest.mark.parametrize("policy", ["probability-first", OWN])
def test_an_order_by_probabilities_needs_frequencies(matcher, policy):
    without = Matcher(matcher.registry)
    with pytest.raises(CriteriaError, match="expected frequencies beside it") as caught:
        without.search(PATIENT, CRITERIA, policy=policy)
    assert caught.value.code == ErrorCode.CRITERIA_FREQUENCIES
    assert matcher.search(PATIENT, CRITERIA, policy=policy).to_polars().height == len(DONORS)


@pytest.mark.parametrize("wrong", ["young", [1, 2], None])
def test_donors_that_are_no_list_of_identifiers_are_refused(matcher, wrong):
    with pytest.raises(CriteriaError, match="expected a list of identifiers") as caught:
        matcher.predict(PATIENT, wrong, scope="A,B")
    assert "young" not in str(caught.value)


@pytest.mark.parametrize(("imputed", "workers"), [("han", 1), (None, 0), (None, "2")])
def test_a_matcher_of_what_cannot_be_is_refused(matcher, imputed, workers):
    with pytest.raises(CriteriaError, match=r"^(imputed|workers): found"):
        Matcher(matcher.registry, imputed, workers=workers)


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_donors_of_too_little_probability_are_left_out(matcher, most):
    asked = CRITERIA.model_copy(update={"max_mismatches": most})
    whole = matcher.search(PATIENT, asked)
    rows = whole.to_polars()
    probability = rows.select(pl.sum_horizontal([f"p{k}" for k in range(most + 1)], ignore_nulls=False)).to_series()
    for least in (0.01, 0.3, 1.0):
        found = matcher.search(PATIENT, asked.model_copy(update={"min_p": least}))
        kept = rows.filter(probability.is_null() | (probability >= least - 1e-9))
        assert found.to_polars().drop("rank").equals(kept.drop("rank"))
        counts = list(found.criteria_counts.items())
        assert counts[-2][1] == whole.n_found
        assert counts[-1] == (f"with a probability of that of at least {100 * least:g}%, or not known", kept.height)
