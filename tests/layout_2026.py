"""A release of IPD-IMGT/HLA in the layout of 2026, made from one of before.

The layout is that of the ``wmda`` folder of release 3.64 without ``pre2026``: antigens of three digits have a leading
zero, associated antigens are named after alleles, some antigens are new, and ``rel_dna_ser.txt`` has a seventh field,
the antigen that HATS computed. Source of the names: HLA Nomenclature Report 2026 (doi:10.1111/tan.70595).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from hla_match.loci import SEROLOGY_PREFIX

ASSOCIATED = {
    ("A", "2"): "0201 0202 0203 0208 0210 0211 0216 0218 0219 0220 0244 0246 0256 0265 0285",
    ("A", "3"): "0301 0305 0323", ("A", "23"): "2301 2304 2424",
    ("A", "24"): "2402 2403 2404 2405 2408 2410 2414 2423", ("A", "26"): "2601 2603 2607 2614",
    ("A", "29"): "2901 2902", ("A", "30"): "3001 3002 3007", ("A", "31"): "3101 3102", ("A", "32"): "3201 3204",
    ("A", "33"): "3301 3303 3308 3313", ("A", "34"): "3401 3402", ("A", "66"): "6601 6602",
    ("A", "68"): "6801 6810 6813 6836",
    ("B", "7"): "0702 0703 0710 0712 0715 0736", ("B", "8"): "0801 0802", ("B", "18"): "1801 1805 1806 1809",
    ("B", "21"): "4005", ("B", "27"): "2705 2708 2712 2714",
    ("B", "35"): "3501 3502 3510 3512 3515 3516 3519 3520 3528 3531", ("B", "37"): "3701 3702 3704 3705",
    ("B", "38"): "3801 3803 3806", ("B", "39"): "3901 3902 3910", ("B", "44"): "4402 4404 4406 4408 4410 4429",
    ("B", "48"): "4801 4804 4805", ("B", "51"): "5101 5102 5103 5107 5119", ("B", "55"): "5501 5504",
    ("B", "56"): "5601 5603", ("B", "60"): "4001 4016 4021 4023 4047", ("B", "61"): "4002 4004 4008",
    ("B", "62"): "1501 1520 1524 1538 1540 1542 1548", ("B", "63"): "1516 1517", ("B", "67"): "6701",
    ("B", "71"): "1510 1523 1529 1537 1552", ("B", "72"): "1503 1547 4802", ("B", "75"): "1502 1511",
    ("Cw", "4"): "0401 0403 0408 0410 0427", ("Cw", "5"): "0501 0509 0810", ("Cw", "6"): "0602 0608 0627",
    ("Cw", "7"): "0701 0702 0704 0707 0717", ("Cw", "8"): "0801 0802 0803 0806", ("Cw", "10"): "0304 0307 0308",
    ("Cw", "12"): "1202 1204 1212", ("Cw", "15"): "1502 1507", ("Cw", "16"): "1601 1602",
    ("DR", "1"): "0101 0103", ("DR", "4"): "0401 0402 0403 0412 0415 1410", ("DR", "8"): "0801 0803 0808 0818",
    ("DR", "11"): "1101 1102 1103 1105 1107 1108 1117", ("DR", "12"): "1201 1202",
    ("DR", "13"): "1301 1303 1305 1317 1339 1343",
    ("DR", "14"): "1401 1402 1403 1404 1405 1411 1414 1422 1424 1448", ("DR", "15"): "1501 1504",
    ("DR", "16"): "1601 1602", ("DR", "51"): "5101 5102 5103", ("DR", "52"): "5201 5202 5203",
}  # fmt: skip
NEW = {"Cw": "12 14 15 16 17 18", "B": "0713 6702", "DPA": "01 02", "DQA": "01 02 03"}
"""Antigens that are associated with no other."""
RENAMED = {("A", "203"), ("A", "210"), ("B", "703"), ("DR", "103")}


def convert(source: Path, target: Path, *, assign: bool) -> Path:
    """Write a release in the layout of 2026.

    Args:
        source: a release of before.
        target: the folder to write.
        assign: assign alleles after which an antigen is named that antigen, where its parent was assigned before.
    """
    ignored = shutil.ignore_patterns("fasta", "md5checksum.txt")
    shutil.copytree(source, target, ignore=ignored, copy_function=shutil.copyfile)
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    conversions = {
        "hla_nom.txt": _names,
        "rel_ser_ser.txt": _relations,
        "rel_dna_ser.txt": lambda rows: _alleles(rows, assign),
    }
    for name, converted in conversions.items():
        path = target / "wmda" / name
        lines = path.read_text(encoding="utf-8").splitlines()
        comments = [line for line in lines if line.startswith("#")]
        rows = [line.split(";") for line in lines if line and not line.startswith("#")]
        path.write_text("\n".join([*comments, *(";".join(row) for row in converted(rows))]), encoding="utf-8")
    return target


def _renamed(prefix: str, antigen: str) -> str:
    return f"0{antigen}" if (prefix, antigen) in RENAMED else antigen


def _names(rows: list[list[str]]) -> Iterable[list[str]]:
    known = set()
    for row in rows:
        if not row[0].endswith("*"):
            row[1] = _renamed(row[0], row[1])
            known.add((row[0], row[1]))
    added = [(prefix, name) for (prefix, _), names in ASSOCIATED.items() for name in names.split()]
    added += [(prefix, name) for prefix, names in NEW.items() for name in names.split()]
    new = [[prefix, name, "20260128", "", "", ""] for prefix, name in added if (prefix, name) not in known]
    at = next(number for number, row in enumerate(rows) if row[0].endswith("*"))
    return [*rows[:at], *new, *rows[at:]]


def _relations(rows: list[list[str]]) -> Iterable[list[str]]:
    splits = {(row[0], row[1]): row[2] for row in rows}
    keys = [*splits, *(key for key in ASSOCIATED if key not in splits)]
    for key in sorted(keys, key=lambda key: (key[0], int(key[1]))):
        associated = ASSOCIATED.get(key, "").replace(" ", "/")
        if splits.get(key) or associated:
            yield [*key, splits.get(key, ""), associated]


def _alleles(rows: list[list[str]], assign: bool) -> Iterable[list[str]]:
    parent = {(prefix, name): antigen for (prefix, antigen), names in ASSOCIATED.items() for name in names.split()}
    for locus, name, *cells in rows:
        prefix = SEROLOGY_PREFIX.get(locus.rstrip("*"), "")
        second = {"DRB3*": "52", "DRB4*": "53", "DRB5*": "51"}.get(locus, "")
        digits = "".join(name.split(":")[:2]) if not second else second + name.split(":")[0]
        fields = ["/".join(_renamed(prefix, one) for one in cell.split("/")) for cell in cells]
        above = parent.get((prefix, digits), "")
        if assign and above and fields[0] == above:
            fields[0] = digits
        computed = "" if name.endswith("N") else digits if above else name.split(":")[0].lstrip("0")
        yield [locus, name, *fields, computed]
