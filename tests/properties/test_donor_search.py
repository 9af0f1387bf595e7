"""Finding donors in orders and in a full pass, against adding up one donor after another."""

import itertools
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.donors.typing_index import CYCLE, typing_orders
from hla_match.kernels.codes import EXCLUDED, UNCERTAIN
from hla_match.kernels.search.donor_runs import holds_pair
from hla_match.matching import donor_search
from hla_match.matching.donor_search import LocusMismatches, find_donors
from hla_match.nomenclature.release import Nomenclature
from tests.examples import examples

NOMENCLATURE = Nomenclature.builtin()
ALLELES = {
    "A": ("02:01", "11:01", "24:02", "30:01"),
    "B": ("07:05", "13:01", "15:11", "46:01"),
    "C": ("", "01:02", "03:04", "07:02"),
    "DRB1": ("04:01", "08:02", "11:01", "15:01"),
    "DQB1": ("", "03:01", "03:03", "06:01"),
    "DPB1": ("", "02:01", "05:01", "13:01"),
}
LOCI = tuple(ALLELES)
N_MEANINGS = 11
"""A locus of four texts has at most so many distinct typings, "not typed" included."""


def registry_of(donors):
    columns = {"person_id": [f"D{number:03}" for number in range(len(donors))]}
    for place, locus in enumerate(LOCI):
        for side in (0, 1):
            columns[f"{locus}_{side + 1}"] = [ALLELES[locus][donor[place][side]] or None for donor in donors]
    registry, unreadable = build_registry(
        pl.DataFrame(columns), NOMENCLATURE, name="random", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    return registry


def persons():
    # A second allele that is not typed goes with a first that is not.
    pair = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda two: (max(two), min(two)))
    return st.lists(st.tuples(*(pair for _ in LOCI)), min_size=1, max_size=40)


def locus_mismatches():
    values = st.lists(st.sampled_from((0, 1, 2, 2, EXCLUDED)), min_size=N_MEANINGS, max_size=N_MEANINGS)
    return st.tuples(values, st.lists(st.booleans(), min_size=N_MEANINGS, max_size=N_MEANINGS))


@given(
    persons(),
    st.lists(locus_mismatches(), min_size=len(LOCI), max_size=len(LOCI)),
    st.sets(st.sampled_from(LOCI), min_size=1),
    st.integers(0, 6),
    st.integers(0, 2**40 - 1),
)
@examples(300)
def test_orders_and_pass_find_the_same_donors(donors, tables, scope, limit, allowed):
    registry = registry_of(donors)
    chosen = []
    for locus, (mismatches, is_open) in zip(LOCI, tables, strict=True):
        size = registry.columns[locus].table.n_typings
        assert size <= N_MEANINGS
        if locus in scope:
            coded = np.array(mismatches[:size], np.uint16) + UNCERTAIN * np.array(is_open[:size], np.uint16)
            chosen.append(LocusMismatches(locus, coded))
    eligible = [bool(allowed >> row & 1) for row in range(registry.n_donors)]
    wanted = set()
    for row in range(registry.n_donors):
        expanded_typing = {
            one.locus: registry.columns[one.locus].expanded_typing[
                registry.donor_typing[registry.loci.index(one.locus)][row]
            ]
            for one in chosen
        }
        numbers = {locus: tables[LOCI.index(locus)] for locus in scope}
        total = sum(numbers[locus][0][expanded_typing[locus]] for locus in scope)
        certain = not any(numbers[locus][1][expanded_typing[locus]] for locus in scope)
        if eligible[row] and total <= limit:
            wanted.add((row, total, certain))
    bits = np.packbits(eligible, bitorder="little")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(donor_search, "SCAN_COST_RATIO", 1e-9)
        for one in (registry, replace(registry, typing_index=())):
            found = find_donors(one, chosen, bits, limit)
            rows = list(zip(found.donor.tolist(), found.mismatches.tolist(), found.certain.tolist(), strict=True))
            assert len(rows) == len(set(rows))
            assert set(rows) == wanted


@pytest.mark.parametrize("limit", range(7))
def test_some_pair_of_the_cycle_is_looked_at(limit):
    for numbers in itertools.product((0, 1, 2, EXCLUDED), repeat=len(CYCLE)):
        looked_at = any(holds_pair(numbers[i], numbers[(i + 1) % 3], 2 * limit // 3) for i in range(3))
        assert looked_at or sum(numbers) > limit


def test_a_registry_without_a_locus_of_the_cycle_has_no_orders():
    assert tuple(typing_orders({"A": np.zeros(3, np.uint16), "B": np.zeros(3, np.uint16)}, {"A": 1, "B": 1})) == ()


def test_expanded_typings_beyond_sixteen_bits_are_kept():
    many = 70_000
    expanded_typing = {locus: np.array([0, many - 1, 5], np.uint32) for locus in CYCLE}
    first, *_ = typing_orders(expanded_typing, dict.fromkeys(CYCLE, many))
    assert first.donor.tolist() == [0, 2, 1]
    assert first.run_second.tolist() == [0, 5, many - 1]
    assert first.typing.tolist() == [[0, 5, many - 1], [0, 0, 0], [0, 0, 0]]
