"""The rules of the audit equal their oracles."""

from __future__ import annotations

import datetime
from fractions import Fraction
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.auditing.comparison import RecordComparison
from hla_match.auditing.dr_groups import GENE_OF_FAMILY, GENE_PAIRS, gene_pairs, pairs_with_copies
from hla_match.auditing.duplicates import LEAST_LOCI, dealt, pairs_of_one_person, same_birth
from hla_match.auditing.resolution import LEVELS, typing_levels
from hla_match.donors.attribute_types import MISSING_CATEGORY
from hla_match.donors.registry import build_registry
from hla_match.kernels.auditing.paired_typings import pair_typings
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tce_groups import person_groups
from hla_match.typings.allele_sets import set_alleles
from hla_match.typings.encoding import Side, typing_table
from hla_match.typings.resolution_score import even_scores, typing_scores
from tests.examples import examples
from tests.oracle import audit as oracle

NOMENCLATURE = Nomenclature.builtin()
INDEX = NOMENCLATURE.index("A")
NAMES = [str(code) for code in range(2, 9)]
SETS = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=4)
TYPINGS = st.lists(st.tuples(SETS, SETS), max_size=3)


def coded(typing: oracle.Typing) -> tuple[tuple[Side, Side], ...]:
    return tuple((side_of(first), side_of(second)) for first, second in typing)


def side_of(names: oracle.Side) -> Side:
    return Side(tuple(sorted(map(int, names))))


@given(TYPINGS, TYPINGS, st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))))
@examples(300)
def test_typings_pair_as_their_genotypes_do(
    one: oracle.Typing, other: oracle.Typing, related: set[tuple[str, str]]
) -> None:
    tables = [typing_table([(), coded(typing)]) if typing else typing_table([(), ()]) for typing in (one, other)]
    allele = np.zeros((9, 9), np.bool_)
    for a, b in related:
        allele[int(a), int(b)] = True
    has, other_has = (set_alleles(table, 9).astype(int) for table in tables)
    found = np.empty(1, np.bool_)
    sets = np.ascontiguousarray(has @ allele @ other_has.T > 0)
    pair_typings(np.ones(1, np.int32), np.ones(1, np.int32), tables[0].with_nulls, tables[1].with_nulls, sets, found)
    assert found[0] == oracle.can_be_paired(one, other, related)


FIELDS = st.sampled_from([field for fields, _ in oracle.GENES_OF_GROUPS.values() for field in fields])


@given(
    st.sets(st.tuples(FIELDS, FIELDS), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(OPTIONAL_GENES), st.sets(st.integers(0, 2), min_size=1)),
)
@examples(300)
def test_dr_groups(drb1: set[tuple[int, int]], copies: dict[str, set[int]]) -> None:
    possible = gene_pairs((f"{one:02}", f"{other:02}") for one, other in drb1)
    for gene, allowed in copies.items():
        possible &= pairs_with_copies(gene, allowed)
    assert bool(possible) == oracle.dr_is_possible(drb1, copies)


def test_every_dr_group_is_known() -> None:
    fields = {f"{field:02}" for fields, _ in oracle.GENES_OF_GROUPS.values() for field in fields}
    assert set(GENE_OF_FAMILY) == fields
    assert len(GENE_PAIRS) == 10


WEIGHTS = st.lists(st.integers(0, 9), min_size=len(NAMES), max_size=len(NAMES))
SINGLES = st.lists(st.tuples(*[st.sampled_from(NAMES).map(lambda name: frozenset({name}))] * 2), min_size=1, max_size=4)


@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=1) | SINGLES, WEIGHTS)
@examples(300)
def test_scores(typing: oracle.Typing, weights: list[int]) -> None:
    table = typing_table([(), coded(typing)])
    (untyped, score) = typing_scores(table, np.array([0, 0, *weights], np.float64))
    frequency = {name: Fraction(weight) for name, weight in zip(NAMES, weights, strict=True)}
    for found, asked in ((score, typing), (untyped, [(NAMES, NAMES)])):
        expected = oracle.resolution_score(asked, frequency)
        assert np.isnan(found) if expected is None else found == pytest.approx(float(expected), rel=1e-9)


def test_a_genotype_of_several_alternatives_counts_in_each() -> None:
    a, b, c = (Side((code,)) for code in (2, 3, 4))
    table = typing_table([(), ((a, b), (Side((2, 5)), b)), ((a, b), (b, a), (a, c))])
    _, twice, once = typing_scores(table, np.ones(6))
    assert twice == pytest.approx((2**2 + 2**2 + 2**2) / (2 + 2 + 2) ** 2)
    assert once == pytest.approx(1 / 2)


SEVERAL = st.lists(st.tuples(SETS, SETS), max_size=4)


@given(st.lists(SEVERAL, min_size=1, max_size=5), st.data())
@examples(300)
def test_even_scores_are_scores_of_equal_weights_to_the_bit(typings: list[oracle.Typing], data: st.DataObject) -> None:
    table = typing_table([(), *dict.fromkeys(coded(typing) for typing in typings if typing)])
    asked = np.array(data.draw(st.lists(st.integers(0, table.n_typings - 1), unique=True)), np.int64)
    n_codes = 2 + len(NAMES)
    assert even_scores(table, n_codes, asked).tobytes() == typing_scores(table, np.ones(n_codes), asked).tobytes()


FAMILIES: dict[str, list[str]] = {}
for number, p_group in enumerate(INDEX.p_names):
    FAMILIES.setdefault(p_group.partition(":")[0], []).append(str(number + 2))
LEVEL_SIDES = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=2) | st.sampled_from(
    [frozenset(members) for members in FAMILIES.values()]
)


@given(st.lists(st.tuples(LEVEL_SIDES, LEVEL_SIDES), max_size=2))
@examples(200)
def test_levels(typing: oracle.Typing) -> None:
    table = typing_table([(), coded(typing)])
    assert LEVELS[typing_levels(table, INDEX)[1 if typing else 0]] == oracle.level(typing, list(FAMILIES.values()))


@given(TYPINGS.filter(bool), st.lists(st.sampled_from(["1", "2", "3", "", "N"]), min_size=7, max_size=7))
@examples(200)
def test_tce_groups(typing: oracle.Typing, groups: list[str]) -> None:
    of_name = dict(zip(NAMES, groups, strict=True))
    found = set[str]().union(*(person_groups({of_name[n] for n in a}, {of_name[n] for n in b}) for a, b in typing)) - {
        ""
    }
    renamed = {name: f"{name}N" if of_name[name] == "N" else name for name in NAMES}
    spelt = [([renamed[n] for n in a], [renamed[n] for n in b]) for a, b in typing]
    assert found == oracle.tce_groups(spelt, {renamed[name]: group for name, group in of_name.items()})


TEXTS = st.sampled_from([None, "02:01", "02:01/02:06", "24:02", "11:01", "02:06/11:01"])
DAYS = st.sampled_from([None, datetime.date(1990, 1, 1), datetime.date(1991, 1, 1)])
LOCI = ("A", "B", "C", "DRB1")
OF_A = {"02:01": "15:01", "02:06": "15:02", "24:02": "40:01", "11:01": "46:01"}
OF = {
    "A": {},
    "B": OF_A,
    "C": {"02:01": "01:02", "02:06": "03:03", "24:02": "03:04", "11:01": "07:02"},
    "DRB1": {"02:01": "04:01", "02:06": "09:01", "24:02": "12:01", "11:01": "15:01"},
}


def written(locus: str, text: str | None) -> str | None:
    return None if text is None else "/".join(OF[locus].get(name, name) for name in text.split("/"))


PERSON = st.tuples(DAYS, st.sampled_from(["F", "M", None]), *[st.tuples(TEXTS.filter(bool) | st.none(), TEXTS)] * 4)


@given(st.lists(PERSON, min_size=2, max_size=10))
@examples(100)
def test_pairs_of_one_person(people: list[tuple]) -> None:
    rows, persons, births = [], {}, {}
    for number, (born, sex, *pairs) in enumerate(people):
        name = f"D{number}"
        typings = {}
        row = {"person_id": name, "sex": sex, "birth_date": born}
        for locus, (first, second) in zip(LOCI, pairs, strict=True):
            row[f"{locus}_1"] = written(locus, first)
            row[f"{locus}_2"] = written(locus, second) if first else None
            typings[locus] = [(first.split("/"), (second or first).split("/"))] if first else []
        rows.append(row)
        persons[name], births[name] = typings, (born, sex) if born and sex else None
    texts = {f"{locus}_{side}": pl.String for locus in LOCI for side in (1, 2)}
    frame = pl.DataFrame(rows, schema={"person_id": pl.String, "sex": pl.String, "birth_date": pl.Date, **texts})
    registry, unreadable = build_registry(frame, NOMENCLATURE, name="some", provenance={})
    assert not unreadable
    one, other = pairs_of_one_person(RecordComparison(registry), same_birth(registry))
    names = registry.attributes["donor_id"]
    found = {tuple(sorted(pair)) for pair in zip(names[one].to_list(), names[other].to_list(), strict=True)}
    assert len(found) == one.size
    assert found == set(oracle.same_person_pairs(persons, births, LEAST_LOCI))
    # With a donor of unknown sex all of the birth date are compared.
    unknown = registry.attribute_codes["sex"] == MISSING_CATEGORY
    one, other = pairs_of_one_person(RecordComparison(registry), same_birth(registry, any_sex=True), unknown)
    found = {tuple(sorted(pair)) for pair in zip(names[one].to_list(), names[other].to_list(), strict=True)}
    days = {f"D{number}": born for number, (born, *_) in enumerate(people)}
    no_sex = {f"D{number}" for number, (_, sex, *_) in enumerate(people) if sex is None}
    assert len(found) == one.size
    assert found == {
        pair for pair in oracle.same_person_pairs(persons, days, LEAST_LOCI) if not no_sex.isdisjoint(pair)
    }


@given(st.lists(st.integers(-1, 4), max_size=60))
def test_dealt_groups_are_as_large(numbers: list[int]) -> None:
    group = np.array(numbers, np.int64)
    new = dealt(group)
    assert np.array_equal(np.sort(new), np.sort(group))
    assert np.array_equal(new == -1, group == -1)


def test_dealing_parts_the_members_of_a_group() -> None:
    group = np.repeat(np.arange(50), 4)
    new = dealt(group)
    pairs = [(a, b) for a, b in product(range(200), repeat=2) if a < b and new[a] == new[b]]
    assert len(pairs) == 50 * 6
    assert not any(group[a] == group[b] for a, b in pairs)
