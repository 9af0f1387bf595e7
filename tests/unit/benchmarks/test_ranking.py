"""What the benchmark of the ranking counts in a list."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import ranking


class Found:
    """A list whose donors have these probabilities of no and of one mismatch; the last donor stands first."""

    def __init__(self, *none_and_one: tuple[float, float]) -> None:
        mismatches = np.array([[none, one, 0.0, 0.0, 0.0] for none, one in none_and_one]).reshape(-1, 5)
        self.prediction = SimpleNamespace(mismatches=mismatches)
        self.donor = np.arange(len(none_and_one))[::-1]

    def __len__(self) -> int:
        return len(self.donor)


@pytest.mark.parametrize(
    ("pairs", "is_out"),
    [
        ([], False),
        ([(0.04, 0.0), (0.5, 0.0)], False),
        ([(0.04, 0.0), (0.4, 0.2)], True),
        ([(0.02, 0.02), (0.1, 0.1), (0.0, 0.6)], True),
        ([(0.0, 0.6), (0.02, 0.02), (0.1, 0.1)], False),
        ([(0.02, 0.04), (1.0, 0.0)], False),
        ([(np.nan, np.nan), (1.0, 0.0)], False),
    ],
)
def test_a_donor_who_hardly_matches_before_one_who_does(pairs: list[tuple[float, float]], is_out: bool) -> None:
    assert ranking._is_out_of_order(Found(*pairs)) is is_out


@pytest.mark.parametrize(
    ("pairs", "begins"),
    [([], False), ([(0.009, 0.9), (0.01, 0.0)], True), ([(0.009, 0.9), (0.0, 0.0)], False), ([(0.01, 0.0)], False)],
)
def test_a_list_that_begins_with_a_donor_who_hardly_matches(pairs: list[tuple[float, float]], begins: bool) -> None:
    assert ranking._begins_unlikely(Found(*pairs)) is begins


def test_the_place_of_the_first_true_match() -> None:
    listed = Found((0.5, 0.0), (0.5, 0.0), (0.5, 0.0))  # donors 2, 1, 0
    assert ranking._first_match(listed, np.array([True, False, False, True])) == 2
    assert ranking._first_match(listed, np.array([False, False, True, False])) == 0
    assert ranking._first_match(listed, np.array([False, False, False, True])) == 4


def test_true_mismatches_are_those_of_alleles_in_common() -> None:
    rng = np.random.default_rng(1)
    patient, donors = rng.integers(2, 5, (5, 2)).astype(np.int32), rng.integers(2, 5, (50, 5, 2)).astype(np.int32)
    wanted = [
        sum(
            2 - (Counter(one.tolist()) & Counter(other.tolist())).total()
            for one, other in zip(patient, donor, strict=True)
        )
        for donor in donors
    ]
    assert ranking.mismatches(patient, donors).tolist() == wanted
