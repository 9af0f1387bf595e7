"""Serological antigens: which locus has them, and the alleles that stand behind one.

Source: Holdsworth et al., HLA Dictionary 2008 (Tissue Antigens 2009;73:95), "Broad, split and associated antigens".
"""

from __future__ import annotations

from collections.abc import Iterable

from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.antigen_names import SECOND_DR, antigen_in_use
from hla_match.nomenclature.locus_index import LocusIndex
from hla_match.nomenclature.tables import AntigenRelation, NomenclatureTables


def loci_of_antigen(nomenclature: NomenclatureTables, prefix: str, number: str) -> list[str]:
    """Return the loci with an antigen of a prefix, such as "DR", and a number; "" stands for any prefix."""
    return [
        locus
        for locus in nomenclature.loci
        if prefix in ("", SEROLOGY_PREFIX.get(locus)) and antigen_in_use(nomenclature, locus, prefix, number)
    ]


def splits_of(nomenclature: NomenclatureTables, locus: str, number: str) -> list[str]:
    """Return the splits of a broad antigen of a locus, by number; none of another antigen."""
    broad = ("" if locus in SECOND_DR else SEROLOGY_PREFIX.get(locus), number)
    return [
        split for one in nomenclature.antigen_relations if (one.prefix, one.antigen) == broad for split in one.splits
    ]


def broads_of(nomenclature: NomenclatureTables, locus: str, number: str) -> list[str]:
    """Return the antigens of which one is a split or an associated antigen, and theirs, by number."""
    prefix = SEROLOGY_PREFIX.get(locus)
    found: list[str] = []
    pending = [number]
    while pending:
        finer = pending.pop()
        for relation in nomenclature.antigen_relations:
            is_broad = relation.prefix == prefix and finer in (*relation.splits, *relation.associated)
            if is_broad and relation.antigen not in found:
                found.append(relation.antigen)
                pending.append(relation.antigen)
    return found


def alleles_of_antigen(index: LocusIndex, number: str) -> list[int]:
    """Return the expressed alleles that an antigen of a locus can be.

    A broad antigen can be any of its splits, an antigen any of its associated ones, and a split any allele of which
    only the broad antigen is known.
    """
    relations = _relations(index)
    rows = {row for name in _below(number, relations) for row in index.by_antigen.get(name, ())}
    for relation in relations:
        if number in relation.splits:
            rows |= _unsplit(index, relation)
    return sorted(row for row in rows if not index.is_null[row])


def unobserved_alleles(index: LocusIndex, number: str) -> list[int]:
    """Return the expressed alleles that an antigen can be where it is assigned to none.

    Those are the alleles that it, or an antigen associated with it, was computed for, else those of its first field.
    """
    names = _below(number, _relations(index))
    computed = [row for row, cell in enumerate(index.tables.computed_antigen) if not names.isdisjoint(cell.split("/"))]
    return [row for row in computed or index.prefix.get(number.zfill(2), []) if not index.is_null[row]]


def _relations(index: LocusIndex) -> list[AntigenRelation]:
    prefix = SEROLOGY_PREFIX.get(index.locus)
    return [relation for relation in index.nomenclature.antigen_relations if relation.prefix == prefix]


def _below(antigen: str, relations: Iterable[AntigenRelation]) -> set[str]:
    """Return an antigen with its splits and associated antigens, theirs included."""
    below = {antigen}
    pending = [antigen]
    while pending:
        current = pending.pop()
        for relation in relations:
            if relation.antigen == current:
                finer = {*relation.splits, *relation.associated} - below
                below |= finer
                pending += finer
    return below


def _unsplit(index: LocusIndex, broad: AntigenRelation) -> set[int]:
    """Return the alleles of a broad antigen whose split is not known.

    An allele whose P group holds one of known split is not among them: the protein that antibodies see is the same.
    """
    known = {code for code, names in enumerate(index.antigens) if not set(names).isdisjoint(broad.splits)}
    return {row for row in index.by_antigen.get(broad.antigen, ()) if index.p_code[row] not in known}
