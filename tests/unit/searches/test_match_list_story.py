"""`MatchList.explain`, `compare` and `why` in Python, with and without frequencies."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hla_match.choice.policies import RankingPolicy
from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

BUILTIN = Nomenclature.builtin()
PATIENT = Patient(typings={"A": ("02:01", "24:02"), "B": ("40:01", "46:01")})
CRITERIA = SearchCriteria(scope="A,B", max_mismatches=1)


def found(*, with_frequencies: bool) -> MatchList:
    donors = pl.DataFrame(
        {
            "person_id": ["sure", "open", "one", "two", "away"],
            "A_1": ["02:01", "2", "02:01", "11:01", "02:01"],
            "A_2": ["24:02", "24:XX", "11:01", "11:01", "24:02"],
            "B_1": ["40:01", "40:XX", "40:01", "40:01", "40:01"],
            "B_2": ["46:01", "46:01", "46:01", "46:01", "46:01"],
            "status": ["AV", "AV", "AV", "AV", "TU"],
        }
    )
    registry, _ = build_registry(donors, BUILTIN, name="five", provenance={"imported_on": "2026-01-01"})
    if not with_frequencies:
        return Matcher(registry).search(PATIENT, CRITERIA)
    rows = [("02:01", "46:01", 0.4), ("24:02", "40:01", 0.3), ("24:02", "40:02", 0.2), ("11:01", "40:01", 0.1)]
    table = pl.DataFrame(rows, ["A", "B", "frequency"], orient="row").with_columns(population=pl.lit(""))
    imputed = ImputedRegistry.of(registry, code_haplotypes(table, BUILTIN, name="four"))
    return Matcher(registry, imputed).search(PATIENT, CRITERIA)


def test_why_takes_a_position_or_two_donors() -> None:
    matches = found(with_frequencies=False)
    assert matches.to_polars()["donor_id"].to_list() == ["sure", "one", "open"]
    assert matches.why("sure", "one").endswith(f" by {matches.why(0)}.")
    assert matches.why(1, 0) == matches.why(0, 1) == matches.why("one", "sure")
    assert matches.why("open", "sure").startswith("sure stands before open by resolved")
    with pytest.raises(IndexError):
        matches.why(len(matches) - 1)
    with pytest.raises(CriteriaError, match="second"):
        matches.why("sure")
    with pytest.raises(CriteriaError, match="position"):
        matches.explain(99)
    with pytest.raises(CriteriaError, match="donor"):
        matches.explain("nobody")


def test_positions_are_whole_numbers_of_any_kind() -> None:
    matches = found(with_frequencies=False)
    assert matches.explain(np.int64(1)).donor_id == matches.explain(1).donor_id == "one"
    assert matches.why(np.uint8(0)) == matches.why(0)
    assert matches.why(np.int32(1), "sure") == matches.why(1, 0)
    for wrong in (True, False, np.True_, 1.0, None, np.array([0, 1])):
        for ask in (matches.explain, matches.why, lambda one: matches.compare(one, 0)):
            with pytest.raises(CriteriaError, match="the identifier of a donor, or a position in the list"):
                ask(wrong)


def test_what_is_said_of_a_part_of_a_list_holds_of_the_part() -> None:
    matches = found(with_frequencies=False)
    last, first = matches.take(slice(1, 3)), matches.take(slice(0, 2))
    assert last.explain("sure").place == "meets the criteria, and is not in this part of the list of 3 donors"
    assert last.explain("sure").reasons == ()
    assert last.explain("away").place == "not in the list"
    assert first.explain("open").place == "meets the criteria, and stands behind the 2 listed of 3 donors"
    (reason,) = first.explain("open").reasons
    assert reason.startswith("Behind one, the last one listed: resolved")
    assert first.explain("away").place == "not in the list; would be rank 1 if let in"
    assert matches.take(slice(0, 0)).explain("sure").place.startswith("meets the criteria, and is not in this part")
    assert matches.take(slice(0, 0)).explain("away").place == "not in the list"


def test_a_donor_of_more_mismatches_is_judged_by_the_probability_of_as_many() -> None:
    matches = found(with_frequencies=True)
    strict = matches.again(CRITERIA.model_copy(update={"min_p": 0.5, "max_mismatches": 0}), matches.policy)
    (obstacle,) = strict.explain("two").obstacles
    assert obstacle.change == {"max_mismatches": 2}
    let_in = strict.again(strict.criteria.model_copy(update=dict(obstacle.change)), strict.policy)
    assert "two" in let_in.to_polars()["donor_id"].to_list()


def test_an_explanation_holds_its_facts_as_data() -> None:
    one = found(with_frequencies=False).explain("one")
    assert (one.rank, one.obstacles, one.row["donor_typing"]) == (2, (), "A*02:01+A*11:01^B*40:01+B*46:01")
    assert [(story.locus, story.in_scope, story.grades) for story in one.loci] == [("A", True, "AM"), ("B", True, "AA")]
    two = found(with_frequencies=False).explain("two")
    assert [obstacle.change for obstacle in two.obstacles] == [{"max_mismatches": 2}]
    away = found(with_frequencies=False).explain("away")
    assert away.place == "not in the list; would be rank 1 if let in"
    assert "statuses=('AV', 'TU')" in str(away)


def test_probabilities_are_those_of_the_list_and_of_donors_outside_it() -> None:
    matches = found(with_frequencies=True)
    by_id = {row["donor_id"]: row for row in matches.to_polars().to_dicts()}
    for name, row in by_id.items():
        explained = matches.explain(name)
        assert {key: explained.row[key] for key in ("p0", "p1", "fallback")} == {
            key: row[key] for key in ("p0", "p1", "fallback")
        }
    assert matches.explain("away").row["p0"] == 1.0
    assert matches.explain("two").row["p0"] == 0.0
    assert "both match with" in str(matches.explain("open"))
    assert "fallback: registry" in str(matches.explain("open"))


def test_two_donors_are_compared_with_the_key_that_decides() -> None:
    matches = found(with_frequencies=True)
    compared = matches.compare("one", "sure")
    assert compared.why.startswith("sure stands before one by ")
    assert "p0" in compared.why
    assert compared.first.donor_id == "one"
    assert all(len(line) <= 80 for line in str(compared).splitlines())


def test_sensitivity_with_frequencies_says_what_they_change() -> None:
    matches = found(with_frequencies=True)
    choices = {change.choice: change for change in matches.sensitivity(others={"as it is": matches})}
    assert choices["as it is"].frame.is_empty()
    assert str(choices["as it is"]) == "as it is: the first 3 stay as they are"
    without = choices["without frequencies, by plain"]
    expected = Matcher(matches.registry).search(PATIENT, CRITERIA, policy="plain").to_polars()["donor_id"].to_list()
    listed = matches.to_polars()["donor_id"].to_list()
    assert set(without.frame["donor_id"]) == {
        name for name in {*expected, *listed} if name not in expected or expected.index(name) != listed.index(name)
    }


def test_the_least_probability_that_was_asked_for_keeps_donors_out() -> None:
    matches = found(with_frequencies=True)
    probable = matches.again(CRITERIA.model_copy(update={"min_p": 0.99, "max_mismatches": 0}), matches.policy)
    assert probable.donor.tolist() == matches.donor[: len(probable)].tolist() != matches.donor.tolist()
    row = matches.explain("open").row
    left_out = probable.explain("open")
    (obstacle,) = left_out.obstacles
    assert obstacle.criterion == "with a probability of that of at least 99%, or not known"
    assert obstacle.change["min_p"] == pytest.approx(row["p0"], abs=1e-3)
    opened = probable.again(probable.criteria.model_copy(update=dict(obstacle.change)), probable.policy)
    assert "open" in opened.to_polars()["donor_id"].to_list()


def test_the_nearest_donors_are_named_whatever_was_asked_for() -> None:
    """No donor is of the city, and a least probability and filters of a policy were asked for as well."""
    matches = found(with_frequencies=True)
    asked = CRITERIA.model_copy(update={"city": ("Ningbo",), "min_p": 0.9})
    policy = RankingPolicy("near", matches.policy.keys, filters=(("statuses", ("AV",)), ("max_age", 40)))
    nothing = matches.again(asked, policy)
    assert len(nothing) == 0
    near = {one.donor_id: [obstacle.criterion for obstacle in one.obstacles] for one in nothing.nearest()}
    assert near["sure"] == ["in Ningbo"]
    assert near["away"] == ["with status AV", "in Ningbo"]


def test_a_part_of_a_list_keeps_the_ranks_of_the_whole() -> None:
    matches = found(with_frequencies=False)
    part = matches.filter(donor_id=["one", "open"])
    assert [part.explain(name).rank for name in ("one", "open")] == [2, 3]
    assert "Behind rank 2 (one)" in str(part.explain("open"))
    assert part.explain("sure").place == "meets the criteria, and is not in this part of the list of 3 donors"


def test_of_a_part_the_order_of_the_whole_list_is_told() -> None:
    matches = found(with_frequencies=False)
    for part in (slice(1, 3), slice(1, 2)):
        told = [str(change) for change in matches.take(part).sensitivity(first=2)]
        assert told == [str(change) for change in matches.sensitivity(first=2)]


def test_what_explains_a_list_shows_itself_as_its_page() -> None:
    matches = found(with_frequencies=True)
    for page in (matches.explain(0), matches.compare(0, 1), *matches.sensitivity()):
        assert repr(page) == str(page)
        assert type(page).__name__ not in repr(page)


def test_genes_that_are_counted_as_one_place_are_told_as_they_were_reported() -> None:
    typed = {"A_1": "02:01", "A_2": "24:02", "DRB4_1": "01:03", "DRB4_2": "NNNN", "DRB5_1": "01:01", "DRB5_2": None}
    donors = pl.DataFrame([{"person_id": "D1", **typed}])
    registry, _ = build_registry(donors, BUILTIN, name="one", provenance={"imported_on": "2026-01-01"})
    patient = Patient(typings={"A": ("02:01", "24:02"), "DRB4": ("01:03", "01:03")})
    explained = Matcher(registry).search(patient, SearchCriteria(scope="A,DRB345", max_mismatches=2)).explain("D1")
    (place,) = [story for story in explained.loci if story.locus == "DRB345"]
    assert (place.patient, place.donor) == ("DRB4*01:03+DRB4*01:03", "DRB4*01:03+DRB4*NNNN^DRB5*01:01")
    assert (place.patient_read, place.donor_read, place.in_scope) == ("", "", True)
    (gene,) = [story for story in explained.loci if story.locus == "DRB4"]
    assert (gene.donor_read, gene.in_scope) == ("01:01P + absent", False)
