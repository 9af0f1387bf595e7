"""What the name of a column of persons says: an identifier, an attribute, or typings, in English or Chinese.

Names are read in any case, width, blanks and separators: `Donor ID`, `DONOR-ID` and `donor_id` are one. Words
that could as well mean something else are not here: `weight` may be in pounds, a nation is no population, and a letter
alone is a locus only where `registry_io.persons.person_columns` finds typings below it.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from hla_match.donors.attributes import ATTRIBUTES
from hla_match.loci import DRB345, LOCI

GL_STRING = "gl_string"

Certainty = Literal["named", "joined", "letter"]
"""How sure a name of typings is: its parts stand apart, `A_1`; they are joined, `A1`; or it is a letter alone, `A`."""

_LONGEST_NAME = 40


def _read_as(meanings: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({word: name for name, words in meanings.items() for word in words.split()})


IDENTIFIERS = _read_as(
    {
        "donor": "donorid donornumber donorno donoridentifier 供者编号 供者号 供者id 志愿者编号 志愿者号 志愿者id"
        " 捐献者编号 捐献者号 捐献者id 捐赠者编号 捐赠者号",
        "id": "id 编号",
        "patient": "patientid patientnumber patientno patientidentifier recipientid"
        " 患者编号 患者号 患者id 病人编号 病人号 受者编号 受者号",
        "grid": "grid grid号 grid编号",
        "subject": "subject subjectid subjectno subjectnumber 受试者编号",
        "sample": "sample sampleid sampleno samplenumber 样本编号 样本号 样品编号 标本编号 标本号",
    }
)
"""Names of identifiers, as `bare` makes them, and whose or what they are."""

ATTRIBUTE_NAMES = _read_as({name: attribute.columns for name, attribute in ATTRIBUTES.items()})
"""Names of attributes, as `bare` makes them."""

# Names that are meant to be an attribute and may be something else, or more than one.
_MEANT = _read_as({name: attribute.asked_columns for name, attribute in ATTRIBUTES.items()})
_ALIKE = 0.86
"""Likeness of a name to one that is read, by `difflib`, from which on it is taken for a spelling mistake."""
_NEAREST, _SHORT = 0.75, 3
"""Likeness from which a name is worth a question, and letters from which one is."""


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_LOCUS = re.compile(
    rf"(?:HLA[-_.\s]*)?(?:(?P<locus>{_any_of((*LOCI, 'CW'))})|(?P<place>DRB345|DRB3[-_./ ]4[-_./ ]5|DRBX))"
    r"(?:(?P<apart>[-_.\s]*)(?P<side>[12])|\s*\((?P<numbered>[12])\))?",
    re.ASCII | re.IGNORECASE,
)

# What laboratories and registries call the loci.
_LOCUS_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{locus: locus for locus in LOCI},
        "CW": "C", "DRB": "DRB1", "DR": "DRB1", "DR51": "DRB5", "DR52": "DRB3", "DR53": "DRB4", "DQA": "DQA1",
        "DQB": "DQB1", "DQ": "DQB1", "DPA": "DPA1", "DPB": "DPB1", "DP": "DPB1",
        **dict.fromkeys(("DRB345", "DR345", "DRB3_4_5", "DRBX"), ""),
    }
)  # fmt: skip
_SIDE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("1", "01", "ONE", "FIRST", "1ST", "A", "I", "X"), "1"),
        **dict.fromkeys(("2", "02", "TWO", "SECOND", "2ND", "B", "II", "Y"), "2"),
        **dict.fromkeys(("3", "03", "4", "04", "THREE", "THIRD"), ""),
    }
)
_NOUN = "(?:ALLELE|TYPE|TYPING|ANTIGEN|HAPLOTYPE|HAP|DNA|SER|SEROLOGY|VALUE|LOCUS|GENE)"

# A letter is a side behind a digit or a separator only: DRA is another gene, AB a blood group.
_TYPING_NAME = re.compile(
    rf"(?:HLA_?)?(?:{_NOUN}_?)?(?P<locus>{_any_of(_LOCUS_WORDS)})(?:1(?=_[0-9]))?(?:_?{_NOUN})?"
    rf"(?:_?(?P<side>{_any_of(word for word in _SIDE_WORDS if len(word) > 1 or word.isdigit())})"
    rf"|(?:_|(?<=[0-9]))(?P<letter>I|A|B|X|Y))?(?:_?{_NOUN})?"
)
_GL_NAME = re.compile(r"(?:HLA_?)?(?:GLS?|GL_?STRINGS?|GENOTYPE_?LIST(?:_?STRING)?)")
_GL_STRINGS = frozenset({"glstring", "genotypeliststring"})


@dataclass(frozen=True, slots=True)
class TypingColumn:
    """What the name of a column of typings says.

    Attributes:
        locus: of `LOCI`, or `DRB345`.
        side: "1" or "2", or "" where both typings stand in the column.
        certainty: how sure that is.
        is_own: whether it is the name as the project writes it, such as `A_1` or `HLA-A_1`.
    """

    locus: str
    side: str
    certainty: Certainty
    is_own: bool


def typing_column(name: str) -> TypingColumn | None:
    """Return what the name of a column of typings says; None for another column.

    >>> typing_column("hla_a_1")
    TypingColumn(locus='A', side='1', certainty='named', is_own=False)
    >>> typing_column("DRB12").certainty, typing_column("DRB3/4/5 2").locus, typing_column("B").certainty
    ('joined', 'DRB345', 'letter')
    >>> typing_column("B27"), typing_column("AB"), typing_column("DR_1")
    (None, None, None)
    """
    text = _folded(name)
    match = _LOCUS.fullmatch(text)
    if match is None:
        return None
    word = (match["locus"] or "").upper()
    locus = DRB345 if match["place"] else "C" if word == "CW" else word
    side = match["side"] or match["numbered"] or ""
    certainty: Certainty = "named"
    if match["side"] and not match["apart"]:
        if locus == DRB345:
            return None
        certainty = "joined"
    elif not side and len(text) == 1:
        certainty = "letter"
    is_own = locus != DRB345 and re.sub("(?i)^HLA-", "", name).upper() == f"{locus}_{side}"
    return TypingColumn(locus, side, certainty, is_own)


def bare(column: str) -> str:
    """Return the letters and digits of a name.

    >>> bare("Donor-ID"), bare("体重 kg"), bare("Weight (kg)")
    ('donorid', '体重kg', 'weightkg')
    """
    return re.sub(r"[\W_]", "", _folded(column).lower())


def is_gl_string(column: str) -> bool:
    """Whether a column is called as one of GL Strings.

    >>> is_gl_string("GL-String"), is_gl_string("gl")
    (True, False)
    """
    return bare(column) in _GL_STRINGS


def typing_name(column: str) -> str | None:
    """Return the name of a column that is called nearly like one of typings; "" where only the likeness is sure.

    >>> [typing_name(name) for name in ("DR_1", "HLA-Cw 2", "DRB1_one", "A_3", "GL-String", "age")]
    ['DRB1_1', 'C_2', 'DRB1_1', '', 'gl_string', None]
    """
    word = re.sub(r"[\W_]+", "_", _folded(column).upper()).strip("_")
    if _GL_NAME.fullmatch(word):
        return GL_STRING
    match = _TYPING_NAME.fullmatch(word)
    # A letter alone may be a column of anything.
    if match is None or len(word) == 1:
        return None
    locus, side = _LOCUS_WORDS[match["locus"]], _SIDE_WORDS.get(match["side"] or match["letter"] or "", "")
    return f"{locus}_{side}" if locus and side else ""


def attribute_name(column: str) -> str | None:
    """Return the attribute that a column is called like, or nearly like.

    >>> [attribute_name(name) for name in ("Birth Date", "gender", "wieght_kg", "diagnosis")]
    ['birth_date', 'sex', 'weight_kg', None]
    """
    word = bare(column)
    words = {**_MEANT, **ATTRIBUTE_NAMES}
    if word in words or not word:
        return words.get(word)
    near = difflib.get_close_matches(word, words, n=1, cutoff=_ALIKE)
    return words[near[0]] if near else None


def nearest_name(column: str, known: Iterable[str]) -> str | None:
    """Return the one of some names that a column is called most like; None where it is like none of them.

    >>> nearest_name("donr id", ["donor_id", "sex"]), nearest_name("供者编码", ["供者编号"]), nearest_name("age", ["a"])
    ('donor_id', '供者编号', None)
    """
    word, names = bare(column), {bare(name): name for name in known}
    # Two or three letters are like those of anything; two Chinese characters are a word.
    near = [] if word.isascii() and len(word) <= _SHORT else difflib.get_close_matches(word, names, 1, _NEAREST)
    return names[near[0]] if near else None


def closest_name(column: str, present: Collection[str]) -> str | None:
    """Return the name that is read, and most like that of a column which is not; None where it is like none.

    Args:
        column: its name.
        present: the names, as the project writes them, that other columns are read as.

    >>> [closest_name(name, ["A_1", "A_2"]) for name in ("wieght", "HLA_X", "Sex code", "DBR1_1", "phone")]
    ['weight_kg', 'HLA-B_1', 'sex', 'DRB1_1', None]
    """
    words = {word: word for word, attribute in ATTRIBUTE_NAMES.items() if attribute not in present}
    words |= {word: attribute for word, attribute in _MEANT.items() if attribute not in present}
    names = {f"{locus}_{side}": locus for side in (1, 2) for locus in LOCI if f"{locus}_{side}" not in present}
    # Two letters or digits are like those of anything.
    long = [name for name, locus in names.items() if len(locus) > 1]
    parts = [part for part in re.split(r"[\W_]+", _folded(column).lower()) if len(part) >= _SHORT]
    near = next((part for part in parts if part in words), None) or nearest_name(column, [*words, *long])
    if near is not None or not bare(column).startswith("hla"):
        return words.get(near or "", near)
    of_loci = [f"HLA-{name}" for name in names]
    return max(of_loci, key=lambda name: difflib.SequenceMatcher(None, bare(name), bare(column)).ratio(), default=None)


def _folded(column: str) -> str:
    """Return a name with full-width characters as ASCII; "" for one that is too long to be meant."""
    return unicodedata.normalize("NFKC", column).strip() if len(column) <= _LONGEST_NAME else ""
