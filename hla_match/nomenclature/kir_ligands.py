"""The ligand that a class I allele is for killer-cell receptors: C1, C2, Bw4 with I or T at position 80, or none.

Sources: Colonna et al., PNAS 1993;90:12000 (HLA-C: N or K at 80); Gumperz et al., J Exp Med 1995;181:1133,
and Cella et al., J Exp Med 1994;180:1235 (Bw4, residues 77 to 83, and isoleucine or threonine at 80); Barber et al., J
Exp Med 1996;184:735 (B*46, which has valine at 76 and asparagine at 80, as C1 has; B*73 has them, too). HLA-A has the
residues of Bw4 in A*23, 24, 25 and 32; in Stern et al., Blood 2008;112:708, all but A*25 are ligands, in Foley et al.,
Blood 2008;112:435, A*23 and A*25 are weak ones, and B*13:01 and B*13:02 none. Told here are the residues, not the
strength. Numbers are those of the mature protein. Oracle: ``tests/oracle/allele_facts.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.nomenclature.class_one_protein import residues_76_to_83

NO_LIGAND = "none"
LIGANDS = ("C1", "C2", "Bw4-80I", "Bw4-80T")

_BW4 = {f"{first}{second}LR": f"Bw4-80{first}" for first in "IT" for second in "AL"}
_C = {"N": "C1", "K": "C2"}

LIGAND_OF_FAMILY: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "A": {"Bw4-80I": "23 24 25 32"},
        "B": {
            "Bw4-80T": "13 27 37 44 47",
            "Bw4-80I": "38 49 51 52 53 57 58 59",
            "C1": "46 73",
        },
        "C": {"C1": "01 03 07 08 12 14 16", "C2": "02 04 05 06 15 17 18"},
    }
)
"""By locus and ligand the families most of whose alleles are that ligand; other families of A and B are none."""


def kir_ligand(locus: str, protein: str) -> str:
    """Return the ligand that a protein of HLA-A, B or C is; "" where its residues were not sequenced or are of neither.

    >>> start = "SHSMRYFYTAMSRPGRGEPRFIAVGYVDDTQFVRFDSDAASPRTEPRAPWIEQEGPEYWDRNTQIFKTNTQTYR"
    >>> kir_ligand("B", start + "ENLRIALRYYNQSEAGSHT"), kir_ligand("C", start + "VSLRKLRGYYNQSEAGSHT")
    ('Bw4-80I', 'C2')
    """
    residues = residues_76_to_83(protein)
    if not residues:
        return ""
    if locus == "C":
        return _C.get(residues[4], "")
    if locus == "B" and residues[0] == "V" and residues[4] == "N":
        return "C1"
    return _BW4.get(residues[4:], NO_LIGAND)


def ligand_of_family(locus: str, family: str) -> str:
    """Return the ligand of most alleles of a family, such as "46" of B; "" where the family of C is not known.

    >>> ligand_of_family("B", "46"), ligand_of_family("A", "24"), ligand_of_family("B", "07")
    ('C1', 'Bw4-80I', 'none')
    """
    unlisted = "" if locus == "C" else NO_LIGAND
    return next((name for name, of in LIGAND_OF_FAMILY[locus].items() if family in of.split()), unlisted)
