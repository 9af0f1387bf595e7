"""GL Strings: one line of text for the typing of a person at all loci, with its ambiguities.

Sources: Milius et al., Genotype List String, Tissue Antigens 2013;82:106; version 1.1, which adds ``?``: Mack et al.,
HLA 2023;102:206. The delimiters, loosest first::

    ?   whole alternatives          ^   loci             |   alternative genotypes
    +   the two chromosomes         ~   in phase         /   alternative alleles

`parse` reads the grammar alone, of a text in standard form (`name_line`); `split_loci` says what a text in any
form reports at each locus; `genotypes` reads the pair of columns in which a registry file holds one locus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hla_match.errors import Reason, TypingError
from hla_match.loci import LOCI, OPTIONAL_GENES, OTHER_LOCI, SEROLOGY_PREFIX, near_loci
from hla_match.nomenclature.absent_genes import ABSENT, NO_GENE, beside_no_gene, with_absent_genes
from hla_match.nomenclature.genotype_sets import Genotypes, Pair, columns, genotype_set, unite
from hla_match.nomenclature.half_width import half_width, has_full_width
from hla_match.nomenclature.name_line import standard_gl_string
from hla_match.nomenclature.standard_form import NO_SECOND, NOT_TYPED, WIDTH
from hla_match.nomenclature.untyped import UNKNOWN, is_empty, is_unknown

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

# A chromosome carries at most one of these genes, so its partner may carry another.
_SUBSTITUTES = frozenset({*OPTIONAL_GENES, NO_GENE})
_OTHER_LOCI = frozenset(OTHER_LOCI)
_KNOWN_LOCI = frozenset({*LOCI, *OTHER_LOCI})
_ABSENT_GENE = frozenset({ABSENT, "00:00"})
_UNTYPED = frozenset({"", UNKNOWN})
_PLAIN = re.compile(r"[0-9][0-9A-Za-z:/]*")
_NAMES_LOCUS = re.compile(r"[A-Za-z]{1,4}[0-9]?[*]|(?:HLA|D[A-Za-z]|Cw|[ABC])[-_A-Za-z0-9]*[0-9]", re.IGNORECASE)
_SWAPPED = "check that the columns are not swapped"
_ABSENT_NAME = re.compile(rf"(?:HLA-)?(?:(DRB[345X])\*)?({'|'.join(_ABSENT_GENE)})")

UNNAMED = "an alternative of a GL String does not name {0}, which was read as not typed"


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
    return _parse(text, 0, len(text), 0, checked=False)


def split_loci(
    text: str, other_loci: list[str] | None = None, notes: list[str] | None = None
) -> dict[str, tuple[str, str]]:
    """Return what a GL String, or a line of names, reports at each locus, in the order of `LOCI`.

    Names are in standard form and lose ``HLA-`` and ``LOCUS*``; antigens (``A2``) keep their letters. One typing is
    reported homozygous and has "" as its second. Alternative genotypes stand in the first text, as in
    ``("01:01+02:01|01:02+02:03", "")``, each genotype once in whichever order it is written. Phase is dropped. A locus
    that an alternative does not name is not typed; but DRB3, DRB4 and DRB5 are absent (``NNNN``) where another of them
    stands in their place.

    Args:
        text: the GL String, or names as `hla_match.nomenclature.name_line` reads them.
        other_loci: receives the names of loci of `OTHER_LOCI`, each once.
        notes: receives what was understood otherwise than it was written, each once.

    Raises:
        TypingError: the text does not parse; a name that is no locus of the HLA region (``UNKNOWN_LOCUS``); three or
            more typings of a locus; loci mixed in one list, genotype or set of alternative genotypes, where only DRB3,
            DRB4 and DRB5 may replace each other (``WRONG_LOCUS``); or a locus in two blocks or twice in a haplotype
            (``CONFLICTING_TYPINGS``).

    >>> split_loci("HLA-A*02:01+HLA-A*24:02/HLA-A*24:03^HLA-B*07:02")
    {'A': ('02:01', '24:02/24:03'), 'B': ('07:02', '')}
    >>> split_loci("DRB3*01:01+DRB4*01:03")
    {'DRB3': ('01:01', ''), 'DRB4': ('01:03', '')}
    >>> split_loci("DRB4*01:03?DRB5*01:01")["DRB4"]
    ('01:03+01:03|NNNN+NNNN', '')
    """
    standard = standard_gl_string(text)
    found_notes = dict.fromkeys(standard.notes)
    try:
        # What was in standard form at first sight has names that need no second look.
        node = _parse(standard.text, 0, len(standard.text), 0, checked=not standard.origin)
        persons = [
            _person(standard.text, start, alternative, found_notes) for start, alternative in _operands(node, 0, "?")
        ]
    except TypingError as error:
        raise standard.refusal(error) from None
    # An alternative of nothing but loci that are passed over is passed over with them.
    reported = _united([person for person in persons if not _OTHER_LOCI.issuperset(person)], found_notes)
    unknown = [locus for locus, pairs in reported.items() if _is_open(pairs)] if UNKNOWN in standard.text else []
    for locus in unknown:
        del reported[locus]
        found_notes[NOT_TYPED] = None
    if other_loci is not None:
        named = dict.fromkeys(locus for person in persons for locus in person)
        other_loci.extend(locus for locus in named if locus not in LOCI and locus not in other_loci)
    if notes is not None:
        notes.extend(note for note in found_notes if note not in notes)
    return {locus: columns(reported[locus]) for locus in LOCI if locus in reported}


def genotypes(text1: str, text2: str) -> list[tuple[str, str]]:
    """Return the alternative genotypes that a pair of columns reports at one locus; none where it is not typed.

    A sign for empty in the second column stands for nothing; a word for not typed beside a typing is ``UUUU``.

    Raises:
        TypingError: a second typing without a first (``SECOND_WITHOUT_FIRST``), a second beside a first that holds
            whole genotypes (``CONFLICTING_TYPINGS``), an empty operand, or a delimiter that joins more than one locus.

    >>> genotypes("02:01", "-")
    [('02:01', '02:01')]
    >>> genotypes("01:01+02:01|01:02+02:03", "")
    [('01:01', '02:01'), ('01:02', '02:03')]
    >>> genotypes("not typed", ""), genotypes("02:01", "not typed")
    ([], [('02:01', 'UUUU')])
    """
    if _is_plain(text1, text2):
        return [(text1, text2 or text1)]
    first, second = _cell(text1), _cell(text2)
    if first in _UNTYPED and second in _UNTYPED:
        return []
    if not first:
        raise TypingError(
            text2,
            0,
            expected="nothing, because the first typing of the locus is empty",
            reason=Reason.SECOND_WITHOUT_FIRST,
            hint="move the typing to the first column",
        )
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


def column_notes(text1: str, text2: str) -> list[str]:
    """Return what `genotypes` understands otherwise than it is written.

    >>> column_notes("02:01", "-")
    ['a sign for empty beside a first typing was read as reported homozygous']
    """
    if _is_plain(text1, text2):
        return []
    first, second = _cell(text1), _cell(text2)
    if first in _UNTYPED and second in _UNTYPED:
        return [NOT_TYPED] if text1.strip() or text2.strip() else []
    notes = [WIDTH] if has_full_width(text1) or has_full_width(text2) else []
    if not second and text2.strip():
        notes.append(NO_SECOND)
    return notes


def split_locus(locus: str, text: str, notes: list[str] | None = None) -> tuple[str, str]:
    """Return what one cell with all typings of a locus reports, as a pair of columns.

    The cell holds one or two typings, separated by blanks, a comma, a semicolon or ``+``, or a GL String of the locus.

    Raises:
        TypingError: as `split_loci`; more than two typings; or another locus (``WRONG_LOCUS``).

    >>> split_locus("A", "02:01, 24:02"), split_locus("A", "A*02:01+A*24:02"), split_locus("A", "2")
    (('02:01', '24:02'), ('02:01', '24:02'), ('2', ''))
    """
    bare = re.sub(r" *([?^|+~/:*]) *", r"\1", half_width(text)).strip()
    if _cell(bare) in _UNTYPED:
        return "", ""
    typings = re.split(r"[ ,;+]+", bare)
    if not any(_NAMES_LOCUS.match(typing) for typing in typings) and "|" not in bare:
        if len(typings) > 2:
            raise TypingError(text, text.rindex(typings[2]), expected="at most two typings of a locus")
        return typings[0], "".join(typings[1:])
    if "|" in bare and not _NAMES_LOCUS.match(bare):
        return bare, ""
    other_loci: list[str] = []
    split = split_loci(text, other_loci, notes)
    if other_loci or split.keys() - {locus}:
        raise TypingError(text, 0, expected=f"typings of locus {locus}", reason=Reason.WRONG_LOCUS, hint=_SWAPPED)
    return split.get(locus, ("", ""))


def is_absent_gene(locus: str, text: str) -> bool:
    """Say whether a typing reports that a chromosome lacks the gene: ``NNNN`` or ``00:00`` at DRB3, DRB4 or DRB5.

    >>> is_absent_gene("DRB4", "DRB4*NNNN"), is_absent_gene("DRB4", "01:03"), is_absent_gene("A", "NNNN")
    (True, False, False)
    """
    if locus not in OPTIONAL_GENES:
        return False
    found = _ABSENT_NAME.fullmatch(half_width(text).strip().upper())
    return found is not None and found[1] in (None, locus, NO_GENE)


def locus_and_name(leaf: str) -> tuple[str, str]:
    """Return the locus of a leaf, as `parse` takes it, and its name there.

    >>> locus_and_name("HLA-A*02:01"), locus_and_name("DR53")
    (('A', '02:01'), ('DRB4', 'DR53'))
    """
    name = _without_hla(leaf)
    locus, star, allele = name.partition("*")
    if star:
        # Cw was the name of the locus C until 2010: the w kept its alleles apart from complement factors.
        locus = "C" if locus.upper() == "CW" else locus.upper()
        if not allele.isdigit():
            return locus, allele
        # A first field alone is a family; longer digits are a name before 2010 and not the antigen of that number.
        return locus, f"{allele}:XX" if len(allele) <= 3 else f"{locus}*{allele}"
    antigen = name.partition("(")[0].upper()
    return _ANTIGEN_LOCUS.get(antigen) or _PREFIX_LOCUS[antigen.rstrip("0123456789")], name


def _parse(text: str, start: int, end: int, level: int, *, checked: bool) -> GLNode:
    """Read ``text[start:end]``, in which only the operators from `level` on can occur, and names may be checked."""
    for tighter in range(level, len(OPERATORS)):
        operator = OPERATORS[tighter]
        if text.find(operator, start, end) < 0:
            continue
        parts = []
        for piece in text[start:end].split(operator):
            parts.append(_parse(text, start, start + len(piece), tighter + 1, checked=checked))
            start += len(piece) + 1
        return GLNode(operator, tuple(parts))
    leaf = text[start:end]
    if not checked:
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


def _operands(node: GLNode, start: int, operator: str) -> Iterator[tuple[int, GLNode]]:
    """Yield the operands of `operator` with their positions; a node of a tighter operator is its own only operand."""
    if node.operator != operator:
        yield start, node
        return
    for part in node.parts:
        yield start, part
        start += len(str(part)) + 1


def _person(text: str, start: int, node: GLNode, notes: dict[str, None]) -> dict[str, Genotypes]:
    """Return the genotypes of every locus of one whole alternative."""
    reported: dict[str, Genotypes] = {}
    for block_start, block in _operands(node, start, "^"):
        found = _block(text, block_start, block, notes)
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


def _block(text: str, start: int, node: GLNode, notes: dict[str, None]) -> dict[str, Genotypes]:
    """Return the alternative genotypes of one block, all of the same loci."""
    alternatives: list[dict[str, Genotypes]] = []
    for genotype_start, genotype in _operands(node, start, "|"):
        found = _genotype(text, genotype_start, genotype)
        if alternatives:
            _require_same_loci(text, genotype_start, set(alternatives[0]), set(found))
        alternatives.append({locus: genotype_set([pair]) for locus, pair in found.items()})
    return _united(alternatives, notes)


def _united(alternatives: list[dict[str, Genotypes]], notes: dict[str, None]) -> dict[str, Genotypes]:
    """Return the genotypes of alternatives; a locus that one of them leaves open is not typed, which is noted."""
    if len(alternatives) == 1:
        return alternatives[0]
    reported: dict[str, Genotypes] = {}
    spelt = with_absent_genes(alternatives)
    for alternative in spelt:
        unite(reported, alternative)
    for locus in LOCI:
        if locus in reported and any(locus not in alternative for alternative in spelt):
            notes[UNNAMED.format(locus)] = None
            del reported[locus]
    return reported


def _is_open(alternatives: Genotypes) -> bool:
    """Say whether one of the alternatives of a locus is that it was not typed."""
    return any(set(pair) <= _UNTYPED for pair in alternatives.values())


def _genotype(text: str, start: int, node: GLNode) -> dict[str, Pair]:
    """Return the pair of typings of every locus of one genotype, the phase dropped."""
    places = list(_operands(node, start, "+"))
    if len(places) > 2:
        raise TypingError(text, places[2][0], expected="at most two typings of a locus")
    haplotypes = [_haplotype(text, *place) for place in places]
    if len(haplotypes) == 2:
        _require_same_loci(text, places[1][0], set(haplotypes[0]), set(haplotypes[1]))
    found: dict[str, Pair] = {}
    for haplotype in haplotypes:
        for locus, typing in haplotype.items():
            found[locus] = (found[locus][0], typing) if locus in found else (typing, "")
    return beside_no_gene(found)


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
        found, name = locus_and_name(leaf.text)
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


def _is_plain(text1: str, text2: str) -> bool:
    """Say whether two columns hold names of alleles and nothing else, as nearly all do: an import asks very often."""
    return _PLAIN.fullmatch(text1) is not None and (not text2 or _PLAIN.fullmatch(text2) is not None)


def _refuse_delimiters(column: str, delimiters: str, expected: str) -> None:
    """Refuse a column that holds one of the delimiters."""
    column = half_width(column)
    found = [position for delimiter in delimiters if (position := column.find(delimiter)) >= 0]
    if found:
        raise TypingError(column, min(found), expected=f"{expected} without {column[min(found)]!r}")


def _whole_genotypes(column: str) -> list[Pair]:
    """Return the distinct genotypes of a column that holds ``a+b|c+d`` or one typing; none where one is not typed."""
    pairs: list[Pair] = []
    position = 0
    for genotype in half_width(column).split("|"):
        typings: list[str] = []
        for typing in genotype.split("+"):
            cell = _cell(typing)
            if not typing.strip() or not (cell or typings or "+" not in genotype):
                raise TypingError(column, position, expected="an allele or antigen")
            if len(typings) == 2:
                raise TypingError(column, position, expected="at most two typings of a locus")
            typings.append(cell or typings[0])
            position += len(typing) + 1
        pairs.append((typings[0], typings[-1]))
    if any(pair == (UNKNOWN, UNKNOWN) for pair in pairs):
        return []
    return list(genotype_set(pairs).values())


def _cell(text: str) -> str:
    """Return the content of a cell: "" for a sign of an empty one, ``UUUU`` for a word that says that it is unknown."""
    if is_empty(text):
        return ""
    return UNKNOWN if is_unknown(text) else half_width(text).strip()
