"""Serological antigens: which locus has them, and the alleles that stand behind one.

Source: Holdsworth et al., HLA Dictionary 2008 (Tissue Antigens 2009;73:95), "Broad, split and associated antigens".
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.locus_index import LocusIndex
from hla_match.nomenclature.tables import AntigenRelation, NomenclatureTables

_SECOND_DR = MappingProxyType({"DRB3": "52", "DRB4": "53", "DRB5": "51"})


def is_antigen(nomenclature: NomenclatureTables, locus: str, number: str) -> bool:
    """Return whether a number, such as "2" or "2403", is the antigen of a locus."""
    prefix = SEROLOGY_PREFIX.get(locus, "")
    # DR51, DR52 and DR53 are each the antigen of another gene than the other DR antigens.
    if locus in _SECOND_DR or (prefix == "DR" and number in _SECOND_DR.values()):
        return _SECOND_DR.get(locus) == number
    return number in nomenclature.antigens.get(prefix, ())


def loci_of_antigen(nomenclature: NomenclatureTables, prefix: str, number: str) -> list[str]:
    """Return the loci with an antigen of a prefix, such as "DR", and a number; "" stands for any prefix."""
    return [
        locus
        for locus in nomenclature.loci
        if prefix in ("", SEROLOGY_PREFIX.get(locus)) and is_antigen(nomenclature, locus, number)
    ]


def alleles_of_antigen(index: LocusIndex, number: str) -> list[int]:
    """Return the expressed alleles that an antigen of a locus can be.

    A broad antigen can be any of its splits, an antigen any of its associated ones, and a split any allele of which
    only the broad antigen is known.
    """
    prefix = SEROLOGY_PREFIX.get(index.locus)
    relations = [relation for relation in index.nomenclature.antigen_relations if relation.prefix == prefix]
    rows = {row for name in _below(number, relations) for row in index.by_antigen.get(name, ())}
    for relation in relations:
        if number in relation.splits:
            rows |= _unsplit(index, relation)
    return sorted(row for row in rows if not index.is_null[row])


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
