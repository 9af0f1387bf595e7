"""Kernels and search against the oracle of `tests.oracle.matching`."""

import datetime
from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.kernels.codes import COUNTS_OF_NONE, FIRST, GRADE_A, GRADE_P, SECOND
from hla_match.kernels.schema.search import PatientMarks, PatientSides, PositionGrades
from hla_match.kernels.search.locus_count import count_alternative
from hla_match.kernels.search.position_grade import grade_alternative
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.patient_table import GRADE_LETTERS
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from hla_match.typings.encoding import COMPARED, counted, typing_table
from tests import strategies
from tests.examples import examples
from tests.oracle import matching as oracle
from tests.oracle import ranking

MEASURES = ("best", "worst", "gvh_best", "gvh_worst", "hvg_best", "hvg_worst")
N_CODES = len(strategies.NAMES) + strategies.FIRST_P_GROUP


def carried(typing):
    return tuple(strategies.coded_typing(typing))


def alternatives(typing, null_rule):
    """The alternatives of a patient, each with the kinds that it is compared with, where there are any."""
    compared = COMPARED[null_rule]
    return [(first, second, compared[kind]) for first, second, kind in counted(carried(typing)) if compared[kind]]


RULES = st.sampled_from(("consensus", "strict"))


def apart(table, pair):
    """The patient sides, as bits, that each donor set is apart from: "x1" is a split of "x"."""
    bits = []
    for start, stop in pairwise(table.serology.serology_start.tolist()):
        theirs = [strategies.ANTIGENS[code] for code in table.serology.serology_member[start:stop]]
        bits.append(0)
        for bit, side in zip((FIRST, SECOND), pair, strict=True):
            mine = [strategies.ANTIGENS[code] for code in side.serology]
            related = any(a.startswith(b) or b.startswith(a) for a in mine for b in theirs)
            bits[-1] |= bit if mine and theirs and not related else 0
    return np.array(bits, np.uint8)


def kernel_counts(patient, donor, null_rule):
    table = typing_table([(), carried(donor)])
    counts = np.empty((6, 2), np.uint8)
    counts.T[:] = COUNTS_OF_NONE
    mark = np.zeros(N_CODES, np.uint8)
    for first, second, kinds in alternatives(patient, null_rule):
        count_alternative(
            np.array(first.codes, np.int32),
            np.array(second.codes, np.int32),
            kinds,
            apart(table, (first, second)),
            table.counted,
            mark,
            counts,
        )
    assert not mark.any()
    return dict(zip(MEASURES, counts[:, 1].tolist(), strict=True))


TYPED = strategies.with_antigens(strategies.typed())
WITH_NULLS = strategies.with_antigens(strategies.with_nulls())


@given(TYPED, TYPED, RULES)
@examples(1500)
def test_locus_counts_are_the_oracles(patient, donor, null_rule):
    assert kernel_counts(patient, donor, null_rule) == oracle.locus_counts(patient, donor, null_rule)


@given(WITH_NULLS, WITH_NULLS, RULES)
@examples(800)
def test_locus_counts_with_nulls_are_the_oracles(patient, donor, null_rule):
    assert kernel_counts(patient, donor, null_rule) == oracle.locus_counts(patient, donor, null_rule)


@given(strategies.typings(), strategies.typings(), RULES)
@examples(300)
def test_condensed_typings_count_alike(patient, donor, null_rule):
    condensed = oracle.condensed(patient, donor)
    assert oracle.locus_counts(*condensed, null_rule) == oracle.locus_counts(patient, donor, null_rule)


@given(TYPED, TYPED, RULES)
@examples(300)
def test_swapping_patient_and_donor_swaps_the_directions(patient, donor, null_rule):
    one, other = kernel_counts(patient, donor, null_rule), kernel_counts(donor, patient, null_rule)
    assert (one["best"], one["worst"]) == (other["best"], other["worst"])
    assert (one["gvh_best"], one["gvh_worst"]) == (other["hvg_best"], other["hvg_worst"])


NULL_OR_NOT = st.one_of(TYPED, WITH_NULLS)


@given(NULL_OR_NOT, NULL_OR_NOT, RULES)
@examples(1000)
def test_position_grades_are_the_oracles(patient, donor, null_rule):
    table = typing_table([(), carried(donor)])
    grades = PositionGrades(np.zeros(2, np.uint8), np.zeros((2, 2), np.uint8), np.ones((2, 2), np.bool_))
    marks = PatientMarks(np.zeros(N_CODES, np.uint8), np.zeros(len(strategies.ANTIGENS), np.uint8))
    for first, second, kinds in alternatives(patient, null_rule):
        sides = (first.codes, second.codes, first.antigens, second.antigens)
        grade_alternative(
            PatientSides(*(np.array(codes, np.int32) for codes in sides)),
            kinds,
            apart(table, (first, second)),
            table.counted,
            table.antigens,
            marks,
            np.arange(2, dtype=np.int32),
            grades,
        )
    assert not any(mark.any() for mark in marks)
    grade = np.where((grades.grade == GRADE_A) & ~grades.certain, GRADE_P, grades.grade)
    assert "".join(GRADE_LETTERS[code] for code in grade[:, 1]) == oracle.grades(patient, donor, null_rule)


NOMENCLATURE = Nomenclature.builtin()
ALLELE = {
    "A": ("02:02", "02:05", "02:08", "11:02", "24:05", "26:02", "33:01"),
    "B": ("07:05", "13:01", "15:11", "38:02", "46:02", "51:02", "54:02"),
    "DRB1": ("04:01", "04:02", "08:02", "09:02", "11:03", "13:01", "16:01"),
}


def texts(locus, typing):
    """The two column texts of a typing of the strategies."""
    if typing is None:
        return "", ""
    named = dict(zip(strategies.NAMES, ALLELE[locus], strict=True))
    pairs = [tuple("/".join(sorted(named[name] for name in side)) for side in pair) for pair in typing]
    return pairs[0] if len(pairs) == 1 else ("|".join(f"{one}+{other}" for one, other in pairs), "")


@given(
    strategies.persons(null=False, new=False).filter(lambda person: any(person.values())),
    strategies.donor_lists(min_size=1, null=False, new=False),
    st.integers(0, 6),
    strategies.locus_limits(),
    strategies.directions(),
)
@examples(120)
def test_search_finds_the_oracles_donors(patient, donors, max_mismatches, limits, direction):
    columns = {"person_id": list(donors)}
    for locus in strategies.LOCI:
        columns[f"{locus}_1"], columns[f"{locus}_2"] = zip(
            *(texts(locus, person[locus]) for person in donors.values()), strict=True
        )
    registry, unreadable = build_registry(
        pl.DataFrame(columns), NOMENCLATURE, name="random", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    typings = {locus: texts(locus, typing) for locus, typing in patient.items() if typing}
    criteria = SearchCriteria(scope="6/6", max_mismatches=max_mismatches, locus_limits=limits, direction=direction)
    found = Matcher(registry).search(Patient(typings=typings), criteria).to_polars()
    rows = set(found.select("donor_id", "matches_best", "matches_worst").rows())
    assert rows == set(oracle.search(patient, donors, strategies.LOCI, max_mismatches, limits, direction))
    assert found["donor_id"].n_unique() == found.height


def attribute_lists():
    """Up to eight donors with attributes of few values, so that every key has to decide."""
    entry = st.fixed_dictionaries(
        {
            "person_id": st.integers(0, 99).map(lambda n: f"D{n:02}"),
            "birth_date": st.none()
            | st.dates(datetime.date(1999, 12, 30), datetime.date(2003, 1, 2))
            | st.dates(datetime.date(2009, 12, 30), datetime.date(2010, 1, 3))
            | st.dates(datetime.date(2025, 12, 31), datetime.date(2027, 2, 2)),
            "cmv": st.sampled_from((None, "N", "P")),
            "abo": st.sampled_from((None, "A", "B", "AB", "O")),
            "sex": st.sampled_from((None, "M", "F")),
            "DRB1_1": st.sampled_from(("04:01", "04:01/04:02", "04:02")),
            "DRB1_2": st.none(),
        }
    )
    return st.lists(entry, min_size=1, max_size=8, unique_by=lambda one: one["person_id"])


def age_on_new_year_2026(born):
    """Completed years: the birthday of the year counts only if it is that very day; nobody under 16 is a donor."""
    if born is None or born > datetime.date(2010, 1, 1):
        return None
    return 2026 - born.year - ((born.month, born.day) > (1, 1))


SIGN, GROUP = st.sampled_from((None, "N", "P")), st.sampled_from((None, "A", "B", "AB", "O"))


@given(attribute_lists(), SIGN, GROUP, st.none() | st.integers(1, 8))
@examples(200)
def test_donors_stand_in_the_oracles_order(donors, patient_cmv, patient_abo, limit):
    schema = {name: pl.Date if name == "birth_date" else pl.String for name in donors[0]}
    registry, _ = build_registry(
        pl.DataFrame(donors, schema=schema), NOMENCLATURE, name="random", provenance={"imported_on": "2026-01-01"}
    )
    patient = Patient(typings={"DRB1": ("04:01", "")}, cmv=patient_cmv, abo=patient_abo)
    criteria = SearchCriteria(scope="DRB1", max_mismatches=2, limit=limit)
    found = Matcher(registry).search(patient, criteria)
    numbers = {"04:01": (2, 2), "04:01/04:02": (2, 0), "04:02": (0, 0)}
    entries = [
        {
            "donor_id": one["person_id"],
            "mismatches": 2 - numbers[one["DRB1_1"]][0],
            "certain": len({*numbers[one["DRB1_1"]]}) == 1,
            "age": age_on_new_year_2026(one["birth_date"]),
            "cmv": one["cmv"],
            "abo": one["abo"],
            "sex": one["sex"],
        }
        for one in donors
    ]
    wanted = ranking.rank(entries, ranking.CERTAIN_FIRST, cmv=patient_cmv, abo=patient_abo)
    assert found.to_polars()["donor_id"].to_list() == wanted[:limit]
