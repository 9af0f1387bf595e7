"""The oracle of match prediction itself, against cases worked by hand."""

import ast
from collections import defaultdict
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.locus_mismatches import wmda_locus_mismatches
from tests.oracle import probability as oracle
from tests.oracle.matching import Typing


def typing(*genotypes: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    """typing("a/b+c", "d+e"): two alternatives, the first with an ambiguous side."""
    return [tuple(frozenset(part.split("/")) for part in genotype.split("+")) for genotype in genotypes]


def panel(**weights: int | str) -> dict[tuple[str, ...], Fraction]:
    """panel(a_x=3, b_y="1/2"): haplotypes a~x and b~y."""
    return {tuple(haplotype.split("_")): Fraction(weight) for haplotype, weight in weights.items()}


def person(**typings: str | None) -> dict[str, Typing]:
    """person(A="a+b", B="x+x|x+y", C=None): alternatives divided by a stroke."""
    return {locus: None if text is None else typing(*text.split("|")) for locus, text in typings.items()}


def test_oracle_imports_only_the_standard_library_and_the_oracle_of_matching() -> None:
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {"collections.abc", "fractions", "itertools", "tests.oracle.matching"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


@pytest.mark.parametrize(
    ("one", "first", "second", "expected"),
    [
        pytest.param(None, "a", "NULL", True, id="not typed"),
        pytest.param(typing("a+b"), "b", "a", True, id="either chromosome carries either side"),
        pytest.param(typing("a+b"), "a", "a", False, id="one side each"),
        pytest.param(typing("a/b+a/b"), "a", "a", True, id="independent sides"),
        pytest.param(typing("a+b", "c+d"), "c", "d", True, id="second alternative"),
        pytest.param(typing("a+b", "c+d"), "a", "d", False, id="never parts of two alternatives"),
        pytest.param(typing("a+NULL"), "NULL", "a", True, id="null is carried"),
        pytest.param(typing("a+NULL"), "a", "a", False, id="null is not its partner"),
        pytest.param(typing("a+a"), "a", "NULL", False, id="homozygous without null"),
        pytest.param(typing("a+b/NULL"), "a", "NULL", True, id="null among others"),
        pytest.param(typing("a+NEW"), "a", "NEW", False, id="new is no haplotype's name"),
        pytest.param(typing("a+b/NEW"), "a", "b", True, id="new among others"),
    ],
)
def test_allows(one: Typing, first: str, second: str, expected: bool) -> None:
    assert oracle.allows(one, first, second) is expected
    assert oracle.allows(one, second, first) is expected


AX, AY, BX, BY = ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")
FOUR = panel(a_x=4, a_y=3, b_x=2, b_y=1)


def test_weights_of_different_haplotypes_are_doubled() -> None:
    assert oracle.diplotypes(panel(a_x=3, b_y=1), ("A", "B"), {}) == {(AX, AX): 9, (AX, BY): 6, (BY, BY): 1}


@pytest.mark.parametrize(
    ("given_person", "expected"),
    [
        pytest.param(person(A="a+a", B="x+x"), {(AX, AX): 16}, id="homozygous"),
        pytest.param(person(A="a+b", B="x+y"), {(AX, BY): 8, (AY, BX): 12}, id="both phases"),
        pytest.param(person(A="a+a", B="x+y"), {(AX, AY): 24}, id="homozygous at one locus"),
        pytest.param(person(A="a+a", B=None), {(AX, AX): 16, (AX, AY): 24, (AY, AY): 9}, id="not typed"),
        pytest.param(person(A="a+a"), {(AX, AX): 16, (AX, AY): 24, (AY, AY): 9}, id="locus not there"),
        # Each locus by itself: a with y and b with x is no less allowed than a with x.
        pytest.param(person(A="a+b", B="x+y|y+y"), {(AX, BY): 8, (AY, BX): 12, (AY, BY): 6}, id="alternatives"),
        pytest.param(person(A="c+a", B="x+x"), {}, id="no haplotype has it"),
        pytest.param(person(A="a+NEW", B="x+x"), {}, id="new"),
    ],
)
def test_diplotypes(given_person: oracle.Person, expected: dict[oracle.Diplotype, int]) -> None:
    assert oracle.diplotypes(FOUR, ("A", "B"), given_person) == expected


def test_haplotypes_of_frequency_zero_explain_nothing() -> None:
    frequencies = panel(a_x=1, b_y=0)
    assert oracle.diplotypes(frequencies, ("A", "B"), {}) == {(AX, AX): 1}
    assert oracle.genotype_distribution(frequencies, ("A", "B"), person(A="b+b", B="y+y"), ("A",)) is None


def test_a_genotype_has_the_weight_of_all_its_phases() -> None:
    found = oracle.genotype_distribution(FOUR, ("A", "B"), person(A="a+b", B="x+y|y+y"), ("A", "B"))
    assert found == {
        (("a", "b"), ("x", "y")): Fraction(20, 26),
        (("a", "b"), ("y", "y")): Fraction(6, 26),
    }


def test_loci_beside_the_scope_still_restrict() -> None:
    # A=(a,a) has weight 16 beside x+x, 24 beside x+y, 9 beside y+y: with B typed y+y only the last counts.
    given_person = person(A=None, B="y+y")
    found = oracle.genotype_distribution(FOUR, ("A", "B"), given_person, ("A",))
    assert found == {(("a", "a"),): Fraction(9, 16), (("a", "b"),): Fraction(6, 16), (("b", "b"),): Fraction(1, 16)}


def test_genotypes_are_in_the_order_of_the_scope() -> None:
    found = oracle.genotype_distribution(FOUR, ("A", "B"), person(A="b+a", B="x+x"), ("B", "A"))
    assert found == {(("x", "x"), ("a", "b")): 1}


def test_nulls_are_carried() -> None:
    frequencies = panel(a_x=2, NULL_x=1)
    given_person = person(A="a+a/NULL", B=None)
    assert oracle.diplotypes(frequencies, ("A", "B"), given_person) == {
        (AX, AX): 4,
        (("NULL", "x"), AX): 4,
    }
    either = {(("a", "a"),): Fraction(1, 2), (("NULL", "a"),): Fraction(1, 2)}
    assert oracle.genotype_distribution(frequencies, ("A", "B"), given_person, ("A",)) == either
    assert oracle.genotype_distribution(frequencies, ("A", "B"), {}, ("A",)) == {
        (("a", "a"),): Fraction(4, 9),
        (("NULL", "a"),): Fraction(4, 9),
        (("NULL", "NULL"),): Fraction(1, 9),
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (None, None),
        (typing("b+a"), ("a", "b")),
        (typing("a+b", "b+a"), ("a", "b")),
        (typing("a+a/b"), None),
        (typing("a+b", "a+c"), None),
        (typing("a+NULL"), ("NULL", "a")),
        (typing("a+a/NULL"), None),
        (typing("NULL+NULL"), ("NULL", "NULL")),
        (typing("a/b+NULL"), None),
        (typing("a+NEW"), ("NEW", "a")),
    ],
)
def test_certain_genotype(one: Typing, expected: tuple[str, str] | None) -> None:
    assert oracle.certain_genotype(one) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (None, set()),
        (typing("a+b"), {("a", "b")}),
        (typing("a+a/b"), set()),
        (typing("a+a/NULL"), {("a", "a"), ("NULL", "a")}),
        (typing("a+a", "a+NULL"), {("a", "a"), ("NULL", "a")}),
        (typing("a/NULL+a/NULL"), set()),
        (typing("NULL+NULL"), {("NULL", "NULL")}),
    ],
)
def test_stated_genotypes(one: Typing, expected: set[tuple[str, str]]) -> None:
    assert oracle.stated_genotypes(one) == expected


@pytest.mark.parametrize("row", wmda_locus_mismatches(), ids=lambda row: "-".join(row[:2]))
def test_nulls_count_by_the_consensus(row: tuple[str, str, int, int, int]) -> None:
    patient, donor = (tuple("NULL" if letter == "N" else letter for letter in genotype) for genotype in row[:2])
    assert 2 - oracle.matching_alleles(patient, donor) == row[-1]
    assert oracle.matching_alleles(donor[::-1], patient) == oracle.matching_alleles(patient, donor)


@pytest.mark.parametrize(
    ("patient", "donor", "expected"),
    [("NA", "NB", 0), ("NA", "NA", 2), ("NN", "NN", 0), ("NN", "NA", 0), ("NA", "AA", 2), ("NA", "AB", 1)],
)
def test_by_the_strict_rule_two_nulls_match_nothing(patient: str, donor: str, expected: int) -> None:
    one, other = (tuple("NULL" if letter == "N" else letter for letter in pair) for pair in (patient, donor))
    assert oracle.matching_alleles(one, other, strict=True) == expected


def test_a_locus_without_frequencies_counts_where_its_genotypes_match_alike() -> None:
    either = {(("a", "a"),): Fraction(1, 2), (("NULL", "a"),): Fraction(1, 2)}
    one, other = {(("a", "a"),): Fraction(1)}, {(("NULL", "b"),): Fraction(1)}
    assert oracle.match_distribution(either, one, ("A",), uncovered=("A",))["p"] == [1, 0, 0]
    assert oracle.match_distribution(either, other, ("A",), uncovered=("A",)) is None
    assert oracle.match_distribution(either, other, ("A",))["p"] == [0, Fraction(1, 2), Fraction(1, 2)]


def test_match_distribution() -> None:
    patient = {(("a", "b"), ("x", "y")): Fraction(1)}
    donor = {
        (("a", "b"), ("x", "y")): Fraction(5, 10),  # no mismatch
        (("a", "c"), ("x", "y")): Fraction(2, 10),  # one, at A
        (("a", "b"), ("y", "y")): Fraction(1, 10),  # one, at B
        (("a", "c"), ("x", "x")): Fraction(1, 10),  # one at A and one at B
        (("c", "d"), ("z", "z")): Fraction(1, 10),  # four
    }
    assert oracle.match_distribution(patient, donor, ("A", "B")) == {
        "p": [Fraction(5, 10), Fraction(3, 10), Fraction(1, 10), 0, Fraction(1, 10)],
        "two": {"A": Fraction(6, 10), "B": Fraction(7, 10)},
        "one": {"A": Fraction(3, 10), "B": Fraction(2, 10)},
        "where": {"A": Fraction(2, 3), "B": Fraction(1, 3)},
    }


def test_no_place_for_a_single_mismatch_that_cannot_be() -> None:
    same = {(("a", "b"),): Fraction(1)}
    assert oracle.match_distribution(same, same, ("A",)) == {
        "p": [1, 0, 0],
        "two": {"A": 1},
        "one": {"A": 0},
        "where": None,
    }


def test_persons_are_independent() -> None:
    either = {(("a", "a"),): Fraction(1, 3), (("a", "b"),): Fraction(2, 3)}
    # The same: 1/9 + 4/9; else (a,a) against (a,b), one mismatch.
    assert oracle.match_distribution(either, either, ("A",))["p"] == [Fraction(5, 9), Fraction(4, 9), 0]


def test_new_matches_nothing_in_a_certain_genotype() -> None:
    new = {(("NEW", "a"),): Fraction(1)}
    assert oracle.match_distribution(new, new, ("A",))["p"] == [0, 1, 0]


def test_marginal() -> None:
    assert oracle.marginal(FOUR, ("A", "B"), ("A",)) == {("a",): 7, ("b",): 3}
    assert oracle.marginal(FOUR, ("A", "B"), ("B", "A")) == {(b, a): n for (a, b), n in FOUR.items()}


LOCI = ("A", "B", "C")
BLOCKS = (("A",), ("B", "C"))
OWN = panel(a_x_m=1)
REGISTRY = panel(a_x_m=2, b_y_n=1)
GLOBAL = panel(c_z_o=1)
PANELS = [("own", OWN), ("registry", REGISTRY), ("global", GLOBAL)]


@pytest.mark.parametrize(
    ("given_person", "step", "parts"),
    [
        pytest.param(
            person(A="a+a", B=None),
            "own",
            [(LOCI, {(("a", "a"), ("x", "x"), ("m", "m")): 1})],
            id="own",
        ),
        pytest.param(
            person(A="a/b+b"),
            "registry",
            [
                (
                    LOCI,
                    {
                        (("a", "b"), ("x", "y"), ("m", "n")): Fraction(4, 5),
                        (("b", "b"), ("y", "y"), ("n", "n")): Fraction(1, 5),
                    },
                )
            ],
            id="registry",
        ),
        pytest.param(person(A="c+c"), "global", [(LOCI, {(("c", "c"), ("z", "z"), ("o", "o")): 1})], id="global"),
        # a,a with y,y: the registry has no such haplotypes, but has either block.
        pytest.param(
            person(A="a+a", B="y+y"),
            "blocks",
            [(("A",), {(("a", "a"),): 1}), (("B", "C"), {(("y", "y"), ("n", "n")): 1})],
            id="blocks",
        ),
        pytest.param(
            person(A=None, B="y+y", C="m+m/n"),
            "loci",
            [
                (("A",), {(("a", "a"),): Fraction(4, 9), (("a", "b"),): Fraction(4, 9), (("b", "b"),): Fraction(1, 9)}),
                (("B",), {(("y", "y"),): 1}),
                (("C",), {(("m", "m"),): Fraction(1, 2), (("m", "n"),): Fraction(1, 2)}),
            ],
            id="only the block that is not explained falls to its loci",
        ),
        pytest.param(
            person(A="a+q", B="y+y"),
            "certain",
            [(("A",), {(("a", "q"),): 1}), (("B", "C"), {(("y", "y"), ("n", "n")): 1})],
            id="an allele that no frequencies have",
        ),
        pytest.param(
            person(A="a+q/r", B="y+y"),
            "missing",
            [(("A",), None), (("B", "C"), {(("y", "y"), ("n", "n")): 1})],
            id="two alleles that no frequencies have",
        ),
        pytest.param(
            person(A="a+NULL", B="y+y"),
            "certain",
            [(("A",), {(("NULL", "a"),): 1}), (("B", "C"), {(("y", "y"), ("n", "n")): 1})],
            id="a null that no frequencies have",
        ),
    ],
)
def test_explain(given_person: oracle.Person, step: str, parts: list[oracle.Part]) -> None:
    assert oracle.explain(given_person, LOCI, PANELS, BLOCKS) == (parts, step)


def test_blocks_are_of_the_registry_alone() -> None:
    given_person = person(A="a+a", B="y+y")
    panels = [("own", REGISTRY), ("global", REGISTRY)]
    assert oracle.explain(given_person, LOCI, panels, BLOCKS) == (
        [(("A",), {(("a", "a"),): 1}), (("B",), {(("y", "y"),): 1}), (("C",), None)],
        "missing",
    )


def test_loci_that_no_panel_has() -> None:
    given_person = person(A="a+a", D="q+r", E="q+q/r")
    own = (LOCI, {(("a", "a"), ("x", "x"), ("m", "m")): 1})
    assert oracle.explain(given_person, LOCI, PANELS, BLOCKS, ("D", "A")) == (
        [own, (("D",), {(("q", "r"),): 1})],
        "certain",
    )
    parts, step = oracle.explain(given_person, LOCI, PANELS, BLOCKS, ("D", "E"))
    assert (parts[1:], step) == ([(("D",), {(("q", "r"),): 1}), (("E",), None)], "missing")


def test_joined_parts_are_independent_and_in_the_order_of_the_scope() -> None:
    parts: list[oracle.Part] = [
        (("A",), {(("a", "a"),): Fraction(1, 3), (("a", "b"),): Fraction(2, 3)}),
        (
            ("B", "C"),
            {
                (("x", "x"), ("m", "m")): Fraction(1, 2),
                (("x", "x"), ("m", "n")): Fraction(1, 4),
                (("y", "y"), ("m", "n")): Fraction(1, 4),
            },
        ),
        (("D",), None),
    ]
    assert oracle.joined(parts, ("B", "A")) == {
        (("x", "x"), ("a", "a")): Fraction(1, 4),
        (("x", "x"), ("a", "b")): Fraction(1, 2),
        (("y", "y"), ("a", "a")): Fraction(1, 12),
        (("y", "y"), ("a", "b")): Fraction(1, 6),
    }
    assert oracle.joined(parts, ("A", "D")) is None
    assert oracle.joined(parts, ("A", "E")) is None


def test_a_certain_scope_needs_no_frequencies() -> None:
    given_person = person(A="q+r", B="y+NULL", C="q+q/r")
    found, step = oracle.scope_distribution(given_person, ("B", "A"), LOCI, PANELS, BLOCKS)
    assert (found, step) == ({(("NULL", "y"), ("q", "r")): 1}, "missing")
    assert oracle.scope_distribution(given_person, LOCI, LOCI, PANELS, BLOCKS) == (None, "missing")


@st.composite
def predictions(draw: st.DrawFn) -> tuple[tuple[str, ...], dict[tuple[str, ...], Fraction], oracle.Person]:
    loci = draw(strategies.panel_loci())
    frequencies = draw(strategies.frequency_sets(loci))
    return loci, frequencies, draw(strategies.carried_persons(loci, frequencies))


@given(predictions())
def test_the_factor_two_counts_both_orders_of_two_parents(
    prediction: tuple[tuple[str, ...], dict[tuple[str, ...], Fraction], oracle.Person],
) -> None:
    loci, frequencies, given_person = prediction
    expected: dict[oracle.MultilocusGenotype, Fraction] = defaultdict(Fraction)
    for (mother, p), (father, q) in product(frequencies.items(), repeat=2):
        chosen = list(zip(mother, father, strict=True))
        if all(
            given_person[locus] is None or any(both in set(product(*alternative)) | set(product(*alternative[::-1]))
                                               for alternative in given_person[locus])
            for locus, both in zip(loci, chosen, strict=True)
        ):  # fmt: skip
            expected[tuple(oracle.genotype(*both) for both in chosen)] += p * q
    total = sum(expected.values())
    found = oracle.genotype_distribution(frequencies, loci, given_person, loci)
    assert found == ({genotype: weight / total for genotype, weight in expected.items()} if expected else None)


@given(predictions(), st.integers(1, 5))
def test_sides_alternatives_and_scale_of_frequencies_do_not_matter(
    prediction: tuple[tuple[str, ...], dict[tuple[str, ...], Fraction], oracle.Person], scale: int
) -> None:
    loci, frequencies, given_person = prediction
    turned = {
        locus: None if one is None else [(second, first) for first, second in reversed(one)]
        for locus, one in given_person.items()
    }
    scaled = {haplotype: frequency * scale for haplotype, frequency in reversed(frequencies.items())}
    expected = oracle.genotype_distribution(frequencies, loci, given_person, loci)
    assert oracle.genotype_distribution(scaled, loci, turned, loci) == expected


@given(predictions(), st.data())
def test_a_scope_is_the_sum_over_the_other_loci(
    prediction: tuple[tuple[str, ...], dict[tuple[str, ...], Fraction], oracle.Person], data: st.DataObject
) -> None:
    loci, frequencies, given_person = prediction
    scope = data.draw(strategies.scopes_of(loci))
    whole = oracle.genotype_distribution(frequencies, loci, given_person, loci)
    found = oracle.genotype_distribution(frequencies, loci, given_person, scope)
    assert found == oracle.joined([(loci, whole)], scope)
    assert found is None or sum(found.values()) == 1


Chain = tuple[oracle.Person, tuple[str, ...], list[tuple[str, oracle.Frequencies]], tuple[tuple[str, ...], ...]]


@st.composite
def chains(draw: st.DrawFn, loci: tuple[str, ...]) -> Chain:
    """The arguments of `explain` but the scope."""
    panels = draw(strategies.panels(loci))
    given_person = draw(strategies.carried_persons(loci, draw(st.sampled_from(panels))[1]))
    return given_person, loci, panels, draw(strategies.loci_blocks(loci))


@given(strategies.panel_loci().flatmap(chains))
def test_parts_divide_the_loci_and_each_sums_to_one(chain: Chain) -> None:
    _, loci, _, _ = chain
    parts, step = oracle.explain(*chain, scope=strategies.LOCI)
    assert sorted(locus for of_part, _ in parts for locus in of_part) == sorted(strategies.LOCI)
    assert all(sum(distribution.values()) == 1 for _, distribution in parts if distribution is not None)
    assert (step == "missing") == any(distribution is None for _, distribution in parts)
    assert (len(parts[0][0]) == len(loci)) or step in ("blocks", "loci", "certain", "missing")


@given(strategies.panel_loci().flatmap(chains), strategies.scopes_of(strategies.LOCI))
def test_frequencies_never_contradict_a_certain_genotype(chain: Chain, scope: tuple[str, ...]) -> None:
    parts, step = oracle.explain(*chain, scope=scope)
    given_person, loci, panels, blocks = chain
    expected = (oracle.joined(parts, scope), step)
    assert oracle.scope_distribution(given_person, scope, loci, panels, blocks) == expected


@given(strategies.panel_loci(), st.data())
def test_match_distributions_add_up(loci: tuple[str, ...], data: st.DataObject) -> None:
    scope = data.draw(strategies.scopes_of(loci))
    found = []
    for _ in range(2):
        given_person, _, panels, blocks = data.draw(chains(loci))
        found.append(oracle.scope_distribution(given_person, scope, loci, panels, blocks)[0])
    patient, donor = found
    assume(patient is not None and donor is not None)
    matches = oracle.match_distribution(patient, donor, scope)
    assert oracle.match_distribution(donor, patient, scope) == matches
    p, two, one, where = (matches[key] for key in ("p", "two", "one", "where"))
    assert len(p) == 2 * len(scope) + 1
    assert sum(p) == 1
    mean = sum(k * probability for k, probability in enumerate(p))
    assert mean == sum(2 - 2 * two[locus] - one[locus] for locus in scope)
    assert where is None if p[1] == 0 else sum(where.values()) == 1
    if len(patient) == len(donor) == 1:
        assert sorted(p)[-2:] == [0, 1]


@given(strategies.genotypes(), strategies.genotypes())
def test_strict_matches_are_those_of_resolved_genotypes(patient: tuple[str, str], donor: tuple[str, str]) -> None:
    resolved = oracle.homozygous_for_the_other(patient), oracle.homozygous_for_the_other(donor)
    found = oracle.matching_alleles(patient, donor, strict=True)
    assert found == oracle.matching_alleles(*resolved, strict=True)
    if "NULL" not in patient or "NULL" not in donor:
        assert oracle.matching_alleles(patient, donor) == found


@pytest.mark.exhaustive
def test_strategies_reach_every_step() -> None:
    for step in oracle.STEPS:
        find(
            strategies.panel_loci().flatmap(chains),
            lambda chain, step=step: oracle.explain(*chain)[1] == step,
            settings=settings(max_examples=5000, database=None, phases=[Phase.generate]),
        )
