"""Whatever a file holds, its reader gives a result or a known error."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import HlaMatchError, TypingError
from hla_match.loci import LOCI
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.gl_string import genotypes, split_loci
from hla_match.nomenclature.release import Nomenclature
from registry_io.formats.frequency_file import read_frequencies
from registry_io.formats.imgt_release import read_release
from registry_io.formats.mac_file import read_codes
from registry_io.persons.patient_file import read_patients
from registry_io.persons.person_table import read_persons
from registry_io.store.nomenclature_file import dumps, read_nomenclature
from registry_io.tables.identifier_file import read_identifiers
from tests.mutation import copies

N = int(os.environ.get("HLA_MATCH_MUTATIONS", "60"))
"""Changed copies of each file; a long run takes some thousands."""

NOMENCLATURE = Nomenclature.builtin()
DONORS = b"""donor_id,A_1,A_2,B_1,B_2,gl_string,sex,birth_date,weight_kg
D1,02:01,24:02,40:01,46:01,,M,1990-01-01,60
D2,02:XX,A2,40:01/40:02,,,F,1991-02-03,61.5
D3,,,,,A*02:01+A*24:02^B*40:01+B*46:01^MICA*001,M,,
"""
QUOTED = DONORS.replace(b"D2,", b'"D2",').replace(b"1991-02-03", b'"1991-02-03"')
FREQUENCIES = b"haplotype,frequency,population\nA*02:01~B*40:01,0.5,X\nA*24:02~B*46:01,0.25,X\nA*02:01~B*46:01,0.1,Y\n"
TABLE = b"A\tB\tCAU_freq\tAPI_freq\n02:01g\t40:01g\t0.1\t0.2\n24:02g\t46:01g\t0.3\t\n"
ATLAS = json.dumps(
    {"nomenclatureVersion": "3.58", "ethn": ["X"], "frequencies": [{"a": "02:01", "b": "40:01", "frequency": 0.5}]}
).encode()
CODES = b"*\tCODE\tSUBTYPE\n\n\tAB\t01/02\n*\tAC\t02:01/03:01\n\tAD\t03/04/05\n"
OTHERS = [locus for locus in LOCI if locus != "DPB1"]
HEAD = "# version: IPD-IMGT/HLA 3.58.0\n"
RELEASE = {
    "wmda/hla_nom.txt": HEAD + "A;2;1;;;\n" + "".join(f"{locus}*;01:01;1;;;\n" for locus in LOCI),
    "wmda/hla_nom_g.txt": HEAD + "".join(f"{locus}*;01:01;\n" for locus in LOCI),
    "wmda/hla_nom_p.txt": HEAD + "".join(f"{locus}*;01:01;\n" for locus in LOCI),
    "wmda/rel_dna_ser.txt": HEAD + "".join(f"{locus}*;01:01;2;;;\n" for locus in LOCI),
    "wmda/rel_ser_ser.txt": HEAD + "A;2;;203/210\nA;9;23/24;\n",
    "tce/dpb_tce.csv": HEAD + "Allele,Protein,V1_Assignment,V2_Assignment,Comments\nDPB1*01:01,DPB1*01:01,3,3$,\n",
}


def _parquet(data: bytes) -> bytes:
    buffer = io.BytesIO()
    pl.read_csv(data, infer_schema=False).write_parquet(buffer)
    return buffer.getvalue()


def _workbook(data: bytes) -> bytes:
    buffer = io.BytesIO()
    pl.read_csv(data, infer_schema=False).write_excel(buffer)
    return buffer.getvalue()


def _zip(texts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in texts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def donors(path: Path) -> object:
    return read_persons(path, kind="donor")


def patients(path: Path) -> object:
    return read_patients(path, NOMENCLATURE)


def gl_strings(path: Path) -> object:
    """Read what a file holds as GL Strings, and their typings."""
    found: list[object] = []
    for line in path.read_bytes().decode("utf-8", "replace").splitlines():
        try:
            for locus, (first, second) in split_loci(line).items():
                for pair in genotypes(first, second):
                    found += [NOMENCLATURE.expand(locus, side) for side in pair]
        except TypingError as error:
            found.append(str(error))
    return found


FILES: dict[str, tuple[str, Callable[[], bytes], Callable[[Path], object]]] = {
    "donors": ("d.csv", lambda: DONORS, donors),
    "donors, quoted": ("d.csv", lambda: QUOTED, donors),
    "donors, packed": ("d.csv.gz", lambda: gzip.compress(DONORS, mtime=0), donors),
    "donors, Parquet": ("d.parquet", lambda: _parquet(DONORS), donors),
    "donors, Excel": ("d.xlsx", lambda: _workbook(DONORS), donors),
    "patients": ("d.csv", lambda: DONORS, patients),
    "frequencies": ("f.csv", lambda: FREQUENCIES, read_frequencies),
    "frequencies, packed": ("f.csv.gz", lambda: gzip.compress(FREQUENCIES, mtime=0), read_frequencies),
    "frequencies of NMDP": ("f.txt", lambda: TABLE, read_frequencies),
    "frequencies of Atlas": ("f.json", lambda: ATLAS, read_frequencies),
    "frequencies, Parquet": ("f.parquet", lambda: _parquet(FREQUENCIES), read_frequencies),
    "frequencies, Excel": ("f.xlsx", lambda: _workbook(FREQUENCIES), read_frequencies),
    "codes": ("c.txt", lambda: CODES, read_codes),
    "codes, packed": ("c.gz", lambda: gzip.compress(CODES, mtime=0), read_codes),
    "codes, zip": ("c.zip", lambda: _zip({"c.txt": CODES}), read_codes),
    "release": ("r.zip", lambda: _zip({name: text.encode() for name, text in RELEASE.items()}), read_release),
    "identifiers": ("i.txt", lambda: b"D1\nD2\n\nD3\n", read_identifiers),
    "nomenclature": ("3.58.0.hlanom", lambda: dumps(builtin_tables())[:200_000], read_nomenclature),
    "GL Strings": ("g.txt", lambda: b"A*02:01+A*24:02^B*40:01~C*01:02+B*46:01|A*01:02+A2\n", gl_strings),
}


@pytest.mark.parametrize(("name", "whole", "read"), FILES.values(), ids=FILES)
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, name: str, whole: Callable[[], bytes], read: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    data = whole()
    path.write_bytes(data)
    if name != "3.58.0.hlanom":
        read(path)
    for number, damaged in enumerate(copies(data, N)):
        path.write_bytes(damaged)
        check(path, read, number)


def check(path: Path, read: Callable[[Path], object], number: int) -> None:
    """Read a file; whatever is no known error is one of this test, with the seed that makes it again."""
    try:
        read(path)
    except (HlaMatchError, OSError) as error:
        said = str(error)
    except BaseException as error:
        raise AssertionError(f"seed {number}: {type(error).__name__}") from error
    else:
        said = "read"
    assert said


@pytest.mark.parametrize("member", sorted(RELEASE))
def test_a_release_with_a_damaged_file_is_read_or_refused(tmp_path: Path, member: str) -> None:
    for name, text in RELEASE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    read_release(tmp_path)
    for number, damaged in enumerate(copies(RELEASE[member].encode(), N)):
        (tmp_path / member).write_bytes(damaged)
        check(tmp_path, read_release, number)
