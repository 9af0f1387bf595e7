"""Bounds of the probability of few mismatches hold whatever the dependence of the loci."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.prediction.match_bounds import few_mismatch_bounds
from tests.examples import examples

JOINT = st.integers(1, 3).flatmap(
    lambda n_loci: st.lists(
        st.tuples(st.tuples(*[st.integers(0, 2)] * n_loci), st.integers(1, 8)), min_size=1, max_size=6
    )
)


@given(JOINT, st.integers(0, 4))
@examples(500)
def test_no_joint_distribution_is_above_its_bounds(joint, most):
    """Each outcome is the matching alleles of all loci, with a weight."""
    total = sum(weight for _, weight in joint)
    n_loci = len(joint[0][0])
    both, one = (
        [sum(weight for matches, weight in joint if matches[locus] == n) / total for locus in range(n_loci)]
        for n in (2, 1)
    )
    (bounds,) = few_mismatch_bounds(np.array([both]), np.array([one]), most)
    assert bounds.shape == (most + 1,)
    for mismatches, bound in enumerate(bounds):
        exact = sum(weight for matches, weight in joint if 2 * n_loci - sum(matches) <= mismatches) / total
        assert exact <= bound + 1e-12
        assert bound <= 1


@pytest.mark.parametrize(
    ("both", "one", "expected"),
    [
        # What is certain is exact.
        ([1.0, 1.0], [0.0, 0.0], [1, 1, 1]),
        ([1.0, 0.0], [0.0, 1.0], [0, 1, 1]),
        ([0.0, 0.0], [0.0, 0.0], [0, 0, 0]),
        # Of three loci that never match both, at most one mismatch is impossible.
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0, 0, 0]),
    ],
)
def test_what_is_certain_is_known(both, one, expected):
    assert few_mismatch_bounds(np.array([both]), np.array([one]), 2)[0] == pytest.approx(expected)
