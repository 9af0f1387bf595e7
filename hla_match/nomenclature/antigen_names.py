"""Names of serological antigens: current names, names before 2026, and digits that may be an old allele name.

Sources: HLA Nomenclature Report 2026 (doi:10.1111/tan.70595) as the read-me of IPD-IMGT/HLA 3.64 tells it: antigens of
three digits got a leading zero (A203 is A0203), and some 250 associated antigens were named after alleles (A0201,
DR1501). Until 2010 such digits were the names of alleles (A*0201), which old reports still hold.
"""

from __future__ import annotations

from types import MappingProxyType

from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.tables import LocusTables, NomenclatureTables

SECOND_DR = MappingProxyType({"DRB3": "52", "DRB4": "53", "DRB5": "51"})
"""DR51, DR52 and DR53 are each the antigen of another gene than the other DR antigens."""

RENAMED = MappingProxyType({"A": {"203": "0203", "210": "0210"}, "B": {"703": "0703"}, "DR": {"103": "0103"}})
"""The antigens of three digits by prefix, and their names since 2026."""

# The antigens that had four digits before 2026: such digits are read as the antigen, not as an old allele name.
_FOUR_DIGITS = MappingProxyType(
    {"A": ("2403",), "B": ("2708", "3901", "3902", "4005", "5102", "5103"), "DR": ("1403", "1404")}
)


def antigen_in_use(nomenclature: NomenclatureTables, locus: str, prefix: str, number: str) -> str:
    """Return the number by which the nomenclature knows a reported antigen of a locus, or "" where it is none.

    Four digits that named an allele before 2010 are that allele. There are two exceptions: behind DR and DQ, which
    never stood before the name of an allele, and the few numbers of four digits that were antigens before 2026.

    Args:
        nomenclature: the tables.
        locus: the locus that was typed.
        prefix: the letters before the number as they were reported, such as "DR"; "" where there were none.
        number: the digits.
    """
    own = SEROLOGY_PREFIX.get(locus, "")
    known = nomenclature.antigens.get(own, ())
    second = SECOND_DR.get(locus)
    if number == second:
        return number
    # A number of two digits more is one of its associated antigens.
    if second != (number[:2] if own == "DR" and number[:2] in SECOND_DR.values() else None):
        return ""
    if number in known:
        may_be_allele = len(number) == 4 and prefix not in ("DR", "DQ") and number not in _FOUR_DIGITS.get(own, ())
        return "" if may_be_allele and _was_allele(nomenclature.loci[locus], number) else number
    renamed = RENAMED.get(own, {}).get(number, "")
    return renamed if renamed in known else ""


def _was_allele(tables: LocusTables, digits: str) -> bool:
    """Return whether four digits named an allele before 2010."""
    fields = f"{digits[:2]}:{digits[2:]}"
    return (
        any(name.startswith(fields) and not name[len(fields) :][:1].isdigit() for name in tables.allele)
        or any(name.startswith(digits) for name in tables.old_name)
        or any(name.startswith(digits) for name in tables.deleted)
    )
