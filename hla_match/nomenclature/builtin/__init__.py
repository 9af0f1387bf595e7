"""The nomenclature that needs no file, so that everything runs on a new machine.

It is not a release of IPD-IMGT/HLA, and its title says so. It knows the two-field names by rule, and of the published
exceptions (identical antigen recognition domains, null alleles, serology, DPB1 groups) those of the alleles that CIWD
3.0 calls common, intermediate or well documented (Hurley et al., HLA 2020;95:516). Each module beside this one cites
its source.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from hla_match.language import translatable
from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.builtin.ard_groups import ARD_GROUPS
from hla_match.nomenclature.builtin.families import two_field_names
from hla_match.nomenclature.builtin.null_alleles import NULL, QUESTIONABLE
from hla_match.nomenclature.builtin.serology import ANTIGENS, ASSUMED, EXCEPTIONS, EXPERT, FIRST_FIELD, RELATIONS
from hla_match.nomenclature.builtin.tce import TCE_GROUPS
from hla_match.nomenclature.tables import AntigenRelation, LocusTables, NomenclatureTables

LIMITS = (
    translatable(
        "Alleles are known by two fields as of October 2024; third and fourth fields are accepted unchecked, and "
        "later alleles are unknown."
    ),
    translatable("G groups are unknown; a G group is read as the P group of its first two fields."),
    translatable(
        "Alleles with the same antigen recognition domain are known only among common, intermediate and well-"
        "documented alleles (CIWD 3.0); two rare alleles of one P group count as a mismatch."
    ),
    translatable(
        "Null alleles are known only by two fields and only where CIWD 3.0 lists them; rarer ones count as expressed,"
        " and nulls with an expressed sister, such as DRB4*01:03:01:02N, cannot be named."
    ),
    translatable("Serology of rare alleles is assumed from their first field."),
    translatable("T-cell epitope groups are known only for DPB1 alleles that CIWD 3.0 lists."),
    translatable("Deleted names and their replacements are unknown."),
)
"""What this nomenclature does not know, for reports."""

_RELATION = re.compile(r"([0-9]+)\(([0-9/]*)\)([0-9/]*)")


@lru_cache(maxsize=1)
def builtin_tables() -> NomenclatureTables:
    """Return the built-in nomenclature; it is made once.

    >>> tables = builtin_tables().loci["B"]
    >>> tables.antigen[tables.allele.index("15:02")]
    '75'
    """
    loci = MappingProxyType({locus: _locus_tables(locus) for locus in LOCI})
    relations = tuple(_relations())
    antigens = MappingProxyType({prefix: tuple(names.split()) for prefix, names in ANTIGENS.items()})
    digest = hashlib.sha256()
    for tables in loci.values():
        columns = (
            tables.allele,
            tables.p_group,
            tables.antigen,
            tables.possible_antigen,
            tables.expert_antigen,
            tables.tce_group,
        )
        text = "\n".join([tables.locus, *(";".join(column) for column in columns), repr(dict(tables.old_name))])
        digest.update(text.encode("ascii"))
    digest.update(repr((relations, dict(antigens))).encode("ascii"))
    return NomenclatureTables(
        release="builtin",
        title="built-in nomenclature 1",
        source="part of hla-match: names by rule as of IPD-IMGT/HLA 3.58.0, exceptions for CIWD 3.0 alleles",
        checksum=digest.hexdigest(),
        loci=loci,
        antigen_relations=relations,
        antigens=antigens,
        limits=LIMITS,
        closed=False,
    )


def _locus_tables(locus: str) -> LocusTables:
    written = {name[:-1]: name for table in (NULL, QUESTIONABLE) for name in table.get(locus, "").split()}
    alleles = tuple(written.get(name, name) for name in two_field_names(locus))
    p_group = {
        name: f"{group}P" for group, others in ARD_GROUPS.get(locus, {}).items() for name in (group, *others.split())
    }
    exceptions = _inverse(EXCEPTIONS.get(locus, {}))
    expert = _inverse(EXPERT.get(locus, {}))
    assumed = ASSUMED.get(locus, "").split()
    tce = _inverse(TCE_GROUPS) if locus == "DPB1" else {}
    by_first = dict(entry.split("=") for entry in FIRST_FIELD.get(locus, "").split())
    if locus in SEROLOGY_PREFIX:
        # The antigens took their numbers first, and the first field was named after the antigen: A*02 after A2.
        for first in {name.partition(":")[0] for name in alleles}:
            by_first.setdefault(first, first.lstrip("0"))
    assigned = [
        "" if name[-1] == "N" else exceptions.get(name, by_first.get(name.partition(":")[0], "")) for name in alleles
    ]
    # Of several antigens none is certain.
    certain = ["/" not in names and name not in assumed for name, names in zip(alleles, assigned, strict=True)]
    return LocusTables(
        locus=locus,
        allele=alleles,
        g_group=("",) * len(alleles),
        p_group=tuple(p_group.get(name, "") for name in alleles),
        antigen=tuple(names if one else "" for names, one in zip(assigned, certain, strict=True)),
        possible_antigen=tuple("" if one else names for names, one in zip(assigned, certain, strict=True)),
        expert_antigen=tuple(expert.get(name, "") for name in alleles),
        tce_group=tuple(tce.get(name, "") for name in alleles),
        old_name=MappingProxyType(_special_first_fields(locus, alleles)),
    )


def _inverse(table: Mapping[str, str]) -> dict[str, str]:
    """Return, from values with the names that have them, each name's values joined by a slash."""
    found: dict[str, str] = {}
    for value, names in table.items():
        for name in names.split():
            found[name] = f"{found[name]}/{value}" if name in found else value
    return found


def _special_first_fields(locus: str, alleles: tuple[str, ...]) -> dict[str, str]:
    """Return the names of A*92 and B*95, into which A*02 and B*15 overflowed until 2010 when two digits were all."""
    for owner, first, special, last in (("A", "02", "92", 199), ("B", "15", "95", 191)):
        if locus == owner:
            names = {f"{first}:{number}" for number in range(101, last + 1)}
            return {f"{special}{name[4:6]}{name[6:]}": name for name in alleles if name.rstrip("NQ") in names}
    return {}


def _relations() -> Iterator[AntigenRelation]:
    for prefix, entries in RELATIONS.items():
        for antigen, splits, associated in _RELATION.findall(entries):
            yield AntigenRelation(
                prefix=prefix,
                antigen=antigen,
                splits=tuple(splits.split("/")) if splits else (),
                associated=tuple(associated.split("/")) if associated else (),
            )
