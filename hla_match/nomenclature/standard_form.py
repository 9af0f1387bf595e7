"""The standard form of a typing: one spelling of what laboratories write in many, with the places of the original.

The grammar (`gl_string`) and the names (`reported_names`) read the standard form alone: half-width, in capitals, a star
and colons in every name of an allele, no blanks, every name of a list in full. What was understood otherwise than
it was written is noted, one sentence a kind; what could be understood in two ways is left as it is, and then refused.

Sources: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291), "The use of colons
in HLA allele names"; Milius et al., Genotype List String (Tissue Antigens 2013;82:106), GL String Code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hla_match.errors import TypingError
from hla_match.loci import LOCI
from hla_match.nomenclature.half_width import half_width, has_full_width
from hla_match.nomenclature.spreadsheet_times import spreadsheet_hint
from hla_match.nomenclature.untyped import EMPTY_NAME, UNKNOWN, UNKNOWN_NAME

WIDTH = "full-width characters were read as half-width ones"
CAPITALS = "names in lower case were read in capitals"
STAR = "names without star, such as A02:01 and A0201, were read as A*02:01 and A*0201"
COLON = "names in the spelling before 2010, such as A*02XX and A*0201g, were read as A*02:XX and A*02:01g"
WORKSHOP = "antigens with the w of a workshop, such as DRw17, were read without it"
BLANKS = "blanks inside typings were left out"
NO_SECOND = "a sign for empty beside a first typing was read as reported homozygous"
NOT_TYPED = "a sign or word for not typed was read as not typed"

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
_CW_ANTIGEN = re.compile(rf"{_B}((?:HLA-)?C)W(?=[0-9])")
_BROAD_W = re.compile(r"(?<=\()(C?)W(?=[0-9]+\))")
_STAR_ALONE = re.compile(rf"{_B}\*(?=[0-9A-Z])")
_OLD_CODE = re.compile(rf"(?:(?<=\*)|{_B})([0-9]{{2}})(?=[A-Z]{{2,5}}{_E})")
# A*92 and B*95 continued A*02 and B*15, so that their digits are not their fields.
_OLD_GROUP = re.compile(rf"(?:(?<=\*)|{_B})(?!92|95)([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})?(?=[NLSCAQ]?g{_E}|[GP]{_E})")
_STARRED_LOCUS = r"(?:HLA-)?[A-Z]{1,4}[0-9]?\*"
_EMPTY_PAIR = re.compile(
    rf"{_B}({_STARRED_LOCUS})(?:{EMPTY_NAME})\+(?:{_STARRED_LOCUS})?(?:{EMPTY_NAME}){_E}", re.IGNORECASE
)
_EMPTY_SECOND = re.compile(rf"(?<=[^?^|+~/ ,;])\+(?:{_STARRED_LOCUS})?(?:{EMPTY_NAME}){_E}", re.IGNORECASE)
_UNTYPED = re.compile(rf"{_B}({_STARRED_LOCUS})(?:{EMPTY_NAME}|(?!{UNKNOWN}){UNKNOWN_NAME}){_E}", re.IGNORECASE)

_MAY_BE_UNTYPED = re.compile(r"\*[^0-9]|\+(?:[^A-DHa-dh]|blank)", re.IGNORECASE)

_SECOND_FIELD = re.compile(r"[0-9]{2,4}[NLSCAQ]?")
_OLD_SECOND_FIELD = re.compile(r"[0-9]{2}[NLSCAQ]?")
_OLD_FIRST_FIELD = re.compile(r"([0-9]{2})[0-9]{2,6}[NLSCAQ]?")
_FIRST_FIELD = re.compile(r"[0-9]{2,3}")
_LIST = re.compile(r"[^?^|+~ ,;]+")


@dataclass(frozen=True, slots=True)
class StandardText:
    """A text in standard form, and where it comes from.

    Attributes:
        written: the text as it was written.
        text: the standard form.
        origin: (len(text) + 1,) positions in `written` of each character of `text` and of its end; empty where the
            two are the same.
        notes: what was understood otherwise than it was written, each once.
    """

    written: str
    text: str
    origin: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def refusal(self, error: TypingError) -> TypingError:
        """Return an error of the standard form as one of the text as it was written."""
        position = self.origin[error.position] if self.origin else error.position
        hint = spreadsheet_hint(self.written) or error.hint
        return TypingError(self.written, position, expected=error.expected, reason=error.reason, hint=hint)


def standard_typing(locus: str, text: str) -> StandardText:
    """Return the standard form of one side of a typing at a locus; its list stands between slashes.

    >>> standard_typing("A", "hla-a*02:01/05").text
    'HLA-A*02:01/HLA-A*02:05'
    """
    if _STANDARD_TYPING.fullmatch(text):
        return StandardText(text, text)
    spelling = Spelling(text)
    spelling.bring_to_standard()
    spelling.rewrite(_STAR_ALONE, f"{locus}*")
    spelling.fill_lists()
    return spelling.standard()


def is_standard_gl_string(text: str) -> bool:
    """Say whether a GL String is in standard form at first sight, as most are."""
    return _STANDARD_GL_STRING.fullmatch(text) is not None


class Spelling:
    """A text on its way to the standard form: each rewriting keeps the place from which every character comes.

    Attributes:
        text: the text so far.
        notes: what was understood otherwise than it was written.
    """

    def __init__(self, written: str) -> None:
        self.written = written
        self.text = written
        self.notes: dict[str, None] = {}
        self._origin = list(range(len(written) + 1))

    def standard(self) -> StandardText:
        """Return the text as it is now."""
        return StandardText(self.written, self.text, tuple(self._origin), tuple(self.notes))

    def position(self, at: int) -> int:
        """Return the position in the text as it was written."""
        return self._origin[at]

    def rewrite(self, pattern: re.Pattern[str], *pieces: int | str, note: str = "") -> None:
        """Replace each match by pieces: numbers of groups, which keep their places, and texts."""
        parts: list[str] = []
        origin: list[int] = []
        end = 0
        for match in pattern.finditer(self.text):
            parts.append(self.text[end : match.start()])
            origin += self._origin[end : match.start()]
            for piece in pieces:
                if isinstance(piece, str):
                    parts.append(piece)
                    origin += [self._origin[match.start()]] * len(piece)
                elif match[piece]:
                    parts.append(match[piece])
                    origin += self._origin[slice(*match.span(piece))]
            end = match.end()
        if parts:
            text = "".join([*parts, self.text[end:]])
            if note and text != self.text:
                self.notes[note] = None
            self.text, self._origin = text, origin + self._origin[end:]

    def insert(self, at: int, text: str) -> None:
        """Insert a text; it comes from the place before which it stands."""
        self.text = self.text[:at] + text + self.text[at:]
        self._origin[at:at] = [self._origin[at]] * len(text)

    def arrange(self, loci: Sequence[Sequence[tuple[str, tuple[int, int]]]]) -> None:
        """Replace the text by a GL String of parts of it: by locus, its names, each with what lacks in front of it."""
        pieces: list[tuple[str, list[int]]] = []
        for names in loci:
            for number, (head, (start, end)) in enumerate(names):
                joint = ("+" if number else "^") if pieces else ""
                places = [self._origin[start]] * len(joint + head) + self._origin[start:end]
                pieces.append((joint + head + self.text[start:end], places))
        self._origin = [place for _, places in pieces for place in places] + self._origin[-1:]
        self.text = "".join(text for text, _ in pieces)

    def bring_to_standard(self) -> None:
        """Bring every name to its standard form; the names of lists are filled by `fill_lists`."""
        self._to_half_width()
        if " " in self.text:
            self.rewrite(_OUTER_BLANKS)
            self.rewrite(_INNER_BLANKS, 1, note=BLANKS)
        if _MAY_BE_UNTYPED.search(self.text):
            self._read_untyped()
        self._to_capitals()
        if _STANDARD_GL_STRING.fullmatch(self.text):
            return
        self.rewrite(_HLA, "HLA-")
        self.rewrite(_LOCUS_BLANK, 1, note=BLANKS)
        self.rewrite(_OLD_C, 1, "C")
        self.rewrite(_NO_STAR, 1, 2, 3, 4, "*", note=STAR)
        self.rewrite(_WORKSHOP, 1, note=WORKSHOP)
        self.rewrite(_CW_ANTIGEN, 1, "w")
        self.rewrite(_BROAD_W)
        self.rewrite(_OLD_CODE, 1, ":", note=COLON)
        self._split_old_groups()

    def fill_lists(self) -> None:
        """Give every name of a list its locus and its first field, where it is cut short because of those before it.

        Behind a locus a lone first field is a family, not an antigen; so it is behind another family: ``A*02/03``.
        Behind an allele, group or code the digits are a second field: ``02:01/05``, ``0201/05``.
        """
        for match in reversed(list(_LIST.finditer(self.text))):
            self._fill_list(match.start(), match[0])

    def _fill_list(self, start: int, members: str) -> None:
        locus = before = ""
        for member in members.split("/"):
            own, star, name = member.rpartition("*")
            locus = own + star or locus
            # MICA*008 is an allele: only the first fields of loci that are compared are families.
            head, tail = _missing(name, before, starred=own.removeprefix("HLA-") in LOCI)
            before = head + name + tail
            if not star and (head or tail or ":" in name):
                head = locus + head
            start += len(own + star)
            self.insert(start, head)
            self.insert(start + len(head + name), tail)
            start += len(head + name + tail) + 1

    def _to_half_width(self) -> None:
        if has_full_width(self.text):
            self.notes[WIDTH] = None
        self.text = half_width(self.text)

    def _to_capitals(self) -> None:
        small_g = [match.start() for match in _SMALL_G.finditer(self.text)]
        capitals = self.text.translate(_TO_CAPITALS)
        for at in small_g:
            capitals = f"{capitals[:at]}g{capitals[at + 1 :]}"
        # The w of Cw is a small letter by right.
        if capitals != re.sub("(?<=[A-Z])w(?=[0-9*])", "W", self.text):
            self.notes[CAPITALS] = None
        self.text = capitals

    def _split_old_groups(self) -> None:
        before = self.text
        self.rewrite(_OLD_GROUP, 1, ":", 2, "\0", 3)
        self.rewrite(re.compile("\0(?=[0-9])"), ":")
        self.rewrite(re.compile("\0"))
        if self.text != before:
            self.notes[COLON] = None

    def _read_untyped(self) -> None:
        self.rewrite(_EMPTY_PAIR, 1, UNKNOWN, note=NOT_TYPED)
        self.rewrite(_EMPTY_SECOND, note=NO_SECOND)
        self.rewrite(_UNTYPED, 1, UNKNOWN, note=NOT_TYPED)


def _missing(name: str, before: str, *, starred: bool) -> tuple[str, str]:
    """Return what a name lacks in front and behind because of its locus, or of the full name before it in the list."""
    if starred or before.endswith(":XX"):
        return "", ":XX" if _FIRST_FIELD.fullmatch(name) else ""
    if ":" in before and _SECOND_FIELD.fullmatch(name):
        return before.partition(":")[0] + ":", ""
    old = _OLD_FIRST_FIELD.fullmatch(before)
    return (old[1] if old and _OLD_SECOND_FIELD.fullmatch(name) else ""), ""
