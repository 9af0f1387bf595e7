"""The leaders of a single HLA-B mismatch: those of the mismatched alleles and of the shared one.

Source: Petersdorf et al., Lancet Haematol 2020;7(1), and Blood 2020;136:362: three letters, the patient's mismatched
allele first, then the donor's, then the allele that both share. Two mismatches, or none, have no code. Oracle:
``tests/oracle/donor_facts.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from hla_match.immunogenetics.mismatches import Pairing
from hla_match.immunogenetics.reported_sides import NO_PRODUCT, UNKNOWN_VALUE, LocusSides

PREFERRED, OTHERS = ("MMT", "TTT"), ("TTM", "TMT")
"""The codes in their published order: of patients with M and T, MMT before TTM; of those with T alone, TTT before TMT.

Nothing is published for patients with M alone, nor for the other codes.
"""


def leader_code(patient: str, donor: str, shared: str) -> str:
    """Return the code of the mismatched leaders of patient and donor, and of the shared one (Petersdorf et al. 2020).

    It is "" where one of them is not known, or an allele is a null allele.

    >>> leader_code("M", "M", "T"), leader_code("T", "", "M")
    ('MMT', '')
    """
    unknown = {UNKNOWN_VALUE, NO_PRODUCT}
    return "" if unknown & {patient, donor, shared} else patient + donor + shared


def leader_place(code: str) -> int | None:
    """Return the place of a code among those of patients with the same leaders, from 1; None where none is published.

    >>> leader_place("MMT"), leader_place("TTM"), leader_place("TTT"), leader_place("TMT"), leader_place("MMM")
    (1, 2, 1, 2, None)
    """
    if code in PREFERRED:
        return 1
    return 2 if code in OTHERS else None


def leader_codes(found: Iterable[Pairing], sides: LocusSides) -> set[str]:
    """Return every code that the ways to put two typings side by side leave open; "" stands for not known.

    Args:
        found: the ways with one match.
        sides: gives the leaders of HLA-B.
    """
    codes = set()
    for pairing in found:
        (mine, theirs), (matched, same) = pairing.mismatched[0], pairing.matched[0]
        shared = matched.codes & same.codes
        leaders = (
            sides.values(mine, "leader"),
            sides.values(theirs, "leader"),
            sides.values(matched, "leader", shared),
        )
        codes |= {leader_code(*values) for values in product(*(one or {NO_PRODUCT} for one in leaders))}
    return codes
