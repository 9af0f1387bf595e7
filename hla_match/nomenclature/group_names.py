"""The alleles of a G, P or small g group, and what takes the place of a G group that a release no longer has.

Source: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291). A small g group has
one protein of the antigen recognition domain, as a P group has, and null alleles, as a G group has.
"""

from __future__ import annotations

from typing import NamedTuple

from hla_match.nomenclature.locus_index import SUFFIXES, LocusIndex


class GroupMembers(NamedTuple):
    """The alleles of a group, as rows of the tables; none where the nomenclature cannot read the group.

    Attributes:
        rows: the alleles.
        read_as: the group or allele that a group was read as which the release does not have, or "".
    """

    rows: list[int]
    read_as: str = ""


def members_of_group(index: LocusIndex, name: str) -> GroupMembers:
    """Return the alleles of a group such as ``02:01:01G``, ``02:01P`` or ``02:01g``.

    A group of one allele is not listed: a P group that is not listed is its two fields. A nomenclature that does not
    list G groups reads one as the P group of its first two fields.
    """
    if name.endswith("g"):
        return GroupMembers(members_of_small_g(index, name))
    if name in index.group:
        return GroupMembers(index.group[name])
    if name.endswith("G") and index.nomenclature.closed:
        return heir_of_g_group(index, name)
    two_fields = _two_fields(name)
    p_group = index.group.get(f"{two_fields}P", []) if name.endswith("G") else []
    return GroupMembers(p_group or index.expressed_first(index.prefix.get(two_fields, [])))


def members_of_small_g(index: LocusIndex, name: str) -> list[int]:
    """Return the alleles of a small g group: those of the P group, with those of all its G groups, null ones too."""
    two_fields = _two_fields(name)
    in_p = index.group.get(f"{two_fields}P") or index.prefix.get(two_fields, [])
    of_g = (group for group in index.group if group.endswith("G") and group.startswith(f"{two_fields}:"))
    return sorted({*in_p, *(row for group in of_g for row in index.group[group])})


def heir_of_g_group(index: LocusIndex, name: str) -> GroupMembers:
    """Return what takes the place of a G group that the release does not have.

    A later release dissolves or renames groups. The allele that gave the group its name tells where the members are
    now: in the G group of that allele, or, where it is in none, they are that allele alone.
    """
    namesake = name.rstrip("G")
    if namesake not in index.prefix:
        return GroupMembers([])
    rows = index.prefix[namesake]
    heir = next((group for row in rows if (group := index.tables.g_group[row])), "")
    return GroupMembers(index.group[heir], heir) if heir else GroupMembers(rows, namesake)


def _two_fields(name: str) -> str:
    return ":".join(name.rstrip(f"{SUFFIXES}GPg").split(":")[:2])
