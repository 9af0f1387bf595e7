"""A whole line of typings in standard form: a GL String, or names that stand one after another.

A line of names, ``A2 A24 B60 B46 DR9 DR15``, has its locus in every name and at most two names of a locus. A number
that follows a name is the second of that locus: ``A2,24 B60,46``.
"""

from __future__ import annotations

import re

from hla_match.errors import Reason, TypingError
from hla_match.language import retellable, translatable
from hla_match.nomenclature.name_lists import fill_lists
from hla_match.nomenclature.spelling import Spelling, StandardText
from hla_match.nomenclature.standard_form import bring_to_standard, is_standard_gl_string

CODE_OF_RELEASE = translatable("GL String Codes of release {release} were read under the release in use")
NAMES = retellable("names separated by blanks or commas were read as the typings of their loci, at most two each")
BLOCKS = retellable("blanks and commas between the loci of GL Strings were read as '^'")
EPITOPES = retellable("Bw4 and Bw6, which are no antigens of an allele, were passed over")

_CODE = re.compile(r"^\s*hla#([0-9]+(?:[.-][0-9]+)*)#", re.IGNORECASE)
_TOKEN = re.compile(r"[^ ,;]+")
_SEPARATOR = re.compile(r"[ ,;]+")
_TRAILING = re.compile(r"[ ,;]+$")
_NAME = re.compile(r"((?:HLA-)?)(?:([A-Z]{1,4}[0-9]?)\*|(A|B|Cw|DR|DQ)(?=[0-9]))\S+")
_NUMBER = re.compile(r"[0-9]{1,4}(?:\([0-9]+\))?")
_FIELDS = re.compile(r"[0-9]{2,4}:[0-9A-Z]\S*")
_EPITOPE = re.compile(r"(?:HLA-)?BW[46]")
_OWN_LOCUS = {"DR51": "DRB5", "DR52": "DRB3", "DR53": "DRB4"}


def standard_gl_string(text: str) -> StandardText:
    """Return the standard form of a line, which is a GL String.

    Raises:
        TypingError: the line has three names of one locus; other faults are left to the grammar.

    >>> standard_gl_string("A2 A24 B60 B46 DR9 DR15").text
    'A2+A24^B60+B46^DR9+DR15'
    >>> standard_gl_string("hla#3.25.0#a*02:01 + A*2402").text
    'A*02:01+A*2402'
    """
    if is_standard_gl_string(text):
        return StandardText(text, text)
    spelling = Spelling(text)
    _leave_out_code(spelling)
    bring_to_standard(spelling)
    spelling.rewrite(_TRAILING)
    if _SEPARATOR.search(spelling.text):
        _join(spelling)
    fill_lists(spelling)
    return spelling.standard()


def standard_name(text: str) -> StandardText:
    """Return the standard form of one name with its locus.

    >>> standard_name(" b*0702g").text, standard_name("A* 01:01").text
    ('B*07:02g', 'A*01:01')
    """
    if is_standard_gl_string(text):
        return StandardText(text, text)
    spelling = Spelling(text)
    _leave_out_code(spelling)
    bring_to_standard(spelling)
    return spelling.standard()


def without_code(text: str) -> tuple[str, list[str]]:
    """Return a cell with blanks for the prefix of a GL String Code, and what is to be noted of it.

    >>> without_code("hla#3.25.0#A*01:01")
    ('           A*01:01', ['GL String Codes of release 3.25.0 were read under the release in use'])
    """
    code = _CODE.match(text) if "#" in text else None
    if code is None:
        return text, []
    return " " * code.end() + text[code.end() :], [retellable(CODE_OF_RELEASE, release=code[1])]


def _leave_out_code(spelling: Spelling) -> None:
    code = _CODE.match(spelling.text)
    if code:
        spelling.rewrite(_CODE, note=retellable(CODE_OF_RELEASE, release=code[1]))


def _join(spelling: Spelling) -> None:
    """Make a GL String of what blanks and commas separate; where that is not plain, leave it as it is."""
    tokens = list(_TOKEN.finditer(spelling.text))
    if re.search(r"[?^|]", spelling.text):
        return
    if re.search(r"[+~]", spelling.text):
        if all(_NAME.match(token[0]) for token in tokens):
            spelling.rewrite(_SEPARATOR, "^", note=BLOCKS)
        return
    _join_names(spelling, tokens)


def _join_names(spelling: Spelling, tokens: list[re.Match[str]]) -> None:
    """Put the names of a line together by their loci."""
    loci: dict[str, list[tuple[int, int]]] = {}
    heads: dict[int, str] = {}
    locus = head = ""
    for token in tokens:
        if _EPITOPE.fullmatch(token[0]):
            spelling.notes[EPITOPES] = None
            continue
        name = _NAME.fullmatch(token[0])
        if name:
            prefix = name[2] or name[3]
            locus = name[2] or _OWN_LOCUS.get(name[0].removeprefix("HLA-"), prefix)
            head = name[1] + (f"{prefix}*" if name[2] else prefix)
        elif locus and (_FIELDS if head.endswith("*") else _NUMBER).fullmatch(token[0]):
            heads[token.start()] = head
        else:
            return
        places = loci.setdefault(locus, [])
        places.append(token.span())
        if len(places) > 2:
            raise TypingError(
                spelling.written,
                spelling.position(token.start()),
                expected="at most two names of a locus",
                reason=Reason.CONFLICTING_TYPINGS,
                hint="join the alleles of a list with '/'",
            )
    spelling.arrange([[(heads.get(span[0], ""), span) for span in spans] for spans in loci.values()])
    spelling.notes[NAMES] = None
