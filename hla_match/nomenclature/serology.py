"""Serological antigens: which locus has them, the alleles that stand behind one, and those that a typing counts as.

Source: Holdsworth et al., HLA Dictionary 2008 (Tissue Antigens 2009;73:95), "Broad, split and associated antigens".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.antigen_names import antigen_in_use
from hla_match.nomenclature.locus_index import LocusIndex
from hla_match.nomenclature.tables import NomenclatureTables

_ONE_IN = 5
"""An antigen belongs to a family where at least one of so many members has it.

In IPD-IMGT/HLA 3.58.0 the exceptions of all families of A, B, C, DRB1 and DQB1 are far below: 1 allele of 13 in
B*78:XX (B35), 3 of 63 in A*66:XX (A10), 3 of 111 in B*50:XX (B45), 22 of 901 in C*04:XX (Cw6), 11 of 504 in
DRB1*13:XX (DR11), 2 of 498 in DRB1*11:XX (DR13), fewer elsewhere. What is left are the antigens that a family is known
for, and where that is a broad antigen, as in B*15:XX, its splits among the members. Any share from one in twelve to one
in five says the same of every family.
"""


def loci_of_antigen(nomenclature: NomenclatureTables, prefix: str, number: str) -> list[str]:
    """Return the loci with an antigen of a prefix, such as "DR", and a number; "" stands for any prefix."""
    return [
        locus
        for locus in nomenclature.loci
        if prefix in ("", SEROLOGY_PREFIX.get(locus)) and antigen_in_use(nomenclature, locus, prefix, number)
    ]


def alleles_of_antigen(index: LocusIndex, number: str) -> list[int]:
    """Return the expressed alleles that an antigen of a locus can be.

    A broad antigen can be any of its splits, an antigen any of its associated ones, and a split any allele of which
    only the broad antigen is known.
    """
    antigens = index.antigens
    rows = {row for name in antigens.below(number) for row in antigens.alleles.get(name, ())}
    return sorted(rows.union(*(antigens.unsplit(broad) for broad in antigens.broads(number))))


def unobserved_alleles(index: LocusIndex, number: str) -> list[int]:
    """Return the expressed alleles that an antigen can be where it is assigned to none.

    Those are the alleles that it, or an antigen associated with it, was computed for, else those of its first field.
    """
    names = index.antigens.below(number)
    computed = [row for row, cell in enumerate(index.tables.computed_antigen) if not names.isdisjoint(cell.split("/"))]
    return [row for row in computed or index.prefix.get(number.zfill(2), []) if not index.is_null[row]]


def reported_antigens(index: LocusIndex, number: str) -> set[str]:
    """Return what a reported antigen counts as: itself and its splits, an associated antigen as its parent."""
    return {index.antigens.compared(name) for name in (number, *index.antigens.splits(number))}


def antigens_of_alleles(index: LocusIndex, rows: Iterable[int]) -> set[str]:
    """Return the antigens of the P groups of some alleles; null alleles have none."""
    codes = {index.p_code[row] for row in rows if not index.is_null[row]}
    return {name for code in codes for name in index.antigens.of_group[code]}


def antigens_mostly(index: LocusIndex, members: Sequence[Sequence[int]]) -> set[str]:
    """Return the antigens of most members of a family or code, without rare exceptions.

    Args:
        index: the locus.
        members: the alleles behind each member: a name that the code lists, or an allele of the family.
    """
    count = Counter(name for rows in members for name in antigens_of_alleles(index, rows))
    most = max(count.values(), default=0)
    usual = {name for name, n in count.items() if n == most or n * _ONE_IN >= len(members)}
    splits = {split for name in usual for split in index.antigens.splits(name)}
    return usual | (splits & count.keys())
