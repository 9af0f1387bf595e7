"""Levels of mismatches against the oracle and the grades, and the words of typings that are written another way."""

from functools import cache

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.immunogenetics import mismatches
from hla_match.immunogenetics.donor_facts import DonorFacts
from hla_match.immunogenetics.mismatches import (
    ALLELE,
    ANTIGEN,
    UNKNOWN_LEVEL,
    level,
    pairings,
    plain_genotype,
    told_pairs,
)
from hla_match.immunogenetics.reported_sides import sides_of
from hla_match.immunogenetics.side_pairs import side_pairs
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.patient_table import GRADE_LETTERS
from hla_match.matching.registry_comparisons import RegistryComparisons
from tests import strategies
from tests.examples import examples
from tests.oracle import donor_facts as oracle
from tests.properties.test_donor_facts import KINDS, NOMENCLATURE, RULES, facts, persons, written


def compared(locus, patient, donors):
    """The facts of a patient and of donors, given as their columns, the donors' grade letters, and their rows."""
    frame = pl.DataFrame(
        {
            "person_id": [f"D{number:03}" for number in range(len(donors))],
            f"{locus}_1": [first for first, _ in donors],
            f"{locus}_2": [second for _, second in donors],
        }
    )
    registry, unreadable = build_registry(frame, NOMENCLATURE, name="few", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    person = Patient(typings={locus: patient})
    result = RegistryComparisons(registry).compare(locus, person, SearchCriteria())
    names = registry.attributes["donor_id"].to_list()
    rows = pl.Series([names.index(one) for one in frame["person_id"]], dtype=pl.UInt32).to_numpy()
    letters = result.grades(result.expanded_typing_of(rows)).T.tolist()
    return (
        DonorFacts(person, {locus: result}, "drop"),
        ["".join(GRADE_LETTERS[one] for one in two) for two in letters],
        rows,
    )


def told(locus, patient, donors):
    """The mismatches of each donor, and the letters of the grades."""
    found, letters, rows = compared(locus, patient, donors)
    return list(zip(found.mismatches(locus, rows).to_list(), letters, strict=True))


def words(locus, patient, donor):
    ((found, _),) = told(locus, patient, [donor])
    return "; ".join(map(str, found))


TYPINGS = strategies.typings().map(lambda typing: {"C": written(typing)})


@given(TYPINGS, st.lists(TYPINGS, min_size=1, max_size=6), RULES)
@examples(600)
def test_a_level_holds_for_every_pair_of_genotypes(patient, donors, null_rule):
    found, rows = facts(patient, donors, null_rule)
    for donor, mismatched in zip(donors, found.mismatches("C", rows).to_list(), strict=True):
        if not mismatched:
            continue
        levels = [one.level for one in mismatched]
        for name, (least, greatest) in oracle.level_ranges(patient["C"], donor["C"], null_rule, KINDS["C"]).items():
            assert levels.count(name) <= least
            assert greatest <= levels.count(name) + levels.count(UNKNOWN_LEVEL)


@given(persons("C"), persons("C"), st.randoms(use_true_random=False), RULES)
@examples(400)
def test_the_same_genotypes_give_the_same_words(patient, donor, random, null_rule):
    def rewritten(person):
        pairs = [pair if random.random() < 0.5 else pair[::-1] for pair in person["C"] or ()]
        return {"C": random.sample(pairs, len(pairs)) or None}

    found, rows = facts(patient, [donor, rewritten(donor)], null_rule)
    again, _ = facts(rewritten(patient), [donor, rewritten(donor)], null_rule)
    both = [*found.mismatches("C", rows).to_list(), *again.mismatches("C", rows).to_list()]
    assert both == both[:1] * 4


SIDES = (
    *("13 15 62 63 70 71 72 75 76 77 40 60 61 38 39 3901 16 48 22 56".split()),
    *("13:01 13:02 15:01 15:02 15:12 15:13 15:18 40:01 40:02 39:01 39:02 48:01 56:01".split()),
    *("15:XX 40:XX 39:XX 15:01/15:02 40:01/13:01 39:01/38:01 15:01/40:01/48:01".split()),
)
"""Antigens, alleles, families and lists of HLA-B with antigens that overlap."""


def is_serology(text):
    return ":" not in text


def is_within_a_family(one, other):
    families = [{name.partition(":")[0] for name in text.split("/")} for text in (one, other)]
    return families[0] == families[1] and len(families[0]) == 1


SIDE = st.sampled_from(SIDES)


@given(st.tuples(SIDE, SIDE), st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=12))
@examples(1_000)
def test_words_never_contradict_the_grades(patient, donors):
    for donor, (found, letters) in zip(donors, told("B", patient, donors), strict=True):
        levels = [one.level for one in found]
        assert levels.count(ANTIGEN) <= letters.count("M"), (donor, letters)
        if any(map(is_serology, (*patient, *donor))) and not any(
            is_within_a_family(mine, theirs) for mine in patient for theirs in donor
        ):
            assert levels.count(ALLELE) <= letters.count("L"), (donor, letters)


@pytest.mark.exhaustive
def test_words_of_one_mismatch_say_what_the_grade_says():
    """Every side against every other: where a family says nothing, the words are those of the letter."""
    for patient in SIDES:
        for donor, (found, letters) in zip(
            SIDES, told("B", (patient,) * 2, [(one, one) for one in SIDES]), strict=True
        ):
            levels = {one.level for one in found}
            if is_serology(patient) or is_serology(donor):
                wanted = {"M": {ANTIGEN}, "L": {ALLELE}}
            else:
                wanted = {"M": {ANTIGEN, ALLELE, UNKNOWN_LEVEL}, "L": {ALLELE, UNKNOWN_LEVEL}}
            assert levels <= wanted.get(letters[0], set()), (patient, donor, letters)


ALL_SIDES = pl.DataFrame({"person_id": [f"D{place:02}" for place in range(len(SIDES))], "B_1": SIDES, "B_2": SIDES})


@cache
def comparison():
    registry, _ = build_registry(ALL_SIDES, NOMENCLATURE, name="sides", provenance={"imported_on": "2026-01-01"})
    return RegistryComparisons(registry).compare("B", Patient(typings={"B": ("13", "13")}), SearchCriteria()).comparison


@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE), st.integers(0, 1), RULES)
@examples(1_000)
def test_two_genotypes_are_told_as_typings_of_several_are(patient, donor, matches, null_rule):
    sides, pairs = sides_of(comparison()), side_pairs(comparison())
    mine, theirs = (sides.pairs(*typing, "drop") for typing in (patient, donor))
    ways = pairings(mine, theirs, matches, null_rule, pairs.are_related)
    assert plain_genotype(mine) == mine[0]
    assert pairs.told_of_genotypes(*mine, *theirs, matches) == (told_pairs(ways, level) if ways else ())


def test_genotypes_with_null_alleles_and_several_genotypes_are_not_plain():
    sides = sides_of(comparison())
    for typing in (("51:11N", "13:01"), ("13:01", "51:11N"), ("13:01+15:01|13:02+15:01", ""), ("", "")):
        assert plain_genotype(sides.pairs(*typing, "drop")) is None


@pytest.mark.parametrize(
    ("locus", "patient", "donor", "level"),
    [
        ("B", "40:01", "75", ANTIGEN),
        ("B", "13:01", "75", ANTIGEN),
        ("B", "15:01", "75", ANTIGEN),
        ("B", "13:01", "40", ANTIGEN),
        ("A", "02:01", "203", ALLELE),
        ("A", "203", "02:01", ALLELE),
        ("B", "39:02", "3901", ALLELE),
        # Both by DNA: B62 and B75 are of one family, so that the grade is M.
        ("B", "15:01", "15:02", ALLELE),
        ("B", "15:01/15:03", "15:02/15:10", ALLELE),
        ("B", "40:01", "15:02/40:02", UNKNOWN_LEVEL),
        ("B", "40:01", "15:XX", ANTIGEN),
        ("DPB1", "04:01", "04:02", ANTIGEN),
    ],
)
def test_the_level_of_a_mismatch(locus, patient, donor, level):
    ((found, _),) = told(locus, (patient, patient), [(donor, donor)])
    assert [one.level for one in found] == [level, level]


A_BOTH = ("02:01", "03:01"), ("02:05", "03:02")


@pytest.mark.parametrize("patient", [A_BOTH[0], A_BOTH[0][::-1]])
@pytest.mark.parametrize("donor", [A_BOTH[1], A_BOTH[1][::-1]])
def test_columns_that_are_swapped_change_no_words(patient, donor):
    assert words("A", patient, donor) == "A*02:01/02:05 GvH+HvG allele; A*03:01/03:02 GvH+HvG allele"
    assert words("A", donor, patient) == "A*02:05/02:01 GvH+HvG allele; A*03:02/03:01 GvH+HvG allele"


@pytest.mark.parametrize(
    ("donor", "expected"),
    [
        ("02:05+24:02|11:01+24:02", "A*02:01/02:05 GvH+HvG unknown"),
        ("11:01+24:02|02:05+24:02", "A*02:01/02:05 GvH+HvG unknown"),
        ("02:06+24:02|24:02+02:05", "A*02:01/02:05 GvH+HvG allele"),
        ("24:02+24:02|11:01+24:02", "A*02:01/11:01 GvH antigen"),
    ],
)
def test_genotypes_that_differ_in_level_tell_none(donor, expected):
    assert words("A", ("02:01", "24:02"), (donor, "")) == expected


def test_a_patient_who_may_be_homozygous_is_not_said_to_be():
    assert words("A", ("02:01", "02:01"), ("02:01", "24:02")) == "A*02:01/24:02 HvG antigen (patient homozygous)"
    assert words("A", ("02:01+02:01|02:01+11:01", ""), ("02:01", "24:02")).endswith("HvG antigen")


@pytest.mark.parametrize(
    ("locus", "patient", "donor", "fact", "value"),
    [
        ("B", "07:02+51:01|08:01+51:01|15:01+51:01", "40:01+51:01|40:02+51:01", "leader", "MTT"),
        ("DPB1", "02:01+05:01|04:01+05:01|01:01+05:01", "13:01+05:01|09:01+05:01", "expression", "low"),
    ],
)
def test_of_too_many_genotypes_no_value_is_certain(monkeypatch, locus, patient, donor, fact, value):
    """What the first genotypes have alike does not hold for the last one, which is not looked at."""
    few = patient.rpartition("|")[0]
    found, _, rows = compared(locus, (few, ""), [(donor, "")])
    assert getattr(found, fact)(rows).to_list() == [value]
    found, _, rows = compared(locus, (patient, ""), [(donor, "")])
    assert getattr(found, fact)(rows).to_list() == [None]
    monkeypatch.setattr(mismatches, "_MOST_PAIRS", 4)
    found, _, rows = compared(locus, (patient, ""), [(donor, "")])
    assert getattr(found, fact)(rows).to_list() == [None]
    (one,) = found.mismatches(locus, rows).to_list()[0]
    assert str(one) == f"{locus}: a mismatch GvH+HvG"
