"""Persons with every kind of typing, and haplotype frequencies that explain most of them, from a seed."""

from __future__ import annotations

import random
from pathlib import Path

DONORS, PATIENTS, FREQUENCIES, CODES = "corner_donors.csv", "corner_patients.csv", "corner_frequencies.csv", "codes.txt"
_N_DONORS, _N_PATIENTS = 3_000, 40

_ALLELES = {
    "A": ("02:01", "24:02", "11:01", "01:01", "03:01", "02:06"),
    "B": ("40:01", "46:01", "58:01", "15:02", "38:02", "39:01"),
    "C": ("01:02", "07:02", "03:02", "03:04", "08:01"),
    "DRB1": ("09:01", "15:01", "03:01", "12:02", "16:02"),
    "DQB1": ("03:03", "06:01", "02:01", "03:01", "06:02"),
    "DPB1": ("05:01", "02:01", "04:01", "13:01"),
    "DRB3": ("01:01", "02:02", "03:01"),
    "DRB4": ("01:03",),
    "DRB5": ("01:01", "02:02"),
}
"""Alleles of the haplotypes, each on its own."""

_OTHERS = {
    "A": (
        "01:11N",
        "24:09N",
        "24:02/24:09N",
        "02:01/02:06/02:07",
        "02:XX",
        "02:ABCD",
        "2",
        "24",
        "A9",
        "02:01:01G",
        "NEW",
    ),
    "B": ("40:01:01G", "40:XX", "15:XX", "62", "15", "38", "39", "16", "15:01/15:02", "40:01/46:01", "46:01P", "NEW"),
    "C": ("03:03", "07:XX", "07:02/07:66", "01:02:01", "04:09N", "w7"),
    "DRB1": ("15:XX", "15:01/15:02", "12:01/12:02", "9", "15", "16", "2", "09:01:02", "NEW"),
    "DQB1": ("03:XX", "03:01/03:03", "7", "8", "3", "06:01:01G"),
    "DPB1": ("04:01/04:02", "05:01:01G", "61:01N", "02:XX"),
    "DRB3": ("NNNN", "01:XX"),
    "DRB4": ("NNNN", "01:03:01:02N", "01:01/01:03"),
    "DRB5": ("NNNN", "01:08N"),
}
"""Ambiguous, absent, null and new: what typings of three decades hold beside plain alleles."""

_GENE_BESIDE = {"09:01": "DRB4", "15:01": "DRB5", "03:01": "DRB3", "12:02": "DRB3", "16:02": "DRB5"}
"""The gene of DRB3, DRB4 and DRB5 that lies beside an allele of DRB1."""


def write_corner_persons(folder: Path, seed: int = 1) -> None:
    """Write donors, patients, multiple allele codes and frequencies into a folder."""
    rng = random.Random(seed)
    haplotypes = [_haplotype(rng) for _ in range(60)]
    weights = [1 / (rank + 1) for rank in range(len(haplotypes))]
    shown = [f"{locus}_{side}" for locus in _ALLELES for side in (1, 2)]
    for name, kind, count in ((DONORS, "donor", _N_DONORS), (PATIENTS, "patient", _N_PATIENTS)):
        rows = [",".join([f"{kind}_id", *shown, "sex", "birth_date", "abo", "rhesus", "cmv", "weight_kg", "status"])]
        for number in range(count):
            first, second = rng.choices(haplotypes, weights, k=2)
            cells = [f"{kind[0].upper()}{number:05}"]
            for locus in _ALLELES:
                cells += _cells(rng, locus, first[locus], second[locus])
            rows.append(",".join([*cells, *_attributes(rng)]))
        _write(folder / name, rows)
    _write(folder / CODES, ["Last Updated: synthetic", "", "*\tCODE\tSUBTYPE", "", "\tABCD\t01/06/07", "\tABCE\t01/02"])
    loci = [locus for locus in _ALLELES if locus not in ("DRB3", "DRB4", "DRB5")]
    total = sum(weights)
    merged: dict[str, float] = {}
    for haplotype, weight in zip(haplotypes, weights, strict=True):
        name = "~".join(f"{locus}*{haplotype[locus]}" for locus in loci)
        merged[name] = merged.get(name, 0.0) + weight / total
    _write(folder / FREQUENCIES, ["haplotype,frequency", *(f"{name},{share:.9f}" for name, share in merged.items())])


def _haplotype(rng: random.Random) -> dict[str, str]:
    found = {locus: rng.choice(alleles) for locus, alleles in _ALLELES.items()}
    for gene in ("DRB3", "DRB4", "DRB5"):
        if _GENE_BESIDE[found["DRB1"]] != gene:
            found[gene] = "NNNN"
    return found


def _cells(rng: random.Random, locus: str, first: str, second: str) -> list[str]:
    """Return both sides of a typing: most of them as on the haplotypes, some ambiguous, homozygous or not typed."""
    chance = rng.random()
    if chance < (0.1 if locus in ("A", "B", "DRB1") else 0.35):
        return ["", ""]
    pair = [rng.choice(_OTHERS[locus]) if rng.random() < 0.2 else allele for allele in (first, second)]
    if pair[0] == pair[1] or chance > 0.97:
        return [pair[0], ""]
    return pair


def _attributes(rng: random.Random) -> list[str]:
    return [
        rng.choice("MF"),
        rng.choice(("", f"{rng.randint(1960, 2012)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}")),
        rng.choice(("A", "B", "AB", "O", "")),
        rng.choice(("P", "N", "")),
        rng.choice(("P", "N", "")),
        rng.choice(("", str(rng.randint(45, 110)))),
        rng.choice(("AV", "AV", "AV", "TU", "RS", "DE")),
    ]


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
