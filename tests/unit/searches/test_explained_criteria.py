"""Explanations of lists of narrow criteria: a least probability, filters of the policy, limits of several loci."""

from __future__ import annotations

import datetime
from dataclasses import replace

import polars as pl
import pytest

from hla_match.choice.policies import POLICIES
from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import CriteriaError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher
from hla_match.searches.sensitivity import rank_change

BUILTIN = Nomenclature.builtin()
PATIENT = Patient(typings={"A": ("02:01", "24:02"), "B": ("40:01", "46:01"), "DRB1": ("09:01", "15:01")})
CRITERIA = SearchCriteria(scope="A,B,DRB1", max_mismatches=1, as_of=datetime.date(2026, 1, 1))
TYPED = {
    "same": ("02:01", "24:02", "40:01", "46:01", "09:01", "15:01"),
    "one": ("02:01", "11:01", "40:01", "46:01", "09:01", "15:01"),
    "two": ("02:01", "11:01", "40:01", "07:02", "09:01", "15:01"),
    "five": ("11:01", "11:01", "07:02", "07:02", "03:01", "15:01"),
}
LOCI = ("A", "B", "DRB1")


def registry_of(names: tuple[str, ...] = tuple(TYPED)) -> Registry:
    columns = [f"{locus}_{number}" for locus in LOCI for number in (1, 2)]
    rows = [dict(zip(columns, TYPED[name], strict=True)) | {"person_id": name} for name in names]
    born = pl.lit(datetime.date(1990, 6, 1)).alias("birth_date")
    donors = pl.DataFrame(rows).with_columns(born, status=pl.lit("AV"))
    return build_registry(donors, BUILTIN, name="few", provenance={"imported_on": "2026-01-01"})[0]


def matcher(names: tuple[str, ...] = tuple(TYPED)) -> Matcher:
    registry = registry_of(names)
    rows = [
        ("02:01", "46:01", "09:01", 0.4), ("24:02", "40:01", "15:01", 0.3), ("11:01", "07:02", "03:01", 0.1),
        ("11:01", "07:02", "15:01", 0.1), ("11:01", "40:01", "15:01", 0.05), ("11:01", "46:01", "09:01", 0.05),
    ]  # fmt: skip
    table = pl.DataFrame(rows, [*LOCI, "frequency"], orient="row").with_columns(population=pl.lit(""))
    return Matcher(registry, ImputedRegistry.of(registry, code_haplotypes(table, BUILTIN, name="six")))


def asked(**changed: object) -> SearchCriteria:
    return CRITERIA.model_copy(update=changed)


def let_in(found: MatchList, name: str) -> bool:
    """Whether everything together that is said to let a donor in does so."""
    changes = {key: value for one in found.explain(name).obstacles for key, value in one.change.items()}
    opened = found.again(found.criteria.model_copy(update=changes), replace(found.policy, filters=()))
    return name in opened.to_polars()["donor_id"].to_list()


def test_the_nearest_donors_of_a_list_by_probability() -> None:
    found = matcher().search(PATIENT, asked(max_age=17, min_p=0.05))
    assert not len(found)
    near = found.nearest()
    assert [one.donor_id for one in near] == ["same", "one", "two"]
    assert all(let_in(found, one.donor_id) for one in near)
    far = matcher(("five",)).search(PATIENT, asked(min_p=0.05))
    assert [one.donor_id for one in far.nearest()] == ["five"]


def test_a_donor_of_more_mismatches_than_are_predicted_is_let_in_without_a_probability() -> None:
    found = matcher().search(PATIENT, asked(min_p=0.05))
    by_mismatches, by_probability = found.explain("five").obstacles
    assert by_mismatches.change == {"max_mismatches": 5, "min_p": None}
    assert by_probability.change == {"min_p": None}
    assert let_in(found, "five")
    assert let_in(found, "two")


@pytest.mark.parametrize("most", [0, 4])
def test_the_order_of_a_list_by_probability_rests_on_choices(most: int) -> None:
    found = matcher().search(PATIENT, asked(max_mismatches=most, min_p=0.05))
    choices = {change.choice: change for change in found.sensitivity()}
    assert "without frequencies, by plain" in choices
    assert ("with at most 3 mismatches" in choices) == (most == 4)
    assert "with at most 5 mismatches" not in choices
    plain = Matcher(found.registry).search(PATIENT, asked(max_mismatches=most), policy="plain")
    assert choices["without frequencies, by plain"].frame.equals(rank_change("", found, plain).frame)


def test_a_policy_whose_filters_the_criteria_exclude_is_no_choice() -> None:
    # The scope of ptcy has no DQB1.
    found = Matcher(registry_of()).search(PATIENT, SearchCriteria(locus_limits={"DQB1": 1}))
    choices = [change.choice for change in found.sensitivity()]
    assert not any("ptcy" in choice for choice in choices)
    assert "by the policy certain-first" in choices
    units = matcher().search(PATIENT, SearchCriteria(scope="A,B,DRB1", donor_type="cord", min_p=0.05))
    # The filters of cord blood allow 6 mismatches, of which there is no probability.
    assert "by the policy cord" not in [change.choice for change in units.sensitivity()]
    units = matcher().search(PATIENT, SearchCriteria(scope="A,B,DRB1", donor_type="cord"))
    assert "by the policy cord" in [change.choice for change in units.sensitivity()]


def test_antibodies_count_alike_of_donors_outside_the_list() -> None:
    patient = PATIENT.model_copy(update={"antibodies": "B*07:02=900"})
    found = Matcher(registry_of()).search(patient, asked(antibody_mfi=1000, max_mismatches=1))
    let = found.again(asked(antibody_mfi=1000, max_mismatches=2), found.policy).to_polars().to_dicts()
    (row,) = [one for one in let if one["donor_id"] == "two"]
    assert found.explain("two").row["antibodies"] == row["antibodies"]
    low = found.again(asked(max_mismatches=2), found.policy).explain("two").row["antibodies"]
    assert low != row["antibodies"]
    assert [dict(one.change) for one in found.explain("two").obstacles] == [{"max_mismatches": 2}]


def test_filters_of_the_policy_that_are_its_own_without_frequencies() -> None:
    policy = replace(POLICIES["certain-first"], name="own", filters=(("min_p", 0.5), ("max_age", 60)))
    found = matcher().search(PATIENT, CRITERIA, policy=policy)
    (without,) = [one for one in found.sensitivity() if one.choice == "without frequencies, by own"]
    assert without.frame.is_empty()


def test_nearest_donors_are_not_hidden_by_filters_of_the_policy() -> None:
    policy = replace(POLICIES["plain"], name="young", filters=(("max_age", 17),))
    found = Matcher(registry_of()).search(PATIENT, CRITERIA, policy=policy)
    assert not len(found)
    near = found.nearest()
    assert near[0].donor_id == "same"
    assert [dict(one.change) for one in near[0].obstacles] == [{"max_age": 35}]
    assert all(let_in(found, one.donor_id) for one in near)


def test_what_becomes_of_the_first_donor_is_said() -> None:
    found = Matcher(registry_of(("one", "two"))).search(PATIENT, CRITERIA)
    changes = {change.choice: str(change) for change in found.sensitivity()}
    assert changes["with at most 0 mismatches"] == (
        "with at most 0 mismatches: 1 of the first 1 change places; no donor is left; 1 leave (one)"
    )
    assert changes["with at most 2 mismatches"].endswith("; the first one stays; 1 come (two)")
    nobody = found.again(asked(max_mismatches=0), found.policy)
    assert "; first is one; 1 come (one)" in str(rank_change("more", nobody, found))


def test_limits_of_several_loci_are_one_obstacle() -> None:
    found = Matcher(registry_of()).search(PATIENT, asked(locus_limits={"A": 0, "B": 1, "DRB1": 2}, max_mismatches=6))
    (limits,) = found.explain("five").obstacles
    assert (limits.criterion, limits.found) == ("within the limits A=0, B=1", "2 mismatches at A, 2 mismatches at B")
    assert limits.change == {"locus_limits": {"A": 2, "B": 2, "DRB1": 2}}
    assert let_in(found, "five")
    (limit,) = found.explain("one").obstacles
    assert (limit.criterion, limit.found) == ("within the limit A=0", "1 mismatch there")
    assert limit.change == {"locus_limits": {"A": 1, "B": 1, "DRB1": 2}}


def test_a_least_probability_leaves_each_donor_its_own_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    # By a pair of rare haplotypes out of many; it stands before the others in the registry.
    vague = ("11:01/02:01", "11:01/24:02", "07:02/40:01", "07:02/46:01", "03:01/09:01", "15:01")
    monkeypatch.setitem(TYPED, "vague", vague)
    names = ("same", "one", "vague")
    assert registry_of(names).attributes["donor_id"][0] == "vague"
    every = matcher(names).search(PATIENT, asked(max_mismatches=0)).to_polars()
    some = matcher(names).search(PATIENT, asked(max_mismatches=0, min_p=0.99)).to_polars()
    assert (every["donor_id"].to_list(), some["donor_id"].to_list()) == (["same", "vague"], ["same"])
    columns = ["donor_id", "p0", "p1", "p2", "p3", "p4"]
    assert some.select(columns).equals(every.select(columns).head(1))


def test_donors_that_were_imputed_for_another_registry_are_refused() -> None:
    table = pl.DataFrame({"A": ["02:01", "24:02"], "population": "", "frequency": [0.5, 0.5]})
    registry = registry_of(("one", "two"))
    imputed = ImputedRegistry.of(registry, code_haplotypes(table, BUILTIN, name="six"))
    assert Matcher(registry, imputed).imputed is imputed
    with pytest.raises(CriteriaError, match="found 2 imputed donors, expected 1, those of the registry"):
        Matcher(registry_of(("one",)), imputed)
