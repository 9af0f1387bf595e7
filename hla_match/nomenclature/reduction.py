"""Reductions of a typing: to P groups, G groups, small g groups or serological antigens, keeping its operators."""

from __future__ import annotations

import re

from hla_match.errors import CriteriaError, Reason, TypingError
from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.gl_string import GLNode, parse, split_loci
from hla_match.nomenclature.locus_index import SUFFIXES
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature


def reduce_typing(nomenclature: Nomenclature, text: str, level: str, codes: MultipleAlleleCodes | None = None) -> str:
    """Return a typing or GL String with every allele reduced; lists lose duplicates and are sorted.

    P: the P group, or the allele itself alone or null. G: the G group or the allele itself. lg: two fields with "g",
    of the P group, for null alleles of the G group. S: antigens, a split after its broad; "" where none is known.
    NEW stays NEW.

    Raises:
        TypingError: a name cannot be read.
        CriteriaError: the level is unknown, or the nomenclature does not have it.

    >>> from hla_match.nomenclature.builtin import builtin_tables
    >>> reduce_typing(Nomenclature(builtin_tables()), "A*02:09+A*24:02", "P")
    'A*02:01P+A*24:02P'
    """
    if level not in ("P", "G", "lg", "S"):
        raise CriteriaError("to", found=level, expected="P, G, lg or S")
    if level == "G" and not nomenclature.tables.closed:
        raise CriteriaError("to", found="G", expected=f"P, lg or S: the {nomenclature.title} knows no G groups")
    return _reduce(nomenclature, parse(text.strip()), level, codes)


def locus_of(nomenclature: Nomenclature, name: str) -> str:
    """Return the locus of one name with its locus, ``A*02:01``, or of an antigen, ``A2``.

    Raises:
        TypingError: it is no such name, or one of a locus that the nomenclature does not know.

    >>> from hla_match.nomenclature.builtin import builtin_tables
    >>> locus_of(Nomenclature(builtin_tables()), "Cw7")
    'C'
    """
    locus = next(iter(split_loci(name)), "")
    if locus not in nomenclature.tables.loci:
        raise TypingError(name, 0, expected=f"a name of a locus of {', '.join(LOCI)}", reason=Reason.WRONG_LOCUS)
    return locus


def _reduce(nomenclature: Nomenclature, node: GLNode, level: str, codes: MultipleAlleleCodes | None) -> str:
    if node.operator and node.operator != "/":
        return node.operator.join(_reduce(nomenclature, part, level, codes) for part in node.parts)
    reduced: dict[str, None] = {}
    for leaf in node.parts or (node,):
        reduced.update(dict.fromkeys(_reduce_leaf(nomenclature, leaf.text, level, codes)))
    return "/".join(sorted((name for name in reduced if name), key=_order))


def _reduce_leaf(nomenclature: Nomenclature, text: str, level: str, codes: MultipleAlleleCodes | None) -> list[str]:
    locus = locus_of(nomenclature, text)
    expansion = nomenclature.expand(locus, text, codes)
    if expansion.is_new:
        return [f"{locus}*{text.rpartition('*')[2]}"]
    rows = expansion.alleles
    if level == "S":
        antigen = nomenclature.tables.loci[locus].antigen
        return [name for row in rows for name in _antigens(nomenclature, locus, antigen[row])]
    return [f"{locus}*{_name(nomenclature, locus, row, level)}" for row in rows]


def _name(nomenclature: Nomenclature, locus: str, row: int, level: str) -> str:
    tables = nomenclature.tables.loci[locus]
    allele, g_group, p_group = tables.allele[row], tables.g_group[row], tables.p_group[row]
    if level == "P":
        return p_group or allele
    if level == "G":
        return g_group or allele
    if p_group:
        return p_group[:-1] + "g"
    suffix = allele[-1] if allele[-1] in SUFFIXES and not g_group else ""
    fields = (g_group[:-1] if g_group else allele.rstrip(SUFFIXES)).split(":")
    return ":".join(fields[:2]) + suffix + "g"


def _antigens(nomenclature: Nomenclature, locus: str, names: str) -> list[str]:
    prefix = SEROLOGY_PREFIX.get(locus, "")
    own = [name for name in names.split("/") if name]
    broads = [
        relation.antigen
        for relation in nomenclature.tables.antigen_relations
        if relation.prefix == prefix and set(own) & set(relation.splits)
    ]
    return [prefix + name for name in (*broads, *own)]


def _order(name: str) -> tuple[tuple[int, ...], str]:
    """Return the sort key of an allele, group or antigen of one locus: its numbers, then the whole name."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", name.rpartition("*")[2])), name
