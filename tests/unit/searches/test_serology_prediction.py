"""Probabilities do not contradict counts where serology tells apart what some allele of the frequencies could be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import imputed_on_demand
from hla_match.imputation.panels import build_panels, registry_tables
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher

NOMENCLATURE = Nomenclature.builtin()
# Of B*38:03 no more than B16 is known, so that it is behind B38 and behind B39.
HAPLOTYPES = {"A*02:01~B*38:03": 0.4, "A*02:01~B*38:02": 0.2, "A*02:01~B*39:01": 0.2, "A*11:01~B*38:03": 0.2}
SCOPES = pytest.mark.parametrize("scope", ["A,B", "A,B,DRB1"], ids=["all loci typed", "a locus that no donor has"])
DONORS = {"B39": ("A2", "A2", "B39", "B39"), "B38": ("A2", "A2", "B38", "B38"), "one": ("A2", "A2", "B38", "B39")}


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    """Two loci are typed, and frequencies know a third."""
    columns = dict(zip(("A_1", "A_2", "B_1", "B_2"), zip(*DONORS.values(), strict=True), strict=True))
    registry, unreadable = build_registry(
        pl.DataFrame({"person_id": list(DONORS), **columns}),
        NOMENCLATURE,
        name="x",
        provenance={"imported_on": "2026-01-01"},
    )
    assert not unreadable
    alleles = [[name.partition("*")[2] for name in haplotype.split("~")] + ["15:01"] for haplotype in HAPLOTYPES]
    table = pl.DataFrame(alleles, schema=["A", "B", "DRB1"], orient="row").with_columns(
        population=pl.lit(""), frequency=pl.Series(HAPLOTYPES.values())
    )
    panels = build_panels(code_haplotypes(table, NOMENCLATURE, name="four"), registry_tables(registry))
    return Matcher(registry, imputed=imputed_on_demand(registry, panels))


def found(matcher: Matcher, patient: Patient, scope: str) -> dict[str, tuple[int, int, list[float]]]:
    """Best count, worst count and probabilities of each donor, after they were compared with those of all pairs."""
    matches = matcher.search(patient, SearchCriteria(scope=scope, max_mismatches=4))
    assert matches.prediction is not None
    donors = matches.to_polars()["donor_id"].to_list()
    pairs = matcher.predict_pairs([patient], donors, scope=scope)[0]
    assert pairs == pytest.approx(matches.prediction.mismatches, abs=1e-9)
    counts = matches.to_polars().select("matches_best", "matches_worst").rows()
    return {
        donor: (*count, row)
        for donor, count, row in zip(donors, counts, matches.prediction.mismatches.tolist(), strict=True)
    }


@SCOPES
def test_antigens_that_are_told_apart_have_no_probability_of_a_match(matcher: Matcher, scope: str) -> None:
    patient = Patient(typings={"A": ("A2", ""), "B": ("B38", "")})
    donors = found(matcher, patient, scope)
    n_alleles = 2 * len(scope.split(","))
    assert donors["B39"] == (n_alleles - 2, 0, pytest.approx([0.0, 0.0, 1.0, 0.0, 0.0]))
    assert donors["one"][0] == n_alleles - 1
    assert donors["one"][2][0] == 0.0
    assert sum(donors["one"][2]) == pytest.approx(1.0)
    assert donors["B38"][2][0] > 0.3


@SCOPES
@pytest.mark.parametrize("b", [("B38", "B39"), ("B39", "B39"), ("38:02", "B39"), ("38:02", "39:01"), ("B16", "")])
def test_probabilities_are_within_the_counts(matcher: Matcher, b: tuple[str, str], scope: str) -> None:
    n_alleles = 2 * len(scope.split(","))
    for best, worst, p in found(matcher, Patient(typings={"A": ("02:01", ""), "B": b}), scope).values():
        possible = [n_alleles - worst >= number >= n_alleles - best for number in range(5)]
        assert sum(p) == pytest.approx(1.0)
        assert not np.array(p)[~np.array(possible)].any()


def test_what_is_said_of_a_locus_fits(matcher: Matcher) -> None:
    patient = Patient(typings={"A": ("A2", ""), "B": ("B38", "")})
    given = matcher.predict(patient, ["B39", "one", "B38"], scope="A,B")
    assert given.p_both[:, 1].tolist()[:2] == [0.0, 0.0]
    assert given.p_one[0, 1] == 0.0
    assert (given.p_both + given.p_one <= 1.0 + 1e-12).all()
    assert np.isnan(given.p_only_mismatch[0]).all()
    assert given.p_only_mismatch[1].tolist() == [0.0, 1.0]
