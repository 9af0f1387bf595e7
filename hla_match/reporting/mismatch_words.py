"""The certain mismatches of a donor in words of the language of the moment, from the column `mismatches` of a list.

The column is for programs, and stays English; what it is made of is a closed set of words
(`hla_match.immunogenetics.mismatches`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hla_match.language import DEFAULT, language, translatable, translated, translated_count

_TOLD = re.compile(
    r"(?P<open>\(?)(?P<alleles>.+?) (?P<directions>GvH\+HvG|GvH or HvG|GvH|HvG) (?P<level>allele|antigen|unknown)"
    r"(?P<homozygous> \(patient homozygous\))?(?P<close>\)?)"
)
_UNTOLD = re.compile(r"(?P<open>\(?)(?P<alleles>.+?): a mismatch (?P<directions>GvH\+HvG|GvH or HvG|GvH|HvG)\)?")
_MORE = re.compile(r" or (?P<n>[0-9,]+) others?\b")
_LEVELS = {
    "allele": translatable("allele level"),
    "antigen": translatable("antigen level"),
    "unknown": translatable("level not known"),
}


def mismatch_words(column: str) -> Iterator[str]:
    """Yield each mismatch of a column in words; in English as the column has it.

    >>> list(mismatch_words("A*02:01/11:01 GvH+HvG antigen; (DPB1*13:01/05:01 GvH antigen)"))
    ['A*02:01/11:01 GvH+HvG antigen', '(DPB1*13:01/05:01 GvH antigen)']
    """
    for text in filter(None, column.split("; ")):
        yield text if language() == DEFAULT else _told(text)


def _told(text: str) -> str:
    found = _TOLD.fullmatch(text)
    if found is None:
        untold = _UNTOLD.fullmatch(text)
        if untold is None:
            return text
        told = translated("{locus}: a mismatch {directions}", locus=untold["alleles"], directions=_directions(untold))
        return f"({told})" if untold["open"] else told
    homozygous = ", " + translated("patient homozygous") if found["homozygous"] else ""
    level = translated(_LEVELS[found["level"]])
    alleles = _MORE.sub(_more, found["alleles"])
    told = f"{alleles} {_directions(found)} {level}{homozygous}"
    return f"({told})" if found["open"] else told


def _more(found: re.Match[str]) -> str:
    return translated_count(" or {n} other", " or {n} others", int(found["n"].replace(",", "")))


def _directions(found: re.Match[str]) -> str:
    return translated("GvH or HvG") if found["directions"] == "GvH or HvG" else found["directions"]
