"""Matches of units of cord blood: of 6, A and B by antigen and DRB1 by allele; of 8, A, B, C, DRB1 by allele.

Sources: the guideline of 2019 for the choice of cord blood units (Dehn et al., Blood 2019;134:924), and PMC7567024.
Oracle: ``cord_matches`` in ``tests/oracle/mismatch_kinds.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.codes import BEST, GRADE_M
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.scope_counts import locus_counts

BY_ANTIGEN = ("A", "B")
OF_SIX = (*BY_ANTIGEN, "DRB1")
OF_EIGHT = ("A", "B", "C", "DRB1")


def cord_matches(loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return (n,) uint8 the matches of 6 of some donors if every ambiguity turns out well.

    An allele of the donor whose grade is M, or which is not known, is no match of antigens; a locus at which one of the
    two persons is not typed may match twice.

    Args:
        loci: the patient compared with the registry, where both have the locus.
        donor: (n,) rows.
    """
    total = locus_counts(loci.get("DRB1"), donor, BEST).copy()
    for locus in BY_ANTIGEN:
        result = loci.get(locus)
        if result is None:
            total += 2
        else:
            total += (result.grades(result.expanded_typing_of(donor)) > GRADE_M).sum(axis=0, dtype=np.uint8)
    return total


def allele_matches_of_eight(loci: Mapping[str, LocusResult], donor: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return (n,) uint8 the matching alleles of 8 of some donors if every ambiguity turns out well."""
    found: NDArray[np.uint8] = sum(
        (locus_counts(loci.get(locus), donor, BEST) for locus in OF_EIGHT), np.zeros(donor.size, np.uint8)
    )
    return found
