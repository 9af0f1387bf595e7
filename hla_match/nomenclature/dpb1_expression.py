"""How strongly a DPB1 allele is expressed: high or low, by the variant rs9277534 as exon 3 shows it.

Sources: Petersdorf et al., N Engl J Med 2015;373:599 (rs9277534, of the 3' untranslated region: G high, A low); Schöne
et al., Hum Immunol 2018;79:20 (its linkage with exon 3). Seven positions of the coding sequence tell the two apart; a
sequence with one other base at them goes with the nearer motif. Oracle: ``tests/oracle/allele_facts.py``.
"""

from __future__ import annotations

POSITIONS = (374, 381, 406, 441, 588, 596, 624)
"""Positions of the coding sequence, counted from 1 at the start codon; all lie in exon 3."""

MOTIFS = {"high": "ACCACTC", "low": "GTTGTCT"}

_EXON_2 = "AGAATTA"
_BEFORE_EXON_2 = 100
"""How sequences without exon 1 begin, and how many bases they lack."""

_MOST_OTHER = 1


def expression_level(coding: str) -> str:
    """Return the level of a coding sequence of DPB1: "high", "low", or "" where exon 3 is unknown or of neither.

    >>> expression_level("AGAATTA" + "N" * 266 + "A" + "N" * 6 + "C")
    ''
    """
    lacking = 0 if coding.startswith("ATG") else _BEFORE_EXON_2 if coding.startswith(_EXON_2) else None
    if lacking is None or len(coding) < POSITIONS[-1] - lacking:
        return ""
    found = [coding[position - 1 - lacking] for position in POSITIONS]
    for level, motif in MOTIFS.items():
        if sum(one != other for one, other in zip(found, motif, strict=True)) <= _MOST_OTHER:
            return level
    return ""
