"""What is published of a table never tells that a small count is one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hla_match.publishing.small_cells import withheld_cells
from tests.examples import examples
from tests.oracle.audit import feasible

THRESHOLD = 4


@given(st.lists(st.integers(0, 7), min_size=1, max_size=4))
@examples(300)
def test_no_withheld_cell_is_given_away(counts: list[int]) -> None:
    hidden = withheld_cells(np.array(counts), THRESHOLD).tolist()
    assert all(hidden[cell] for cell, n in enumerate(counts) if 0 < n < THRESHOLD)
    if 0 < sum(counts) < THRESHOLD:
        assert all(hidden)  # nor is the total published
        return
    for cell, values in enumerate(feasible(counts, hidden)):
        assert counts[cell] in values
        if hidden[cell]:
            assert max(values) >= THRESHOLD
            assert len(values) > 1


@given(st.lists(st.integers(0, 200), max_size=12))
def test_no_more_is_withheld_than_must_be(counts: list[int]) -> None:
    array = np.array(counts, np.int64)
    hidden = withheld_cells(array)
    small = (array > 0) & (array < 10)
    if not small.any() and not 0 < array.sum() < 10:
        assert not hidden.any()
    further = hidden & ~small
    if not hidden.all():
        assert further.sum() <= 2
        # Those withheld beside small ones are the smallest of the others.
        assert not further.any() or array[further].max() <= array[~hidden & (array > 0)].min(initial=10**9)
