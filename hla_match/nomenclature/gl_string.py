"""GL Strings: one line of text for the typing of a person at all loci, with its ambiguities.

Sources: Milius et al., Genotype List String, Tissue Antigens 2013;82:106; version 1.1, which adds ``?``: Mack et al.,
HLA 2023;102:206. The delimiters, loosest first::

    ?   whole alternatives          ^   loci             |   alternative genotypes
    +   the two chromosomes         ~   in phase         /   alternative alleles

`parse` reads the grammar and nothing more; `split_loci` says what the text reports at each locus; `genotypes` reads the
pair of columns in which a registry file holds one locus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hla_match.errors import Reason, TypingError
from hla_match.loci import LOCI, OPTIONAL_GENES, OTHER_LOCI, SEROLOGY_PREFIX, near_loci

OPERATORS = "?^|+~/"
"""The delimiters of a GL String, loosest first."""

_FOREIGN_CHARACTER = re.compile(r"[^A-Za-z0-9*:]")
_LOCUS = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_ANTIGEN = re.compile(rf"({'|'.join(sorted(set(SEROLOGY_PREFIX.values())))})([0-9]+)", re.IGNORECASE)

# DRB3, DRB4 and DRB5 share the prefix DR with DRB1, but each has one broad antigen of its own.
_ANTIGEN_LOCUS = {"DR52": "DRB3", "DR53": "DRB4", "DR51": "DRB5"}
_PREFIX_LOCUS = {
    prefix.upper(): locus for locus, prefix in SEROLOGY_PREFIX.items() if locus not in _ANTIGEN_LOCUS.values()
}

# A chromosome carries at most one of these genes, so its partner may carry another. DRBX is the "any of them" of some
# laboratories; it is no locus of the engine, but stands where the others stand.
_SUBSTITUTES = frozenset({*OPTIONAL_GENES, "DRBX"})
_KNOWN_LOCI = frozenset({*LOCI, *OTHER_LOCI})
_ABSENT_GENE = frozenset({"NNNN", "00:00"})
_FULL_WIDTH = re.compile("[\uff01-\uff5e\u3000]")

_Pair = tuple[str, str]
_Genotypes = dict[_Pair, _Pair]  # unordered genotype (its two typings sorted) -> the pair as first written


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
    return _parse(text, 0, len(text), 0)


def split_loci(text: str, other_loci: list[str] | None = None) -> dict[str, tuple[str, str]]:
    """Return what a GL String reports at each locus, in the order of `LOCI`.

    Names lose ``HLA-`` and ``LOCUS*``; antigens (``A2``) keep their letters. One typing is reported homozygous and has
    "" as its second. Alternative genotypes stand in the first text, as in ``("01:01+02:01|01:02+02:03", "")``, each
    genotype once in whichever order it is written. Phase is dropped. An alternative that does not name a locus adds
    nothing to it.

    Args:
        text: the GL String.
        other_loci: receives the names of loci of `OTHER_LOCI`, each once.

    Raises:
        TypingError: the text does not parse; a name that is no locus of the HLA region (``UNKNOWN_LOCUS``); three or
            more typings of a locus; loci mixed in one list, genotype or set of alternative genotypes, where only DRB3,
            DRB4 and DRB5 may replace each other (``WRONG_LOCUS``); or a locus in two blocks or twice in a haplotype
            (``CONFLICTING_TYPINGS``).

    >>> split_loci("HLA-A*02:01+HLA-A*24:02/HLA-A*24:03^HLA-B*07:02")
    {'A': ('02:01', '24:02/24:03'), 'B': ('07:02', '')}
    >>> split_loci("DRB3*01:01+DRB4*01:03")
    {'DRB3': ('01:01', ''), 'DRB4': ('01:03', '')}
    """
    reported: dict[str, _Genotypes] = {}
    for start, alternative in _operands(parse(text), 0, "?"):
        _unite(reported, _person(text, start, alternative))
    if other_loci is not None:
        other_loci.extend(locus for locus in reported if locus not in LOCI and locus not in other_loci)
    return {locus: _columns(reported[locus]) for locus in LOCI if locus in reported}


def genotypes(text1: str, text2: str) -> list[tuple[str, str]]:
    """Return the alternative genotypes that a pair of columns reports at one locus; none where it is not typed.

    Raises:
        TypingError: a second typing without a first (``SECOND_WITHOUT_FIRST``), a second beside a first that holds
            whole genotypes (``CONFLICTING_TYPINGS``), an empty operand, or a delimiter that joins more than one locus.

    >>> genotypes("02:01", "")
    [('02:01', '02:01')]
    >>> genotypes("01:01+02:01|01:02+02:03", "")
    [('01:01', '02:01'), ('01:02', '02:03')]
    """
    first, second = text1.strip(), text2.strip()
    if not first:
        if second:
            raise TypingError(
                text2,
                0,
                expected="nothing, because the first typing of the locus is empty",
                reason=Reason.SECOND_WITHOUT_FIRST,
                hint="move the typing to the first column",
            )
        return []
    for column in (text1, text2):
        _refuse_delimiters(column, "?^~", "a typing of one locus")
    _refuse_delimiters(text2, "|+", "one typing")
    if not second:
        return _whole_genotypes(text1)
    if "|" in first or "+" in first:
        raise TypingError(
            text2,
            0,
            expected="nothing, because the first column holds whole genotypes",
            reason=Reason.CONFLICTING_TYPINGS,
            hint="empty the second column",
        )
    return [(first, second)]


def is_absent_gene(locus: str, text: str) -> bool:
    """Say whether a typing reports that a chromosome lacks the gene: ``NNNN`` or ``00:00`` at DRB3, DRB4 or DRB5.

    >>> is_absent_gene("DRB4", "DRB4*NNNN"), is_absent_gene("DRB4", "01:03"), is_absent_gene("A", "NNNN")
    (True, False, False)
    """
    name = text.strip().removeprefix("HLA-").removeprefix(f"{locus}*")
    return locus in OPTIONAL_GENES and name in _ABSENT_GENE


def half_width_hint(text: str) -> str:
    """Return what to do about the full-width characters of a text, or "" where it has none.

    >>> half_width_hint("\uff10\uff12:01")
    'write it with half-width letters and digits'
    """
    return "write it with half-width letters and digits" if _FULL_WIDTH.search(text) else ""


def _parse(text: str, start: int, end: int, level: int) -> GLNode:
    """Read ``text[start:end]``, in which only the operators from `level` on can occur."""
    for tighter in range(level, len(OPERATORS)):
        operator = OPERATORS[tighter]
        if text.find(operator, start, end) < 0:
            continue
        parts = []
        for piece in text[start:end].split(operator):
            parts.append(_parse(text, start, start + len(piece), tighter + 1))
            start += len(piece) + 1
        return GLNode(operator, tuple(parts))
    leaf = text[start:end]
    _check_leaf(text, start, leaf)
    return GLNode("", (), leaf)


def _check_leaf(text: str, start: int, leaf: str) -> None:
    """Refuse a leaf that is no name, at the position of its first fault."""
    if not leaf:
        raise TypingError(text, start, expected="an allele or antigen")
    name_start = len(leaf) - len(_without_hla(leaf))
    foreign = _FOREIGN_CHARACTER.search(leaf, name_start)
    if foreign:
        raise TypingError(
            text,
            start + foreign.start(),
            expected=f"a letter, digit, '*', ':' or one of {OPERATORS}",
            hint=half_width_hint(leaf),
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


def _without_hla(leaf: str) -> str:
    """Return a leaf without ``HLA-``."""
    return leaf[4:] if leaf[:4].upper() == "HLA-" else leaf


def _locus_and_name(leaf: str) -> tuple[str, str]:
    """Return the locus of a checked leaf and its name there."""
    name = _without_hla(leaf)
    locus, star, allele = name.partition("*")
    if star:
        # Cw was the name of the locus C until 2010: the w kept its alleles apart from complement factors.
        locus = "C" if locus.upper() == "CW" else locus.upper()
        if not allele.isdigit():
            return locus, allele
        # A first field alone is a family; longer digits are a name before 2010 and not the antigen of that number.
        return locus, f"{allele}:XX" if len(allele) <= 3 else f"{locus}*{allele}"
    antigen = name.upper()
    return _ANTIGEN_LOCUS.get(antigen) or _PREFIX_LOCUS[antigen.rstrip("0123456789")], name


def _operands(node: GLNode, start: int, operator: str) -> Iterator[tuple[int, GLNode]]:
    """Yield the operands of `operator` with their positions; a node of a tighter operator is its own only operand."""
    if node.operator != operator:
        yield start, node
        return
    for part in node.parts:
        yield start, part
        start += len(str(part)) + 1


def _person(text: str, start: int, node: GLNode) -> dict[str, _Genotypes]:
    """Return the genotypes of every locus of one whole alternative."""
    reported: dict[str, _Genotypes] = {}
    for block_start, block in _operands(node, start, "^"):
        found = _block(text, block_start, block)
        for locus in found:
            if locus in reported:
                raise TypingError(
                    text,
                    block_start,
                    expected=f"a locus other than {locus}, which stands in an earlier block",
                    reason=Reason.CONFLICTING_TYPINGS,
                    hint="join alternative genotypes of a locus with '|' and its two typings with '+'",
                )
        reported.update(found)
    return reported


def _block(text: str, start: int, node: GLNode) -> dict[str, _Genotypes]:
    """Return the alternative genotypes of one block, all of the same loci."""
    reported: dict[str, _Genotypes] = {}
    for genotype_start, genotype in _operands(node, start, "|"):
        found = _genotype(text, genotype_start, genotype)
        if reported:
            _require_same_loci(text, genotype_start, set(reported), set(found))
        _unite(reported, {locus: {_unordered(pair): pair} for locus, pair in found.items()})
    return reported


def _genotype(text: str, start: int, node: GLNode) -> dict[str, _Pair]:
    """Return the pair of typings of every locus of one genotype, the phase dropped."""
    places = list(_operands(node, start, "+"))
    if len(places) > 2:
        raise TypingError(text, places[2][0], expected="at most two typings of a locus")
    haplotypes = [_haplotype(text, *place) for place in places]
    if len(haplotypes) == 2:
        _require_same_loci(text, places[1][0], set(haplotypes[0]), set(haplotypes[1]))
    found: dict[str, _Pair] = {}
    for haplotype in haplotypes:
        for locus, typing in haplotype.items():
            found[locus] = (found[locus][0], typing) if locus in found else (typing, "")
    return found


def _haplotype(text: str, start: int, node: GLNode) -> dict[str, str]:
    """Return the typing of every locus of one chromosome."""
    found: dict[str, str] = {}
    for list_start, alleles in _operands(node, start, "~"):
        locus, typing = _allele_list(text, list_start, alleles)
        if locus in found:
            raise TypingError(
                text,
                list_start,
                expected=f"a locus other than {locus}, which the haplotype has already",
                reason=Reason.CONFLICTING_TYPINGS,
            )
        found[locus] = typing
    return found


def _allele_list(text: str, start: int, node: GLNode) -> tuple[str, str]:
    """Return the one locus of a list of alleles, and the list of their names."""
    locus = ""
    names: list[str] = []
    for leaf_start, leaf in _operands(node, start, "/"):
        found, name = _locus_and_name(leaf.text)
        if found not in _KNOWN_LOCI:
            raise _unknown_locus(text, leaf_start + len(leaf.text) - len(_without_hla(leaf.text)), found)
        if names and found != locus:
            raise TypingError(text, leaf_start, expected=f"an allele of locus {locus}", reason=Reason.WRONG_LOCUS)
        locus = found
        names.append(name)
    return locus, "/".join(names)


def _unknown_locus(text: str, start: int, locus: str) -> TypingError:
    """Return the error of a name that is no locus, with the loci that may be meant."""
    *others, last = near_loci(locus) or ("",)
    return TypingError(
        text,
        start,
        expected=f"one of the loci {', '.join(LOCI)}",
        reason=Reason.UNKNOWN_LOCUS,
        hint=f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if last else "",
    )


def _require_same_loci(text: str, start: int, before: set[str], found: set[str]) -> None:
    """Refuse an operand whose loci differ from those of the operands before it."""
    if (before ^ found) - _SUBSTITUTES:
        raise TypingError(
            text,
            start,
            expected=f"the locus {', '.join(sorted(before))} as before",
            reason=Reason.WRONG_LOCUS,
            hint="separate loci with '^'",
        )


def _unite(reported: dict[str, _Genotypes], found: dict[str, _Genotypes]) -> None:
    """Add the genotypes of `found` to those of `reported` that are alike but for the order of their typings."""
    for locus, alternatives in found.items():
        known = reported.setdefault(locus, {})
        for key, pair in alternatives.items():
            known.setdefault(key, pair)


def _unordered(pair: _Pair) -> _Pair:
    """Return a genotype as both its typings sorted, one typing standing for two."""
    first, second = pair[0], pair[1] or pair[0]
    return (first, second) if first <= second else (second, first)


def _columns(alternatives: _Genotypes) -> _Pair:
    """Return the pair of columns that reports the genotypes of one locus."""
    pairs = list(alternatives.values())
    if len(pairs) == 1:
        return pairs[0]
    return "|".join(f"{first}+{second or first}" for first, second in pairs), ""


def _refuse_delimiters(column: str, delimiters: str, expected: str) -> None:
    """Refuse a column that holds one of the delimiters."""
    # Nearly no column does, and an import asks a hundred thousand times: looking for each is faster than going along.
    found = [position for delimiter in delimiters if (position := column.find(delimiter)) >= 0]
    if found:
        raise TypingError(column, min(found), expected=f"{expected} without {column[min(found)]!r}")


def _whole_genotypes(column: str) -> list[_Pair]:
    """Return the distinct genotypes of a column that holds ``a+b|c+d`` or one typing."""
    alternatives: _Genotypes = {}
    position = 0
    for genotype in column.split("|"):
        typings: list[str] = []
        for typing in genotype.split("+"):
            if not typing.strip():
                raise TypingError(column, position, expected="an allele or antigen")
            if len(typings) == 2:
                raise TypingError(column, position, expected="at most two typings of a locus")
            typings.append(typing.strip())
            position += len(typing) + 1
        pair = (typings[0], typings[-1])
        alternatives.setdefault(_unordered(pair), pair)
    return list(alternatives.values())
