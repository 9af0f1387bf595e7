"""The oracle itself, against cases worked by hand."""

import ast
from pathlib import Path

import pytest
from hypothesis import given

from tests import strategies
from tests.locus_mismatches import wmda_locus_mismatches
from tests.oracle import matching as oracle


def side(text: str) -> frozenset[str]:
    return frozenset(text.split("/"))


def typing(*genotypes: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    """typing("a/b+c", "d+e"): two alternatives, the first with an ambiguous side."""
    return [tuple(side(part) for part in genotype.split("+")) for genotype in genotypes]


def test_oracle_imports_only_the_standard_library() -> None:
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {"collections.abc", "itertools"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


# patient, donor: matches, GvH, HvG
@pytest.mark.parametrize(
    ("patient", "donor", "count", "gvh", "hvg"),
    [
        pytest.param(("a", "b"), ("a", "b"), 2, 0, 0, id="same"),
        pytest.param(("a", "b"), ("b", "a"), 2, 0, 0, id="crossed"),
        pytest.param(("a", "b"), ("a", "c"), 1, 1, 1, id="one each way"),
        pytest.param(("a", "b"), ("c", "a"), 1, 1, 1, id="one each way, crossed"),
        pytest.param(("a", "b"), ("c", "d"), 0, 2, 2, id="none"),
        pytest.param(("a", "a"), ("a", "b"), 1, 0, 1, id="homozygous patient: HvG only"),
        pytest.param(("a", "b"), ("a", "a"), 1, 1, 0, id="homozygous donor: GvH only"),
        pytest.param(("a", "a"), ("a", "a"), 2, 0, 0, id="homozygous, same"),
        pytest.param(("a", "a"), ("b", "b"), 0, 2, 2, id="homozygous, different: two"),
        pytest.param(("a", "a"), ("b", "c"), 0, 2, 2, id="homozygous patient, none"),
        pytest.param(("a", "NULL"), ("a", "a"), 2, 0, 0, id="null is homozygous for its partner"),
        pytest.param(("NULL", "a"), ("a", "NULL"), 2, 0, 0, id="nulls on both sides"),
        pytest.param(("a", "NULL"), ("a", "b"), 1, 0, 1, id="null patient, heterozygous donor"),
        pytest.param(("a", "b"), ("NULL", "a"), 1, 1, 0, id="null donor, heterozygous patient"),
        pytest.param(("NULL", "NULL"), ("NULL", "NULL"), 2, 0, 0, id="nulls alone, same"),
        pytest.param(("NULL", "a"), ("b", "NULL"), 1, 1, 1, id="nulls on both sides, another partner"),
        pytest.param(("NULL", "NULL"), ("a", "b"), 0, 0, 2, id="patient without alleles"),
        pytest.param(("a", "b"), ("NULL", "NULL"), 0, 2, 0, id="donor without alleles"),
        pytest.param(("NEW", "a"), ("NEW", "a"), 1, 1, 1, id="new equals no new"),
        pytest.param(("NEW", "NEW"), ("NEW", "NEW"), 0, 2, 2, id="two new equal nothing"),
        pytest.param(("NEW", "NULL"), ("NEW", "NULL"), 1, 1, 1, id="new with null, twice"),
        pytest.param(("NEW", "NULL"), ("NEW", "a"), 0, 2, 2, id="new with null is new twice beside no null"),
        pytest.param(("a", "NEW"), ("a", "b"), 1, 1, 1, id="new patient allele is lacking"),
        pytest.param(("a", "a"), ("a", "NEW"), 1, 0, 1, id="new donor allele is lacking"),
    ],
)
def test_numbers_of_two_genotypes(
    patient: tuple[str, str], donor: tuple[str, str], count: int, gvh: int, hvg: int
) -> None:
    assert oracle.match_count(patient, donor) == count
    assert oracle.gvh(patient, donor) == gvh
    assert oracle.hvg(patient, donor) == hvg


def test_genotypes_are_all_choices_of_all_alternatives() -> None:
    assert oracle.genotypes(typing("a/b+c", "d+NULL")) == {("a", "c"), ("b", "c"), ("d", "NULL")}
    assert oracle.genotypes(typing("a+b/NULL")) == {("a", "b"), ("a", "NULL")}


@pytest.mark.parametrize(("patient", "donor", "gvh", "hvg", "most"), wmda_locus_mismatches())
def test_wmda_locus_mismatch_table(patient: str, donor: str, gvh: int, hvg: int, most: int) -> None:
    pair = [tuple({"N": oracle.NULL}.get(letter, letter) for letter in genotype) for genotype in (patient, donor)]
    assert (oracle.gvh(*pair), oracle.hvg(*pair), 2 - oracle.match_count(*pair)) == (gvh, hvg, most)


def test_strict_differs_from_the_consensus_where_both_have_a_null() -> None:
    found = {}
    for patient, donor, *numbers in wmda_locus_mismatches():
        pair = [tuple({"N": oracle.NULL}.get(letter, letter) for letter in genotype) for genotype in (patient, donor)]
        counts = [oracle.gvh(*pair, "strict"), oracle.hvg(*pair, "strict"), 2 - oracle.match_count(*pair, "strict")]
        if counts != numbers:
            found[patient, donor] = counts
    assert found == {
        ("NA", "NB"): [2, 2, 2],
        ("NN", "NA"): [0, 2, 2],
        ("NA", "NN"): [2, 0, 2],
        ("NN", "NN"): [0, 0, 2],
    }


# best, worst, gvh best, gvh worst, hvg best, hvg worst
@pytest.mark.parametrize(
    ("patient", "donor", "expected"),
    [
        pytest.param(None, typing("a+b"), (2, 0, 0, 2, 0, 2), id="patient not typed"),
        pytest.param(typing("a+b"), None, (2, 0, 0, 2, 0, 2), id="donor not typed"),
        pytest.param(None, None, (2, 0, 0, 2, 0, 2), id="nobody typed"),
        pytest.param(typing("a+b"), typing("b+a"), (2, 2, 0, 0, 0, 0), id="certain"),
        pytest.param(typing("a+b"), typing("a+b/c"), (2, 1, 0, 1, 0, 1), id="potential"),
        # The patient may be (a,c) and the donor (b,c).
        pytest.param(typing("a/b+c"), typing("a/b+c"), (2, 1, 0, 1, 0, 1), id="same ambiguity"),
        # The donor may be (a,a), (a,b) or (b,b).
        pytest.param(typing("a+a"), typing("a/b+a/b"), (2, 0, 0, 2, 0, 2), id="independent sides"),
        pytest.param(typing("a+a"), typing("a+b/c"), (1, 1, 0, 0, 1, 1), id="certainly HvG only"),
        pytest.param(typing("a+b"), typing("a+a", "c+d"), (1, 0, 1, 2, 0, 2), id="alternatives"),
        # The donor is (b,b) or (c,c), never (b,c).
        pytest.param(typing("b+c"), typing("b/c+NULL"), (1, 1, 1, 1, 0, 0), id="null pure and partner ambiguous"),
        # The donor is (b,c), or (b,b) without HvG.
        pytest.param(typing("a+b"), typing("b+c/NULL"), (1, 1, 1, 1, 0, 1), id="null among others"),
        pytest.param(typing("a+b"), typing("NEW+a"), (1, 1, 1, 1, 1, 1), id="new"),
        # The patient is (a,a), one match and HvG only, or (a,b).
        pytest.param(typing("a+a/b"), typing("a+b"), (2, 1, 0, 0, 0, 1), id="each number by itself"),
    ],
)
def test_locus_counts(patient: oracle.Typing, donor: oracle.Typing, expected: tuple[int, ...]) -> None:
    counts = oracle.locus_counts(patient, donor)
    assert tuple(counts) == ("best", "worst", "gvh_best", "gvh_worst", "hvg_best", "hvg_worst")
    assert tuple(counts.values()) == expected


@pytest.mark.parametrize(
    ("given_typing", "expected"),
    [
        pytest.param(typing("a/b+c"), "free a/b+c", id="no null"),
        pytest.param(typing("a+NULL"), "resolved a+a, carried a+NULL", id="one partner"),
        pytest.param(typing("NULL+b/a"), "resolved a+a, resolved b+b, carried NULL+a/b", id="one for each partner"),
        pytest.param(typing("a+b/NULL"), "free a+b, resolved a+a, carried a+NULL", id="null among others"),
        pytest.param(
            typing("a/NULL+b/NULL"),
            "free a+b, resolved a+a, carried a+NULL, resolved b+b, carried NULL+b, "
            "resolved NULL+NULL, carried NULL+NULL",
            id="null on both sides",
        ),
        pytest.param(typing("NULL+NULL"), "resolved NULL+NULL, carried NULL+NULL", id="no alleles"),
        pytest.param(typing("a+NULL", "a+a"), "resolved a+a, carried a+NULL, free a+a", id="several"),
        pytest.param(typing("a+b", "a+b"), "free a+b", id="each once"),
    ],
)
def test_parted(given_typing: list[oracle.Alternative], expected: str) -> None:
    found = [
        f"{kind} {'+'.join('/'.join(sorted(side)) for side in pair)}" for kind, pair in oracle.parted(given_typing)
    ]
    assert ", ".join(found) == expected


# a and b share the antigen x; c has y; d has none
ANTIGENS = {"a": {"x"}, "b": {"x", "z"}, "c": {"y"}}


def typed(given: oracle.Typing) -> oracle.Typing:
    """The typing, every side typed as the antigens of its names."""
    return given and [(by_dna(first), by_dna(second)) for first, second in given]


def by_dna(names: frozenset[str]) -> frozenset[str]:
    antigens = {antigen for name in names for antigen in ANTIGENS.get(name, ())}
    return frozenset(name if name in ("NULL", "NEW") else oracle.Allele(name, antigens) for name in names)


def by_serology(names: str, *antigens: str) -> frozenset[str]:
    return frozenset(oracle.Allele(name, antigens, antigens) for name in names.split("/"))


@pytest.mark.parametrize(
    ("patient", "donor", "expected"),
    [
        pytest.param(None, typing("a+b"), "PP", id="patient not typed"),
        pytest.param(typing("a+b"), None, "PP", id="donor not typed"),
        pytest.param(typing("a+c"), typing("a+c"), "AA", id="same"),
        pytest.param(typing("a+c"), typing("c+a"), "AA", id="crossed"),
        pytest.param(typing("a+c"), typing("c+b"), "AL", id="donor's order: antigen match second"),
        pytest.param(typing("a+c"), typing("b+c"), "LA", id="donor's order: antigen match first"),
        pytest.param(typing("a+c"), typing("d+c"), "MA", id="antigen mismatch"),
        pytest.param(typing("a+c"), typing("a/b+c"), "PA", id="ambiguous side is potential"),
        pytest.param(typing("a+c"), typing("a+c", "b+c"), "PA", id="certain only where every alternative is"),
        pytest.param(typing("a+c"), typing("b+b"), "LM", id="ties: the direct pairing"),
        pytest.param(typing("c+a"), typing("b+b"), "ML", id="ties: the direct pairing, other order"),
        # Direct: A and M, one match. Cross: L and M, none.
        pytest.param(typing("a+b"), typing("a+c"), "AM", id="a match goes before antigens"),
        # Direct: P and L, one match. Cross: P and A, two.
        pytest.param(typing("a+b/c"), typing("a/c+a"), "PA", id="more matches first"),
        # Direct: a against a/c is P, b against d is M, one match, 4. Cross: b against a/c is L, a against d is M, 3.
        pytest.param(typing("a+b"), typing("a/c+d"), "PM", id="potential with mismatch"),
        # Direct: M and M. Cross: P and M.
        pytest.param(typing("c+a/b"), typing("a/b+d"), "PM", id="only the crossed pairing matches"),
        pytest.param(typing("a+NULL"), typing("a+a"), "AA", id="null is homozygous"),
        pytest.param(typing("a/c+NULL"), typing("a+a"), "PP", id="null with ambiguous partner"),
        # Both alleles are the same of the two, but each was typed as the antigens of the list.
        pytest.param(typing("a/c+NULL"), typing("a+c"), "PL", id="never both of the partner's names"),
        pytest.param(typing("NULL+NULL"), typing("NULL+NULL"), "AA", id="no alleles"),
        pytest.param(typing("a+NULL"), typing("c+NULL"), "MA", id="null equals null"),
        pytest.param(typing("a+NULL"), typing("NULL+NULL"), "MA", id="null equals null, and one for each"),
        pytest.param(typing("NULL+NULL"), typing("a+c"), "MM", id="absent against present"),
        pytest.param(typing("a+NULL"), typing("c+b"), "ML", id="null of one side is the other allele"),
        pytest.param(typing("a+a", "a+NULL"), typing("c+c", "c+NULL"), "MP", id="perhaps null on both sides"),
        pytest.param(typing("a+NEW"), typing("NEW+a"), "?A", id="new equals no new, and is unknown"),
        pytest.param(typing("a+NEW"), typing("a+b"), "A?", id="a patient's new allele is unknown"),
        # The first alternatives match once, the second twice.
        pytest.param(typing("a+b"), typing("a+c", "b+a"), "AP", id="the alternatives with most matches"),
        # Both alternatives match once; the second has an antigen match beside it.
        pytest.param(typing("a+c"), typing("d+c", "b+c"), "LA", id="of as many matches the better grades"),
    ],
)
def test_grades(patient: oracle.Typing, donor: oracle.Typing, expected: str) -> None:
    assert oracle.grades(typed(patient), typed(donor)) == expected


def test_the_order_of_alternatives_does_not_decide_better_grades() -> None:
    patient, donor = typing("d+c", "a+c"), typing("d+a", "c+b")
    patient, donor = typed(patient), typed(donor)
    assert oracle.grades(patient, donor) == "PL"
    assert oracle.grades(list(reversed(patient)), list(reversed(donor))) == "PL"


@pytest.mark.parametrize(
    ("patient", "donor", "best", "expected"),
    [
        pytest.param(by_serology("a/b", "x"), by_serology("b/c", "x"), 2, "PP", id="the same antigen"),
        pytest.param(by_serology("a/b", "x"), by_serology("b/c", "x1"), 2, "PP", id="its split"),
        pytest.param(by_serology("a/b", "x1"), by_serology("b/c", "x2"), 0, "MM", id="another split"),
        pytest.param(by_serology("b", "x1"), by_serology("b", "x2"), 0, "MM", id="another split, the same allele"),
        pytest.param(by_serology("a/b", "x1", "y"), by_serology("b/c", "x2", "y"), 2, "PP", id="lists that meet"),
        pytest.param(by_serology("a/b", "x1"), by_dna(side("b/c")), 2, "PP", id="serology beside DNA"),
        pytest.param(by_serology("a", "x"), by_dna(side("b")), 0, "LL", id="serology beside DNA of its antigen"),
        pytest.param(by_serology("a", "y"), by_dna(side("b")), 0, "MM", id="serology beside DNA of another"),
    ],
)
def test_serology_is_what_was_reported(
    patient: frozenset[str], donor: frozenset[str], best: int, expected: str
) -> None:
    one, other = [(patient, patient)], [(donor, donor)]
    assert oracle.grades(one, other) == oracle.grades(other, one) == expected
    assert oracle.locus_counts(one, other)["best"] == best


PATIENT = {"A": typing("a+b"), "B": typing("a+a")}
DONORS = {
    "full": {"A": typing("a+b"), "B": typing("a+a")},
    "potential": {"A": typing("a+b"), "B": None},
    "HvG only": {"A": typing("a+b"), "B": typing("a+c")},
    "GvH only": {"A": typing("a+a"), "B": typing("a+a")},
    "two at A": {"A": typing("c+d"), "B": typing("a+a")},
    "no B column": {"A": typing("a+c")},
}


@pytest.mark.parametrize(
    ("most", "limits", "direction", "expected"),
    [
        (0, {}, "both", {("full", 4, 4), ("potential", 4, 2)}),
        (1, {}, "both", {("full", 4, 4), ("potential", 4, 2), ("HvG only", 3, 3), ("GvH only", 3, 3),
                         ("no B column", 3, 1)}),
        (1, {"A": 0}, "both", {("full", 4, 4), ("potential", 4, 2), ("HvG only", 3, 3)}),
        (2, {"A": 1, "B": 0}, "both", {("full", 4, 4), ("potential", 4, 2), ("GvH only", 3, 3),
                                       ("no B column", 3, 1)}),
        (2, {"A": 2, "C": 0}, "both", {("full", 4, 4), ("potential", 4, 2), ("HvG only", 3, 3), ("GvH only", 3, 3),
                                       ("two at A", 2, 2), ("no B column", 3, 1)}),
        (0, {}, "gvh", {("full", 4, 4), ("potential", 4, 2), ("HvG only", 3, 3)}),
        (0, {}, "hvg", {("full", 4, 4), ("potential", 4, 2), ("GvH only", 3, 3)}),
    ],
)  # fmt: skip
def test_search(most: int, limits: dict[str, int], direction: str, expected: set[tuple[str, int, int]]) -> None:
    found = oracle.search(PATIENT, DONORS, ["A", "B"], most, limits, direction)
    assert len(found) == len(expected)
    assert set(found) == expected


def test_search_looks_at_its_loci_only() -> None:
    found = oracle.search(PATIENT, DONORS, ["B"], 0, {"A": 0}, "both")
    assert set(found) == {
        ("full", 2, 2), ("potential", 2, 0), ("GvH only", 2, 2), ("two at A", 2, 2), ("no B column", 2, 0)
    }  # fmt: skip


@given(strategies.genotypes(), strategies.genotypes())
def test_gvh_is_hvg_with_the_parts_exchanged(patient: tuple[str, str], donor: tuple[str, str]) -> None:
    assert oracle.gvh(patient, donor) == oracle.hvg(donor, patient)
    assert oracle.match_count(patient, donor) == oracle.match_count(donor, patient)


@given(strategies.typed())
def test_parted_typings_allow_the_same_genotypes(one: list[oracle.Alternative]) -> None:
    parts = oracle.parted(one)
    as_carried = oracle.genotypes([pair for kind, pair in parts if kind != "resolved"])
    assert as_carried == oracle.genotypes(one)
    beside_none = oracle.genotypes([pair for kind, pair in parts if kind != "carried"])
    assert beside_none == {oracle.resolve_nulls(genotype) for genotype in oracle.genotypes(one)}


TYPINGS = strategies.with_antigens(strategies.typings())


@given(TYPINGS, TYPINGS)
def test_grades_have_as_many_matches_as_the_best_count(patient: oracle.Typing, donor: oracle.Typing) -> None:
    letters = oracle.grades(patient, donor)
    assert sum(letter in "AP" for letter in letters) == oracle.locus_counts(patient, donor)["best"]
