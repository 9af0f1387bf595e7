"""The names of a release: antigens, abandoned alleles and what replaced them, and names before April 2010.

Source of the layouts: the read-me of the release's ``wmda`` folder, "hla_nom.txt" and "rel_ser_ser.txt".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.antigen_names import RENAMED
from hla_match.nomenclature.tables import AntigenRelation, Deletion
from registry_io.formats.release_files import ReleaseFiles

_REPLACEMENT = re.compile(r"(?:renamed|identical to)\s+([A-Z0-9a-z]+)\*([0-9:]+[A-Z]?)")
_SECOND_DR = "DR5"
"""How the draft of the layout of 2026 writes DR51, DR52 and DR53: "DR5;1;;01/02/03" is DR51 with DR5101 to DR5103."""


def abandoned_names(files: ReleaseFiles, current: Mapping[str, set[str]]) -> dict[str, dict[str, Deletion]]:
    """Return the abandoned names by locus.

    Args:
        files: the files.
        current: the names in use, by locus.
    """
    deletions: dict[str, dict[str, Deletion]] = {locus: {} for locus in LOCI}
    for _, (written, name, _, deleted, replacement, reason, *_) in files.rows("hla_nom.txt", 6):
        if deleted and written.endswith("*") and _locus(written) in deletions:
            deletions[_locus(written)][name] = Deletion(replacement, reason)
    _add_deleted_alleles(files, deletions, current)
    return deletions


def _add_deleted_alleles(
    files: ReleaseFiles, deletions: Mapping[str, dict[str, Deletion]], current: Mapping[str, set[str]]
) -> None:
    """Add the names that only ``Deleted_alleles.txt`` has: those that changed nothing but their suffix."""
    if "Deleted_alleles.txt" not in files:
        return
    for _, line in files.lines("Deleted_alleles.txt"):
        _, allele, reason = (*line.split(",", 2), "", "")[:3]
        written, star, name = allele.partition("*")
        locus = _locus(written)
        if not star or locus not in deletions or name in deletions[locus] or name in current[locus]:
            continue
        # A name that begins longer ones of today still stands for them.
        if any(longer.startswith(name + ":") for longer in current[locus]):
            continue
        match = _REPLACEMENT.search(reason)
        same_locus = match is not None and _locus(match[1]) == locus
        deletions[locus][name] = Deletion(match[2] if match is not None and same_locus else "", reason.strip())


def old_names(files: ReleaseFiles) -> dict[str, dict[str, str]]:
    """Return today's name of each name before April 2010, by locus; abandoned ones are left out."""
    names: dict[str, dict[str, str]] = {locus: {} for locus in LOCI}
    if "Nomenclature_2009.txt" in files:
        for _, line in files.lines("Nomenclature_2009.txt"):
            old, _, new = line.partition(" ")
            locus, star, digits = old.partition("*")
            if star and "*" in new and _locus(locus) in names:
                names[_locus(locus)][digits] = new.strip().partition("*")[2]
    return names


def antigen_relations(files: ReleaseFiles) -> tuple[AntigenRelation, ...]:
    """Return the relations of the antigens in ``rel_ser_ser.txt``."""
    relations = []
    for _, (prefix, antigen, splits, associated, *_) in files.rows("rel_ser_ser.txt", 4):
        split_names, associated_names = (
            tuple(name.strip() for name in cell.split("/") if name.strip()) for cell in (splits, associated)
        )
        if prefix == _SECOND_DR:
            prefix, antigen = "DR", f"5{antigen}"
            associated_names = tuple(antigen + name for name in associated_names)
        if prefix in SEROLOGY_PREFIX.values():
            relations.append(AntigenRelation(prefix, antigen, split_names, associated_names))
    return tuple(relations)


def antigen_names(files: ReleaseFiles, relations: tuple[AntigenRelation, ...]) -> dict[str, tuple[str, ...]]:
    """Return the antigens in use by prefix, in the order of their numbers."""
    antigens: dict[str, set[str]] = {prefix: set() for prefix in SEROLOGY_PREFIX.values()}
    for _, (written, name, _, deleted, *_) in files.rows("hla_nom.txt", 6):
        if written in antigens and not deleted:
            antigens[written].add(name)
    for relation in relations:
        antigens[relation.prefix] |= {relation.antigen, *relation.splits, *relation.associated}
    for prefix, names in RENAMED.items():
        antigens[prefix] -= {old for old, new in names.items() if new in antigens[prefix]}
    return {prefix: tuple(sorted(names, key=_antigen_order)) for prefix, names in antigens.items()}


def _antigen_order(antigen: str) -> tuple[int, str]:
    digits = re.match(r"[0-9]{1,9}", antigen)
    return (int(digits[0]) if digits else 0, antigen)


def _locus(written: str) -> str:
    """Return the locus as it is written today: "Cw*" was the name of C before 2010."""
    locus = written.rstrip("*")
    return "C" if locus == "Cw" else locus
