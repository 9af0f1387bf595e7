"""Where the residues of a class I protein lie in its sequence, which may lack its beginning or have an insertion.

The precursor has a signal peptide of 24 residues; residue 1 of the mature protein follows. A sequence that begins with
exon 2 begins with residue 2. Residues are numbered as in Robinson et al., Nucleic Acids Res 2020;48:D948.
"""

from __future__ import annotations

from collections.abc import Iterator

MATURE_AT = 24
"""The place of residue 1 of the mature protein in a whole precursor, counted from 0."""

_FROM_EXON_2 = -1
"""The place of residue 1 where a sequence begins with residue 2."""

_FIRST_RESIDUES = "GSHSMRYFYTAVSRPGRGEPRFIAVGYVDDTQFVRFDSDAASPR"
_BEFORE_THE_MOTIF = (51, "WIEQEGPEYWD")
_BEHIND_THE_MOTIF = (84, "YYNQSEAGSHT")
"""Residues that hardly vary between class I alleles, and the number of the first of them."""

_LEAST_IDENTICAL = 0.7
_LEAST_COMPARED = 8
_FARTHEST = 60
"""How far before and behind the beginning of the sequence residue 1 is looked for."""


def mature_start(protein: str) -> int | None:
    """Return the place of residue 1 of the mature protein, -1 where the sequence begins with residue 2.

    None where the first residues are not found.
    """
    return _place(protein, 1, _FIRST_RESIDUES)


def residues_76_to_83(protein: str) -> str:
    """Return residues 76 to 83, which hold the motifs of the KIR ligands; "" where they are not found.

    They are counted from the residues behind them. Where an insertion or deletion lies there they do not end as they
    do in all other alleles, and are counted from the residues before them.

    >>> start = "SHSMRYFYTAMSRPGRGEPRFIAVGYVDDTQFVRFDSDAASPRTEPRAPWIEQEGPEYWDRNTQIFKTNTQTYR"
    >>> residues_76_to_83(start + "ESLRNLRGYYNQSEAGSHT")
    'ESLRNLRG'
    """
    found = [protein[place + 75 : place + 83] for place in _starts(protein) if place + 75 >= 0]
    whole = [one for one in found if len(one) == 8]
    return next((one for one in whole if one[5:] in ("LRG", "LLR", "ALR")), whole[0] if whole else "")


def _starts(protein: str) -> Iterator[int]:
    """Yield the place of residue 1 as it follows from the residues behind the motif, and from those before it."""
    for number, residues in (_BEHIND_THE_MOTIF, _BEFORE_THE_MOTIF):
        place = _place(protein, number, residues)
        if place is not None:
            yield place


def _place(protein: str, number: int, residues: str) -> int | None:
    """Return the place of residue 1, from where some residues look most alike; `number` is that of the first of them.

    None where they are not found.
    """
    usual = (MATURE_AT, _FROM_EXON_2)
    for start in (*usual, *sorted(range(-_FARTHEST, _FARTHEST), key=abs)):
        if _identical(protein, start + number - 1, residues) >= _LEAST_IDENTICAL:
            return start
    return None


def _identical(protein: str, at: int, residues: str) -> float:
    """Return the share of some residues that a protein has from a place on; those before its beginning are left out."""
    compared = residues[max(0, -at) :]
    if len(compared) < _LEAST_COMPARED:
        return 0.0
    return sum(map(str.__eq__, protein[max(0, at) : at + len(residues)], compared)) / len(compared)
