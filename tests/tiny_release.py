"""A tiny release of IPD-IMGT/HLA, made by tests: its files as they are published, with a few made-up lines."""

from __future__ import annotations

from pathlib import Path

from hla_match.loci import LOCI

HEAD = "# file: x\n# version: IPD-IMGT/HLA 3.58.0\n"
OTHER_LOCI = [locus for locus in LOCI if locus not in ("A", "C", "DPB1")]


def make_release(root: Path) -> Path:
    """Write a tiny release: a few alleles of A, C and DPB1, one of every other locus."""
    others = "".join(f"{locus}*;01:01;{{}}\n" for locus in OTHER_LOCI)
    members = "".join(f"{locus}*;01:01;\n" for locus in OTHER_LOCI)
    texts = {
        "wmda/hla_nom.txt": "A;2;19680101;;;\nA;9;19690101;;;\nA;24;19720101;;;\nCw;11;19871121;19911114;1;Error\n"
        "A*;0105N;19990216;20010717;24:02;Sequence identical\nA*;02:01:01:01;19990101;;;\nA*;02:01:02L;19990101;;;\n"
        "A*;24:02;19990101;;;\nA*;24:09N;19990101;;;\nCw*;0101;19990101;19990102;01:02;Error\nC*;01:02;19990101;;;\n"
        "DPB1*;01:01;19990101;;;\nDPB1*;02:01;19990101;;;\nDPB1*;08:01;19990101;;;\nDPB1*;61:01N;19990101;;;\n"
        + others.format(*["19990101;;;"] * len(OTHER_LOCI)),
        "wmda/hla_nom_g.txt": "A*;02:01:01:01/02:01:02L;02:01:01G\nA*;24:02/24:09N;24:02:01G\nC*;01:02;\n"
        "DPB1*;01:01;\nDPB1*;02:01;\nDPB1*;08:01;\nDPB1*;61:01N;\n" + members,
        "wmda/hla_nom_p.txt": "A*;02:01:01:01/02:01:02L;02:01P\nA*;24:02;\nC*;01:02;\n"
        "DPB1*;01:01;\nDPB1*;02:01;\nDPB1*;08:01;\n" + members,
        "wmda/rel_dna_ser.txt": "A*;02:01:01:01;2;;;203\nA*;02:01:02L;;0/2/203;2;?\nA*;24:02;;;24;\nA*;24:09N;0;;;24\n"
        "C*;01:02;?;;;\nDPB1*;01:01;?;;;\nDPB1*;02:01;?;;;\nDPB1*;08:01;?;;;\nDPB1*;61:01N;0;;;\nTAP1*;01:01;;;;\n"
        + others.format(*["1;;;"] * len(OTHER_LOCI)),
        "wmda/rel_ser_ser.txt": "A;2;;203/210\nA;9;23/24;\nDw;6;18/19;",
        "tce/dpb_tce.csv": "Allele,Protein,V1_Assignment,V2_Assignment,Comments\nDPB1*01:01,DPB1*01:01,3,3$,\n"
        "DPB1*02:01,DPB1*02:01,3,0,a, comment\nDPB1*08:01,DPB1*08:01,3$,2a$,\nDPB1*61:01N,DPB1*61:01N,,,\n",
    }
    for name, text in texts.items():
        write(root / name, HEAD + text)
    write(
        root / "Nomenclature_2009.txt",
        "Old   New\n===   ===\nA*02010101  A*02:01:01:01\nCw*0102 C*01:02\nA*0105N  None\n",
    )
    write(
        root / "Deleted_alleles.txt",
        HEAD + "AlleleID,Allele,Description\nHLA1,A*0105N,Sequence identical\n"
        "HLA2,A*02:01:02,Sequence renamed A*02:01:02L (March 2011)\nHLA3,A*24:03,Named in error\n",
    )
    write(root / "release_version.txt", HEAD)
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    write(path, text.replace(old, new))
