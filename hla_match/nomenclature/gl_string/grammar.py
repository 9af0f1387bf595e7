"""The grammar of GL Strings: a tree of operators and names, from a text in standard form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hla_match.errors import TypingError
from hla_match.loci import SEROLOGY_PREFIX

OPERATORS = "?^|+~/"
"""The delimiters of a GL String, loosest first."""

_FOREIGN_CHARACTER = re.compile(r"[^A-Za-z0-9*:()]")
_LOCUS = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_ANTIGEN = re.compile(
    rf"({'|'.join(sorted(set(SEROLOGY_PREFIX.values())))})([0-9]+)(?:\([A-Z]*[0-9]+\))?", re.IGNORECASE
)

# DRB3, DRB4 and DRB5 share the prefix DR with DRB1, but each has one broad antigen of its own.
_ANTIGEN_LOCUS = {"DR52": "DRB3", "DR53": "DRB4", "DR51": "DRB5"}
_PREFIX_LOCUS = {
    prefix.upper(): locus for locus, prefix in SEROLOGY_PREFIX.items() if locus not in _ANTIGEN_LOCUS.values()
}


@dataclass(frozen=True, slots=True)
class GLNode:
    """A part of a GL String: an operator with its operands, or a leaf.

    Attributes:
        operator: one of `OPERATORS`, or "" for a leaf.
        parts: the operands, two or more; none for a leaf.
        text: the text of a leaf, an allele or antigen name; "" otherwise.
    """

    operator: str
    parts: tuple[GLNode, ...] = ()
    text: str = ""

    def __str__(self) -> str:
        return self.operator.join(map(str, self.parts)) if self.operator else self.text


def parse(text: str) -> GLNode:
    """Read a GL String; ``str()`` of the result is the text again.

    Raises:
        TypingError: an operand is empty, or a leaf is neither ``LOCUS*allele`` nor a serological antigen.

    >>> parse("A*01:01+A*02:01/A*02:02").operator
    '+'
    >>> parse("A*01:01+")
    Traceback (most recent call last):
    ...
    hla_match.errors.TypingError: 'A*01:01+', position 8: expected an allele or antigen
    """
    return tree(text, 0, len(text), 0, checked=False)


def tree(text: str, start: int, end: int, level: int, *, checked: bool) -> GLNode:
    """Read ``text[start:end]``, in which only the operators from `level` on can occur, and names may be checked."""
    for tighter in range(level, len(OPERATORS)):
        operator = OPERATORS[tighter]
        if text.find(operator, start, end) < 0:
            continue
        parts = []
        for piece in text[start:end].split(operator):
            parts.append(tree(text, start, start + len(piece), tighter + 1, checked=checked))
            start += len(piece) + 1
        return GLNode(operator, tuple(parts))
    leaf = text[start:end]
    if not checked:
        _check_leaf(text, start, leaf)
    return GLNode("", (), leaf)


def operands(node: GLNode, start: int, operator: str) -> Iterator[tuple[int, GLNode]]:
    """Yield the operands of `operator` with their positions; a node of a tighter operator is its own only operand."""
    if node.operator != operator:
        yield start, node
        return
    for part in node.parts:
        yield start, part
        start += len(str(part)) + 1


def locus_and_name(leaf: str) -> tuple[str, str]:
    """Return the locus of a leaf, as `parse` takes it, and its name there.

    >>> locus_and_name("HLA-A*02:01"), locus_and_name("DR53")
    (('A', '02:01'), ('DRB4', 'DR53'))
    """
    name = without_hla(leaf)
    locus, star, allele = name.partition("*")
    if star:
        # Cw was the name of the locus C until 2010: the w kept its alleles apart from complement factors.
        locus = "C" if locus.upper() == "CW" else locus.upper()
        # Digits behind a locus are a name before 2010 and not the antigen of that number.
        return locus, f"{locus}*{allele}" if allele.isdigit() else allele
    antigen = name.partition("(")[0].upper()
    return _ANTIGEN_LOCUS.get(antigen) or _PREFIX_LOCUS[antigen.rstrip("0123456789")], name


def without_hla(leaf: str) -> str:
    """Return a leaf without ``HLA-``."""
    return leaf[4:] if leaf[:4].upper() == "HLA-" else leaf


def _check_leaf(text: str, start: int, leaf: str) -> None:
    """Refuse a leaf that is no name, at the position of its first fault."""
    if not leaf:
        raise TypingError(text, start, expected="an allele or antigen")
    name_start = len(leaf) - len(without_hla(leaf))
    foreign = _FOREIGN_CHARACTER.search(leaf, name_start)
    if foreign:
        raise TypingError(
            text,
            start + foreign.start(),
            expected=f"a letter, digit, '*', ':' or one of {OPERATORS}",
        )
    locus, star, allele = leaf[name_start:].partition("*")
    if not star:
        if not _ANTIGEN.fullmatch(locus):
            raise TypingError(
                text,
                start,
                expected="LOCUS*allele or an antigen such as A2 or Cw7",
                hint="write the locus before every allele of a list",
            )
        return
    fault = _LOCUS.match(locus)
    if not fault or fault.end() < len(locus):
        raise TypingError(text, start + name_start + (fault.end() if fault else 0), expected="a locus name")
    allele_start = start + name_start + len(locus) + 1
    if "*" in allele:
        raise TypingError(text, allele_start + allele.index("*"), expected="one '*' in a name")
    for field in allele.split(":"):
        if not field:
            raise TypingError(text, allele_start, expected="a field of an allele name")
        allele_start += len(field) + 1
