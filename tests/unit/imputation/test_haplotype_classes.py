"""The kernels of imputation at their edges: room that just suffices, many alternatives and classes, postings."""

from itertools import chain, combinations_with_replacement, product

import numpy as np
import pytest

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation import allele_index
from hla_match.imputation.imputed_registry import impute
from hla_match.imputation.panels import build_panels
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels.imputation.diplotypes import list_diplotypes
from hla_match.kernels.imputation.panel_chain import impute_persons
from hla_match.kernels.schema.array import new_arrays
from hla_match.kernels.schema.haplotypes import HaplotypeClasses, PersonTypings
from hla_match.typings.encoding import Side, typing_table
from tests.oracle.probability import allows, fits


def frequencies(loci, haplotypes):
    allele = np.array(haplotypes, np.int32)
    share = np.full((1, len(allele)), 1 / len(allele))
    return HaplotypeFrequencies("equal", loci, allele, ("",), share, (), np.zeros(1), "")


def prepared(loci, haplotypes, tables):
    """Return the panels of some haplotypes of equal frequency, and typings in their terms."""
    panels = build_panels(frequencies(loci, haplotypes), tables)
    return panels, typing_membership(panels, tables)


# Typing 1 of a locus is of alleles that no haplotype has, so that it states its genotype.
STATED = {locus: typing_table([(), ((Side((6,)), Side((7,))),)]) for locus in ("A", "B")}
TWO_LOCI = prepared(("A", "B"), [(2, 2), (2, 3), (3, 2), (4, 3)], STATED)
SMALLEST = {"distinct persons": 1, "parts": 2, "classes": 0, "pairs": 0, "members": 0}


def reached(typed, sizes):
    """Return where the imputation of one person ends, 1 where there is room for it, and what was written."""
    panels, membership = TWO_LOCI
    persons = PersonTypings(np.array([typed], np.int32).T.copy(), np.zeros(1, np.int16))
    out = new_arrays(HaplotypeClasses, sizes)
    end = impute_persons(0, 1, persons, membership, panels.haplotypes, panels.index, panels.chain, out)
    return end, out


@pytest.mark.parametrize(
    ("typed", "sizes"),
    [
        # One class of all four haplotypes, paired with itself.
        ((0, 0), {"parts": 1, "classes": 1, "pairs": 1, "members": 4}),
        # Two classes of one allele each, and a class of all alleles of the other locus.
        ((1, 0), {"parts": 2, "classes": 3, "pairs": 2, "members": 4}),
        ((0, 1), {"parts": 2, "classes": 3, "pairs": 2, "members": 5}),
        ((1, 1), {"parts": 2, "classes": 4, "pairs": 2, "members": 4}),
    ],
)
def test_a_person_is_written_where_there_is_just_enough_room(typed, sizes):
    enough = SMALLEST | sizes
    end, out = reached(typed, enough)
    assert end == 1
    n_parts = out.person_part[1]
    written = (n_parts, out.part_class[n_parts], out.part_pair[n_parts], out.class_member[out.part_class[n_parts]])
    assert written == tuple(sizes.values())
    for name, least in sizes.items():
        for less in range(least):
            # Of a person that finds no room at one locus nothing counts, though there be room at the next.
            assert reached(typed, enough | {name: less})[0] == 0, (name, less)


def test_typings_of_more_alternatives_than_have_a_bit_fit_as_the_oracle_says():
    codes = range(2, 14)
    pairs = list(combinations_with_replacement(codes, 2))
    typings = [
        [((one,), (other,)) for one, other in pairs],
        [((one,), (other,)) for one, other in pairs if (one + other) % 2 == 0],
        [((one,), (other,)) for one, other in pairs if (one + other) % 2 == 1],
        [((one, one + 1), (other, other + 2)) for one in range(2, 8) for other in range(6, 12)],
        [((one,), (5 - one % 3, 13)) for one in codes for _ in range(3)],
        [((other, 13), (other - 1,)) for other in range(3, 13) for _ in range(4)],
    ]
    assert min(map(len, typings)) > 32
    table = typing_table([(), *(tuple((Side(one), Side(other)) for one, other in typing) for typing in typings)])
    panels, membership = prepared(("A",), [(code,) for code in codes], {"A": table})
    assert panels.allele_code[0].tolist()[-12:] == list(codes)
    persons = np.arange(1, len(typings) + 1, dtype=np.int32)[None, :]
    found = impute(persons, np.zeros(len(typings), np.int16), panels, membership).classes
    code = panels.allele_code[0][panels.haplotypes.haplotype_allele[0]]
    for person, typing in enumerate(typings):
        first, last = found.part_class[person], found.part_class[person + 1]
        # Each allele is told apart from the others.
        assert np.diff(found.class_member[first : last + 1]).tolist() == [1] * (last - first)
        allele = code[found.member[found.class_member[first:last]]]
        kept = allele[found.pair[found.part_pair[person] : found.part_pair[person + 1]]].tolist()
        fitting = [pair for pair in pairs if allows(typing, *pair)]
        assert 0 < len(fitting) < len(pairs) or person == 0
        assert sorted(map(sorted, kept)) == sorted(map(list, fitting))


def test_many_classes_are_told_apart_and_paired_as_the_oracle_says():
    loci = ("A", "B", "C", "DRB1")
    # Alleles 2 and 5 are of the first side alone, 4 of the second, 3 of both.
    sides = ((2, 3, 5), (3, 4))
    haplotypes = [*product((2, 3, 4), repeat=4), *product((5,), (2,), (2, 3, 4), (2, 3, 4))]
    table = typing_table([(), (tuple(map(Side, sides)),)])
    panels, membership = prepared(loci, haplotypes, dict.fromkeys(loci, table))
    found = impute(np.ones((4, 1), np.int32), np.zeros(1, np.int16), panels, membership).classes
    codes = [panels.allele_code[row][panels.haplotypes.haplotype_allele[row]] for row in range(4)]
    haplotype = list(zip(*(code.tolist() for code in codes), strict=True))
    assert found.part_class[1] == 81
    held = [found.member[found.class_member[c] : found.class_member[c + 1]].tolist() for c in range(81)]
    assert sorted(len(members) for members in held) == [1] * 72 + [2] * 9
    kept = [
        tuple(sorted((haplotype[one], haplotype[other])))
        for i, j in found.pair[: found.part_pair[1]].tolist()
        for one, other in (combinations_with_replacement(held[i], 2) if i == j else product(held[i], held[j]))
    ]
    person = {locus: [sides] for locus in loci}
    every = combinations_with_replacement(sorted(haplotypes), 2)
    assert sorted(kept) == [pair for pair in every if fits(loci, person, *pair)]


@pytest.mark.parametrize("rare", [0, 1])
def test_haplotypes_are_looked_up_at_the_locus_of_the_fewest(rare, monkeypatch):
    """Two haplotypes have an allele that the typing allows at one locus, four have one that it allows at the other."""
    monkeypatch.setattr(allele_index, "SET_BYTES", 0)
    haplotypes = [(5, 2), (4, 3), (3, 4), (2, 5)]
    either = Side((4, 5))
    locus = ("A", "B")[rare]
    tables = {locus: typing_table([(), ((either, either),)])}
    panels, membership = prepared(("A", "B"), [one if rare == 0 else one[::-1] for one in haplotypes], tables)
    typed = np.array([[rare == 0], [rare == 1]], np.int32)
    found = impute(typed, np.zeros(1, np.int16), panels, membership).classes
    held = panels.haplotypes.haplotype_allele[rare]
    assert panels.allele_code[rare][held[:4]].tolist() == [5, 4, 3, 2]
    # Those of one allele after those of another, as they are met at the rarer locus; at the other it is 5, then 4.
    assert panels.allele_code[rare][held[found.member]].tolist() == [4, 5]


FREQUENCY = np.array([0.5, 0.25, 0.125, 0.0625, 0.03125, 0.25, 0.125])
CLASSES = [[0, 1, 3], [5, 6], [2, 4]]  # by falling frequency
PAIRS = [(0, 0), (0, 1), (1, 2)]


def every_diplotype():
    for i, j in PAIRS:
        for u, one in enumerate(CLASSES[i]):
            for v, other in enumerate(CLASSES[j]):
                if i != j or u <= v:
                    yield one, other, FREQUENCY[one] * FREQUENCY[other], 1 if one == other else 2


@pytest.mark.parametrize("room", [0, 3, 40])
@pytest.mark.parametrize(("threshold", "ceiling"), [(0, np.inf), (1 / 32, np.inf), (1 / 64, 1 / 16), (1 / 8, 1 / 8)])
def test_diplotypes_from_a_threshold_to_a_ceiling_are_listed_and_counted(threshold, ceiling, room):
    wanted = [
        (one, other, product * times)
        for one, other, product, times in every_diplotype()
        if threshold <= product < ceiling
    ]
    first, second, weight = np.zeros(room, np.uint32), np.zeros(room, np.uint32), np.zeros(room)
    start = np.cumsum([0, *map(len, CLASSES)])
    member = np.array([*chain(*CLASSES)], np.uint32)
    found = list_diplotypes(
        float(threshold), float(ceiling), start, np.array(PAIRS, np.uint16), member, FREQUENCY, first, second, weight
    )
    assert found == len(wanted)
    listed = list(zip(first.tolist(), second.tolist(), weight.tolist(), strict=True))
    assert listed[:found] == wanted[:room]
    assert not any(map(any, listed[found:]))
