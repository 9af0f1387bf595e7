"""Names that are no longer in use: renamed and deleted alleles, and names before April 2010.

Sources: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291), "The use of colons
in HLA allele names" and the list of names that were changed or deleted; for third fields of one digit, Marsh et al.,
Nomenclature for factors of the HLA system 2002 (Tissue Antigens 2002;60:407).
"""

from __future__ import annotations

from dataclasses import dataclass

from hla_match.nomenclature.locus_index import SUFFIXES, LocusIndex
from hla_match.nomenclature.reported_names import ALLELE
from hla_match.nomenclature.tables import Deletion


@dataclass(frozen=True, slots=True)
class DeletedName:
    """A name that nothing replaces, and the reason of its deletion."""

    name: str
    reason: str


def name_in_use(index: LocusIndex, name: str) -> str | DeletedName:
    """Return the current name of an allele, after every renaming; the name itself where it was never abandoned."""
    deleted = index.tables.deleted
    current, seen = name, {name}
    while current == name or current not in index.row:
        # Names abandoned before April 2010 are listed without colons.
        deletion = deleted.get(current) or deleted.get(current.replace(":", ""))
        if deletion is None:
            if current not in index.tables.old_name:
                break
            deletion = Deletion(index.tables.old_name[current], "")
        current = deletion.replacement
        if current in seen or not ALLELE.fullmatch(current):
            return DeletedName(name, deletion.reason)
        seen.add(current)
    return current


def heirs(index: LocusIndex, name: str) -> list[str] | DeletedName:
    """Return the current names of an abandoned name, whole or truncated; none where it was never in use.

    A truncated name has the heirs of all abandoned names that begin so: C*16:199 was C*16:199N alone.
    """
    current = name_in_use(index, name)
    if isinstance(current, DeletedName):
        return current
    if current != name:
        return [current]
    digits = name.rstrip(SUFFIXES)
    longer = [whole for whole in index.abandoned.get(digits, ()) if whole.endswith(name[len(digits) :])]
    found = dict.fromkeys(name_in_use(index, whole) for whole in longer)
    names = [heir for heir in found if isinstance(heir, str)]
    deleted = next((heir for heir in found if isinstance(heir, DeletedName)), None)
    return names if names or deleted is None else DeletedName(name, deleted.reason)


def with_two_digits(old: str) -> str:
    """Return a name whose third field has one digit, as names had it until 2002, with two; "" for another.

    >>> with_two_digits("03012"), with_two_digits("2402102L"), with_two_digits("0301")
    ('030102', '24020102L', '')
    """
    digits = old.rstrip(SUFFIXES)
    return f"{old[:4]}0{old[4:]}" if len(digits) in (5, 7) else ""


def names_since_2010(index: LocusIndex, old: str) -> list[str]:
    """Return the names that a name without colons has today; none where its digits are no pairs.

    A truncated name has those of all longer ones that begin so: A*9201 was renamed A*02:101, A*9202 A*02:102.
    """
    tables = index.tables
    if old in tables.old_name:
        return [tables.old_name[old]]
    if old in tables.deleted:
        return [old]
    digits = old.rstrip(SUFFIXES)
    suffix = old[len(digits) :]
    if len(digits) % 2:
        return []
    truncated = {
        ":".join(name.rstrip(SUFFIXES).split(":")[: len(digits) // 2]) + suffix: None
        for longer, name in tables.old_name.items()
        if longer.startswith(digits) and len(longer.rstrip(SUFFIXES)) > len(digits) and longer.endswith(suffix)
    }
    return list(truncated) or [":".join(digits[at : at + 2] for at in range(0, len(digits), 2)) + suffix]
