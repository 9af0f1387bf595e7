"""Reduction of a typing to P groups, G groups, small g groups or serological antigens; its operators stay."""

from __future__ import annotations

import re

from hla_match.errors import CriteriaError, ErrorCode, Reason, TypingError
from hla_match.errors.arguments import check_type
from hla_match.language import retellable
from hla_match.loci import LOCI, OPTIONAL_GENES, OTHER_LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.gl_string import GLNode, locus_and_name, parse, split_loci
from hla_match.nomenclature.gl_string.absent_genes import ABSENT, NO_GENE
from hla_match.nomenclature.locus_index import SUFFIXES
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.name_line import standard_gl_string
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.standard_form import NOT_TYPED
from hla_match.nomenclature.untyped import PRESENT, UNKNOWN, is_untyped

_STAYING = frozenset({ABSENT, PRESENT, UNKNOWN})


def reduce_typing(
    nomenclature: Nomenclature,
    text: str,
    level: str,
    codes: MacTable | None = None,
    notes: list[str] | None = None,
) -> str:
    """Return a typing, GL String or line of names with every allele reduced; lists lose duplicates and are sorted.

    P: the P group, or the allele itself alone or null. G: the G group or the allele itself. lg: two fields with "g",
    of the P group, for null alleles of that of the expressed members of the G group. S: antigens, a split after its
    broad; "" where none is known. NEW, absent genes and loci that are not typed stay as they are; a sign or word for
    not typed alone is ""; loci that the engine does not compare are passed over.

    Args:
        nomenclature: reads the names.
        text: the typing.
        level: "P", "G", "lg" or "S".
        codes: multiple allele codes.
        notes: receives what was passed over, or understood differently than written, each once.

    Raises:
        TypingError: a name cannot be read.
        CriteriaError: the level is unknown, or the nomenclature does not have it.

    >>> reduce_typing(Nomenclature.builtin(), "A*02:09+A*24:02", "P")
    'A*02:01P+A*24:02P'
    """
    check_type("text", text, str, expected="a typing as text")
    check_type("nomenclature", nomenclature, Nomenclature, expected="a Nomenclature, such as Nomenclature.builtin()")
    if level not in ("P", "G", "lg", "S"):
        raise CriteriaError("to", found=level, expected="P, G, lg or S", code=ErrorCode.CRITERIA_UNKNOWN)
    if level == "G" and not nomenclature.tables.closed:
        raise CriteriaError(
            "to",
            found="G",
            expected=f"P, lg or S: the {nomenclature.title} knows no G groups",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    if text.strip() and is_untyped(text):
        if notes is not None and NOT_TYPED not in notes:
            notes.append(NOT_TYPED)
        return ""
    standard = standard_gl_string(text.strip())
    reduction = _Reduction(nomenclature, level, codes, dict.fromkeys(standard.notes))
    try:
        reduced = reduction.of(parse(standard.text))
    except TypingError as error:
        raise standard.refusal(error) if error.text == standard.text else error from None
    if notes is not None:
        notes.extend(note for note in reduction.notes if note not in notes)
    return reduced or ""


def locus_of(nomenclature: Nomenclature, name: str) -> str:
    """Return the locus of one name with its locus, ``A*02:01``, or of an antigen, ``A2``.

    Raises:
        TypingError: it is no such name, or one of a locus that the nomenclature does not know.

    >>> locus_of(Nomenclature.builtin(), "Cw7")
    'C'
    """
    locus = next(iter(split_loci(name)), "")
    if locus not in nomenclature.tables.loci:
        raise TypingError(name, 0, expected=f"a name of a locus of {', '.join(LOCI)}", reason=Reason.WRONG_LOCUS)
    return locus


class _Reduction:
    """Reduces the names of one text, and gathers the notes."""

    def __init__(self, nomenclature: Nomenclature, level: str, codes: MacTable | None, notes: dict[str, None]) -> None:
        self.notes = notes
        self._nomenclature = nomenclature
        self._level = level
        self._codes = codes

    def of(self, node: GLNode) -> str | None:
        """Return a part reduced, or None where all of it was passed over."""
        if node.operator and node.operator != "/":
            parts = [part for part in map(self.of, node.parts) if part is not None]
            return node.operator.join(parts) if parts else None
        found = [self._names(leaf.text) for leaf in node.parts or (node,)]
        if all(names is None for names in found):
            return None
        return "/".join(sorted({name for names in found for name in names or () if name}, key=_order))

    def _names(self, leaf: str) -> list[str] | None:
        """Return one name reduced, or None where its locus is passed over."""
        nomenclature = self._nomenclature
        locus, name = locus_and_name(leaf)
        if name in (UNKNOWN, PRESENT) or (name == ABSENT and locus in (*OPTIONAL_GENES, NO_GENE)):
            return [f"{locus}*{name}"]
        if locus in OTHER_LOCI:
            self.notes[retellable("{locus} is not compared and was passed over", locus=locus)] = None
            return None
        expansion = nomenclature.expand(locus_of(nomenclature, leaf), leaf, self._codes)
        self.notes.update(dict.fromkeys(expansion.notes))
        if expansion.is_new:
            return [f"{locus}*{name}"]
        if self._level == "S":
            tables = nomenclature.tables.loci[locus]
            assigned = ((tables.antigen[row], tables.possible_antigen[row]) for row in expansion.alleles)
            return [one for cells in assigned for one in _antigens(nomenclature, locus, "/".join(cells))]
        return [f"{locus}*{_name(nomenclature, locus, row, self._level)}" for row in expansion.alleles]


def _name(nomenclature: Nomenclature, locus: str, row: int, level: str) -> str:
    tables = nomenclature.tables.loci[locus]
    allele, g_group, p_group = tables.allele[row], tables.g_group[row], tables.p_group[row]
    if level == "P":
        return p_group or allele
    if level == "G":
        return g_group or allele
    expressed = p_group or _expressed_p_group(nomenclature, locus, g_group)
    if expressed:
        return expressed[:-1] + "g"
    suffix = allele[-1] if allele[-1] in SUFFIXES and not g_group else ""
    fields = (g_group[:-1] if g_group else allele.rstrip(SUFFIXES)).split(":")
    return ":".join(fields[:2]) + suffix + "g"


def _expressed_p_group(nomenclature: Nomenclature, locus: str, g_group: str) -> str:
    """Return the P group of the expressed members of a G group, which a null allele of the group has lost; or ""."""
    tables = nomenclature.tables.loci[locus]
    members = nomenclature.index(locus).group.get(g_group, ()) if g_group else ()
    return next((tables.p_group[row] for row in members if tables.p_group[row]), "")


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
