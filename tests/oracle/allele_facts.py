"""The slow, obvious twin of what sequences tell of alleles: residues and bases counted one by one from a known place.

Sources: Petersdorf et al., Lancet Haematol 2020;7(1) (leader); Colonna et al., PNAS 1993;90:12000, Cella et al., J Exp
Med 1994;180:1235, Barber et al., J Exp Med 1996;184:735 (KIR ligands); Schöne et al., Hum Immunol 2018;79:20 (DPB1).
"""

SIGNAL_PEPTIDE = 24


def leader(precursor: str) -> str:
    """Position -21 of a whole precursor: there is no position 0, and -1 is the last residue of the signal peptide."""
    return precursor[SIGNAL_PEPTIDE - 21]


def kir_ligand(locus: str, mature: str) -> str:
    """The ligand of a mature protein, residue 1 first."""
    of = {number: residue for number, residue in enumerate(mature, start=1)}
    if locus == "C":
        if of[80] == "N":
            return "C1"
        return "C2" if of[80] == "K" else ""
    if locus == "B" and of[76] == "V" and of[80] == "N":
        return "C1"
    if of[81] in ("A", "L") and of[82] == "L" and of[83] == "R":
        if of[80] == "I":
            return "Bw4-80I"
        if of[80] == "T":
            return "Bw4-80T"
    return "none"


def expression(coding: str) -> str:
    """The level of a whole coding sequence, from the bases at seven positions; at most one may be another."""
    of = {number: base for number, base in enumerate(coding, start=1)}
    found = of[374] + of[381] + of[406] + of[441] + of[588] + of[596] + of[624]
    for level, motif in (("high", "ACCACTC"), ("low", "GTTGTCT")):
        others = 0
        for number in range(7):
            if found[number] != motif[number]:
                others += 1
        if others <= 1:
            return level
    return ""
