"""What is published of a table never tells that a small count is one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hla_match.publishing.small_cells import total_withheld, withheld_cells
from tests.examples import examples
from tests.oracle.audit import feasible, feasible_parts

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


@given(st.lists(st.integers(THRESHOLD, 7), max_size=2), st.lists(st.integers(0, 7), min_size=1, max_size=2))
@examples(300)
def test_what_is_known_of_named_cities_gives_no_other_cell_away(named: list[int], others: list[int]) -> None:
    counts = named + others
    least = [THRESHOLD] * len(named) + [min(n, 1) for n in others]
    hidden = withheld_cells(np.array(counts), THRESHOLD, least=np.array(least)).tolist()
    if all(hidden):
        return  # then fewer cities are named
    for cell, values in enumerate(feasible(counts, hidden, least)):
        assert not hidden[cell] or max(values) >= THRESHOLD


@st.composite
def wholes_and_parts(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Counts, and how many of each are of a part: mostly few, or all but few."""
    whole = draw(st.lists(st.integers(0, 7), min_size=1, max_size=3))
    part = [draw(st.one_of(st.integers(0, n), st.integers(max(n - 2, 0), n))) for n in whole]
    return whole, part


@given(wholes_and_parts())
@examples(300)
def test_a_part_and_its_whole_give_no_small_rest_away(counts: tuple[list[int], list[int]]) -> None:
    threshold = 3
    whole, part = counts
    whole_hidden = withheld_cells(np.array(whole), threshold).tolist()
    hidden = withheld_cells(
        np.array(part), threshold, whole=np.array(whole), whole_withheld=np.array(whole_hidden)
    ).tolist()
    if total_withheld(sum(part), threshold, sum(whole)):
        assert all(hidden)
    if total_withheld(sum(part), threshold, sum(whole)) or total_withheld(sum(whole), threshold):
        return
    rests = [of - n for of, n in zip(whole, part, strict=True)]
    for cell, (wholes, parts, left) in enumerate(feasible_parts(whole, whole_hidden, part, hidden)):
        assert whole[cell] in wholes
        assert part[cell] in parts
        assert not 0 < whole[cell] < threshold or max(wholes) >= threshold
        assert not 0 < part[cell] < threshold or max(parts) >= threshold
        # No rest can be more than what is left of the whole beside one.
        if part[cell] and 0 < rests[cell] < threshold:
            assert max(left) >= min(threshold, max(wholes) - (not all(hidden)))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6))
def test_parts_that_leave_much_are_withheld_by_themselves_alone(pairs: list[tuple[int, int]]) -> None:
    part = np.array([n for n, _ in pairs], np.int64)
    whole = part + np.array([10 + rest for _, rest in pairs], np.int64)
    assert (withheld_cells(part, whole=whole) == withheld_cells(part)).all()
