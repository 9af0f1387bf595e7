"""The files that are attacked: a small release, donors, patients and frequencies, from a seed.

They are as small as they can be for every part of a registry to be there: attacks are many, and a command under attack
is to take some hundredths of a second.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from hla_match.loci import LOCI
from hla_match.synthetic import chinese_haplotypes

RELEASE, NEXT_RELEASE = "9.9.0", "9.10.0"
DONORS, OTHER_DONORS, PATIENTS = "donors.csv", "other_donors.csv", "patients.csv"
FREQUENCIES, OTHER_FREQUENCIES = "frequencies.csv", "other_frequencies.csv"
ADDED_DONORS, DIFFERENCES = "added_donors.csv", "differences.csv"
CODES, IDENTIFIERS, RELEASE_FOLDER = "codes.txt", "identifiers.txt", "release"
NEXT_RELEASE_FOLDER = "next_release"
RECORD_KEY, RECORD_KEY_FILE = b"0123456789abcdef0123456789abcdef", "record.key"
"""The key of records that are encrypted, and the file that holds it."""
N_DONORS, N_PATIENTS = 300, 270

_HEAD = "# file: x\n# version: IPD-IMGT/HLA {}\n"
_WITH_ANTIGENS = {"A": "A", "B": "B"}
_HAPLOTYPES = chinese_haplotypes.HEAD[:60]
_PATIENT = 5
"""Haplotypes of the patient: the first of them and this one."""


def write_inputs(folder: Path, seed: int) -> None:
    """Write all files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    write_release(folder / RELEASE_FOLDER, RELEASE, alleles())
    write_release(folder / NEXT_RELEASE_FOLDER, NEXT_RELEASE, alleles())
    # Half of the donors are in both files: a replacement loses some and brings others.
    rows = [_person(rng, f"D{number:04}") for number in range(N_DONORS + N_DONORS // 2)]
    header = ",".join(["{}_id", *(f"{locus}_{side}" for locus in chinese_haplotypes.LOCI for side in (1, 2))])
    attributes = "sex,birth_date,abo,cmv,status,city"
    donors = [f"{row},{_attributes(rng)}" for row in rows]
    for name, chosen in ((DONORS, donors[:N_DONORS]), (OTHER_DONORS, donors[: N_DONORS // 2] + donors[N_DONORS:])):
        _write(folder / name, [f"{header.format('donor')},{attributes}", *chosen])
    donor_header = f"{header.format('donor')},{attributes}"
    _write(folder / ADDED_DONORS, [donor_header, *(f"N{row[1:]}" for row in donors[-20:])])
    # One donor who is new, one with the record of another, and one who leaves.
    asked = (f"add,N{donors[0][1:]}", f"update,D0001{donors[N_DONORS][5:]}", f"withdraw,{donors[2]}")
    _write(folder / DIFFERENCES, [f"action,{donor_header}", *asked])
    patients = [_person(rng, f"P{number:04}") for number in range(N_PATIENTS)]
    _write(folder / PATIENTS, [header.format("patient"), *patients])
    for name, factor in ((FREQUENCIES, 1.0), (OTHER_FREQUENCIES, 0.5)):
        named = [f"{_haplotype_name(haplotype)},{factor * share:.6f}" for haplotype, share in _HAPLOTYPES]
        _write(folder / name, ["haplotype,frequency", *named])
    _write(folder / CODES, ["Last Updated: synthetic", "", "*\tCODE\tSUBTYPE", *_code_rows()])
    (folder / RECORD_KEY_FILE).write_bytes(RECORD_KEY)
    _write(folder / IDENTIFIERS, [f"D{number:04}" for number in range(0, N_DONORS, 2)])


def patient_text() -> str:
    """Return the typing of a patient of whom many donors are potential matches, as a GL String."""
    pairs = zip(chinese_haplotypes.LOCI, _HAPLOTYPES[0][0], _HAPLOTYPES[_PATIENT][0], strict=True)
    return "^".join(f"{locus}*{first}+{locus}*{second}" for locus, first, second in pairs)


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def _haplotype_name(haplotype: tuple[str, ...]) -> str:
    return "~".join(f"{locus}*{allele}" for locus, allele in zip(chinese_haplotypes.LOCI, haplotype, strict=True))


def alleles() -> dict[str, list[str]]:
    """Return the alleles of the release, by locus."""
    found = {locus: ["01:01"] for locus in LOCI}
    for column, locus in enumerate(chinese_haplotypes.LOCI):
        found[locus] = sorted({haplotype[column] for haplotype, _ in _HAPLOTYPES})
    return found


def _person(rng: random.Random, identifier: str) -> str:
    """Return identifier and typings of a person: single names, families, lists, blank second sides, loci not typed."""
    shares = [share for _, share in _HAPLOTYPES]
    first, second = (haplotype for haplotype, _ in rng.choices(_HAPLOTYPES, shares, k=2))
    known = alleles()
    cells = [identifier]
    for column, locus in enumerate(chinese_haplotypes.LOCI):
        if locus in ("C", "DQB1") and rng.random() < 0.3:
            cells += ["", ""]
            continue
        one, other = (_reported(rng, haplotype[column], known[locus]) for haplotype in (first, second))
        cells += [one, "" if other == one and rng.random() < 0.5 else other]
    return ",".join(cells)


def _reported(rng: random.Random, allele: str, others: list[str]) -> str:
    family = allele.partition(":")[0]
    form = rng.random()
    if form < 0.2:
        return f"{family}:XX"
    return "/".join(one for one in others if one.startswith(f"{family}:")) if form < 0.3 else allele


def _attributes(rng: random.Random) -> str:
    born = f"{rng.randint(1970, 2005)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    cells = (rng.choice("MF"), born, rng.choice(["A", "B", "AB", "O", ""]), rng.choice(["P", "N", ""]), "AV")
    return ",".join([*cells, rng.choice(["Hangzhou", "Ningbo", "a town of a longer name", ""])])


def _code_rows() -> list[str]:
    return [f"\t{first}{second}\t01/02/0{number + 3}" for first in "ABC" for number, second in enumerate("DEFG")]


def write_release(folder: Path, release: str, named: Mapping[str, Sequence[str]]) -> None:
    """Write the files of a release with some alleles of each locus."""
    names = [(locus, allele) for locus, known in named.items() for allele in known]
    antigen = {
        (locus, allele): str(int(allele.partition(":")[0])) if locus in _WITH_ANTIGENS else "?"
        for locus, allele in names
    }
    known = sorted({(_WITH_ANTIGENS[locus], text) for (locus, _), text in antigen.items() if locus in _WITH_ANTIGENS})
    files = {
        "wmda/hla_nom.txt": [f"{locus};{text};19680101;;;" for locus, text in known]
        + [f"{locus}*;{allele};19990101;;;" for locus, allele in names],
        "wmda/hla_nom_g.txt": [f"{locus}*;{allele};" for locus, allele in names],
        "wmda/hla_nom_p.txt": [f"{locus}*;{allele};" for locus, allele in names],
        "wmda/rel_dna_ser.txt": [f"{locus}*;{allele};{antigen[locus, allele]};;;" for locus, allele in names],
        "wmda/rel_ser_ser.txt": ["A;9;23/24;", "B;15;62/63/75/76/77;", "B;40;60/61;"],
        "tce/dpb_tce.csv": ["Allele,Protein,V1_Assignment,V2_Assignment,Comments"]
        + [f"DPB1*{allele},DPB1*{allele},3,3," for allele in named["DPB1"]],
    }
    for name, lines in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_HEAD.format(release) + "\n".join(lines) + "\n", encoding="utf-8", newline="")
