"""The expression of the patient's allele in a single mismatch at DPB1.

Source: Petersdorf et al., N Engl J Med 2015;373:599: the level of the patient's mismatched allele goes with the risk of
graft-versus-host disease. In another study (Haematologica 2023, PMC9890035) permissive mismatches with a high level
go with longer survival than others, so that it is told and no donor is ranked by it unless a policy says so. Oracle:
``tests/oracle/donor_facts.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

from hla_match.immunogenetics.mismatches import Pairing
from hla_match.immunogenetics.reported_sides import LocusSides


def expression_levels(found: Iterable[Pairing], sides: LocusSides) -> set[str]:
    """Return every level of the patient's mismatched allele that the ways to put two typings side by side leave open.

    Args:
        found: the ways with one match.
        sides: gives the expression of DPB1; "" stands for not known.
    """
    return {value for pairing in found for value in sides.values(pairing.mismatched[0][0], "expression")}
