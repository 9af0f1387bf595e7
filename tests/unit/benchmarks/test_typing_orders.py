"""The simulated typings: who is typed at what, and when the best donor is found."""

from __future__ import annotations

import numpy as np

from benchmarks.typing_orders import Found, TypedDonor, one_after_another, suggested, typed_until_found
from hla_match.prediction.pair_outcomes import PairOutcomes

# A has two genotypes, DRB1 has three; the other loci match for certain.
GENOTYPES = (
    np.array([[2, 3], [2, 9]], np.int32),
    *[np.zeros((0, 2), np.int32)] * 2,
    np.array([[4, 5], [4, 8], [5, 8]], np.int32),
    np.zeros((0, 2), np.int32),
)


def donor(truth_at_a: int, truth_at_drb1: int, probability: list[float]) -> TypedDonor:
    """A donor of four outcomes: A matches or not; DRB1 matches in the first outcome alone."""
    outcome = np.array([[0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 1, 0], [1, 0, 0, 2, 0]], np.int32)
    mismatches = np.array([[0, 1, 2, 2]], np.uint8)
    truth = np.zeros((5, 2), np.int32)
    truth[0], truth[3] = GENOTYPES[0][truth_at_a], GENOTYPES[3][truth_at_drb1]
    n_mismatches = (truth_at_a > 0) + (truth_at_drb1 > 0)
    return TypedDonor(PairOutcomes(mismatches, np.array(probability), outcome, GENOTYPES, 0.0), truth, n_mismatches)


def test_a_result_leaves_what_goes_with_it() -> None:
    one = donor(1, 1, [0.4, 0.3, 0.2, 0.1])
    assert one.order((0,)) == (0,)
    assert one.is_certain
    assert one.outcomes.open_loci == (3,)
    assert one.outcomes.probability.tolist() == [2 / 3, 1 / 3]
    # DRB1 4,8 goes with both genotypes of A, 5,8 with one alone.
    other = donor(0, 1, [0.4, 0.3, 0.2, 0.1])
    other.order((3,))
    assert other.outcomes.open_loci == (0,)
    assert np.round(other.counts, 2).tolist()[:3] == [0.0, 0.6, 0.4]


def test_a_result_that_frequencies_do_not_know_is_typed_out() -> None:
    strange = donor(0, 2, [0.4, 0.3, 0.2, 0.1])
    # A 2,3 with DRB1 5,8 is no outcome.
    assert strange.order((0,)) == (0,)
    assert strange.order((3,)) == (3,)
    assert strange.is_certain
    assert strange.counts[1] == 1.0


def test_strategies_end_where_the_best_donor_is_certain() -> None:
    donors = [
        donor(1, 1, [0.6, 0.1, 0.2, 0.1]),
        donor(1, 2, [0.5, 0.1, 0.2, 0.2]),
        donor(0, 0, [0.3, 0.1, 0.3, 0.3]),
    ]
    assert typed_until_found(donors, one_after_another([0, 1, 2], by_locus=False)) == Found(6, 3)
    # A alone shows two mismatches of the first two.
    assert typed_until_found(donors, one_after_another([0, 1, 2], by_locus=True)) == Found(4, 3)
    assert typed_until_found(donors, one_after_another([2, 1, 0], by_locus=False)) == Found(2, 1)
    # DRB1 tells all of whether a donor matches in full, so that it is typed first and alone.
    assert typed_until_found(donors, suggested) == Found(3, 3)
    # Nothing of a simulation is left in the donors.
    assert not any(one.is_certain for one in donors)
