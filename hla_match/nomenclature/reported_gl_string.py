"""A person's typing as a GL String, its names as they were reported.

Source: Milius et al., Genotype List String (Tissue Antigens 2013;82:106), table 1, "Precedence of operators".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hla_match.errors import TypingError
from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.antigen_names import antigen_in_use
from hla_match.nomenclature.gl_string import genotypes
from hla_match.nomenclature.standard_form import standard_typing
from hla_match.nomenclature.tables import NomenclatureTables

_NAME = r"[0-9]{2,4}:(?:[0-9]{2,4}(?::[0-9]{2,4}){0,2}[NLSCAQGP]?|[A-Z]{2,5})"
_PLAIN = re.compile(rf"{_NAME}(?:/{_NAME})*")
_NUMBER = re.compile(r"([0-9]{1,4})((?:\([0-9]{1,4}\))?)")
_ANTIGEN = re.compile(r"(?:HLA-)?((?:A|B|Cw|DR|DQ)[0-9]{1,4}(?:\([A-Za-z0-9]+\))?)")


def reported_gl_string(tables: NomenclatureTables, typings: Mapping[str, tuple[str, str]]) -> str:
    """Return the typings of a person in one GL String, locus by locus, without those that were not typed.

    Args:
        tables: the nomenclature, which says of a bare number whether it is an antigen.
        typings: by locus the two texts that were reported.

    >>> from hla_match.nomenclature.release import Nomenclature
    >>> tables = Nomenclature.builtin().tables
    >>> reported_gl_string(tables, {"B": ("40:01", ""), "A": ("2", "24:02/03")})
    'A2+A*24:02/A*24:03^B*40:01'
    """
    blocks = [reported_block(tables, locus, *typings[locus]) for locus in LOCI if locus in typings]
    return "^".join(block for block in blocks if block)


def reported_block(tables: NomenclatureTables, locus: str, first: str, second: str) -> str:
    """Return the typing of a locus as a block of a GL String; "" where it was not typed.

    What cannot be read is written as it was reported, behind its locus.
    """
    try:
        pairs = genotypes(first, second)
    except TypingError:
        return "+".join(f"{locus}*{text}" for text in (first, second) if text)
    alone = not second.strip() and "+" not in first
    return "|".join(_genotype(tables, locus, *pair, is_lone=alone and pair[0] == pair[1]) for pair in pairs)


def _genotype(tables: NomenclatureTables, locus: str, first: str, second: str, *, is_lone: bool) -> str:
    texts = (first,) if is_lone else (first, second)
    return "+".join(_side(tables, locus, text) for text in texts)


def _side(tables: NomenclatureTables, locus: str, text: str) -> str:
    if _PLAIN.fullmatch(text):
        return f"{locus}*{text}".replace("/", f"/{locus}*")
    members = standard_typing(locus, text.strip()).text.split("/")
    return "/".join(_name(tables, locus, member) for member in members)


def _name(tables: NomenclatureTables, locus: str, member: str) -> str:
    """Return one name of a typing with its locus, or an antigen with its letters."""
    number = _NUMBER.fullmatch(member)
    if number and antigen_in_use(tables, locus, "", number[1]):
        return f"{SEROLOGY_PREFIX[locus]}{number[1]}{number[2]}"
    antigen = _ANTIGEN.fullmatch(member)
    return antigen[1] if antigen else f"{locus}*{member.removeprefix('HLA-').removeprefix(f'{locus}*')}"
