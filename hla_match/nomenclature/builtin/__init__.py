"""The built-in nomenclature: rules for two-field names and small tables of published facts; it needs no file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache

from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.builtin.antigens import (
    ANTIGENS,
    ASSOCIATED,
    EXCEPTIONS,
    OTHER_FIRST_FIELD,
    SAME_AS_FIRST_FIELD,
    SPLITS,
)
from hla_match.nomenclature.builtin.ard_groups import ALIKE
from hla_match.nomenclature.builtin.families import HIGHEST_SECOND_FIELD
from hla_match.nomenclature.builtin.rarities import NULL_ALLELES, TCE_GROUPS
from hla_match.nomenclature.tables import AntigenRelation, LocusTables, NomenclatureTables

LIMITS = (
    "the built-in nomenclature knows two-field names only: third and fourth fields are accepted unchecked",
    "it knows P groups and antigens of common, intermediate and well-documented alleles (CIWD 3.0); other alleles "
    "stand alone in their P group and take their first field's antigen",
    "it knows no G groups, no deleted or renamed names, and of null alleles only the documented ones",
)

_DPB1_FIRST_FIELDS = 1729
"""IPD-IMGT/HLA 3.58.0: the highest first field of DPB1; nearly all have the second field 01 alone."""


@cache
def builtin_tables() -> NomenclatureTables:
    """Return the tables of the built-in nomenclature."""
    sources = repr((HIGHEST_SECOND_FIELD, ALIKE, NULL_ALLELES, TCE_GROUPS, EXCEPTIONS, SPLITS, ASSOCIATED))
    return NomenclatureTables(
        release="builtin",
        title="built-in nomenclature 1",
        source="published tables, cited where they stand",
        checksum=hashlib.sha256(sources.encode()).hexdigest(),
        loci={locus: _locus_tables(locus) for locus in LOCI},
        antigen_relations=tuple(_relations()),
        antigens={prefix: tuple(names.split()) for prefix, names in ANTIGENS.items()},
        limits=LIMITS,
        closed=False,
    )


def _locus_tables(locus: str) -> LocusTables:
    nulls = set(NULL_ALLELES.get(locus, "").split())
    group = {member: f"{name}P" for name, members in _pairs(ALIKE.get(locus, "")) for member in (name, *members)}
    names = list(_two_field_names(locus))
    first_field = {name: name.lstrip("0") for name in SAME_AS_FIRST_FIELD.get(locus, "").split()}
    first_field |= {name: antigens[0] for name, antigens in _pairs(OTHER_FIRST_FIELD.get(locus, ""))}
    exception = {name: antigen for antigen, members in _pairs(EXCEPTIONS.get(locus, "")) for name in members}
    tce = {name: number for number, families in TCE_GROUPS.items() for name in families.split()}
    return LocusTables(
        locus=locus,
        allele=tuple(f"{name}N" if name in nulls else name for name in names),
        g_group=("",) * len(names),
        p_group=tuple("" if name in nulls else group.get(name, "") for name in names),
        antigen=tuple(
            "" if name in nulls else exception.get(name, first_field.get(name.partition(":")[0], "")) for name in names
        ),
        expert_antigen=("",) * len(names),
        tce_group=tuple(tce.get(name.partition(":")[0], "") if locus == "DPB1" else "" for name in names),
        old_name=_special_old_names(locus),
    )


def _two_field_names(locus: str) -> Iterator[str]:
    if locus == "DPB1":
        for first in range(1, _DPB1_FIRST_FIELDS + 1):
            yield f"{first:02d}:01"
            if first in (2, 4):
                yield f"{first:02d}:02"
        return
    for entry in HIGHEST_SECOND_FIELD[locus].split():
        first_field, _, highest = entry.partition(":")
        for second in range(1, int(highest) + 1):
            yield f"{first_field}:{second:02d}"


def _special_old_names(locus: str) -> dict[str, str]:
    """Return the names that pairs of digits do not give: A*92 and B*95 continued A*02 and B*15 (Marsh et al., 2010)."""
    continued = {"A": ("92", "02"), "B": ("95", "15")}.get(locus)
    if continued is None:
        return {}
    old, new = continued
    return {f"{old}{second:02d}": f"{new}:{100 + second}" for second in range(1, 100)}


def _relations() -> Iterator[AntigenRelation]:
    for prefix in dict.fromkeys(SEROLOGY_PREFIX.values()):
        splits, associated = dict(_pairs(SPLITS.get(prefix, ""))), dict(_pairs(ASSOCIATED.get(prefix, "")))
        for antigen in sorted({*splits, *associated}, key=int):
            yield AntigenRelation(prefix, antigen, splits.get(antigen, ()), associated.get(antigen, ()))


def _pairs(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield name and members of entries such as "02:01=02:09,02:66"."""
    for entry in text.split():
        name, _, members = entry.partition("=")
        yield name, tuple(members.split(","))
