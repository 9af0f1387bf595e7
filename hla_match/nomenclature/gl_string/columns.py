"""The pair of columns in which a registry file holds one locus."""

from __future__ import annotations

import re

from hla_match.errors import Reason, TypingError
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string.absent_genes import ABSENT, NO_GENE
from hla_match.nomenclature.gl_string.genotype_sets import Pair, genotype_set
from hla_match.nomenclature.half_width import half_width, has_full_width
from hla_match.nomenclature.name_line import without_code
from hla_match.nomenclature.standard_form import NO_SECOND, NOT_TYPED, WIDTH
from hla_match.nomenclature.untyped import UNKNOWN, is_empty, is_unknown

_UNTYPED = frozenset({"", UNKNOWN})
_PLAIN = re.compile(r"[0-9][0-9A-Za-z:/]*")
_ABSENT_NAME = re.compile(rf"(?:HLA-)?(?:(DRB[345X])\*)?({ABSENT}|00:00)")


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
    (text1, _), (text2, _) = without_code(text1), without_code(text2)
    first, second = content_of(text1), content_of(text2)
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
    """Return what `genotypes` understands differently than written.

    >>> column_notes("02:01", "-")
    ['a sign for empty beside a first typing was read as reported homozygous']
    """
    if _is_plain(text1, text2):
        return []
    (text1, codes1), (text2, codes2) = without_code(text1), without_code(text2)
    first, second = content_of(text1), content_of(text2)
    if first in _UNTYPED and second in _UNTYPED:
        return [NOT_TYPED] if text1.strip() or text2.strip() else []
    notes = [*codes1, *codes2]
    if has_full_width(text1) or has_full_width(text2):
        notes.append(WIDTH)
    written = [[content_of(typing) for typing in genotype.split("+")] for genotype in half_width(text1).split("|")]
    if len(written) * len(written[0]) > 1 and any(_UNTYPED.issuperset(genotype) for genotype in written):
        return [*notes, NOT_TYPED]
    if (not second and text2.strip()) or any("" in genotype[1:] for genotype in written):
        notes.append(NO_SECOND)
    return list(dict.fromkeys(notes))


def lone_typings(text1: str, text2: str) -> set[str]:
    """Return the typings of a pair of columns that are reported alone, for both chromosomes.

    >>> lone_typings("01:03", ""), lone_typings("01:03", "01:03"), lone_typings("01:03|01:01+01:01", "")
    ({'01:03'}, set(), {'01:03'})
    """
    if not is_empty(text2):
        return set()
    text1, _ = without_code(text1)
    alone = (content_of(genotype) for genotype in half_width(text1).split("|") if "+" not in genotype)
    return {typing for typing in alone if typing not in _UNTYPED}


def is_absent_gene(locus: str, text: str) -> bool:
    """Say whether a typing reports that a chromosome lacks the gene: ``NNNN`` or ``00:00`` at DRB3, DRB4 or DRB5.

    >>> is_absent_gene("DRB4", "DRB4*NNNN"), is_absent_gene("DRB4", "01:03"), is_absent_gene("A", "NNNN")
    (True, False, False)
    """
    if locus not in OPTIONAL_GENES:
        return False
    found = _ABSENT_NAME.fullmatch(half_width(text).strip().upper())
    return found is not None and found[1] in (None, locus, NO_GENE)


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
    is_open = False
    for genotype in half_width(column).split("|"):
        texts = genotype.split("+")
        if all(text.strip() for text in texts) and all(content_of(text) in _UNTYPED for text in texts):
            is_open = True
            position += len(genotype) + 1
            continue
        typings: list[str] = []
        for typing in texts:
            cell = content_of(typing)
            if not typing.strip() or not (cell or typings):
                raise TypingError(column, position, expected="an allele or antigen")
            if len(typings) == 2:
                raise TypingError(column, position, expected="at most two typings of a locus")
            typings.append(cell or typings[0])
            position += len(typing) + 1
        pairs.append((typings[0], typings[-1]))
    return [] if is_open else list(genotype_set(pairs).values())


def content_of(text: str) -> str:
    """Return the content of a cell: "" for a sign of an empty one, ``UUUU`` for a word that says that it is unknown."""
    if is_empty(text):
        return ""
    return UNKNOWN if is_unknown(text) else half_width(text).strip()
