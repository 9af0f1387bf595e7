"""The standard form of a typing: one spelling of what laboratories write in many, with the places of the original.

The grammar (`gl_string`) and the names (`reported_names`) read the standard form alone: half-width, in capitals, a star
and colons in every name of an allele, no blanks, every name of a list in full. Each kind of change is noted in
one sentence. A text that could be understood in two ways is not changed, and is refused later.

Sources: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291), "The use of colons
in HLA allele names"; Milius et al., Genotype List String (Tissue Antigens 2013;82:106), GL String Code.
"""

from __future__ import annotations

import re

from hla_match.language import retellable
from hla_match.nomenclature.half_width import half_width, has_full_width
from hla_match.nomenclature.name_lists import fill_lists
from hla_match.nomenclature.spelling import Spelling, StandardText
from hla_match.nomenclature.untyped import EMPTY_NAME, UNKNOWN, UNKNOWN_NAME

WIDTH = retellable("full-width characters were read as half-width ones")
CAPITALS = retellable("names in lower case were read in capitals")
STAR = retellable("names without star, such as A02:01 and A0201, were read as A*02:01 and A*0201")
COLON = retellable("names in the spelling before 2010, such as A*02XX and A*0201g, were read as A*02:XX and A*02:01g")
WORKSHOP = retellable("antigens with the w of a workshop, such as DRw17, were read without it")
BLANKS = retellable("blanks inside typings were left out")
NO_SECOND = retellable("a sign for empty beside a first typing was read as reported homozygous")
NOT_TYPED = retellable("a sign or word for not typed was read as not typed")

_TO_CAPITALS = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}

# The edges of a name. Blanks and commas stand between names only where the whole is a line of names.
_B, _E = r"(?<![^?^|+~/ ,;])", r"(?![^?^|+~/ ,;])"
_FIELDS = r"[0-9]{2,4}(?::[0-9]{2,4}){1,3}"
_LOCUS = r"DRB[1345]|DQ[AB]1|DP[AB]1|[ABC]"
_NEW_STYLE = rf"[0-9]{{2,4}}:|[0-9]{{2}}[A-Z]{{2,5}}{_E}"
_STANDARD_NAME = (
    rf"(?:{_FIELDS}(?:[NLSCAQ]?g?|[GP])|[0-9]{{2,4}}:[A-Z]{{2,5}}|NNNN|XXXX|{UNKNOWN}|[0-9]{{4}}|[0-9]{{6}}|[0-9]{{8}})"
)
_STANDARD_MEMBER = rf"(?:HLA-)?(?:(?!CW)[A-Z]{{1,4}}[0-9]?\*{_STANDARD_NAME}|(?:A|B|Cw|DR|DQ)[0-9]{{1,3}})"
_STANDARD_GL_STRING = re.compile(rf"{_STANDARD_MEMBER}(?:[?^|+~/]{_STANDARD_MEMBER})*")
_STANDARD_TYPING = re.compile(rf"(?:{_FIELDS}[NLSCAQ]?|[0-9]{{1,4}})")

_OUTER_BLANKS = re.compile(r"^ +| +$")
_INNER_BLANKS = re.compile(r" *([?^|+~/:*]) *| +(?=\()|(?<=\() +| +(?=\))")
_SMALL_G = re.compile(rf"(?:(?<=[0-9])|(?<=[0-9][NLSCAQnlscaq]))g{_E}")
_HLA = re.compile(rf"{_B}HLA[-_ ]*(?=[A-Z])")
_LOCUS_BLANK = re.compile(rf"{_B}((?:HLA-)?(?:{_LOCUS}|CW|DR|DQ)) +(?=[0-9])")
_OLD_C = re.compile(rf"{_B}((?:HLA-)?)CW(?=\*)")
# Without star, four digits behind A, B or C may be an antigen (B2708) unless they begin with 0: the reader decides.
_NO_STAR = re.compile(
    rf"{_B}((?:HLA-)?)(?:(D(?:RB[1345]|Q[AB]1|P[AB]1))(?=[0-9]{{4,8}}[NLSCAQ]?g?{_E}|{_NEW_STYLE})"
    rf"|(?:([AB])|(C)W?)(?=0[0-9]{{3,7}}[NLSCAQ]?g?{_E}|[0-9]{{5,8}}[NLSCAQ]?g?{_E}|[0-9]{{4}}(?:[NLSCAQ]g?|g){_E}"
    rf"|{_NEW_STYLE}))"
)
_WORKSHOP = re.compile(rf"{_B}((?:HLA-)?(?!BW[46]{_E})(?:[AB]|DR|DQ))W(?=[0-9]{{1,4}}(?:\([^()]*\))?{_E})")
_C_ANTIGEN = re.compile(rf"{_B}((?:HLA-)?C)W?(?=[0-9]{{1,4}}(?:\([^()]*\))?{_E})")
_BROAD_W = re.compile(r"(?<=\()(C?)W(?=[0-9]+\))")
_STAR_ALONE = re.compile(rf"{_B}\*(?=[0-9A-Z])")
_OLD_CODE = re.compile(rf"(?:(?<=\*)|{_B})([0-9]{{2}})(?=[A-Z]{{2,5}}{_E})")
# A*92 and B*95 continued A*02 and B*15, so that their digits are not their fields.
_OLD_GROUP_2, _OLD_GROUP_3 = (
    re.compile(rf"(?:(?<=\*)|{_B})(?!92|95){'([0-9]{2})' * n}(?=[NLSCAQ]?g{_E}|[GP]{_E})") for n in (2, 3)
)
_STARRED_LOCUS = r"(?:HLA-)?[A-Z]{1,4}[0-9]?\*"
_EMPTY_PAIR = re.compile(
    rf"{_B}({_STARRED_LOCUS})(?:{EMPTY_NAME})\+(?:{_STARRED_LOCUS})?(?:{EMPTY_NAME}){_E}", re.IGNORECASE
)
_EMPTY_SECOND = re.compile(rf"(?<=[^?^|+~/ ,;])\+(?:{_STARRED_LOCUS})?(?:{EMPTY_NAME}){_E}", re.IGNORECASE)
_UNTYPED = re.compile(rf"{_B}({_STARRED_LOCUS})(?:{EMPTY_NAME}|(?!{UNKNOWN}){UNKNOWN_NAME}){_E}", re.IGNORECASE)

_MAY_BE_UNTYPED = re.compile(r"\*[^0-9]|\+(?:[^A-DHa-dh]|blank)", re.IGNORECASE)


def standard_typing(locus: str, text: str) -> StandardText:
    """Return the standard form of one side of a typing at a locus; its list stands between slashes.

    >>> standard_typing("A", "hla-a*02:01/05").text
    'HLA-A*02:01/HLA-A*02:05'
    """
    if _STANDARD_TYPING.fullmatch(text):
        return StandardText(text, text)
    spelling = Spelling(text)
    bring_to_standard(spelling)
    spelling.rewrite(_STAR_ALONE, f"{locus}*")
    fill_lists(spelling)
    return spelling.standard()


def is_standard_gl_string(text: str) -> bool:
    """Say whether a GL String is in standard form at first sight, as most are.

    >>> is_standard_gl_string("A*02:01+A*24:02^B*40:01"), is_standard_gl_string("A02:01+A*24:02")
    (True, False)
    """
    return _STANDARD_GL_STRING.fullmatch(text) is not None


def bring_to_standard(spelling: Spelling) -> None:
    """Bring every name to its standard form; the names of lists are filled by `fill_lists`."""
    _to_half_width(spelling)
    if " " in spelling.text:
        spelling.rewrite(_OUTER_BLANKS)
        spelling.rewrite(_INNER_BLANKS, 1, note=BLANKS)
    if _MAY_BE_UNTYPED.search(spelling.text):
        _read_untyped(spelling)
    _to_capitals(spelling)
    if _STANDARD_GL_STRING.fullmatch(spelling.text):
        return
    spelling.rewrite(_HLA, "HLA-")
    spelling.rewrite(_LOCUS_BLANK, 1, note=BLANKS)
    spelling.rewrite(_OLD_C, 1, "C")
    spelling.rewrite(_NO_STAR, 1, 2, 3, 4, "*", note=STAR)
    spelling.rewrite(_WORKSHOP, 1, note=WORKSHOP)
    spelling.rewrite(_C_ANTIGEN, 1, "w")
    spelling.rewrite(_BROAD_W)
    spelling.rewrite(_OLD_CODE, 1, ":", note=COLON)
    spelling.rewrite(_OLD_GROUP_3, 1, ":", 2, ":", 3, note=COLON)
    spelling.rewrite(_OLD_GROUP_2, 1, ":", 2, note=COLON)


def _to_half_width(spelling: Spelling) -> None:
    spelling.replace(half_width(spelling.text), WIDTH if has_full_width(spelling.text) else "")


def _to_capitals(spelling: Spelling) -> None:
    capitals = spelling.text.translate(_TO_CAPITALS)
    letters = list(capitals)
    for match in _SMALL_G.finditer(spelling.text):
        letters[match.start()] = "g"
    capitals = "".join(letters)
    # The w of Cw is written as a small letter.
    is_noted = capitals != re.sub("(?<=[A-Z])w(?=[0-9*])", "W", spelling.text)
    spelling.replace(capitals, CAPITALS if is_noted else "")


def _read_untyped(spelling: Spelling) -> None:
    spelling.rewrite(_EMPTY_PAIR, 1, UNKNOWN, note=NOT_TYPED)
    spelling.rewrite(_EMPTY_SECOND, note=NO_SECOND)
    spelling.rewrite(_UNTYPED, 1, UNKNOWN, note=NOT_TYPED)
