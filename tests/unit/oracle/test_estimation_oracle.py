"""The oracle of haplotype frequency estimation itself, against cases worked by hand."""

import ast
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies
from tests.oracle import estimation as oracle
from tests.oracle.matching import Typing
from tests.oracle.probability import Haplotype, Person, diplotypes


def typing(*genotypes: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    """typing("a/b+c", "d+e"): two alternatives, the first with an ambiguous side."""
    return [tuple(frozenset(part.split("/")) for part in genotype.split("+")) for genotype in genotypes]


def person(**typings: str | None) -> dict[str, Typing]:
    """person(A="a+b", B="x+x|x+y", C=None): alternatives divided by a stroke."""
    return {locus: None if text is None else typing(*text.split("|")) for locus, text in typings.items()}


LOCI = ("A", "B")
AX, AY, BX, BY = ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")


def test_oracle_imports_only_the_standard_library_and_oracles() -> None:
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {"collections.abc", "itertools", "tests.oracle.matching", "tests.oracle.probability"}
    assert [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names] == ["math"]


@pytest.mark.parametrize(
    ("given_person", "expected"),
    [
        pytest.param(person(A="a+b", B="x+y"), {AX, AY, BX, BY}, id="both phases"),
        pytest.param(person(A="a+a", B="x+y"), {AX, AY}, id="homozygous"),
        pytest.param(person(A="a+a", B=None), {AX, AY}, id="not typed: any allele of the locus"),
        pytest.param(person(A="a+a|b+c", B="x+x"), {AX}, id="an alternative with an allele that is not given"),
        pytest.param(person(A="a+NULL", B="x+x"), {AX, ("NULL", "x")}, id="null is carried"),
        pytest.param(person(A="a+NEW", B="x+x"), set(), id="new"),
        pytest.param(person(A="a+NEW/b", B="x+x"), {AX, BX}, id="new among others"),
    ],
)
def test_possible_haplotypes(given_person: Person, expected: set[Haplotype]) -> None:
    assert oracle.possible_haplotypes(given_person, LOCI, {"A": ["a", "b", "NULL"], "B": ["x", "y"]}) == expected


def test_alleles_are_those_that_anybody_has() -> None:
    persons = [person(A="a+b/NULL", B=None), person(A="c+NEW")]
    assert oracle.alleles_of(persons, LOCI) == {"A": {"a", "b", "c", "NULL"}, "B": set()}


def test_without_ambiguity_frequencies_are_counts() -> None:
    persons = [person(A="a+a", B="x+x"), person(A="a+a", B="x+y"), person(A="a+b", B="y+y")]
    # ax with ax, ax with ay, ay with by: likelihood (1/2)^2 * 2 (1/2)(1/3) * 2 (1/3)(1/6). Nobody may carry bx.
    frequencies, log_likelihoods = oracle.em(persons, LOCI, iterations=5)
    assert frequencies == pytest.approx({AX: 1 / 2, AY: 1 / 3, BY: 1 / 6})
    assert len(log_likelihoods) == 6
    assert log_likelihoods[0] == pytest.approx(math.log(1 / 9 * 2 / 9 * 2 / 9))
    assert log_likelihoods[1:] == pytest.approx([math.log(1 / 4 * 1 / 3 * 1 / 9)] * 5)


def test_one_iteration() -> None:
    # 1: ax with ax. 2: ax with by or ay with bx, equally probable at the uniform start.
    persons = [person(A="a+a", B="x+x"), person(A="a+b", B="x+y")]
    frequencies, log_likelihoods = oracle.em(persons, LOCI, iterations=1)
    assert frequencies == pytest.approx({AX: 2.5 / 4, AY: 0.5 / 4, BX: 0.5 / 4, BY: 0.5 / 4})
    assert log_likelihoods == pytest.approx([math.log(1 / 16 * 4 / 16), math.log((5 / 8) ** 2 * (10 + 2) / 64)])


def test_a_second_iteration_weighs_phases_by_the_first() -> None:
    # ax with by has 2 * 5/8 * 1/8, ay with bx 2 * 1/8 * 1/8: five to one.
    persons = [person(A="a+a", B="x+x"), person(A="a+b", B="x+y")]
    frequencies, _ = oracle.em(persons, LOCI, iterations=2)
    assert frequencies == pytest.approx({AX: (2 + 5 / 6) / 4, AY: 1 / 24, BX: 1 / 24, BY: 5 / 24})


def test_iterations_end_where_nothing_changes() -> None:
    persons = [person(A="a+a", B="x+x"), person(A="a+b", B="x+y")]
    frequencies, log_likelihoods = oracle.em(persons, LOCI, tolerance=1e-12)
    assert frequencies == pytest.approx({AX: 3 / 4, AY: 0, BX: 0, BY: 1 / 4})
    assert log_likelihoods[-1] == pytest.approx(math.log(9 / 16 * 6 / 16))
    assert len(log_likelihoods) < 30


def test_no_iteration_gives_the_start() -> None:
    persons = [person(A="a+b", B="x+y")]
    assert oracle.em(persons, LOCI, iterations=0)[0] == {AX: 0.25, AY: 0.25, BX: 0.25, BY: 0.25}
    assert oracle.em(persons, LOCI, start={AX: 2, BY: 6}, iterations=0)[0] == {AX: 0.25, AY: 0, BX: 0, BY: 0.75}


def test_a_haplotype_that_starts_at_zero_stays_there() -> None:
    frequencies, _ = oracle.em([person(A="a+b", B="x+y")], LOCI, start={AX: 1, BY: 3}, iterations=3)
    assert frequencies == pytest.approx({AX: 0.5, AY: 0, BX: 0, BY: 0.5})


def test_support_is_all_that_may_be_carried() -> None:
    frequencies, _ = oracle.em([person(A="a+b", B="x+y")], LOCI, support=[AY, BX, BY], iterations=1)
    assert frequencies == {AY: 0.5, BX: 0.5, BY: 0}


def test_not_typed_allows_all_the_support() -> None:
    # ax with ax, ax with ay, ay with ay: 1/4, 1/2, 1/4 at the start, one of each haplotype in the mean.
    frequencies, log_likelihoods = oracle.em([person(A="a+a")], LOCI, support=[AX, AY, BX], iterations=1)
    assert frequencies == pytest.approx({AX: 0.5, AY: 0.5, BX: 0})
    assert log_likelihoods == pytest.approx([math.log(4 / 9), 0])


def test_persons_whom_nothing_explains_are_not_counted() -> None:
    persons = [person(A="a+a", B="x+y"), person(A="a+NEW", B="x+x")]
    assert oracle.em(persons, LOCI, iterations=1)[0] == pytest.approx({AX: 0.5, AY: 0.5})
    assert oracle.em(persons[1:], LOCI, support=[AX, AY], iterations=9) == ({AX: 0.5, AY: 0.5}, [0.0])


def test_nothing_to_estimate() -> None:
    assert oracle.em([], LOCI, iterations=3) == ({}, [0.0])


@st.composite
def samples(draw: st.DrawFn) -> tuple[tuple[str, ...], list[Person]]:
    loci = draw(strategies.panel_loci())
    frequencies = draw(strategies.frequency_sets(loci))
    return loci, draw(st.lists(strategies.carried_persons(loci, frequencies), min_size=1, max_size=4))


@given(samples())
def test_the_likelihood_never_falls(sample: tuple[tuple[str, ...], list[Person]]) -> None:
    loci, persons = sample
    # Two loci are enough, and keep the product of alleles that any typing names small.
    frequencies, log_likelihoods = oracle.em(persons, loci[:2], iterations=4)
    assert not frequencies or math.fsum(frequencies.values()) == pytest.approx(1)
    for before, after in pairwise(log_likelihoods):
        assert after >= before - 1e-9


@given(samples())
def test_order_of_persons_sides_and_loci_does_not_matter(sample: tuple[tuple[str, ...], list[Person]]) -> None:
    loci, persons = sample
    loci = loci[:2]
    turned = [
        {
            locus: None if one is None else [(second, first) for first, second in reversed(one)]
            for locus, one in given_person.items()
        }
        for given_person in reversed(persons)
    ]
    frequencies, log_likelihoods = oracle.em(persons, loci, iterations=3)
    of_turned, log_likelihoods_of_turned = oracle.em(turned, loci[::-1], iterations=3)
    assert {haplotype[::-1]: value for haplotype, value in of_turned.items()} == pytest.approx(frequencies)
    assert log_likelihoods_of_turned == pytest.approx(log_likelihoods)


@given(samples())
def test_support_explains_every_person_with_alleles_that_have_names(
    sample: tuple[tuple[str, ...], list[Person]],
) -> None:
    loci, persons = sample
    alleles = oracle.alleles_of(persons, loci)
    for given_person in persons:
        support = oracle.possible_haplotypes(given_person, loci, alleles)
        pairs = diplotypes(dict.fromkeys(support, 1), loci, given_person)
        assert {haplotype for pair in pairs for haplotype in pair} == support
