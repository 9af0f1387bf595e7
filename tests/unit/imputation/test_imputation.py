"""Imputation beyond what the oracle holds: no persons, equal persons, little room."""

import numpy as np
import pytest

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation import allele_index, panels
from hla_match.imputation import imputed_registry as imputation
from hla_match.imputation.genotypes import genotype_distribution
from hla_match.imputation.imputed_registry import impute
from hla_match.imputation.panels import build_panels
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels.schema.array import arrays_of
from hla_match.loci import LOCI as EVERY_LOCUS
from hla_match.typings.encoding import Side, typing_table
from tests.oracle import probability as oracle

# Haplotypes of A and B, codes 2 to 5; typings: not typed, any of all, one pair.
ALLELE = np.array([[2, 2], [2, 3], [3, 2], [4, 5]], np.int32)
FREQUENCIES = HaplotypeFrequencies(
    "four", ("A", "B"), ALLELE, ("",), np.array([[0.4, 0.3, 0.2, 0.1]]), (), np.zeros(1), ""
)
ANY = Side((2, 3, 4, 5))
TABLES = {locus: typing_table([(), ((ANY, ANY),), ((Side((2,)), Side((3,))),)]) for locus in ("A", "B")}
PANELS = build_panels(FREQUENCIES, TABLES)
MEMBERSHIP = typing_membership(PANELS, TABLES)


def imputed(*persons, workers=1, under=PANELS):
    typing = np.array(persons, np.int32).reshape(-1, 2).T
    return impute(np.ascontiguousarray(typing), np.zeros(len(persons), np.int16), under, MEMBERSHIP, workers=workers)


def classes(found):
    """Return the pairs of classes of each part, a class as the set of its haplotypes."""
    found = found.classes
    member = [
        frozenset(found.member[start:stop].tolist())
        for start, stop in zip(found.class_member[:-1], found.class_member[1:], strict=True)
    ]
    return [
        {frozenset(member[found.part_class[part] + one] for one in pair) for pair in found.pair[start:stop].tolist()}
        for part, (start, stop) in enumerate(zip(found.part_pair[:-1], found.part_pair[1:], strict=True))
    ]


def test_blocks_of_loci_are_the_oracles():
    assert {frozenset(block) for block in panels.BLOCKS} == {frozenset(block) for block in oracle.BLOCKS}
    assert sorted(locus for block in panels.BLOCKS for locus in block) == sorted(EVERY_LOCUS)


def test_no_persons_are_no_persons():
    assert imputed().person.size == 0
    assert imputed().classes.person_part.tolist() == [0]


def test_equal_persons_are_kept_once():
    found = imputed((1, 1), (2, 2), (1, 1), (0, 2))
    assert found.classes.person_missing.size == 3
    assert found.person[0] == found.person[2]


def test_weights_are_those_of_all_diplotypes():
    whole, resolved = imputed((1, 1)), imputed((2, 2))
    assert np.isclose(whole.classes.part_mass[0], 1.0)
    # (2, 2) with (3, 3) is no haplotype pair of the panel; (2, 3) with (3, 2) is.
    assert np.isclose(resolved.classes.part_mass[0], 2 * 0.3 * 0.2)


def test_a_person_typed_nowhere_may_carry_every_haplotype():
    found = imputed((0, 0))
    assert classes(found) == [{frozenset({frozenset(range(4))})}]
    assert np.isclose(found.classes.part_mass[0], 1.0)


def test_large_panels_are_looked_up_otherwise_to_the_same_end(monkeypatch):
    monkeypatch.setattr(allele_index, "SET_BYTES", 0)
    posted = build_panels(FREQUENCIES, TABLES)
    assert not posted.index.panel_words.any()
    assert PANELS.index.panel_words.any()
    persons = [(first, second) for first in range(3) for second in range(3)]
    found, wanted = imputed(*persons, under=posted), imputed(*persons)
    assert np.allclose(found.classes.part_mass, wanted.classes.part_mass)
    assert np.array_equal(found.classes.part_panel, wanted.classes.part_panel)
    assert classes(found) == classes(wanted)


def test_threads_and_room_change_nothing(monkeypatch):
    persons = [(first, second) for first in range(3) for second in range(3) if first or second]
    wanted = imputed(*persons)
    tight = imputation.impute_persons

    def little_room(*arguments):
        # Arrays of one entry make the kernel stop and go on in a new piece for every person.
        return tight(arguments[0], min(arguments[0] + 1, arguments[1]), *arguments[2:])

    monkeypatch.setattr(imputation, "impute_persons", little_room)
    for found in (imputed(*persons), imputed(*persons, workers=2)):
        for name, array in arrays_of(found).items():
            assert np.array_equal(array, arrays_of(wanted)[name]), name


@pytest.mark.parametrize("typed", [(0, 0), (2, 0), (0, 2), (1, 2)])
def test_a_locus_apart_is_independent_of_the_haplotypes(typed):
    """As by haplotypes over both loci whose frequencies are the products."""
    shares, apart = np.array([0.6, 0.3, 0.1]), np.array([0.5, 0.3, 0.2])
    codes = np.array([[2], [3], [4]], np.int32)

    def one(loci, allele, frequency, beside=None):
        return HaplotypeFrequencies("one", loci, allele, ("",), frequency[None, :], (), np.zeros(1), "", beside)

    whole = one(("A",), codes, shares, one(("B",), codes, apart))
    pairs = np.array([[a, b] for a in (2, 3, 4) for b in (2, 3, 4)], np.int32)
    joint = one(("A", "B"), pairs, np.outer(shares, apart).ravel())
    found = []
    for frequencies in (whole, joint):
        under = build_panels(frequencies, TABLES)
        typing = np.array([typed], np.int32).T
        persons = impute(np.ascontiguousarray(typing), np.zeros(1, np.int16), under, typing_membership(under, TABLES))
        found.append(genotype_distribution(persons, under, 0, ("A", "B")))
    assert not found[0].missing
    weights = [
        {tuple(allele.ravel().tolist()): p for allele, p in zip(one.allele, one.probability, strict=True)}
        for one in found
    ]
    assert weights[0] == pytest.approx(weights[1])
    assert whole.covered_loci == ("A", "B")
    assert whole.content != one(("A",), codes, shares).content
