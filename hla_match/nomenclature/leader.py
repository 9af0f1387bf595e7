"""The leader of an HLA-B allele: the residue at position -21 of its signal peptide, methionine or threonine.

It decides how well HLA-E presents the peptide to the receptors of NK cells. Source: Petersdorf et al., Lancet Haematol
2020;7(1), and Blood 2020;136:362. Position -21 is the fourth residue of the precursor, whose signal peptide has 24.
Among the 6,421 two-field names of IPD-IMGT/HLA 3.58.0 all that are sequenced there have the residue of their family but
for 26. Oracle: ``tests/oracle/allele_facts.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.nomenclature.class_one_protein import MATURE_AT, mature_start

LEADER_AT = 3
"""The place of position -21 in a whole precursor, counted from 0."""

M_FAMILIES = frozenset("07 08 14 38 39 42 48 67 73 81".split())
"""The families of HLA-B with methionine at -21; all others have threonine."""

LEADER_EXCEPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "M": "13:109 13:117 15:68 15:180 18:206 35:516 35:520 40:416 44:387 49:78 50:21 51:399 52:90 56:68 58:112",
        "T": "07:65 07:271 07:390 07:489 08:276",
        "L": "07:458",
        "R": "08:270 39:150 39:194 55:91",
        "V": "07:371",
    }
)
"""By residue the two-field names, without suffix, whose leader is not that of their family.

None is common, intermediate or well documented (CIWD 3.0: Hurley et al., HLA 2020;95:516).
"""


def leader_residue(protein: str) -> str:
    """Return the residue at position -21 of a protein of HLA-B; "" where it was not sequenced.

    Of a whole precursor it is the fourth residue, of one without its first residues the one 21 before the mature
    protein (Petersdorf et al. 2020, Methods).

    >>> leader_residue("MLVMAPRTVLLLLSAALALTETWAGSHSMRYFYTSVSRPGRGEPRFISVGYVDDTQFVRFDSDAASPREEP")
    'M'
    """
    start = mature_start(protein)
    if start is None or start < MATURE_AT - LEADER_AT:
        return ""
    return protein[LEADER_AT if protein[0] == "M" else start + LEADER_AT - MATURE_AT]


def leader_of_family(family: str) -> str:
    """Return the leader of a family of HLA-B, such as "07".

    >>> leader_of_family("07"), leader_of_family("15")
    ('M', 'T')
    """
    return "M" if family in M_FAMILIES else "T"
