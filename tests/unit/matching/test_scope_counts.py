"""Donors whose typings leave open whether they meet the criteria, against the oracle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.kernels.codes import GVH_WORST, HVG_WORST, WORST
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.scope_counts import may_fail
from tests.oracle import ranking as oracle

LOCI = ("A", "B", "DRB1")
ROWS = {"both": WORST, "gvh": GVH_WORST, "hvg": HVG_WORST}


def compared(direction: str, mismatches: list[int]) -> Any:
    """The comparison at a locus with an expanded typing for each donor; rows of other directions hold the opposite."""
    counts = np.full((6, len(mismatches)), 1, np.uint8)
    for name, row in ROWS.items():
        worst = np.array(mismatches if name == direction else [2 - one for one in mismatches])
        counts[row] = 2 - worst if name == "both" else worst
    return SimpleNamespace(counts=counts, expanded_typing_of=lambda donor: donor.astype(np.int32))


@given(
    st.sampled_from(("both", "gvh", "hvg")),
    st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=12),
    st.dictionaries(st.sampled_from(LOCI), st.integers(0, 2)),
    st.integers(0, 6),
)
def test_donors_may_fail_as_the_oracle_says(
    direction: Any, donors: list[tuple[int, ...]], limits: dict[str, int], most: int
) -> None:
    criteria = SearchCriteria(scope="6/6", direction=direction, locus_limits=limits, max_mismatches=most)
    loci = {locus: compared(direction, [one[at] for one in donors]) for at, locus in enumerate(LOCI)}
    found = may_fail(criteria, loci, np.arange(len(donors), dtype=np.uint32))
    assert found.tolist() == [oracle.may_fail(dict(zip(LOCI, one, strict=True)), limits, most) for one in donors]


@pytest.mark.parametrize("direction", ["both", "gvh", "hvg"])
def test_a_locus_that_no_donor_is_typed_at_may_mismatch_twice(direction: Any) -> None:
    loci = {locus: compared(direction, [0]) for locus in ("A", "B")}
    donor = np.zeros(1, np.uint32)
    for most, expected in ((1, True), (2, False)):
        criteria = SearchCriteria(scope="6/6", direction=direction, max_mismatches=most)
        assert may_fail(criteria, loci, donor).tolist() == [expected]
