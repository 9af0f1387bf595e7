"""The T-cell epitope groups of DPB1 alleles in ``tce/dpb_tce.csv``, versions 2 and 3 of their assignment.

Sources: the layouts of IPD-IMGT/HLA 3.33 to 3.60. Version 2: Crivello et al., Biol Blood Marrow Transplant 2015;21:233;
version 3 tells core from non-core alleles of group 3: Arrieta-Bolaños et al., Blood 2022;140:659.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hla_match.nomenclature.tables import LocusTables
from registry_io.formats.release_files import TRUNCATED, ReleaseFiles

_NAME = "dpb_tce.csv"
_VERSION_2, _VERSION_3 = "V2_Assignment", "V3_Assignment"
# The order of the columns in tables without a row of their names; version 3 came later, before the comments.
_UNNAMED = {_VERSION_2: 3}
# A letter marks a subgroup and a dollar sign a prediction; "0" is a null allele.
_GROUP = re.compile(r"([0-3]?)[a-z]?\$?|NA|N/A", re.ASCII | re.IGNORECASE)
_CORE = re.compile(r"3 *\( *(core|non-core) *\)", re.ASCII | re.IGNORECASE)


class TceGroups(NamedTuple):
    """The groups of DPB1 alleles, by their names without locus; "" where an allele has none.

    Attributes:
        version_2: "1", "2" or "3".
        version_3: "1", "2", "3", "3 (core)" or "3 (non-core)"; empty where the table has no version 3.
    """

    version_2: Mapping[str, str]
    version_3: Mapping[str, str]


def read_tce_groups(files: ReleaseFiles) -> TceGroups:
    """Read the table.

    Raises:
        NomenclatureError: a line is no DPB1 allele with its groups, or the table names no version 2.
    """
    lines = [(row, line, line.split(",")) for row, line in files.lines(_NAME)]
    place = dict(_UNNAMED)
    if lines and lines[0][2][0].strip() == "Allele":
        place = {name.strip(): at for at, name in enumerate(lines[0][2])}
        if _VERSION_2 in place:
            del lines[0]
    elif any(len(cells) > 4 and _CORE.fullmatch(cells[4].strip().strip('"')) for _, _, cells in lines):
        place[_VERSION_3] = 4
    groups: dict[str, dict[str, str]] = {_VERSION_2: {}, _VERSION_3: {}}
    for row, line, cells in lines:
        for version in (_VERSION_2, *((_VERSION_3,) if _VERSION_3 in place else ())):
            group = _group(cells[place[version]]) if place.get(version, len(cells)) < len(cells) else None
            if group is None or not cells[0].startswith("DPB1*"):
                raise files.error(
                    _NAME,
                    row=row,
                    found=repr(line[:60]),
                    expected=f"a DPB1 allele and its groups, {version} among them",
                    hint=TRUNCATED,
                )
            groups[version][cells[0].removeprefix("DPB1*")] = group
    return TceGroups(groups[_VERSION_2], groups[_VERSION_3])


def _group(cell: str) -> str | None:
    """Return the group that a cell states, "" for none, or None where it states something else."""
    cell = cell.strip().strip('"')
    core = _CORE.fullmatch(cell)
    if core is not None:
        return f"3 ({core[1].lower()})"
    match = _GROUP.fullmatch(cell)
    return None if match is None else (match[1] or "").replace("0", "")


def divided_groups(dpb1: LocusTables, groups: TceGroups) -> Iterator[str]:
    """Yield in words each P and G group of DPB1 whose members are in several T-cell epitope groups.

    Args:
        dpb1: the alleles with their P and G groups.
        groups: the groups of the table.
    """
    for version, assigned in (("version 2", groups.version_2), ("version 3", groups.version_3)):
        of_group: dict[str, set[str]] = {}
        for name, *names in zip(dpb1.allele, dpb1.p_group, dpb1.g_group, strict=True):
            for group in filter(None, names):
                if assigned.get(name):
                    of_group.setdefault(group, set()).add(assigned[name])
        for group, found in of_group.items():
            if len(found) > 1:
                text = " and ".join(sorted(found))
                yield f"{_NAME}: members of DPB1*{group} are in T-cell epitope groups {text} ({version})"
