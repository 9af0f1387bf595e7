"""GL String 1.1: a text for whole multilocus genotypes with their ambiguities.

Source: Milius et al., Tissue Antigens 2013;82:106, table 1 (delimiters and their precedence); version 1.1 adds ``?``.
Delimiters, loosest first: ``?`` locus ambiguity, ``^`` loci, ``|`` genotypes, ``+`` gene copies, ``~`` haplotype,
``/`` alleles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hla_match.errors import Reason, TypingError
from hla_match.loci import LOCI

OPERATORS = "?^|+~/"

_LEAF = re.compile(r"(?:HLA-)?(?:[A-Z]+[A-Z0-9]*w?\*[0-9A-Za-z:]+|[A-Z]+w?[0-9]+)", re.ASCII)
_SEROLOGY = re.compile(r"(Cw|DR|DQ|DP|[ABC])([0-9]+)", re.ASCII)
_SEROLOGY_LOCUS = {"A": "A", "B": "B", "C": "C", "Cw": "C", "DR": "DRB1", "DQ": "DQB1"}
_SECOND_DR = {"51": "DRB5", "52": "DRB3", "53": "DRB4"}


@dataclass(frozen=True, slots=True)
class GLNode:
    """A GL String or a part of it: an operator over parts, or a leaf with its text (operator "")."""

    operator: str
    parts: tuple[GLNode, ...]
    text: str

    def __str__(self) -> str:
        return self.operator.join(str(part) for part in self.parts) if self.operator else self.text


def parse(text: str) -> GLNode:
    """Read a GL String; ``str`` of the result is the same text again.

    Raises:
        TypingError: an operand is empty or is not an allele, with the position in the text.

    >>> str(parse("A*01:01/A*01:02+A*24:02^B*07:02+B*08:01"))
    'A*01:01/A*01:02+A*24:02^B*07:02+B*08:01'
    >>> parse("A*01:01+^B*07:02")
    Traceback (most recent call last):
    hla_match.errors.TypingError: 'A*01:01+^B*07:02', position 8: expected an allele such as A*02:01
    """
    return _parse(text, text, 0, OPERATORS)


def _parse(whole: str, part: str, position: int, operators: str) -> GLNode:
    for depth, operator in enumerate(operators):
        if operator in part:
            parts: list[GLNode] = []
            start = position
            for piece in part.split(operator):
                parts.append(_parse(whole, piece, start, operators[depth + 1 :]))
                start += len(piece) + 1
            return GLNode(operator, tuple(parts), "")
    found = _LEAF.match(part)
    if found is None:
        raise TypingError(whole, position, expected="an allele such as A*02:01")
    if found.end() != len(part):
        raise TypingError(whole, position + found.end(), expected=f"the end of the allele or one of {OPERATORS}")
    return GLNode("", (), part)


def split_loci(text: str, other_loci: list[str] | None = None) -> dict[str, tuple[str, str]]:
    """Return the typing of each locus as the texts of its two columns, without locus prefixes.

    One allele alone is reported homozygous: the second text is empty. Where whole genotypes are alternatives, the first
    text holds them all (``01:01+02:01|01:02+02:03``) and the second is empty. Phase (``~``) is dropped: typings are
    compared unphased. Alternatives of several loci (``?``) become alternatives of each locus.

    Args:
        text: a GL String of one person.
        other_loci: receives the loci that the engine does not compare, such as MICA.

    Raises:
        TypingError: the text cannot be read, or is not the typing of one person.

    >>> split_loci("HLA-A*02:01+HLA-A*24:02/HLA-A*24:03^HLA-B*07:02")
    {'A': ('02:01', '24:02/24:03'), 'B': ('07:02', '')}
    """
    tree = parse(text.strip())
    found: dict[str, list[tuple[str, str]]] = {}
    for person in tree.parts if tree.operator == "?" else (tree,):
        seen: dict[str, list[tuple[str, str]]] = {}
        for block in person.parts if person.operator == "^" else (person,):
            here: dict[str, list[tuple[str, str]]] = {}
            for genotype in block.parts if block.operator == "|" else (block,):
                for locus, pair in _genotype(text, genotype).items():
                    here.setdefault(locus, []).append(pair)
            for locus, pairs in here.items():
                if locus in seen:
                    raise TypingError(
                        text, 0, expected=f"locus {locus} once", reason=Reason.CONFLICTING_TYPINGS,
                        hint="join alternatives with |",
                    )
                seen[locus] = pairs
        for locus, pairs in seen.items():
            found.setdefault(locus, []).extend(pairs)
    typings: dict[str, tuple[str, str]] = {}
    for locus, pairs in found.items():
        if locus not in LOCI:
            if other_loci is not None:
                other_loci.append(locus)
            continue
        distinct = list(dict.fromkeys(pairs))
        if len(distinct) == 1:
            typings[locus] = distinct[0]
        else:
            typings[locus] = ("|".join(f"{first}+{second or first}" for first, second in distinct), "")
    return {locus: typings[locus] for locus in LOCI if locus in typings}


def genotypes(first: str, second: str) -> list[tuple[str, str]]:
    """Return the alternative pairs of sides that two columns report; none where not typed.

    Raises:
        TypingError: a second typing stands without a first.

    >>> genotypes("02:01", "")
    [('02:01', '02:01')]
    >>> genotypes("01:01+02:01|01:02+02:03", "")
    [('01:01', '02:01'), ('01:02', '02:03')]
    """
    if not first:
        if second:
            raise TypingError(
                second, 0, expected="a first typing beside the second", reason=Reason.SECOND_WITHOUT_FIRST,
                hint="put the typing into the first column",
            )
        return []
    if second or not ("+" in first or "|" in first):
        return [(first, second or first)]
    pairs: list[tuple[str, str]] = []
    for genotype in first.split("|"):
        one, _, other = genotype.partition("+")
        if "+" in other:
            raise TypingError(first, first.index(genotype), expected="at most two alleles joined by +")
        pairs.append((one, other or one))
    return pairs


def _genotype(text: str, genotype: GLNode) -> dict[str, tuple[str, str]]:
    """Return the pair of sides at each locus of one genotype, haplotypes taken apart."""
    sides: dict[str, list[str]] = {}
    copies = genotype.parts if genotype.operator == "+" else (genotype,)
    for copy in copies:
        for allele in copy.parts if copy.operator == "~" else (copy,):
            named = [_locus_and_name(leaf.text) for leaf in (allele.parts if allele.operator == "/" else (allele,))]
            loci = {locus for locus, _ in named}
            if len(loci) > 1:
                raise TypingError(
                    text, max(text.find(str(allele)), 0), expected="alleles of one locus", reason=Reason.WRONG_LOCUS
                )
            sides.setdefault(loci.pop(), []).append("/".join(name for _, name in named))
    phased = any(copy.operator == "~" for copy in copies)
    if len(sides) > 1 and not phased and not set(sides) <= {"DRB3", "DRB4", "DRB5"}:
        raise TypingError(
            text, max(text.find(str(genotype)), 0), expected="two alleles of one locus", reason=Reason.WRONG_LOCUS,
            hint="join loci with ^",
        )
    for names in sides.values():
        if len(names) > 2:
            raise TypingError(text, max(text.find(str(genotype)), 0), expected="at most two alleles joined by +")
    return {locus: (names[0], names[1] if len(names) > 1 else "") for locus, names in sides.items()}


def _locus_and_name(leaf: str) -> tuple[str, str]:
    bare = leaf.removeprefix("HLA-")
    locus, star, name = bare.partition("*")
    if star:
        return ("C" if locus == "Cw" else locus), name
    found = _SEROLOGY.fullmatch(bare)
    if found is None:
        return bare, bare
    prefix, number = found.groups()
    if prefix == "DR" and number in _SECOND_DR:
        return _SECOND_DR[number], number
    return _SEROLOGY_LOCUS.get(prefix, prefix), number
